import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import { type Data, type DataObject, excerpt, isDataObject, reasonOf } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import { fault } from './faults.ts';
import type { CheckTables } from './tables.ts';

/** Statuses, and check runs, of one commit. */
const OF_COMMIT_MAX = 1000;
/** A report, unpacked. */
export const SARIF_BYTES_MAX = 10 * 1024 * 1024;
const UNIX_NUL = '\0';
const unpack = promisify(gunzip);

export type CheckDeps = AppendDeps & { readonly db: Database };
/** Of which repository and commit something is said. That both exist was asked before. */
export type CheckedCommit = { readonly repositoryId: number; readonly commit: string };
export type StatusState = CheckTables['check_status']['state'];

export type CommitStatus = {
  readonly id: number;
  readonly context: string;
  readonly state: StatusState;
  readonly description?: string;
  readonly targetUrl?: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly createdAt: Date;
};

/** Says something of a commit. Who may write statuses is known by the entry; nothing that is required is believed by context alone. */
export async function setStatus(
  deps: CheckDeps,
  principal: Principal,
  of: CheckedCommit,
  status: {
    readonly context: string;
    readonly state: StatusState;
    readonly description?: string;
    readonly targetUrl?: string;
  },
): Promise<CommitStatus> {
  return deps.db.transaction(async (tx) => {
    await requireRoom(tx, 'check_status', of);
    const row = await tx
      .as<CheckTables>()
      .insertInto('check_status')
      .values({
        repository_id: String(of.repositoryId),
        commit: of.commit,
        context: plain(status.context),
        state: status.state,
        description: status.description === undefined ? null : plain(status.description),
        target_url: status.targetUrl === undefined ? null : plain(status.targetUrl),
        actor_type: principal.kind,
        actor_id: principal.id,
        created_at: new Date(deps.now()),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = { commit: of.commit, context: excerpt(row.context, 100), state: row.state };
    await record(deps, tx, principal, { action: 'commit-status.set', repositoryId: of.repositoryId, detail });
    return statusOf(row);
  });
}

/** PostgreSQL keeps no NUL in a text. */
const plain = (text: string) => text.replaceAll(UNIX_NUL, '');

/** Newest first. */
export async function listStatuses(db: Database, of: CheckedCommit): Promise<readonly CommitStatus[]> {
  const rows = await db
    .as<CheckTables>()
    .selectFrom('check_status')
    .selectAll()
    .where('repository_id', '=', String(of.repositoryId))
    .where('commit', '=', of.commit)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(statusOf);
}

function statusOf(row: {
  readonly id: string;
  readonly context: string;
  readonly state: StatusState;
  readonly description: string | null;
  readonly target_url: string | null;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly created_at: Date;
}): CommitStatus {
  return {
    id: Number(row.id),
    context: row.context,
    state: row.state,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.target_url === null ? {} : { targetUrl: row.target_url }),
    actor: { type: row.actor_type, id: row.actor_id },
    createdAt: row.created_at,
  };
}

export type CheckRun = {
  readonly id: number;
  readonly commit: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly body: DataObject;
};

export async function createCheckRun(
  deps: CheckDeps,
  principal: Principal,
  of: CheckedCommit,
  body: DataObject,
): Promise<CheckRun> {
  return deps.db.transaction(async (tx) => {
    await requireRoom(tx, 'check_run', of);
    const at = new Date(deps.now());
    const row = await tx
      .as<CheckTables>()
      .insertInto('check_run')
      .values({
        repository_id: String(of.repositoryId),
        commit: of.commit,
        actor_type: principal.kind,
        actor_id: principal.id,
        created_at: at,
        updated_at: at,
        body: JSON.stringify(body).replaceAll('\\u0000', ''),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = { commit: of.commit, run: Number(row.id) };
    await record(deps, tx, principal, { action: 'check-run.create', repositoryId: of.repositoryId, detail });
    return runOf(row);
  });
}

/** By whoever made it: another job must not turn what one said. */
export async function updateCheckRun(
  deps: CheckDeps,
  principal: Principal,
  of: { readonly repositoryId: number; readonly id: number },
  changes: DataObject,
): Promise<CheckRun> {
  return deps.db.transaction(async (tx) => {
    const row = await tx
      .as<CheckTables>()
      .selectFrom('check_run')
      .selectAll()
      .where('id', '=', String(of.id))
      .where('repository_id', '=', String(of.repositoryId))
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) throw fault('not-found', `there is no check run ${of.id}`);
    if (row.actor_type !== principal.kind || row.actor_id !== principal.id) {
      throw fault('not-yours', `check run ${of.id} was made by ${row.actor_type} ${row.actor_id}`);
    }
    const before = runOf(row);
    const changed = await tx
      .as<CheckTables>()
      .updateTable('check_run')
      .set({
        body: JSON.stringify({ ...before.body, ...changes }).replaceAll('\\u0000', ''),
        updated_at: new Date(deps.now()),
      })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = { commit: row.commit, run: of.id };
    await record(deps, tx, principal, { action: 'check-run.update', repositoryId: of.repositoryId, detail });
    return runOf(changed);
  });
}

export async function findCheckRun(db: Database, repositoryId: number, id: number): Promise<CheckRun> {
  const row = await db
    .as<CheckTables>()
    .selectFrom('check_run')
    .selectAll()
    .where('id', '=', String(id))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no check run ${id}`);
  return runOf(row);
}

export async function listCheckRuns(db: Database, of: CheckedCommit): Promise<readonly CheckRun[]> {
  const rows = await db
    .as<CheckTables>()
    .selectFrom('check_run')
    .selectAll()
    .where('repository_id', '=', String(of.repositoryId))
    .where('commit', '=', of.commit)
    .orderBy('id')
    .execute();
  return rows.map(runOf);
}

function runOf(row: {
  readonly id: string;
  readonly commit: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly body: Data;
}): CheckRun {
  return {
    id: Number(row.id),
    commit: row.commit,
    actor: { type: row.actor_type, id: row.actor_id },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    body: isDataObject(row.body) ? row.body : {},
  };
}

export type Analysis = {
  readonly id: number;
  readonly commit: string;
  readonly ref: string;
  readonly tool: string;
  readonly results: number;
  readonly createdAt: Date;
};

/** Takes a report of findings: gzip of SARIF, as base64. It is unpacked within its bounds and read before it is kept. */
export async function uploadAnalysis(
  deps: CheckDeps,
  principal: Principal,
  of: CheckedCommit & { readonly ref: string },
  sarif: string,
): Promise<Analysis> {
  const bytes = await unpack(Buffer.from(sarif, 'base64'), { maxOutputLength: SARIF_BYTES_MAX }).catch(
    (thrown: unknown) => {
      throw fault('analysis-invalid', `the report can't be unpacked: ${excerpt(reasonOf(thrown), 100)}`);
    },
  );
  const { tool, results } = summaryOf(bytes);
  return deps.db.transaction(async (tx) => {
    const row = await tx
      .as<CheckTables>()
      .insertInto('check_analysis')
      .values({
        repository_id: String(of.repositoryId),
        commit: of.commit,
        ref: of.ref,
        tool: plain(tool),
        results,
        sarif: Buffer.from(sarif, 'base64'),
        actor_type: principal.kind,
        actor_id: principal.id,
        created_at: new Date(deps.now()),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const detail = { commit: of.commit, analysis: Number(row.id), tool: excerpt(row.tool, 100), results };
    await record(deps, tx, principal, { action: 'analysis.upload', repositoryId: of.repositoryId, detail });
    return analysisOf(row);
  });
}

function summaryOf(bytes: Buffer): { readonly tool: string; readonly results: number } {
  const wrong = () => fault('analysis-invalid', 'the report is no SARIF 2.1.0');
  let report: Data;
  try {
    report = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw wrong();
  }
  if (!isDataObject(report) || report['version'] !== '2.1.0' || !Array.isArray(report['runs'])) throw wrong();
  const runs = report['runs'].filter(isDataObject);
  const { tool } = runs[0] ?? {};
  const driver = isDataObject(tool) ? tool['driver'] : undefined;
  const name = isDataObject(driver) && typeof driver['name'] === 'string' ? driver['name'] : 'unknown';
  const results = runs.reduce((sum, { results: found }) => sum + (Array.isArray(found) ? found.length : 0), 0);
  return { tool: name.slice(0, 200), results };
}

export async function findAnalysis(db: Database, repositoryId: number, id: number): Promise<Analysis> {
  const row = await db
    .as<CheckTables>()
    .selectFrom('check_analysis')
    .select(['id', 'commit', 'ref', 'tool', 'results', 'created_at'])
    .where('id', '=', String(id))
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  if (row === undefined) throw fault('not-found', `there is no analysis ${id}`);
  return analysisOf(row);
}

/** Reports that are looked through for the newest of each tool. */
const ANALYSES_SEEN_MAX = 200;

/**
 * The newest report of each tool about a ref, unpacked, by whom `isBelieved` lets speak; and the number of the newest of all. What can't
 * be unpacked any more is left out.
 */
export async function newestAnalyses(
  db: Database,
  of: { readonly repositoryId: number; readonly ref: string; readonly limit: number },
  isBelieved: (actor: { readonly type: string; readonly id: string }) => Promise<boolean>,
): Promise<{
  readonly newestId: number;
  readonly analyses: readonly { readonly id: number; readonly tool: string; readonly text: string }[];
}> {
  const tables = db.as<CheckTables>();
  const rows = await tables
    .selectFrom('check_analysis')
    .select(['id', 'tool', 'actor_type', 'actor_id'])
    .where('repository_id', '=', String(of.repositoryId))
    .where('ref', '=', of.ref)
    .orderBy('id', 'desc')
    .limit(ANALYSES_SEEN_MAX)
    .execute();
  const newest = new Map<string, string>();
  for (const { id, tool, actor_type: type, actor_id: actor } of rows) {
    if (newest.size >= of.limit) break;
    if (!newest.has(tool) && (await isBelieved({ type, id: actor }))) newest.set(tool, id);
  }
  const analyses: { id: number; tool: string; text: string }[] = [];
  for (const [tool, id] of newest) {
    const row = await tables.selectFrom('check_analysis').select('sarif').where('id', '=', id).executeTakeFirst();
    const bytes = await unpack(row?.sarif ?? Buffer.alloc(0), { maxOutputLength: SARIF_BYTES_MAX }).catch(
      () => undefined,
    );
    if (bytes !== undefined) analyses.push({ id: Number(id), tool, text: bytes.toString('utf8') });
  }
  return { newestId: Number(rows[0]?.id ?? 0), analyses };
}

function analysisOf(row: {
  readonly id: string;
  readonly commit: string;
  readonly ref: string;
  readonly tool: string;
  readonly results: number;
  readonly created_at: Date;
}): Analysis {
  const { id, commit, ref, tool, results, created_at: createdAt } = row;
  return { id: Number(id), commit, ref, tool, results, createdAt };
}

/** One who floods a commit is told so; the count is exact, since each waits for the one before. */
async function requireRoom(
  tx: Transaction,
  table: 'check_status' | 'check_run',
  { repositoryId, commit }: CheckedCommit,
): Promise<void> {
  const tables = tx.as<CheckTables>();
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${table} ${repositoryId} ${commit}`}, 0))`.execute(tables);
  const { rows } = await sql<{ count: string }>`select count(*) as count from ${sql.table(table)}
    where repository_id = ${repositoryId} and commit = ${commit}`.execute(tables);
  if (Number(rows[0]?.count) >= OF_COMMIT_MAX) throw fault('too-many', `${OF_COMMIT_MAX} are there for ${commit}`);
}

function record(
  deps: AppendDeps,
  tx: Transaction,
  principal: Principal,
  told: { readonly action: string; readonly repositoryId: number; readonly detail: DataObject },
): Promise<void> {
  const { action, repositoryId, detail } = told;
  const resource = { type: 'repository', id: String(repositoryId) };
  return append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow', detail }, deps);
}
