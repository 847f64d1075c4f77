import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault, reasonOf } from '../base/index.ts';
import { addressOf, callerOf, principalOf } from './guard.ts';
import type { ApiState } from './state.ts';

/** Where git speaks: never below the folders of the API. */
const GIT_PATH =
  /^\/(?!api\/|runner\/)[A-Za-z0-9_][^/?]*\/[A-Za-z0-9_][^/?]*\/(?:info\/(?:refs|lfs)|git-[a-z-]+|HEAD|objects\/)/;
const RETRY_SECONDS = 60;

export function isGitPath(url: string): boolean {
  return GIT_PATH.test(url);
}

/**
 * Lets a git client in by the same tokens as everybody: as the password of basic authentication, or as a bearer. There is nothing to
 * read without one.
 */
export async function serveGitClient(
  state: ApiState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { deps, rates } = state;
  try {
    const address = addressOf(request, deps.proxies);
    const before = rates.take('network', callerOf(undefined, address));
    if (before !== undefined) return refuse(response, 429, 'too many requests', before.waitMs);
    const principal = await principalOf(deps, request.headers.authorization, address);
    // Git asks without a token first, and again with one when it is told to.
    if (principal === undefined) return refuse(response, 401, 'sign in: the token is the password');
    const over = rates.take('git', callerOf(principal, address));
    if (over !== undefined) return refuse(response, 429, 'too many requests', over.waitMs);
    await deps.repo.handle(request, response, { principal });
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.status < 500) return refuse(response, thrown.status, thrown.message);
    deps.log.error('A request of git failed', { reason: reasonOf(thrown) });
    if (response.headersSent) response.destroy();
    else refuse(response, 500, 'the server could not serve the repository');
  }
}

function refuse(response: ServerResponse, status: number, text: string, waitMs = RETRY_SECONDS * 1000): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Basic realm="sallyport", charset="UTF-8"' } : {}),
    ...(status === 429 ? { 'retry-after': String(Math.ceil(waitMs / 1000)) } : {}),
    connection: 'close',
  });
  response.end(`${text}\n`);
}
