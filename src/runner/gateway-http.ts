import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Secret } from '../base/index.ts';
import { isEqual } from '../results/index.ts';

/** Sends JSON. When the body of the request was not read, the connection ends: it would be taken for a request. */
export function answer(response: ServerResponse, status: number, value: unknown): void {
  const isUnread = !response.req.complete;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    ...(isUnread ? { connection: 'close' } : {}),
  });
  response.end(JSON.stringify(value), () => {
    if (isUnread) response.req.destroy();
  });
}

/** Whether a request carries the token: basic as checkout and git send it, or `bearer` or `token` as REST clients do. */
export function hasToken(request: IncomingMessage, token: Secret): boolean {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return isEqual(
        Buffer.from(credentials, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/, ''),
        token.expose(),
      );
    case 'bearer':
    case 'token':
      return isEqual(credentials, token.expose());
    default:
      return false;
  }
}
