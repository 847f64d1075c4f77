import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock, type TrustLevel } from '../../src/base/index.ts';
import {
  createResultsHandler,
  LOCAL_QUOTAS,
  openLocalResults,
  RESULTS_LIMITS,
  type ResultsQuotas,
  type ResultsScope,
  type ResultsStore,
} from '../../src/results/index.ts';
import { openBlobStore } from '../../src/store/index.ts';

const MIB = 1024 * 1024;
/** Small, so that an attack on a bound needs few bytes. */
const LIMITS = { ...RESULTS_LIMITS, blockBytesMax: MIB, stagedBytesMax: 4 * MIB, bodyIdleMsMax: 400, bodyMsMax: 2_000 };
const VERSION = 'v'.repeat(64);

/** A job and its view of the results service, over HTTP, as its processes have it. */
export type AttackJob = {
  readonly origin: string;
  readonly token: string;
  /** The level now, and why it dropped. */
  readonly scope: ResultsScope & { readonly drops: string[] };
  call(method: string, body: object, token?: string): Promise<{ status: number; body: { [key: string]: string } }>;
  saveCache(key: string, content: string): Promise<boolean>;
  restoreCache(...keys: readonly string[]): Promise<string | undefined>;
  uploadArtifact(name: string, content: Uint8Array | string): Promise<number>;
  artifactUrl(name: string): Promise<string>;
};

export type ResultsRig = AsyncDisposable & {
  readonly dir: string;
  readonly store: ResultsStore;
  job(parts: Partial<ResultsScope> & { readonly at: TrustLevel }): Promise<AttackJob>;
};

/** A local results store in files, and any number of jobs that reach it by their own service. */
export async function openResultsRig(
  options: { readonly quotas?: Partial<ResultsQuotas>; readonly clock?: Clock } = {},
): Promise<ResultsRig> {
  const { clock = systemClock } = options;
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-attack-'));
  const blobs = await openBlobStore({ dir: join(dir, 'blobs'), bytesMax: 64 * MIB, clock });
  const quotas = { ...LOCAL_QUOTAS, ...options.quotas };
  const store = await openLocalResults({ blobs, dir: join(dir, 'results'), clock, quotas });
  const servers: Server[] = [];
  return {
    dir,
    store,
    async job(parts) {
      const scope = scopeOf(parts);
      const listening: { listener?: RequestListener } = {};
      const { server, origin } = await listen((request, response) => listening.listener?.(request, response));
      servers.push(server);
      const handler = createResultsHandler({
        store,
        scope,
        origin,
        clock,
        limits: LIMITS,
        random: randomBytes,
        signingKey: randomBytes(32),
      });
      listening.listener = (request, response) => void handler.handle(request, response);
      return attackJob(origin, handler.runtimeToken.expose(), scope);
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await close(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function listen(listener: RequestListener): Promise<{ server: Server; origin: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function scopeOf({ at, ...parts }: Partial<ResultsScope> & { readonly at: TrustLevel }): AttackJob['scope'] {
  let level = at;
  const drops: string[] = [];
  return {
    repository: 'octo/sample',
    runId: 7,
    attempt: 1,
    jobId: 11,
    ref: 'refs/heads/main',
    readableRefs: [],
    ...parts,
    drops,
    level: () => level,
    taint: (to, source) => {
      level = to;
      drops.push(source);
    },
  };
}

function attackJob(origin: string, token: string, scope: AttackJob['scope']): AttackJob {
  const ids = {
    workflow_run_backend_id: String(scope.runId),
    workflow_job_run_backend_id: String(scope.jobId),
  };
  const call: AttackJob['call'] = async (method, body, as = token) => {
    const response = await fetch(`${origin}/twirp/github.actions.results.api.v1.${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}` },
      body: JSON.stringify({ ...ids, ...body }),
    });
    return { status: response.status, body: (await response.json()) as { [key: string]: string } };
  };
  const send = (url: string, body: Uint8Array | string) =>
    fetch(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: Buffer.from(body) });

  return {
    origin,
    token,
    scope,
    call,
    async saveCache(key, content) {
      const created = await call('CacheService/CreateCacheEntry', { key, version: VERSION });
      if (created.body['signed_upload_url'] === undefined) return false;
      await send(created.body['signed_upload_url'], content);
      const size = String(Buffer.byteLength(content));
      const done = await call('CacheService/FinalizeCacheEntryUpload', { key, version: VERSION, size_bytes: size });
      return done.body['entry_id'] !== undefined;
    },
    async restoreCache(key, ...rest) {
      const request = { key, restore_keys: rest, version: VERSION };
      const found = await call('CacheService/GetCacheEntryDownloadURL', request);
      const url = found.body['signed_download_url'];
      return url === undefined ? undefined : (await fetch(url)).text();
    },
    async uploadArtifact(name, content) {
      const created = await call('ArtifactService/CreateArtifact', { name, version: 7 });
      await send(created.body['signed_upload_url'] ?? '', content);
      const size = String(Buffer.from(content).byteLength);
      const done = await call('ArtifactService/FinalizeArtifact', { name, size });
      return Number(done.body['artifact_id'] ?? 0);
    },
    async artifactUrl(name) {
      return (await call('ArtifactService/GetSignedArtifactURL', { name })).body['signed_url'] ?? '';
    },
  };
}
