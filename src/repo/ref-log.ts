import { append, type AppendDeps, appendRefusal, type Entry } from '../auditlog/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import type { RefLine } from './hook.ts';
import { actorOf, type Principal } from './principal.ts';
import { ZERO } from './rules.ts';
import type { RepoTables } from './tables.ts';

/** One move of a ref that happened. */
export type RefChange = {
  readonly id: number;
  readonly repositoryId: number;
  readonly push: string;
  readonly ref: string;
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly old: string;
  readonly new: string;
  readonly isForced: boolean;
  readonly isDirect: boolean;
  readonly cause: 'push' | 'import';
  readonly actor: { readonly type: string; readonly id: string };
};

/** Where a ref is and where the audit log says that it is. `ZERO` is nowhere. */
export type Disagreement = {
  readonly ref: string;
  readonly problem: 'ref-without-entry' | 'entry-without-ref' | 'ref-differs';
  readonly git: string;
  readonly log: string;
};

/** Points at which a test ends the process. */
export type RefLogStep = 'preparing' | 'inserted' | 'prepared' | 'settling' | 'settled';

export type RefLogDeps = AppendDeps & {
  readonly db: Database;
  /** What git has: these refs, or all. */
  readRefs(repositoryId: number, names?: readonly string[]): Promise<ReadonlyMap<string, string>>;
  trace?(step: RefLogStep, push: string): void | Promise<void>;
};

export type Move = {
  readonly repositoryId: number;
  readonly push: string;
  readonly cause: 'push' | 'import';
  readonly principal: Principal;
  readonly lines: readonly RefLine[];
  readonly forced?: ReadonlySet<string>;
  readonly direct?: ReadonlySet<string>;
  /** By which it was decided. Another one by now has other rules. */
  readonly defaultBranch: string;
};

/** Rows of one insert. */
const BATCH_ROWS_MAX = 500;
/** Disagreements that are named; the rest is counted. */
const NAMED_MAX = 20;

/**
 * Before git moves refs, and while it holds their locks: entry and change commit, and only then git goes on. Throws `repo/stopped` when
 * a ref is not where the log has it; the repository is stopped then.
 */
export async function prepareMove(deps: RefLogDeps, move: Move): Promise<void> {
  const lines = move.lines.filter(({ ref, old, new: next }) => ref.startsWith('refs/') && old !== next);
  if (lines.length === 0) return;
  await deps.trace?.('preparing', move.push);
  const found = await deps.db.transaction(async (tx) => {
    await requireMovable(tx, move);
    const disagreements = await settleBefore(deps, tx, { ...move, lines });
    if (disagreements.length > 0) return disagreements;
    await insertChanges(deps, tx, { ...move, lines });
    await deps.trace?.('inserted', move.push);
    return [];
  });
  if (found.length > 0) {
    await stopRepository(deps, move.repositoryId, found);
    throw fault('stopped', describe(move.repositoryId, found));
  }
  await deps.trace?.('prepared', move.push);
}

async function requireMovable(tx: Transaction, { repositoryId, defaultBranch }: Move): Promise<void> {
  const row = await tx
    .as<RepoTables>()
    .selectFrom('repo_repository')
    .select(['state', 'default_branch'])
    .where('id', '=', String(repositoryId))
    .forShare()
    .executeTakeFirst();
  if (row?.state !== 'active' && row?.state !== 'importing') {
    throw fault('not-active', `repository ${repositoryId} is ${row?.state ?? 'not there'}`);
  }
  if (row.default_branch !== defaultBranch) {
    throw fault('changed', `the default branch of repository ${repositoryId} is ${row.default_branch} by now`);
  }
}

/**
 * Git has verified the old values under its locks. So a move of the same ref that is still in doubt happened when it led to that value,
 * and did not when it began there.
 */
