import { z } from 'zod';
import { type Digest, isDigest } from '../base/index.ts';
import { downloadUrl, uploadUrl } from './blobs-http.ts';
import { fault } from './faults.ts';
import type { ResultsContext } from './context.ts';
import { cacheMode, checkArtifactName, checkCacheKeys, checkMimeType, mayWriteCache } from './rules.ts';
import type { Artifact } from './store.ts';
import type { Upload } from './uploads.ts';

/** int64 travels as a string in the JSON of protobuf. */
const int64 = z.union([z.string().regex(/^[0-9]{1,15}$/), z.int().nonnegative()]).transform(Number);
const ids = { workflow_run_backend_id: z.string(), workflow_job_run_backend_id: z.string() };
const key = { key: z.string(), version: z.string() };

// Fields that newer clients may add are dropped, as protobuf has it; those that are known are checked.
const createArtifact = z.object({
  ...ids,
  name: z.string(),
  expires_at: z.string().optional(),
  version: z.int(),
  mime_type: z.string().optional(),
});
const finalizeArtifact = z.object({
  ...ids,
  name: z.string(),
  size: int64.optional(),
  hash: z.string().optional(),
});
const listArtifacts = z.object({ ...ids, name_filter: z.string().optional(), id_filter: int64.optional() });
const namedArtifact = z.object({ ...ids, name: z.string() });
const findCache = z.object({ ...key, restore_keys: z.array(z.string()).default([]) });
const createCache = z.object(key);
const finalizeCache = z.object({ ...key, size_bytes: int64.optional() });

/** The protocol of `@actions/artifact` v2 and later. 7 is what introduced media types; 4 has none. */
const ARTIFACT_VERSIONS: readonly number[] = [4, 5, 6, 7];

type Method = (context: ResultsContext, body: unknown) => Promise<unknown>;

/**
 * Methods of `github.actions.results.api.v1`, by service and name. Shapes are those of the generated types in
 * actions/toolkit, JSON with snake case. Gives the JSON of the answer.
 */
