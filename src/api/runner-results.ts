import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDigest, isFault, lowestLevel, type TrustLevel } from '../base/index.ts';
import type { JobLease } from '../protocol/index.ts';
import { findCacheRequest, LEVEL_HEADER, levelHeader, putArtifactQuery, putCacheQuery } from '../protocol/index.ts';
import type { LeaseKey } from '../queue/index.ts';
import { type Artifact, bodyOf, type CacheEntry, RESULTS_LIMITS, type ResultsScope } from '../results/index.ts';
import type { RunnerDoorDeps } from './runner-door.ts';
import { fault } from './runner-faults.ts';
import { BODY_MS_MAX, jsonOf, replyJson } from './runner-http.ts';
import { recordRefusal } from './runner-refusals.ts';

const JSON_LIMITS = { bytesMax: 64 * 1024, msMax: BODY_MS_MAX };
/** The store asks for the quota of the level besides. */
const UPLOAD_BYTES_MAX = RESULTS_LIMITS.artifactBytesMax;

type Call = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly url: URL };

/**
 * Artifacts and caches of one job. Whose they are is read from its lease, and what it uses of a lower level lowers it here: a runner
 * is asked for neither.
 */
export async function serveResults(deps: RunnerDoorDeps, key: LeaseKey, path: string, call: Call): Promise<void> {
  const { request, response, url } = call;
  const { results, queue } = deps;
  const held = await queue.require(key);
  const told = levelHeader.parse(request.headers[LEVEL_HEADER]);
  const level = { now: lowestLevel(held.level, told) };
  const lowering: Promise<void>[] = level.now === held.level ? [] : [queue.lower(key.jobId, level.now)];
  await Promise.all(lowering);
  const scope = scopeOf(key.jobId, { ...held, level }, (to) => lowering.push(queue.lower(key.jobId, to)));
  // Bytes can come in for long: whoever lost the lease in between has uploaded nothing.
  const upload = () =>
    fenced(bodyOf(request, UPLOAD_BYTES_MAX, deps.uploadLimits ?? RESULTS_LIMITS), async () => {
      level.now = lowestLevel(level.now, (await queue.require(key)).level);
    });
  const what = `${request.method} ${path}`;
  if (what === 'PUT /artifacts') {
    const { name, mimeType, digest, expiresAt } = putArtifactQuery.parse(queryOf(url, ['expiresAt']));
    const put = results.artifacts.put(scope, {
      name,
      mimeType,
      content: upload(),
      ...(digest !== undefined && isDigest(digest) ? { digest } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    const artifact = await put.catch(async (thrown: unknown) => {
      if (isFault(thrown, 'results/artifact-digest')) await recordRefusal(deps, key, 'artifact digest');
      throw thrown;
    });
    return replyJson(response, 200, artifact);
  }
  if (what === 'GET /artifacts') {
    const name = url.searchParams.get('name');
    const id = idOf(url.searchParams.get('id'));
    const filter = { ...(name === null ? {} : { name }), ...(id === undefined ? {} : { id }) };
    return replyJson(response, 200, { artifacts: await results.artifacts.list(scope, filter) });
  }
  if (what === 'DELETE /artifacts') {
    const id = await results.artifacts.remove(scope, url.searchParams.get('name') ?? '');
    return replyJson(response, 200, id === undefined ? {} : { id });
  }
  if (what === 'POST /caches/find') {
    const { keys, version } = findCacheRequest.parse(await jsonOf(request, JSON_LIMITS));
    const entry = await results.caches.find(scope, keys, version);
    return replyJson(response, 200, entry === undefined ? {} : { entry });
  }
  if (what === 'PUT /caches') {
    const { key: name, version } = putCacheQuery.parse(queryOf(url, []));
    const entry = await results.caches.put(scope, { key: name, version, content: upload() });
    return replyJson(response, 200, entry === undefined ? {} : { entry });
  }
  const artifact = idOf(/^\/artifacts\/(\d+)$/.exec(path)?.[1] ?? null);
  if (request.method === 'GET' && artifact !== undefined) {
    const opened = await results.artifacts.open(scope, artifact);
    await Promise.all(lowering);
    return send(response, opened.artifact, opened.content);
  }
  const cache = idOf(/^\/caches\/(\d+)$/.exec(path)?.[1] ?? null);
  if (request.method === 'GET' && cache !== undefined) {
    const opened = await results.caches.open(scope, cache);
    return send(response, opened.entry, opened.content);
  }
  throw fault('not-found', what.slice(0, 200));
}

function fenced(body: Readable, atEnd: () => Promise<void>): Readable {
  async function* read() {
    yield* body;
    await atEnd();
  }
  return Readable.from(read(), { objectMode: false });
}

/** Metadata in a header, and the bytes. */
async function send(
  response: ServerResponse,
  meta: Artifact | CacheEntry,
  content: NodeJS.ReadableStream,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': meta.bytes,
    'x-sallyport-meta': Buffer.from(JSON.stringify(meta)).toString('base64url'),
  });
  await pipeline(content, response);
}

function scopeOf(
  jobId: number,
  held: { readonly level: { readonly now: TrustLevel }; readonly lease: JobLease; readonly repositoryId: number },
  lower: (level: TrustLevel) => void,
): ResultsScope {
  const { lease } = held;
  const github = lease.contexts['github'] ?? {};
  const text = (name: string) => (typeof github[name] === 'string' ? github[name] : '');
  return {
    // By its number: a repository that takes the name of one that was deleted has none of its caches.
    repository: String(held.repositoryId),
    runId: lease.runId,
    attempt: lease.attempt,
    jobId,
    level: () => held.level.now,
    ref: text('ref'),
    readableRefs: lease.readableRefs,
    taint: (level) => lower(level),
  };
}

function queryOf(url: URL, numbers: readonly string[]): { readonly [name: string]: unknown } {
  return Object.fromEntries(
    [...url.searchParams].map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]),
  );
}

function idOf(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}
