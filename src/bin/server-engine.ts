import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openActionStore } from '../actions/index.ts';
import type { RunEngine, RunReaders } from '../api/index.ts';
import { isFault, type Log, systemClock } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { EGRESS_FILE, readEgressFile } from '../egress/index.ts';
import { type ReadEgress, SERVER_URL } from '../engine/index.ts';
import { findUser, type IdentityDeps, userById } from '../identity/index.ts';
import type { RepoServer } from '../repo/index.ts';
import type { ResultsStore } from '../results/index.ts';
import { builtinFor } from '../runner/index.ts';
import { createServerEngine } from '../runs/index.ts';
import { variablesFor } from '../variable/index.ts';
import { createReader } from '../workflow/index.ts';
import type { Machine } from './commands.ts';
import { networkEnvironment } from './environment.ts';
import { pinsFrom } from './pins.ts';
import { findProgram } from './programs.ts';
import type { OpenNotify } from './server-notify.ts';
import { openReaders } from './server-readers.ts';
import { serverPlaces } from './server-places.ts';
import type { ServerSettings } from './server-settings.ts';

export type OpenRuns = {
  readonly readers: RunReaders;
  readonly engine: RunEngine;
  /** Something may be there to take. */
  wake(): void;
  close(): Promise<void>;
};

export type RunsOptions = IdentityDeps & {
  readonly repo: RepoServer;
  readonly results: ResultsStore;
  readonly settings: ServerSettings;
  readonly machine: Machine;
  readonly log: Log;
  readonly notify: Pick<OpenNotify, 'onEnded' | 'onMoved'>;
};

/** Starts the engine of the server on its tables and its queue. */
export async function openRuns(options: RunsOptions): Promise<OpenRuns> {
  const { db, repo, settings, machine, log } = options;
  const git = findProgram(machine.env, 'git');
  const compileCache = machine.env['NODE_COMPILE_CACHE'];
  const reader = createReader(compileCache === undefined ? {} : { compileCache });
  const actions = await openActionStore({
    dir: join(serverPlaces(settings.data).data, 'actions'),
    allowRemote: true,
    git,
    clock: systemClock,
    log,
    networkEnv: networkEnvironment(machine.env),
    ...(settings.actions_mirror === undefined ? {} : { mirror: settings.actions_mirror }),
  });
  const engine = createServerEngine({
    db,
    reader,
    actions,
    readLock: pinsFrom,
    readEgress,
    isBuiltin: ({ owner, repo: name, path, ref }) => builtinFor(owner, name, path, ref) !== undefined,
    serverUrl: SERVER_URL,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    log,
    readerOf: (id) => repo.reader(id),
    // The runner asks the server for it, with the token of the job.
    gitFor: (run) => ({ commit: run.event.sha }),
    loginOf: (actor) => loginOf(db, actor),
    ownerIdOf: (owner) => ownerIdOf(db, owner),
    varsOf: (repositoryId) => variablesFor(db, repositoryId),
    labelsOf,
    jobsMax: settings.repository_jobs_max,
    retentionDays: settings.artifact_retention_days,
    onEnded: options.notify.onEnded,
    onMoved: options.notify.onMoved,
  });
  const readers = openReaders(db, options.results, log);
  await engine.start();
  return {
    readers: readers.readers,
    engine,
    wake: () => engine.wake(),
    async close() {
      await engine.stop();
      await readers.close();
      await reader.close();
    },
  };
}

/** Any label with `ubuntu` or `linux` is this system, as it is for a local run. */
export function labelsOf(labels: readonly string[]): readonly string[] {
  const names = labels.map((label) => label.toLowerCase());
  const wanted = new Set(names.map((name) => (/ubuntu|linux/.test(name) ? 'linux' : name)));
  if (names.some((name) => /(?:^|[-_])(?:arm|arm64|aarch64)$/.test(name))) wanted.add('arm64');
  return [...wanted];
}

const readEgress: ReadEgress = (text, job) => {
  const reading = readEgressFile(text ?? '', EGRESS_FILE);
  if (!reading.ok) {
    return { ok: false, errors: reading.diagnostics.map((one) => ({ ...one, code: 'egress/file-invalid' })) };
  }
  const { environment } = job;
  return { ok: true, policy: reading.policyFor(job.id, { environment }) };
};

async function loginOf(db: Database, { type, id }: { readonly type: string; readonly id: string }) {
  const user = type === 'user' && /^\d{1,15}$/.test(id) ? await userById(db, Number(id)) : undefined;
  return user === undefined ? { login: `${type}-${id}`, id: 0 } : { login: user.name, id: user.id };
}

/** The owner of repositories is a name: its number is that of the person, or one that its first repository gives it. */
async function ownerIdOf(db: Database, owner: string): Promise<number> {
  const user = await findUser(db, owner).catch((thrown: unknown) => {
    if (isFault(thrown)) return undefined;
    throw thrown;
  });
  if (user !== undefined) return user.id;
  const { rows } = await sql<{ id: string | null }>`
    select min(id)::text as id from repo_repository where lower(owner) = lower(${owner})`.execute(db.as());
  return 1_000_000_000 + Number(rows[0]?.id ?? 0);
}

/** Commits whose runs are not over: they stay, also when no ref reaches them any more. */
export async function openCommits(db: Database, repositoryId: number): Promise<readonly string[]> {
  const { rows } = await sql<{ sha: string }>`
    select distinct sha from run_run where repository_id = ${String(repositoryId)} and state <> 'done'`.execute(
    db.as(),
  );
  return rows.map(({ sha }) => sha).filter((sha) => /^[0-9a-f]{40}$/.test(sha));
}
