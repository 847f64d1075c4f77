import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import { fault } from './faults.ts';
import type { FindingTables, ScanCause } from './tables.ts';

const DAY_MS = 24 * 3_600_000;
/** Scans of one repository that wait: each branch once. */
const WAITING_MAX = 50;

export type RequestDeps = AppendDeps & { readonly db: Database };
export type NewScan = {
  readonly repositoryId: number;
  readonly ref: string;
  readonly commit: string;
  /** The default branch, for any other one: `refs/heads/main`. */
  readonly base?: string;
  readonly cause: ScanCause;
};

/** Asks for a scan of a branch as it is now; one that waits already is that one. */
export async function requestScan(deps: RequestDeps, principal: Principal, scan: NewScan): Promise<number> {
  return deps.db.transaction(async (tx) => {
    const id = await wait(deps, tx, scan);
    if (id === undefined) throw fault('too-many', `${WAITING_MAX} scans wait`);
    const resource = { type: 'repository', id: String(scan.repositoryId) };
    const detail = { ref: scan.ref, commit: scan.commit, scan: id };
    await append(
      tx,
      { actor: actorOf(principal), action: 'finding.request', resource, outcome: 'allow', detail },
      deps,
    );
    return id;
  });
}

/** A branch that is not the default one has moved: in the transaction in which that is taken note of. */
export async function noteBranchPush(deps: Pick<AppendDeps, 'now'>, tx: Transaction, scan: NewScan): Promise<void> {
  await wait(deps, tx, scan);
}

async function wait({ now }: Pick<AppendDeps, 'now'>, tx: Transaction, scan: NewScan): Promise<number | undefined> {
  const { repositoryId, ref, commit, base, cause } = scan;
  const tables = tx.as<FindingTables>();
  const known = await tables
    .updateTable('finding_scan')
    .set({ commit, base_ref: base ?? null })
    .where('repository_id', '=', String(repositoryId))
    .where('ref', '=', ref)
    .where('state', '=', 'waiting')
    .returning('id')
    .executeTakeFirst();
  if (known !== undefined) return Number(known.id);
  const { count } = await tables
    .selectFrom('finding_scan')
    .select((all) => all.fn.countAll<string>().as('count'))
    .where('repository_id', '=', String(repositoryId))
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  if (Number(count) >= WAITING_MAX) return undefined;
  const made = await tables
    .insertInto('finding_scan')
    .values({
      repository_id: String(repositoryId),
      ref,
      commit,
      base_ref: base ?? null,
      cause,
      ...fresh(now()),
    })
    // Another one came between.
    .onConflict((on) => on.doNothing())
    .returning('id')
    .executeTakeFirst();
  return made === undefined ? wait({ now }, tx, scan) : Number(made.id);
}

const fresh = (now: number) => ({
  state: 'waiting' as const,
  attempts: 0,
  is_complete: null,
  gaps: '[]',
  notes: '[]',
  files: 0,
  opened: 0,
  fixed: 0,
  error: null,
  created_at: new Date(now),
  started_at: null,
  finished_at: null,
});

/**
 * Wants a scan of each default branch that moved, got reports of other tools, or was scanned a day ago: advisories are published and
 * suppressions end while no commit comes. What is looked at is where the branch is, not what happened: nothing that is missed is lost.
 */
export async function noteDefaultBranches(deps: RequestDeps): Promise<void> {
  const { db } = deps;
  const at = deps.now();
  await sql`
    insert into finding_scan (repository_id, ref, commit, cause, state, attempts, gaps, notes, files, opened, fixed, created_at)
    select r.id, ref.name, ref.oid,
      case when b.commit is distinct from ref.oid then 'push' when b.analysis_id < a.newest then 'reported' else 'renewed' end,
      'waiting', 0, '[]', '[]', 0, 0, 0, ${new Date(at)}
    from repo_repository r
    join repo_ref ref on ref.repository_id = r.id and ref.name = 'refs/heads/' || r.default_branch
    left join finding_branch b on b.repository_id = r.id and b.ref = ref.name
    left join lateral (
      select max(id) as newest from check_analysis where repository_id = r.id and ref = ref.name
    ) a on true
    where r.state = 'active'
      and (b.commit is distinct from ref.oid or b.analysis_id < a.newest or b.scanned_at < ${new Date(at - DAY_MS)})
      and not exists (
        select 1 from finding_scan s
        where s.repository_id = r.id and s.ref = ref.name and s.state in ('waiting', 'running')
      )
    on conflict do nothing`.execute(db.as<FindingTables>());
}

/** After a start: what a server before this one began is begun anew. */
export async function recoverScans(db: Database): Promise<void> {
  const tables = db.as<FindingTables>();
  // Another one of the same branch may wait: then the newer one is enough.
  await sql`
    delete from finding_scan s where state = 'running' and exists (
      select 1 from finding_scan w where w.repository_id = s.repository_id and w.ref = s.ref and w.state = 'waiting'
    )`.execute(tables);
  await tables.updateTable('finding_scan').set({ state: 'waiting' }).where('state', '=', 'running').execute();
}
