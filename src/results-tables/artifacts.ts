import { append } from '../auditlog/index.ts';
import { isAtLeast, parseDigest } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import {
  type Artifact,
  checkArtifactName,
  checkMimeType,
  mayRemoveArtifact,
  resultsFault,
  type ResultsScope,
  type ResultsStore,
} from '../results/index.ts';
import type { Selectable } from 'kysely';
import type { TablesDeps } from './deps.ts';
import { makeRoom } from './room.ts';
import type { ResultsTables } from './tables.ts';

type Row = Selectable<ResultsTables['results_artifact']>;
type Artifacts = ResultsStore['artifacts'];

/** Artifacts as rows. Blobs are never removed here: another upload may just have found its bytes there; the collector waits for that. */
export function artifactsOf(deps: TablesDeps): Artifacts {
  const { db, blobs } = deps;
  const tables = () => db.as<ResultsTables>();
  const alive = () =>
    tables().selectFrom('results_artifact').selectAll().where('expires_at', '>', new Date(deps.clock.now()));
  const ofScope = async (scope: ResultsScope) =>
    newestByName(
      await alive()
        .where('run_id', '=', String(scope.runId))
        .where('repository', '=', scope.repository)
        .orderBy('id', 'desc')
        .execute(),
    );
  const one = async (scope: ResultsScope, matches: (row: Row) => boolean) => (await ofScope(scope)).find(matches);

  return {
    put: (scope, upload) => put(deps, scope, upload),

    async list(scope, filter = {}) {
      return (await ofScope(scope))
        .map(artifactOf)
        .filter(({ name }) => filter.name === undefined || name === filter.name)
        .filter(({ id }) => filter.id === undefined || id === filter.id);
    },

    async open(scope, id) {
      const row = await one(scope, (each) => Number(each.id) === id);
      if (row === undefined) throw resultsFault('artifact-missing', `this run has no artifact ${id}`);
      const artifact = artifactOf(row);
      const content = await blobs.open(artifact.digest);
      if (!isAtLeast(artifact.level, scope.level())) {
        scope.taint(artifact.level, `artifact ${artifact.name} of job ${artifact.jobId}`);
      }
      return { artifact, content };
    },

    async remove(scope, name) {
      const row = await one(scope, (each) => each.name === name);
      if (row === undefined) return undefined;
      if (!mayRemoveArtifact(scope, row.level)) {
        throw resultsFault(
          'artifact-protected',
          `${name} was made at level ${row.level}, the job has ${scope.level()}`,
        );
      }
      return db.transaction(async (tx) => {
        const gone = await tx
          .as<ResultsTables>()
          .deleteFrom('results_artifact')
          .where('id', '=', row.id)
          .returning('id')
          .executeTakeFirst();
        if (gone === undefined) return undefined;
        await note(tx, deps, scope, { action: 'artifact.delete', row });
        return Number(row.id);
      });
    },

    async ofRun(runId) {
      const rows = await alive().where('run_id', '=', String(runId)).orderBy('id', 'desc').execute();
      return newestByName(rows).map(artifactOf);
    },

    async ofRepository(repository) {
      const rows = await alive().where('repository', '=', repository).orderBy('id', 'desc').execute();
      return rows.map(artifactOf);
    },

    async find(id) {
      const row = await alive().where('id', '=', String(id)).executeTakeFirst();
      return row === undefined ? undefined : artifactOf(row);
    },

    read: (artifact) => blobs.open(artifact.digest),
  };
}

async function put(deps: TablesDeps, scope: ResultsScope, upload: Parameters<Artifacts['put']>[1]): Promise<Artifact> {
  const { quotas, clock } = deps;
  checkArtifactName(upload.name);
  checkMimeType(upload.mimeType);
  await requirePlace(deps, scope, upload.name);
  const stored = await deps.blobs.put(upload.content, { bytesMax: quotas.artifactBytesMax[scope.level()] });
  if (upload.digest !== undefined && upload.digest !== stored.digest) {
    throw resultsFault('artifact-digest', `${upload.name} was announced as ${upload.digest} and is ${stored.digest}`);
  }
  return deps.db.transaction(async (tx) => {
    const now = clock.now();
    // The level can drop while the bytes come in; it never rises, so what holds now is the lowest.
    const level = scope.level();
    const { repository, runId } = scope;
    await makeRoom(tx, deps, 'artifact', { repository, level, bytes: stored.bytes, keepRun: runId });
    await requirePlace({ ...deps, db: tx }, scope, upload.name);
    const own = { run_id: String(runId), repository, attempt: scope.attempt, name: upload.name };
    const tables = tx.as<ResultsTables>();
    // One of the same name that has ended and was not swept yet.
    await tables
      .deleteFrom('results_artifact')
      .where('run_id', '=', own.run_id)
      .where('repository', '=', repository)
      .where('attempt', '=', own.attempt)
      .where('name', '=', own.name)
      .where('expires_at', '<=', new Date(now))
      .execute();
    const wanted = upload.expiresAt ?? now + quotas.artifactMs;
    const row = await tables
      .insertInto('results_artifact')
      .values({
        ...own,
        job_id: String(scope.jobId),
        bytes: String(stored.bytes),
        digest: stored.digest,
        mime_type: upload.mimeType,
        level,
        created_at: new Date(now),
        expires_at: new Date(Math.min(Math.max(wanted, now), now + quotas.artifactMsMax)),
      })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw artifactExists(upload.name);
    await note(tx, deps, scope, { action: 'artifact.create', row });
    return artifactOf(row);
  });
}

/** Before the bytes are taken, and again where nobody else comes between. */
async function requirePlace(
  { db, clock, quotas }: Pick<TablesDeps, 'clock' | 'quotas'> & { readonly db: Pick<Database, 'as'> },
  scope: ResultsScope,
  name: string,
): Promise<void> {
  const rows = await db
    .as<ResultsTables>()
    .selectFrom('results_artifact')
    .select(['name', 'attempt', 'repository'])
    .where('run_id', '=', String(scope.runId))
    .where('expires_at', '>', new Date(clock.now()))
    .execute();
  const isTaken = rows.some(
    (row) => row.name === name && row.attempt === scope.attempt && row.repository === scope.repository,
  );
  if (isTaken) throw artifactExists(name);
  if (rows.length >= quotas.artifactsPerRunMax) {
    throw resultsFault('quota', `the run has ${rows.length} artifacts already`);
  }
}

async function note(
  tx: Transaction,
  deps: TablesDeps,
  scope: ResultsScope,
  { action, row }: { readonly action: string; readonly row: Row },
): Promise<void> {
  const { id, name, digest, level, run_id: run, bytes } = row;
  const entry = {
    actor: { type: 'job', id: String(scope.jobId) },
    action,
    resource: { type: 'artifact', id },
    outcome: 'allow',
    detail: { run, repository: scope.repository, name, digest, level, bytes: Number(bytes) },
  } as const;
  await append(tx, entry, deps.audit);
}

function newestByName(rows: readonly Row[]): readonly Row[] {
  const seen = new Set<string>();
  return rows.filter(({ name }) => !seen.has(name) && seen.add(name));
}

function artifactExists(name: string) {
  return resultsFault('artifact-exists', `an artifact with this name already exists on the workflow run: ${name}`);
}

function artifactOf(row: Row): Artifact {
  return {
    id: Number(row.id),
    runId: Number(row.run_id),
    jobId: Number(row.job_id),
    name: row.name,
    bytes: Number(row.bytes),
    digest: parseDigest(row.digest),
    mimeType: row.mime_type,
    level: row.level,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  };
}
