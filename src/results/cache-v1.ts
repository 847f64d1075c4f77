import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { downloadUrl } from './blobs-http.ts';
import { fault } from './faults.ts';
import type { ResultsContext } from './context.ts';
import { jsonOf, reply, replyJson } from './http.ts';
import { checkCacheKeys } from './rules.ts';
import { cacheDenial, finishCache, parse } from './twirp.ts';
import type { Upload } from './uploads.ts';

export const CACHE_V1_PATH = '/_apis/artifactcache/';

const reserve = z.object({ key: z.string(), version: z.string(), cacheSize: z.int().nonnegative().optional() });
const commit = z.object({ size: z.int().nonnegative() });

/** The older cache protocol, for clients that do not know the newer one. */
export async function serveCacheV1(
  context: ResultsContext,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [resource, number, ...rest] = url.pathname.slice(CACHE_V1_PATH.length).split('/');
  const route = rest.length > 0 ? '' : `${request.method} ${resource}${number === undefined ? '' : '/:number'}`;
  switch (route) {
    case 'GET cache':
      return find(context, url, response);
    case 'GET caches':
      // Only for the client's own diagnostics after a miss: what others hold is not told.
      return replyJson(response, 200, { totalCount: 0, artifactCaches: [] });
    case 'POST caches': {
      const entry = parse(reserve, await jsonOf(request, context.limits));
      checkCacheKeys([entry.key], entry.version);
      const denied = await cacheDenial(context, entry);
      if (denied !== undefined) return replyJson(response, 409, { message: denied });
      const upload = await context.uploads.begin({ kind: 'cache', key: entry.key, version: entry.version });
      return replyJson(response, 201, { cacheId: upload.number });
    }
    case 'PATCH caches/:number': {
      const { start, bytes } = rangeOf(request.headers['content-range']);
      const upload = byNumber(context, number);
      const received = await context.uploads.receive(upload, `at ${start}`, request, start);
      if (received !== bytes) throw fault('request-invalid', `${bytes} bytes were announced and ${received} came`);
      return reply(response, 204);
    }
    case 'POST caches/:number': {
      const { size } = parse(commit, await jsonOf(request, context.limits));
      const upload = byNumber(context, number);
      upload.committed = contiguous(upload);
      const id = await finishCache(context, upload, size);
      if (id === undefined) return replyJson(response, 409, { message: 'the cache exists already' });
      return reply(response, 204);
    }
    default:
      throw fault('not-supported', `${request.method} ${url.pathname.slice(0, 100)}`);
  }
}

async function find(context: ResultsContext, url: URL, response: ServerResponse): Promise<void> {
  const keys = (url.searchParams.get('keys') ?? '').split(',');
  const entry = await context.store.caches.find(context.scope, keys, url.searchParams.get('version') ?? '');
  if (entry === undefined) return reply(response, 204);
  return replyJson(response, 200, {
    archiveLocation: downloadUrl(context, 'cache', entry.id),
    cacheKey: entry.key,
    cacheVersion: entry.version,
    scope: entry.ref,
    creationTime: new Date(entry.createdAt).toISOString(),
  });
}

function byNumber(context: ResultsContext, text = ''): Upload {
  const upload = context.uploads.find((target, each) => target.kind === 'cache' && String(each.number) === text);
  if (upload === undefined) throw fault('upload-missing', `no cache upload ${text.slice(0, 20)} is open`);
  return upload;
}

function rangeOf(header = ''): { readonly start: number; readonly bytes: number } {
  const [, first, last] = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/\*$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw fault('request-invalid', `the range ${JSON.stringify(header.slice(0, 60))} is not one`);
  }
  return { start: Number(first), bytes: Number(last) - Number(first) + 1 };
}

/** Names of the chunks by their place. Holes and overlaps are refused. */
function contiguous(upload: Upload): readonly string[] {
  const chunks = [...upload.blocks].sort(([, a], [, b]) => (a.start ?? 0) - (b.start ?? 0));
  let end = 0;
  for (const [, chunk] of chunks) {
    if (chunk.start !== end) throw fault('request-invalid', `the chunks of the cache do not meet at byte ${end}`);
    end += chunk.bytes;
  }
  return chunks.map(([name]) => name);
}
