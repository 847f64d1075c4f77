import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { excerpt, type Log, reasonOf } from '../base/index.ts';
import { limitedCommand } from '../git/index.ts';
import { purgeDue } from './deletion.ts';
import { maintenanceEnvironment } from './environment.ts';
import { fault } from './faults.ts';
import { rememberProcess } from './folder.ts';
import type { Principal } from './principal.ts';
import { listRepositories, type RepositoriesDeps, type RepositoryRow, servedFolder } from './repositories.ts';
import { readerOf } from './read.ts';
import { ZERO } from './rules.ts';
import { statisticsOf } from './statistics.ts';
import type { RepoTables } from './tables.ts';

const DAY_MS = 86_400_000;
/** Each push brings one pack, and every read looks into all of them. */
const PACKS_MAX = 8;
const LOOSE_MAX = 2000;
/** Unreachable objects are looked for this often. */
const PRUNE_EVERY_MS = 7 * DAY_MS;
/** Younger objects stay: somebody may be about to use them. */
const EXPIRE_DAYS = 14;
/** What a ref pointed at so recently stays: a run of it may be open, or begun again. */
const RECENT_DAYS = 45;
/** More of them than the arguments of a program hold: that repository is not pruned. */
const RECENT_MAX = 20_000;
const STEP_MS_MAX = 60 * 60_000;
const MEMORY_BYTES_MAX = 4 * 1024 ** 3;
const GRACE_MS_MAX = 3000;
const NICENESS = '15';
const ERROR_BYTES_MAX = 2000;
const PAGE_REPOSITORIES = 200;

export type MaintainDeps = RepositoriesDeps & {
  readonly log: Log;
  /** Whether a push is under way there. */
  isPushed(repositoryId: number): boolean;
  /** Commits that stay whatever refs say: those of runs that are not over. */
  keepCommits?(repositoryId: number): Promise<readonly string[]>;
};

export type MaintenanceRound = {
  readonly purged: number;
  readonly repacked: number;
  readonly pruned: number;
  /** Given way to a push, or to the end of the server. */
  readonly interrupted: number;
  readonly failed: number;
};

export type Maintenance = {
  /** One round over all repositories, one after the other. While one runs, that one is meant. */
  run(): Promise<MaintenanceRound>;
  /** A push begins (`write`), or what a killed git left is taken away (`sweep`): what can't go on beside it ends first. */
  giveWay(repositoryId: number, why: 'write' | 'sweep'): Promise<void>;
  close(): Promise<void>;
};

type Work = {
  readonly repositoryId: number;
  /** Unreachable objects are being taken away: a push could begin to need one of them. */
  isAlone: boolean;
  readonly stop: AbortController;
  readonly done: Promise<void>;
};

const SYSTEM: Principal = { id: 'repo', name: 'repo', kind: 'system' };

/**
 * Keeps repositories small and fast. Any process of it may end at any point: git puts new packs in place before it takes away old ones.
 * Packs are put together beside pushes; objects are only taken away while there is none, and the first push ends that.
 */
export function openMaintenance(deps: MaintainDeps): Maintenance {
  const closing = new AbortController();
  let round: Promise<MaintenanceRound> | undefined;
  let work: Work | undefined;

  async function all(): Promise<MaintenanceRound> {
    const counts = { purged: await purgeDue(deps, SYSTEM), repacked: 0, pruned: 0, interrupted: 0, failed: 0 };
    for (let after = 0; ; ) {
      const rows = await listRepositories(deps.db, { after, limit: PAGE_REPOSITORIES });
      if (rows.length === 0) return counts;
      for (const row of rows) {
        after = row.id;
        if (closing.signal.aborted) return counts;
        if (row.state !== 'active' && row.state !== 'archived') continue;
        for (const what of await one(row)) counts[what] += 1;
      }
    }
  }

  async function one(row: RepositoryRow): Promise<readonly ('repacked' | 'pruned' | 'interrupted' | 'failed')[]> {
    const ended = Promise.withResolvers<void>();
    const stop = new AbortController();
    const end = () => stop.abort();
    closing.signal.addEventListener('abort', end, { once: true });
    const now: Work = { repositoryId: row.id, isAlone: false, stop, done: ended.promise };
    work = now;
    const did: ('repacked' | 'pruned' | 'interrupted' | 'failed')[] = [];
    try {
      if (await repackIfNeeded(deps, row, stop.signal)) did.push('repacked');
      if (await isPruneDue(deps, row)) {
        now.isAlone = true;
        if (deps.isPushed(row.id)) did.push('interrupted');
        else {
          await prune(deps, row, stop.signal);
          did.push('pruned');
        }
      }
    } catch (thrown) {
      if (stop.signal.aborted) return [...did, 'interrupted'];
      deps.log.error('The maintenance of a repository failed', { repository: row.id, reason: reasonOf(thrown) });
      did.push('failed');
    } finally {
      work = undefined;
      closing.signal.removeEventListener('abort', end);
      ended.resolve();
    }
    return did;
  }

  return {
    run() {
      round ??= all().finally(() => {
        round = undefined;
      });
      return round;
    },
    async giveWay(repositoryId, why) {
      const now = work;
      if (now?.repositoryId !== repositoryId || (why === 'write' && !now.isAlone)) return;
      now.stop.abort();
      await now.done;
    },
    async close() {
      closing.abort();
      await round?.catch(() => undefined);
    },
  };
}

