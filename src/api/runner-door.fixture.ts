import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { rawPublicKey, signToken } from '../attest/index.ts';
import { silentLog, systemClock } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { TestPostgres } from '../database/postgres.fixture.ts';
import { type JobLogs, openJobLogs } from '../joblog/index.ts';
import type { JobLease } from '../protocol/index.ts';
import { makeRunnerToken, openQueue, type Queue } from '../queue/index.ts';
import { depsOf, MIGRATIONS, OWNER } from '../queue/queue.fixture.ts';
import { memoryResults, type ResultsStore } from '../results/index.ts';
import { createRunnerDoor, type RunnerDoorDeps } from './runner-door.ts';
import { HTTP_OPTIONS } from './server.ts';

export type ServedDoor = AsyncDisposable & {
  readonly db: Database;
  readonly queue: Queue;
  readonly logs: JobLogs;
  readonly results: ResultsStore;
  readonly origin: string;
  readonly port: number;
  /** A token that registers one runner. */
  invite(): Promise<string>;
  /** Everything that was refused and recorded, in order. */
  denied(): Promise<readonly { readonly action: string; readonly detail: unknown }[]>;
  endLease(jobId: number): Promise<unknown>;
};

/** The door for runners on loopback: real database, queue and logs; results in memory. */
export async function serveDoor(
  postgres: TestPostgres,
  changes: Partial<RunnerDoorDeps> = {},
  tls?: { readonly cert: string; readonly key: string },
): Promise<ServedDoor> {
  const db = await postgres.database(MIGRATIONS);
  const folder = await mkdtemp(join(tmpdir(), 'sp-door-'));
  const deps = depsOf(db);
  const queue = openQueue(deps);
  const logs = await openJobLogs(join(folder, 'logs'), { isEnded: (jobId) => queue.isEnded(jobId) });
  const results = changes.results ?? memoryResults({ clock: systemClock });
  const { privateKey } = generateKeyPairSync('ed25519');
  const http = tls === undefined ? createServer(HTTP_OPTIONS) : createTlsServer({ ...HTTP_OPTIONS, ...tls });
  const port = await new Promise<number>((resolve) => {
    http.listen(0, '127.0.0.1', () => {
      const address = http.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const door = createRunnerDoor({
    ...deps,
    queue,
    logs,
    results,
    tokens: {
      issuer: origin,
      publicKey: rawPublicKey(privateKey),
      sign: async (subject, issuedAt, expiresAt) =>
        signToken({ use: 'runner-session', issuer: origin, subject, issuedAt, expiresAt }, privateKey),
    },
    origin,
    clock: systemClock,
    log: silentLog,
    ...changes,
  });
  http.on('request', (request, response) => {
    void door(request, response).then((isHere) => {
      if (!isHere) response.writeHead(404).end();
    });
  });
  return {
    db,
    queue,
    logs,
    results,
    origin,
    port,
    invite: async () => (await makeRunnerToken(deps, OWNER, { labels: [], ephemeral: false })).token,
    denied: async () =>
      (await sql<{ body: Buffer }>`select body from auditlog_entry order by id`.execute(db.as())).rows
        .map(({ body }) => JSON.parse(body.toString()))
        .filter(({ outcome }) => outcome === 'deny'),
    endLease: (jobId) =>
      sql`update queue_job set lease_until = now() - interval '1 second' where job_id = ${jobId}`.execute(db.as()),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await queue.close();
      await logs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the door looks at of a lease. */
export const doorLease = (jobId: number, changes: Partial<JobLease> = {}): JobLease =>
  ({
    version: 1,
    id: `lease-${jobId}`,
    runId: 1,
    attempt: 1,
    level: 'branch',
    taints: [],
    permissions: { contents: 'read' },
    contexts: { github: { repository: 'acme/shop', ref: 'refs/heads/main', repository_id: '1' } },
    readableRefs: [],
    job: { id: jobId },
    ...changes,
  }) as unknown as JobLease;

export const random = (bytes: number) => randomBytes(bytes);