async function settleBefore(deps: RefLogDeps, tx: Transaction, move: Move): Promise<readonly Disagreement[]> {
  const tables = tx.as<RepoTables>();
  const id = String(move.repositoryId);
  const disagreements: Disagreement[] = [];
  for (let at = 0; at < move.lines.length; at += BATCH_ROWS_MAX) {
    const lines = move.lines.slice(at, at + BATCH_ROWS_MAX);
    const refs = lines.map(({ ref }) => ref);
    const open = await tables
      .selectFrom('repo_ref_change')
      .selectAll()
      .where('repository_id', '=', id)
      .where('state', '=', 'prepared')
      .where('ref', 'in', refs)
      .orderBy('ref')
      .forUpdate()
      .execute();
    for (const change of open) {
      const now = lines.find(({ ref }) => ref === change.ref)?.old ?? ZERO;
      if (now === change.new_oid) await settleAs(deps, tx, change, 'moved');
      else if (now === change.old_oid) await settleAs(deps, tx, change, 'aborted');
    }
    const known = await tables
      .selectFrom('repo_ref')
      .select(['name', 'oid'])
      .where('repository_id', '=', id)
      .where('name', 'in', refs)
      .execute();
    const places = new Map(known.map(({ name, oid }) => [name, oid]));
    for (const { ref, old } of lines) {
      const log = places.get(ref) ?? ZERO;
      if (log !== old) disagreements.push(disagreement(ref, old, log));
    }
  }
  return disagreements;
}

async function insertChanges(deps: RefLogDeps, tx: Transaction, move: Move): Promise<void> {
  const { id: actorId, kind } = move.principal;
  for (let at = 0; at < move.lines.length; at += BATCH_ROWS_MAX) {
    const lines = move.lines.slice(at, at + BATCH_ROWS_MAX);
    const rows = await tx
      .as<RepoTables>()
      .insertInto('repo_ref_change')
      .values(
        lines.map((line) => ({
          repository_id: String(move.repositoryId),
          push: move.push,
          ref: line.ref,
          old_oid: line.old,
          new_oid: line.new,
          is_forced: move.forced?.has(line.ref) ?? false,
          is_direct: move.direct?.has(line.ref) ?? false,
          cause: move.cause,
          actor_type: kind,
          actor_id: actorId,
          state: 'prepared' as const,
          settled_at: null,
          consumed_at: null,
        })),
      )
      .returningAll()
      .execute();
    for (const row of rows) await append(tx, entryOf(row, kindOf(row.old_oid, row.new_oid)), deps);
  }
}

type ChangeRow = {
  readonly id: string;
  readonly repository_id: string;
  readonly push: string;
  readonly ref: string;
  readonly old_oid: string;
  readonly new_oid: string;
  readonly is_forced: boolean;
  readonly is_direct: boolean;
  readonly cause: 'push' | 'import';
  readonly actor_type: string;
  readonly actor_id: string;
};

const ACTIONS = { created: 'ref.create', updated: 'ref.update', deleted: 'ref.delete', aborted: 'ref.abort' } as const;

function entryOf(row: ChangeRow, kind: keyof typeof ACTIONS): Entry {
  return {
    actor: { type: actorType(row.actor_type), id: row.actor_id },
    action: ACTIONS[kind],
    resource: { type: 'ref', id: `${row.repository_id}:${row.ref}` },
    outcome: kind === 'aborted' ? 'error' : 'allow',
    detail: {
      change: Number(row.id),
      push: row.push,
      cause: row.cause,
      old: row.old_oid,
      new: row.new_oid,
      forced: row.is_forced,
      direct: row.is_direct,
    },
  };
}

function actorType(text: string): Entry['actor']['type'] {
  return text === 'user' || text === 'token' || text === 'job' || text === 'runner' ? text : 'system';
}

function kindOf(old: string, next: string): RefChange['kind'] {
  if (old === ZERO) return 'created';
  return next === ZERO ? 'deleted' : 'updated';
}

/** The log never forgets: what did not happen gets an entry of its own that says so. */
async function settleAs(
  deps: RefLogDeps,
  tx: Transaction,
  change: ChangeRow,
  state: 'moved' | 'aborted',
): Promise<void> {
  const tables = tx.as<RepoTables>();
  const settled = { state, settled_at: new Date(deps.now()) };
  await tables.updateTable('repo_ref_change').set(settled).where('id', '=', change.id).execute();
  if (state === 'aborted') {
    await append(tx, entryOf(change, 'aborted'), deps);
    return;
  }
  const place = { repository_id: change.repository_id, name: change.ref };
  if (change.new_oid === ZERO) {
    await tables
      .deleteFrom('repo_ref')
      .where('repository_id', '=', place.repository_id)
      .where('name', '=', place.name)
      .execute();
    return;
  }
  await tables
    .insertInto('repo_ref')
    .values({ ...place, oid: change.new_oid })
    .onConflict((on) => on.columns(['repository_id', 'name']).doUpdateSet({ oid: change.new_oid }))
    .execute();
}