export const METHODS: { readonly [path: string]: Method } = {
  'ArtifactService/CreateArtifact': async (context, body) => {
    const request = parse(createArtifact, body);
    ownJob(context, request);
    if (!ARTIFACT_VERSIONS.includes(request.version)) {
      throw fault('not-supported', `artifact protocol version ${request.version}`);
    }
    const mimeType = request.mime_type ?? 'application/zip';
    checkArtifactName(request.name);
    checkMimeType(mimeType);
    const expiresAt = request.expires_at === undefined ? undefined : timeOf(request.expires_at);
    const upload = await context.uploads.begin({
      kind: 'artifact',
      name: request.name,
      mimeType,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    return { ok: true, signed_upload_url: uploadUrl(context, upload) };
  },

  'ArtifactService/FinalizeArtifact': async (context, body) => {
    const request = parse(finalizeArtifact, body);
    ownJob(context, request);
    const upload = context.uploads.find((target) => target.kind === 'artifact' && target.name === request.name);
    if (upload?.target.kind !== 'artifact') throw fault('upload-missing', `no upload of ${request.name} is open`);
    const target = upload.target;
    return finish(context, upload, async ({ content, bytes }) => {
      sizeIs(bytes, request.size);
      const digest = request.hash === undefined || request.hash === '' ? undefined : digestIn(request.hash);
      const { kind: _kind, ...named } = target;
      const artifact = await context.store.artifacts.put(context.scope, {
        ...named,
        content,
        ...(digest === undefined ? {} : { digest }),
      });
      return { ok: true, artifact_id: String(artifact.id) };
    });
  },

  'ArtifactService/ListArtifacts': async (context, body) => {
    const request = parse(listArtifacts, body);
    ownRun(context, request);
    const found = await context.store.artifacts.list(context.scope, {
      ...(request.name_filter === undefined ? {} : { name: request.name_filter }),
      ...(request.id_filter === undefined ? {} : { id: request.id_filter }),
    });
    return { artifacts: found.map(listed) };
  },

  'ArtifactService/GetSignedArtifactURL': async (context, body) => {
    const request = parse(namedArtifact, body);
    ownRun(context, request);
    const [artifact] = await context.store.artifacts.list(context.scope, { name: request.name });
    if (artifact === undefined)
      throw fault('artifact-missing', `this run has no artifact ${request.name.slice(0, 200)}`);
    return { signed_url: downloadUrl(context, 'artifact', artifact.id) };
  },

  'ArtifactService/DeleteArtifact': async (context, body) => {
    const request = parse(namedArtifact, body);
    ownRun(context, request);
    const id = await context.store.artifacts.remove(context.scope, request.name);
    if (id === undefined) throw fault('artifact-missing', `this run has no artifact ${request.name.slice(0, 200)}`);
    return { ok: true, artifact_id: String(id) };
  },

  'CacheService/GetCacheEntryDownloadURL': async (context, body) => {
    const request = parse(findCache, body);
    const entry = await context.store.caches.find(
      context.scope,
      [request.key, ...request.restore_keys],
      request.version,
    );
    if (entry === undefined) return { ok: false };
    return { ok: true, signed_download_url: downloadUrl(context, 'cache', entry.id), matched_key: entry.key };
  },

  'CacheService/CreateCacheEntry': async (context, body) => {
    const request = parse(createCache, body);
    checkCacheKeys([request.key], request.version);
    const denied = await cacheDenial(context, request);
    if (denied !== undefined) return { ok: false, message: denied };
    const upload = await context.uploads.begin({ kind: 'cache', ...request });
    return { ok: true, signed_upload_url: uploadUrl(context, upload) };
  },

  'CacheService/FinalizeCacheEntryUpload': async (context, body) => {
    const request = parse(finalizeCache, body);
    const upload = context.uploads.find(
      (target) => target.kind === 'cache' && target.key === request.key && target.version === request.version,
    );
    if (upload === undefined) throw fault('upload-missing', `no upload of ${request.key.slice(0, 200)} is open`);
    const id = await finishCache(context, upload, request.size_bytes);
    return id === undefined ? { ok: false, message: CACHE_EXISTS } : { ok: true, entry_id: String(id) };
  },
};

const CACHE_EXISTS = 'cache with this key, version and scope exists already';

/** Why this cache can not be written now. The first words are those that the clients know. */
export async function cacheDenial(
  context: ResultsContext,
  entry: { readonly key: string; readonly version: string },
): Promise<string | undefined> {
  if (!mayWriteCache(context.scope)) {
    return `cache write denied: an ${context.scope.level()} job writes caches only in a change (cache mode ${cacheMode(context.scope)})`;
  }
  const found = await context.store.caches.find(context.scope, [entry.key], entry.version);
  const isOwn = found?.key === entry.key && found.ref === context.scope.ref && found.level === context.scope.level();
  return isOwn ? CACHE_EXISTS : undefined;
}

/** Stores a finished cache upload. Nothing when somebody else was first, or the level dropped meanwhile. */
export async function finishCache(context: ResultsContext, upload: Upload, size?: number): Promise<number | undefined> {
  const { target } = upload;
  if (target.kind !== 'cache') throw fault('upload-missing', 'this upload is not a cache');
  return finish(context, upload, async ({ content, bytes }) => {
    sizeIs(bytes, size);
    const entry = await context.store.caches.put(context.scope, { key: target.key, version: target.version, content });
    return entry?.id;
  });
}

async function finish<Result>(
  context: ResultsContext,
  upload: Upload,
  store: (whole: ReturnType<ResultsContext['uploads']['content']>) => Promise<Result>,
): Promise<Result> {
  const whole = context.uploads.content(upload);
  try {
    return await store(whole);
  } finally {
    whole.content.destroy();
    await context.uploads.drop(upload);
  }
}

function listed(artifact: Artifact) {
  return {
    workflow_run_backend_id: String(artifact.runId),
    workflow_job_run_backend_id: String(artifact.jobId),
    database_id: String(artifact.id),
    name: artifact.name,
    size: String(artifact.bytes),
    created_at: new Date(artifact.createdAt).toISOString(),
    digest: artifact.digest,
  };
}

type Ids = { readonly workflow_run_backend_id: string; readonly workflow_job_run_backend_id: string };

/** The ids are the job's own: nobody writes in another's name. */
function ownJob(context: ResultsContext, request: Ids): void {
  ownRun(context, request);
  if (request.workflow_job_run_backend_id !== String(context.scope.jobId)) {
    throw fault('scope-refused', `the job ${request.workflow_job_run_backend_id.slice(0, 40)} is another one`);
  }
}

/** Reading names the job that wrote, so only the run is compared. */
function ownRun(context: ResultsContext, request: Ids): void {
  if (request.workflow_run_backend_id !== String(context.scope.runId)) {
    throw fault('scope-refused', `the run ${request.workflow_run_backend_id.slice(0, 40)} is another one`);
  }
}

function sizeIs(bytes: number, announced: number | undefined): void {
  if (announced !== undefined && announced !== bytes) {
    throw fault('request-invalid', `${announced} bytes were announced and ${bytes} came`);
  }
}

function digestIn(text: string): Digest {
  if (!isDigest(text)) throw fault('request-invalid', `the hash ${JSON.stringify(text.slice(0, 100))} is not a digest`);
  return text;
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (!Number.isFinite(time))
    throw fault('request-invalid', `the time ${JSON.stringify(text.slice(0, 40))} is not one`);
  return time;
}

export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw fault('request-invalid', z.prettifyError(result.error).slice(0, 400));
  return result.data;
}
