import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';

/** Nobody's address but that of the pages' own files: no owner begins with a dash. */
const ASSETS = '/-/assets/';
/** Addresses of programs, whose answers are never a page. */
const NOT_PAGES = /^\/(?:api|runner|healthz|readyz|metrics)(?:[/?]|$)/;
/** What the build left in each place of the nonce. */
const NONCE_PLACE = '__NONCE__';
const NONCE_BYTES = 16;
const FILES_MAX = 5000;

const TYPES: { readonly [extension: string]: string } = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** Encodings that the build prepares, the smaller first. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sallyport</title></head>
<body><h1>The pages are not built</h1>
<p>The server runs; its pages are made by a command of the project: <code>npm run pages</code>. Then load this address again.</p>
<p>Everything can be done with the command <code>sallyport</code> and by the API at <a href="/api/v1/openapi.json">/api/v1</a>, too.</p>
</body></html>
`;

export type Pages = {
  /** Answers a request that is for the pages, and tells whether it did. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
};

export type PagesOptions = {
  /** What `npm run pages` made. Without it, a page says how to make it. */
  readonly folder: string | undefined;
  readonly random: (bytes: number) => Uint8Array;
  /** Where people reach the server. */
  readonly origin: string;
};

type Built = { readonly changedMs: number; readonly index: string; readonly files: ReadonlyMap<string, string> };

/**
 * Serves the pages: their files by name from a list (no address ever becomes a path), and for every other address that a browser asks
 * for, the one document, with a nonce of its own. Nothing here is secret, and nothing is asked of who asks.
 */
export function createPages({ folder, random, origin }: PagesOptions): Pages {
  const isSecure = origin.startsWith('https:');
  let built: Built | undefined;
  /** A build anew is seen at the next page. */
  const current = (): Built | undefined => {
    if (folder === undefined) return undefined;
    const changedMs = statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs;
    if (changedMs === undefined) built = undefined;
    else if (built?.changedMs !== changedMs) built = readBuilt(folder, changedMs);
    return built;
  };
  return {
    serve(request, response) {
      const { url = '', method } = request;
      if (method !== 'GET' && method !== 'HEAD') return false;
      const path = url.split('?', 1)[0] ?? '';
      if (path.startsWith(ASSETS)) return sendAsset((built ?? current())?.files.get(path), request, response);
      if (NOT_PAGES.test(path) || !acceptsHtml(request)) return false;
      sendDocument(response, method, {
        html: current()?.index,
        nonce: Buffer.from(random(NONCE_BYTES)).toString('base64'),
        isSecure,
      });
      return true;
    },
  };
}

function readBuilt(folder: string, changedMs: number): Built {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(folder, ASSETS), { recursive: true, encoding: 'utf8' }).slice(0, FILES_MAX)) {
    files.set(`${ASSETS}${name.split(sep).join('/')}`, join(folder, ASSETS, name));
  }
  return { changedMs, index: readFileSync(join(folder, 'index.html'), 'utf8'), files };
}

const acceptsHtml = ({ headers }: IncomingMessage) => /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(headers.accept ?? '');

/** The policy of a page: scripts and styles of ours only, and no other site may frame it. */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src-elem 'self' 'nonce-${nonce}'`,
    // The kit sets sizes and places on elements. An attribute can't fetch anything: images and fonts are bound below.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

function commonHeaders(isSecure: boolean): { readonly [name: string]: string } {
  return {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // Addresses have names of repositories. Requests to ourselves keep their origin, which the API looks at.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(isSecure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

function sendDocument(
  response: ServerResponse,
  method: string,
  { html, nonce, isSecure }: { readonly html: string | undefined; readonly nonce: string; readonly isSecure: boolean },
): void {
  const body = Buffer.from((html ?? NOT_BUILT).replaceAll(NONCE_PLACE, nonce));
  response.writeHead(html === undefined ? 503 : 200, {
    ...commonHeaders(isSecure),
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    'content-security-policy': pagePolicy(nonce),
    'cache-control': 'no-store',
    vary: 'accept',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** A file of the build. Its name has its digest: it is kept for ever. */
function sendAsset(file: string | undefined, request: IncomingMessage, response: ServerResponse): boolean {
  if (file === undefined || ENCODINGS.some(({ extension }) => file.endsWith(extension))) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end('there is no such file of the pages\n');
    return true;
  }
  const encoded = encodingOf(file, request);
  const bytes = readFileSync(encoded?.file ?? file);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
  const headers = {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    vary: 'accept-encoding',
    etag,
    ...(encoded === undefined ? {} : { 'content-encoding': encoded.name }),
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers);
    response.end();
    return true;
  }
  response.writeHead(200, { ...headers, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
  return true;
}

function encodingOf(
  file: string,
  { headers }: IncomingMessage,
): { readonly name: string; readonly file: string } | undefined {
  const accepted = [headers['accept-encoding'] ?? '']
    .flat()
    .join(',')
    .split(',')
    .map((part) => part.trim().split(';', 1)[0]?.toLowerCase());
  for (const { name, extension } of ENCODINGS) {
    const candidate = `${file}${extension}`;
    if (accepted.includes(name) && statSync(candidate, { throwIfNoEntry: false }) !== undefined) {
      return { name, file: candidate };
    }
  }
  return undefined;
}
