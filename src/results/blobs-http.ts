import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { fault } from './faults.ts';
import type { ResultsContext } from './context.ts';
import { reply, textOf } from './http.ts';
import { signUrl, verifyUrl } from './signed-url.ts';
import type { Upload } from './uploads.ts';

/** Below it lie the signed addresses. */
export const BLOBS_PATH = '/_blobs/';
/** Name of the only block of an upload that came in one request. No block id of a client has a space. */
const WHOLE = 'whole body';

export function uploadUrl(context: ResultsContext, upload: Upload): string {
  const path = `${BLOBS_PATH}upload/${upload.id}`;
  return context.origin + signUrl(path, { key: context.key, method: 'PUT', clock: context.clock });
}

export function downloadUrl(context: ResultsContext, kind: 'artifact' | 'cache', id: number): string {
  const path = `${BLOBS_PATH}${kind}/${id}`;
  return context.origin + signUrl(path, { key: context.key, method: 'GET', clock: context.clock });
}

/** The part of Azure's block blobs that the clients use, at signed addresses. */
export async function serveBlob(
  context: ResultsContext,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? '';
  verifyUrl(url, { key: context.key, method, clock: context.clock });
  const [kind, id] = url.pathname.slice(BLOBS_PATH.length).split('/');
  if (method === 'PUT' && kind === 'upload') {
    return receiveBlob(context, context.uploads.byId(id ?? ''), { url, request, response });
  }
  if (kind === 'artifact') {
    const { artifact, content } = await context.store.artifacts.open(context.scope, Number(id));
    const file = artifact.mimeType === 'application/zip' ? `${artifact.name}.zip` : artifact.name;
    response.writeHead(200, {
      'content-type': artifact.mimeType,
      'content-length': artifact.bytes,
      'content-disposition': `attachment; filename="${file.replace(/[^\w. -]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(file)}`,
      'x-content-type-options': 'nosniff',
    });
    return pipeline(content, response);
  }
  const { entry, content } = await context.store.caches.open(context.scope, Number(id));
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': entry.bytes });
  return pipeline(content, response);
}

async function receiveBlob(
  context: ResultsContext,
  upload: Upload,
  { url, request, response }: { url: URL; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const comp = url.searchParams.get('comp');
  if (comp === 'block') {
    await context.uploads.receive(upload, blockIdOf(url.searchParams.get('blockid') ?? ''), request);
  } else if (comp === 'blocklist') {
    const names = blockList(await textOf(request, context.limits.blockListBytesMax, context.limits));
    const missing = names.find((name) => !upload.blocks.has(name));
    if (missing !== undefined) throw fault('request-invalid', `the block ${missing} was not sent`);
    upload.committed = names;
  } else if (comp === null && request.headers['x-ms-blob-type'] === 'BlockBlob') {
    await context.uploads.receive(upload, WHOLE, request);
    upload.committed = [WHOLE];
  } else {
    throw fault('not-supported', `the blob operation ${comp?.slice(0, 40) ?? 'put'} is not offered`);
  }
  reply(response, 201, {
    etag: `"${upload.id}"`,
    'last-modified': new Date(context.clock.now()).toUTCString(),
    'x-ms-request-id': upload.id,
    'x-ms-version': '2020-10-02',
  });
}

function blockIdOf(text: string): string {
  if (!/^[A-Za-z0-9+/=]{1,128}$/.test(text)) throw fault('request-invalid', 'the block id is not base64');
  return text;
}

/** The names in a `<BlockList>`, in order. Anything else in it is refused. */
export function blockList(xml: string): readonly string[] {
  const inner = /^\s*(?:<\?xml[^<>]{0,100}\?>)?\s*<BlockList>([\s\S]*)<\/BlockList>\s*$/.exec(xml)?.[1];
  if (inner === undefined) {
    if (/^\s*(?:<\?xml[^<>]{0,100}\?>)?\s*<BlockList\s*\/>\s*$/.test(xml)) return [];
    throw fault('request-invalid', 'the block list is not one');
  }
  const names: string[] = [];
  const rest = inner.replace(/<(Latest|Uncommitted)>([A-Za-z0-9+/=]{1,128})<\/\1>/g, (_all, _tag, name: string) => {
    names.push(name);
    return '';
  });
  if (rest.trim() !== '') throw fault('request-invalid', 'the block list holds something else than block ids');
  return names;
}
