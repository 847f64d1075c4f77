import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { auditlogMigrations } from '../auditlog/index.ts';
import { silentLog } from '../base/index.ts';
import type { Database, Migrations } from '../database/index.ts';
import { identityMigrations } from '../identity/index.ts';
import type { JobLease } from '../protocol/index.ts';
import { enqueue, type QueuedJob } from './jobs.ts';
import { makeRunnerToken, registerRunner } from './runners.ts';
import { queueMigrations } from './tables.ts';

export const MIGRATIONS: Migrations = { ...auditlogMigrations, ...identityMigrations, ...queueMigrations };
export const OWNER = { id: '1', name: 'owner', kind: 'user' } as const;

export const depsOf = (db: Database) => ({
  db,
  log: silentLog,
  now: () => Date.now(),
  random: (bytes: number) => randomBytes(bytes),
});

/** What the queue looks at of a lease. */
export const LEASE = { level: 'branch', taints: [], permissions: { contents: 'read' } } as unknown as JobLease;

export const job = (jobId: number, changes: Partial<QueuedJob> = {}): QueuedJob => ({
  jobId,
  runId: 1,
  repositoryId: 1,
  labels: ['linux'],
  walls: [],
  priority: 0,
  lease: LEASE,
  ...changes,
});

export const add = (db: Database, ...jobs: readonly QueuedJob[]) => db.transaction((tx) => enqueue(tx, jobs));

export async function runner(db: Database, name: string, labels: readonly string[] = ['linux']) {
  const deps = depsOf(db);
  const { token } = await makeRunnerToken(deps, OWNER, { labels: [], ephemeral: false });
  const { publicKey } = generateKeyPairSync('ed25519');
  const runnerId = await registerRunner(deps, {
    registrationToken: token,
    name,
    labels,
    publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
    capability: {
      version: 1,
      platform: { os: 'linux', arch: 'x64', kernel: '6', root: true },
      walls: [{ name: 'network', state: 'hard', reason: '' }],
      tools: {},
    },
    ephemeral: false,
  });
  return { runnerId, labels, walls: ['network'] };
}