/** Git says that these refs did not move. */
export async function abortMove(deps: RefLogDeps, push: string, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await deps.db.transaction(async (tx) => {
    for (const change of await openChanges(tx, { push })) {
      if (refs.includes(change.ref)) await settleAs(deps, tx, change, 'aborted');
    }
  });
}

/** After the git of a push ended: each move that it prepared happened or did not, by what git has now. */
export async function settleMoves(deps: RefLogDeps, repositoryId: number, push: string): Promise<readonly RefChange[]> {
  await deps.trace?.('settling', push);
  const found = await deps.db.transaction((tx) => settleOpen(deps, tx, repositoryId, { push }));
  if (found.length > 0) await stopRepository(deps, repositoryId, found);
  await deps.trace?.('settled', push);
  const rows = await deps.db
    .as<RepoTables>()
    .selectFrom('repo_ref_change')
    .selectAll()
    .where('push', '=', push)
    .where('state', '=', 'moved')
    .orderBy('id')
    .execute();
  return rows.map(changeOf);
}

type OpenFilter = { readonly push: string } | { readonly repositoryId: number };

function openChanges(tx: Transaction, filter: OpenFilter) {
  const query = tx.as<RepoTables>().selectFrom('repo_ref_change').selectAll().where('state', '=', 'prepared');
  const chosen =
    'push' in filter
      ? query.where('push', '=', filter.push)
      : query.where('repository_id', '=', String(filter.repositoryId));
  return chosen.orderBy('ref').forUpdate().execute();
}

/** The rows are locked before git is read: a later move of the same ref waits in `settleBefore`. */
async function settleOpen(
  deps: RefLogDeps,
  tx: Transaction,
  repositoryId: number,
  filter: OpenFilter,
): Promise<readonly Disagreement[]> {
  const open = await openChanges(tx, filter);
  if (open.length === 0) return [];
  const places = await deps.readRefs(
    repositoryId,
    open.map(({ ref }) => ref),
  );
  const disagreements: Disagreement[] = [];
  for (const change of open) {
    const git = places.get(change.ref) ?? ZERO;
    if (git === change.new_oid) await settleAs(deps, tx, change, 'moved');
    else if (git === change.old_oid) await settleAs(deps, tx, change, 'aborted');
    else disagreements.push(disagreement(change.ref, git, change.new_oid));
  }
  return disagreements;
}

/**
 * While no git writes: settles what is in doubt, and compares every ref of git with the log. Nothing found means that both tell the
 * same. Anything else stops the repository.
 */
export async function reconcile(deps: RefLogDeps, repositoryId: number): Promise<readonly Disagreement[]> {
  const open = await deps.db.transaction((tx) => settleOpen(deps, tx, repositoryId, { repositoryId }));
  const git = await deps.readRefs(repositoryId);
  const rows = await deps.db
    .as<RepoTables>()
    .selectFrom('repo_ref')
    .select(['name', 'oid'])
    .where('repository_id', '=', String(repositoryId))
    .execute();
  const log = new Map(rows.map(({ name, oid }) => [name, oid]));
  const named = new Set(open.map(({ ref }) => ref));
  const found = [...open];
  for (const ref of [...new Set([...git.keys(), ...log.keys()])].sort()) {
    const [here, there] = [git.get(ref) ?? ZERO, log.get(ref) ?? ZERO];
    if (here !== there && !named.has(ref)) found.push(disagreement(ref, here, there));
  }
  if (found.length > 0) await stopRepository(deps, repositoryId, found);
  return found;
}

function disagreement(ref: string, git: string, log: string): Disagreement {
  const problem = git === ZERO ? 'entry-without-ref' : log === ZERO ? 'ref-without-entry' : 'ref-differs';
  return { ref, problem, git, log };
}

/** For people: names some of them, and counts the rest. */
export function describe(repositoryId: number, found: readonly Disagreement[]): string {
  const named = found
    .slice(0, NAMED_MAX)
    .map(({ ref, problem, git, log }) => `${ref}: ${problem} (git ${git}, log ${log})`);
  const more = found.length > NAMED_MAX ? `, and ${found.length - NAMED_MAX} more` : '';
  return `repository ${repositoryId}: ${named.join(', ')}${more}`;
}