/** Few packs, each at least twice the next: what is large is not written again for what is small. Takes away no object. */
async function repackIfNeeded(deps: MaintainDeps, row: RepositoryRow, signal: AbortSignal): Promise<boolean> {
  const gitDir = await servedFolder(deps.folders, row.id);
  const { packs, looseObjects } = await statisticsOf(deps, row.id);
  if (packs < PACKS_MAX && looseObjects < LOOSE_MAX) return false;
  await clearLeft(gitDir);
  const bitmaps = ['--write-midx', '--write-bitmap-index'];
  await step(deps, gitDir, ['repack', '--geometric=2', '-d', '-l', '-q', ...bitmaps], signal);
  await step(deps, gitDir, ['commit-graph', 'write', '--reachable', '--split', '--no-progress'], signal);
  return true;
}

async function isPruneDue(deps: MaintainDeps, { id }: RepositoryRow): Promise<boolean> {
  const row = await deps.db
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .select('pruned_at')
    .where('id', '=', String(id))
    .executeTakeFirst();
  if (row === undefined || (row.pruned_at !== null && row.pruned_at.getTime() > deps.now() - PRUNE_EVERY_MS)) {
    return false;
  }
  // What no ref reaches lies in packs until the first prune after, and then by itself: without either there is nothing.
  if ((await statisticsOf(deps, id)).looseObjects > 0) return true;
  const moved = await deps.db
    .as<RepoTables>()
    .selectFrom('repo_ref_change')
    .select('id')
    .where('repository_id', '=', String(id))
    .where('prepared_at', '>', row.pruned_at ?? new Date(0))
    .limit(1)
    .executeTakeFirst();
  return moved !== undefined;
}

/** While no push runs. What no ref reaches is taken out of the packs, and then away, when it is old and no recent ref pointed there. */
async function prune(deps: MaintainDeps, { id }: RepositoryRow, signal: AbortSignal): Promise<void> {
  const gitDir = await servedFolder(deps.folders, id);
  await clearLeft(gitDir);
  const kept = await keptCommits(deps, id);
  const expire = new Date(deps.now() - EXPIRE_DAYS * DAY_MS).toISOString();
  await step(deps, gitDir, ['repack', '-A', '-d', '-l', '-q', '--write-bitmap-index'], signal);
  await step(deps, gitDir, ['commit-graph', 'write', '--reachable', '--split=replace', '--no-progress'], signal);
  await step(deps, gitDir, ['prune', `--expire=${expire}`, '--no-progress', '--', ...kept], signal);
  await deps.db
    .as<RepoTables>()
    .updateTable('repo_repository')
    .set({ pruned_at: new Date(deps.now()) })
    .where('id', '=', String(id))
    .execute();
}

/** Where refs pointed not long ago, and what the caller needs. */
async function keptCommits(deps: MaintainDeps, id: number): Promise<readonly string[]> {
  const rows = await deps.db
    .as<RepoTables>()
    .selectFrom('repo_ref_change')
    .select(['old_oid', 'new_oid'])
    .where('repository_id', '=', String(id))
    .where('prepared_at', '>', new Date(deps.now() - RECENT_DAYS * DAY_MS))
    .limit(RECENT_MAX)
    .execute();
  const wanted = new Set(rows.flatMap(({ old_oid: old, new_oid: next }) => [old, next]));
  for (const oid of (await deps.keepCommits?.(id)) ?? []) wanted.add(oid);
  wanted.delete(ZERO);
  if (rows.length >= RECENT_MAX || wanted.size > RECENT_MAX) {
    throw fault('too-large', `repository ${id} has more than ${RECENT_MAX} recent commits to keep`);
  }
  const gitDir = await servedFolder(deps.folders, id);
  // What was refused, or is gone already, is not there.
  return [...(await readerOf({ gitPath: deps.gitPath, gitDir }).typesOf([...wanted])).keys()];
}

/** What a maintenance that was killed left: it alone writes these, one at a time. Pushes write into folders of their own first. */
async function clearLeft(gitDir: string): Promise<void> {
  for (const name of [
    'objects/info/commit-graph.lock',
    'objects/info/commit-graphs/commit-graph-chain.lock',
    'objects/pack/multi-pack-index.lock',
  ]) {
    await rm(join(gitDir, name), { force: true });
  }
  for (const name of await readdir(join(gitDir, 'objects/pack')).catch(() => [])) {
    if (/^(tmp_|\.tmp-)/.test(name)) await rm(join(gitDir, 'objects/pack', name), { force: true });
  }
}

/** One git in a group of its own, behind everything else that the machine has to do. */
async function step(deps: MaintainDeps, gitDir: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const git = ['nice', '-n', NICENESS, deps.gitPath, `--git-dir=${gitDir}`, ...args] as const;
  const [program, limited] = limitedCommand(git, MEMORY_BYTES_MAX);
  const child = spawn(program, limited, {
    env: maintenanceEnvironment(gitDir),
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-ERROR_BYTES_MAX);
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let grace: NodeJS.Timeout | undefined;
  const end = () => {
    kill(child, 'SIGTERM');
    grace = setTimeout(() => kill(child, 'SIGKILL'), GRACE_MS_MAX);
  };
  signal.addEventListener('abort', end, { once: true });
  const deadline = setTimeout(end, STEP_MS_MAX);
  const forget = child.pid === undefined ? undefined : rememberProcess(deps.folders, child.pid);
  try {
    const code = await closed;
    signal.throwIfAborted();
    if (code !== 0) throw fault('maintenance', `git ${args[0] ?? ''}: ${code}: ${excerpt(errors.trim(), 400)}`);
  } finally {
    signal.removeEventListener('abort', end);
    clearTimeout(deadline);
    clearTimeout(grace);
    await (await forget)?.();
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
