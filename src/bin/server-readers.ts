import type { ArtifactInfo, CacheInfo, RunReaders } from '../api/index.ts';
import { type Log, reasonOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { Artifact, ResultsStore, StoredCache } from '../results/index.ts';
import {
  engineEvents,
  isRunOf,
  listRuns,
  recentRuns,
  runOfJob,
  schedulesOf,
  viewRun,
  watchRuns,
} from '../runs/index.ts';

export type OpenReaders = { readonly readers: RunReaders; close(): Promise<void> };

/** What the API shows of runs, from their tables. */
export function openReaders(db: Database, results: ResultsStore, log: Log): OpenReaders {
  const watcher = watchRuns(db, log);
  const readers: RunReaders = {
    list: (asked) => listRuns(db, asked),
    recent: (asked) => recentRuns(db, asked),
    view: (key) => viewRun(db, key),
    async viewOfJob(repositoryId, jobId) {
      const found = await runOfJob(db, jobId);
      return found === undefined
        ? undefined
        : viewRun(db, { repositoryId, runId: found.runId, attempt: found.attempt });
    },
    events: (key, after, limit) => engineEvents(db, key, { after, limit }),
    onChange: (runId, callback) => watcher.onChange(runId, callback),
    schedules: (repositoryId) => schedulesOf(db, repositoryId),
    async artifacts(key) {
      if (!(await isRunOf(db, key))) return [];
      return (await results.artifacts.ofRun(key.runId)).map(artifactOf);
    },
    openArtifact: (repositoryId, artifactId) => openArtifact(db, results, { repositoryId, artifactId }),
    artifactsOf: async (repositoryId) => (await results.artifacts.ofRepository(String(repositoryId))).map(artifactOf),
    caches: async (repositoryId) => (await results.caches.ofRepository(String(repositoryId))).map(cacheOf),
    removeCache: (repositoryId, id) => results.caches.remove(String(repositoryId), id),
  };
  return {
    readers,
    close: () =>
      watcher.close().catch((thrown: unknown) => log.warn('A listener did not end', { reason: reasonOf(thrown) })),
  };
}

function artifactOf(artifact: Artifact): ArtifactInfo {
  const { id, runId, name, bytes, digest, level, createdAt, expiresAt } = artifact;
  return { id, runId, name, bytes, digest, level, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) };
}

const cacheOf = ({ createdAt, usedAt, ...cache }: StoredCache): CacheInfo => ({
  ...cache,
  createdAt: new Date(createdAt),
  usedAt: new Date(usedAt),
});

/** By its number alone it is looked for among the runs of the repository that have any. */
async function openArtifact(
  db: Database,
  results: ResultsStore,
  { repositoryId, artifactId }: { readonly repositoryId: number; readonly artifactId: number },
): ReturnType<RunReaders['openArtifact']> {
  const artifact = await results.artifacts.find(artifactId);
  if (artifact === undefined || !(await isRunOf(db, { repositoryId, runId: artifact.runId }))) return undefined;
  return { info: artifactOf(artifact), bytes: await results.artifacts.read(artifact) };
}
