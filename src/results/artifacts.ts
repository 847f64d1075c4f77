import { canonicalJson, digestOf, isAtLeast, type TrustLevel } from '../base/index.ts';
import type { StoredBlob } from '../store/index.ts';
import { fault } from './faults.ts';
import type { ResultsParts } from './parts.ts';
import type { Indexed } from './record-index.ts';
import { makeRoom, removeUnreferenced } from './room.ts';
import { checkArtifactName, checkMimeType, mayRemoveArtifact } from './rules.ts';
import type { ArtifactRecord } from './schema.ts';
import type { Artifact, ResultsScope, ResultsStore } from './store.ts';

/** Artifacts over an index and blobs. */
export function artifactsOf(parts: ResultsParts): ResultsStore['artifacts'] {
  const { artifacts: index, blobs, clock, quotas } = parts;

  const alive = async (runId: number) =>
    (await index.all(String(runId))).filter((record) => record.value.expiresAt > clock.now());
  const ofScope = async (scope: ResultsScope) =>
    newestByName((await alive(scope.runId)).filter((record) => record.value.repository === scope.repository));

  return {
    async put(scope, upload) {
      checkArtifactName(upload.name);
      checkMimeType(upload.mimeType);
      const own = await alive(scope.runId);
      const nameOf = nameOfArtifact(scope, upload.name);
      if (own.some((record) => record.name === nameOf)) throw artifactExists(upload.name);
      if (own.length >= quotas.artifactsPerRunMax) throw fault('quota', `the run has ${own.length} artifacts already`);

      const stored = await blobs.put(upload.content, { bytesMax: quotas.artifactBytesMax[scope.level()] });
      // The level can drop while the bytes come in; it never rises, so what holds now is the lowest.
      const level = scope.level();
      try {
        if (upload.digest !== undefined && upload.digest !== stored.digest) {
          throw fault('artifact-digest', `${upload.name} was announced as ${upload.digest} and is ${stored.digest}`);
        }
        await makeRoom(parts, 'artifacts', { level, bytes: stored.bytes, keepRun: scope.runId });
        const value = recordOf(parts, scope, { upload, stored, level, id: await parts.ids.next() });
        if (!(await index.add(String(scope.runId), nameOf, value))) throw artifactExists(upload.name);
        return artifactOf(value);
      } catch (error) {
        await removeUnreferenced(parts, stored.digest);
        throw error;
      }
    },

    async list(scope, filter = {}) {
      return (await ofScope(scope))
        .map((record) => artifactOf(record.value))
        .filter((artifact) => filter.name === undefined || artifact.name === filter.name)
        .filter((artifact) => filter.id === undefined || artifact.id === filter.id);
    },

    async open(scope, id) {
      const record = (await ofScope(scope)).find(({ value }) => value.id === id);
      if (record === undefined) throw fault('artifact-missing', `this run has no artifact ${id}`);
      const artifact = artifactOf(record.value);
      const content = await blobs.open(artifact.digest);
      if (!isAtLeast(artifact.level, scope.level())) {
        scope.taint(artifact.level, `artifact ${artifact.name} of job ${artifact.jobId}`);
      }
      return { artifact, content };
    },

    async remove(scope, name) {
      const record = (await ofScope(scope)).find(({ value }) => value.name === name);
      if (record === undefined) return undefined;
      if (!mayRemoveArtifact(scope, record.value.level)) {
        throw fault(
          'artifact-protected',
          `${name} was made at level ${record.value.level}, the job has ${scope.level()}`,
        );
      }
      await index.remove(record);
      await removeUnreferenced(parts, record.value.digest);
      return record.value.id;
    },

    async ofRun(runId) {
      return newestByName(await alive(runId)).map((record) => artifactOf(record.value));
    },

    async ofRepository(repository) {
      const own = (await index.all()).filter(
        ({ value }) => value.repository === repository && value.expiresAt > clock.now(),
      );
      return own.map(({ value }) => artifactOf(value)).toSorted((a, b) => b.id - a.id);
    },

    async find(id) {
      const record = (await index.all()).find(({ value }) => value.id === id && value.expiresAt > clock.now());
      return record === undefined ? undefined : artifactOf(record.value);
    },

    read: (artifact) => blobs.open(artifact.digest),
  };
}

function recordOf(
  { clock, quotas }: ResultsParts,
  scope: ResultsScope,
  made: {
    readonly upload: { readonly name: string; readonly mimeType: string; readonly expiresAt?: number };
    readonly stored: StoredBlob;
    readonly level: TrustLevel;
    readonly id: number;
  },
): ArtifactRecord {
  const { upload, stored, level, id } = made;
  const now = clock.now();
  const wanted = upload.expiresAt ?? now + quotas.artifactMs;
  return {
    version: 1,
    repository: scope.repository,
    attempt: scope.attempt,
    id,
    runId: scope.runId,
    jobId: scope.jobId,
    name: upload.name,
    bytes: stored.bytes,
    digest: stored.digest,
    mimeType: upload.mimeType,
    level,
    createdAt: now,
    expiresAt: Math.min(Math.max(wanted, now), now + quotas.artifactMsMax),
  };
}

function nameOfArtifact(scope: ResultsScope, name: string): string {
  return digestOf(canonicalJson([scope.repository, scope.attempt, name])).slice('sha256:'.length);
}

function newestByName(records: readonly Indexed<ArtifactRecord>[]): readonly Indexed<ArtifactRecord>[] {
  const seen = new Set<string>();
  return [...records]
    .sort((a, b) => b.value.id - a.value.id)
    .filter(({ value }) => !seen.has(value.name) && seen.add(value.name));
}

function artifactExists(name: string) {
  return fault('artifact-exists', `an artifact with this name already exists on the workflow run: ${name}`);
}

function artifactOf(record: ArtifactRecord): Artifact {
  const { version: _version, repository: _repository, attempt: _attempt, ...artifact } = record;
  return artifact;
}
