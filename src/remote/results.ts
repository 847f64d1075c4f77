import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAtLeast, isDigest } from '../base/index.ts';
import {
  artifactMessage,
  artifactsMessage,
  cacheAnswer,
  cacheMessage,
  LEASE_HEADER,
  LEVEL_HEADER,
  removedMessage,
} from '../protocol/index.ts';
import { type Artifact, type CacheEntry, fileStaging, type ResultsScope, type ResultsStore } from '../results/index.ts';
import type { Connection } from './connection.ts';
import { fault } from './faults.ts';

/** A large artifact is read and checked at the server before it answers. */
const UPLOAD_MS_MAX = 15 * 60_000;

/**
 * Artifacts and caches of one job, kept by the server. Uploads are staged here, block by block, and sent whole. The server decides who
 * may read what, and lowers the job's level itself; the level here follows, before a byte leaves.
 */
export function remoteResults(
  connection: Connection,
  { jobId, leaseToken, scratch }: { readonly jobId: number; readonly leaseToken: string; readonly scratch: string },
): ResultsStore {
  const at = (path: string, query: { readonly [name: string]: string | number | undefined } = {}) => {
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = new URLSearchParams(given).toString();
    return `/jobs/${jobId}/results${path}${search === '' ? '' : `?${search}`}`;
  };
  const headersOf = (scope: ResultsScope) => ({ [LEASE_HEADER]: leaseToken, [LEVEL_HEADER]: scope.level() });
  const uploadOf = (scope: ResultsScope) => ({
    headers: { ...headersOf(scope), 'content-type': 'application/octet-stream' },
    timeoutMs: UPLOAD_MS_MAX,
  });
  const metaOf = (header: string | string[] | undefined): unknown =>
    JSON.parse(Buffer.from(typeof header === 'string' ? header : '', 'base64url').toString('utf8'));

  return {
    async stage() {
      const folder = join(scratch, 'uploads');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return fileStaging(folder);
    },
    artifacts: {
      async put(scope, { name, mimeType, content, digest, expiresAt }) {
        const path = at('/artifacts', { name, mimeType, digest, expiresAt });
        const { value } = await connection.ask('PUT', path, { ...uploadOf(scope), body: content });
        return artifactOf(artifactMessage.parse(value));
      },
      async list(scope, filter = {}) {
        const { value } = await connection.ask('GET', at('/artifacts', filter), { headers: headersOf(scope) });
        return artifactsMessage.parse(value).artifacts.map(artifactOf);
      },
      async open(scope, id) {
        const { response } = await connection.ask('GET', at(`/artifacts/${id}`), {
          headers: headersOf(scope),
          raw: true,
        });
        const artifact = artifactOf(artifactMessage.parse(metaOf(response.headers['x-sallyport-meta'])));
        if (!isAtLeast(artifact.level, scope.level())) {
          scope.taint(artifact.level, `the artifact ${artifact.name} of job ${artifact.jobId} is ${artifact.level}`);
        }
        return { artifact, content: response };
      },
      async remove(scope, name) {
        const { value } = await connection.ask('DELETE', at('/artifacts', { name }), { headers: headersOf(scope) });
        return removedMessage.parse(value).id;
      },
      ofRun: () => Promise.reject(fault('not-offered', 'artifacts of a run are read at the server')),
      ofRepository: () => Promise.reject(fault('not-offered', 'artifacts of a repository are read at the server')),
      find: () => Promise.reject(fault('not-offered', 'artifacts are looked for at the server')),
      read: () => Promise.reject(fault('not-offered', 'artifacts are read at the server')),
    },
    caches: {
      async find(scope, keys, version) {
        const { value } = await connection.ask('POST', at('/caches/find'), {
          headers: headersOf(scope),
          json: { keys: [...keys], version },
        });
        const { entry } = cacheAnswer.parse(value);
        return entry === undefined ? undefined : entryOf(entry);
      },
      async put(scope, { key, version, content }) {
        const { value } = await connection.ask('PUT', at('/caches', { key, version }), {
          ...uploadOf(scope),
          body: content,
        });
        const { entry } = cacheAnswer.parse(value);
        return entry === undefined ? undefined : entryOf(entry);
      },
      async open(scope, id) {
        const { response } = await connection.ask('GET', at(`/caches/${id}`), { headers: headersOf(scope), raw: true });
        return { entry: entryOf(cacheMessage.parse(metaOf(response.headers['x-sallyport-meta']))), content: response };
      },
      ofRepository: () => Promise.reject(fault('not-offered', 'caches of a repository are read at the server')),
      remove: () => Promise.reject(fault('not-offered', 'caches are removed at the server')),
    },
  };
}

function artifactOf({ digest, ...rest }: ReturnType<typeof artifactMessage.parse>): Artifact {
  if (!isDigest(digest)) throw fault('answer-invalid', 'a digest has another form');
  return { ...rest, digest };
}

function entryOf({ digest, ...rest }: ReturnType<typeof cacheMessage.parse>): CacheEntry {
  if (!isDigest(digest)) throw fault('answer-invalid', 'a digest has another form');
  return { ...rest, digest };
}