async function stopRepository(deps: RefLogDeps, repositoryId: number, found: readonly Disagreement[]): Promise<void> {
  const reason = describe(repositoryId, found);
  await deps.db.transaction(async (tx) => {
    const tables = tx.as<RepoTables>();
    const row = await tables
      .selectFrom('repo_repository')
      .select('state')
      .where('id', '=', String(repositoryId))
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined || row.state === 'deleted') return;
    if (row.state === 'stopped') {
      await tables
        .updateTable('repo_repository')
        .set({ stopped_reason: reason })
        .where('id', '=', String(repositoryId))
        .execute();
      return;
    }
    await tables
      .updateTable('repo_repository')
      .set({ state: 'stopped', stopped_reason: reason, stopped_state: row.state })
      .where('id', '=', String(repositoryId))
      .execute();
    await append(
      tx,
      {
        actor: { type: 'system', id: 'repo' },
        action: 'repository.stop',
        resource: { type: 'repository', id: String(repositoryId) },
        outcome: 'error',
        detail: { refs: found.slice(0, NAMED_MAX), count: found.length },
      },
      deps,
    );
  });
}

/** A push that the rules refused is told, too. */
export async function recordRefusal(
  deps: RefLogDeps,
  options: { readonly repositoryId: number; readonly push: string; readonly principal: Principal },
  refusals: readonly { readonly ref: string; readonly rule: string }[],
): Promise<void> {
  const { repositoryId, push, principal } = options;
  await deps.db.transaction((tx) =>
    appendRefusal(
      tx,
      {
        actor: actorOf(principal),
        action: 'ref.update',
        resource: { type: 'repository', id: String(repositoryId) },
        outcome: 'deny',
        detail: {
          push,
          count: refusals.length,
          refusals: refusals.slice(0, NAMED_MAX).map(({ ref, rule }) => ({ ref, rule })),
        },
      },
      deps,
    ),
  );
}

/** What moved and nobody has taken yet, oldest first. The engine takes each at least once. */
export async function openRefChanges(tx: Transaction, limit: number): Promise<readonly RefChange[]> {
  const rows = await tx
    .as<RepoTables>()
    .selectFrom('repo_ref_change')
    .selectAll()
    .where('state', '=', 'moved')
    .where('consumed_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(changeOf);
}

/** In the transaction that made something of them. */
export async function consumeRefChanges(tx: Transaction, ids: readonly number[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .as<RepoTables>()
    .updateTable('repo_ref_change')
    .set({ consumed_at: new Date(now) })
    .where('id', 'in', ids.map(String))
    .execute();
}

function changeOf(row: ChangeRow): RefChange {
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    push: row.push,
    ref: row.ref,
    kind: kindOf(row.old_oid, row.new_oid),
    old: row.old_oid,
    new: row.new_oid,
    isForced: row.is_forced,
    isDirect: row.is_direct,
    cause: row.cause,
    actor: { type: row.actor_type, id: row.actor_id },
  };
}

/** An administrator looked and says that git is right: what the log lacks is told by entries, and nothing of it is forgotten. */
export async function acceptGit(
  deps: RefLogDeps,
  { repositoryId, actor }: { readonly repositoryId: number; readonly actor: Entry['actor'] },
): Promise<void> {
  const git = await deps.readRefs(repositoryId);
  await deps.db.transaction(async (tx) => {
    const tables = tx.as<RepoTables>();
    const id = String(repositoryId);
    for (const change of await openChanges(tx, { repositoryId })) await settleAs(deps, tx, change, 'aborted');
    const rows = await tables.selectFrom('repo_ref').selectAll().where('repository_id', '=', id).execute();
    const log = new Map(rows.map(({ name, oid }) => [name, oid]));
    for (const ref of [...new Set([...git.keys(), ...log.keys()])].sort()) {
      const [here, there] = [git.get(ref), log.get(ref)];
      if (here === there) continue;
      if (here === undefined) {
        await tables.deleteFrom('repo_ref').where('repository_id', '=', id).where('name', '=', ref).execute();
      } else {
        await tables
          .insertInto('repo_ref')
          .values({ repository_id: id, name: ref, oid: here })
          .onConflict((on) => on.columns(['repository_id', 'name']).doUpdateSet({ oid: here }))
          .execute();
      }
      const resource = { type: 'ref', id: `${repositoryId}:${ref}` };
      const detail = { old: there ?? ZERO, new: here ?? ZERO };
      await append(tx, { actor, action: 'ref.repair', resource, outcome: 'allow', detail }, deps);
    }
  });
}
