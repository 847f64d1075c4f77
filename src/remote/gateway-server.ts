import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Log, reasonOf, type Secret } from '../base/index.ts';
import type { GatewayServer } from '../runner/index.ts';
import type { Connection } from './connection.ts';

/** Packing a large repository takes its time before the first byte. */
const GIT_ANSWER_MS_MAX = 10 * 60_000;
const REQUEST_HEADERS = [
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'git-protocol',
  'content-length',
  'if-none-match',
];
const RESPONSE_HEADERS = [
  'content-type',
  'content-encoding',
  'cache-control',
  'content-length',
  'etag',
  'link',
  'retry-after',
  'location',
];

/**
 * What a job asks of its server: git of its repository and REST calls, passed on with the job's own token, which the sandbox never
 * has. What it may is the server's question; when the lease ends the token is nothing.
 */
export function gatewayServer(
  connection: Connection,
  { repository, jobToken, log }: { readonly repository: string; readonly jobToken: Secret; readonly log: Log },
): GatewayServer {
  async function pass(
    path: string,
    authorization: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
    try {
      const answer = await connection.raw(request.method ?? 'GET', path, {
        headers: { ...picked(request.headers, REQUEST_HEADERS), authorization },
        ...(hasBody ? { body: request } : {}),
        timeoutMs: GIT_ANSWER_MS_MAX,
        signal: gone.signal,
      });
      response.writeHead(answer.statusCode ?? 502, picked(answer.headers, RESPONSE_HEADERS));
      await pipeline(answer, response);
    } catch (thrown) {
      if (gone.signal.aborted) return;
      log.warn('A request of a job could not be passed on', { reason: reasonOf(thrown) });
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/plain' }).end('the server of the run can not be reached\n');
    }
  }
  return {
    git: (subPath, url, request, response) => {
      const basic = Buffer.from(`x-access-token:${jobToken.expose()}`).toString('base64');
      return pass(`/${repository}.git${subPath}${url.search}`, `Basic ${basic}`, request, response);
    },
    api: (path, url, request, response) =>
      pass(`/api/v3${path}${url.search}`, `Bearer ${jobToken.expose()}`, request, response),
  };
}

function picked(headers: OutgoingHttpHeaders, names: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
