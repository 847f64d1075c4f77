import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { reasonOf } from '../base/index.ts';
import { createApp } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { isGitPath, serveGitClient } from './git-door.ts';
import { createPages } from './pages.ts';
import { createRates, type RateLimit, type RateLimitName } from './rate.ts';
import type { ApiState } from './state.ts';

/**
 * How the HTTP server is made. Headers have to come at once; whole requests have no limit of time here, since a push may take long: the
 * API bounds its own bodies, the git server and the runners' door theirs.
 */
export const HTTP_OPTIONS: ServerOptions = {
  requestTimeout: 0,
  headersTimeout: 15_000,
  keepAliveTimeout: 20_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
};

export type Api = {
  /** For `http.createServer(HTTP_OPTIONS, listener)`. Answers everything and throws nothing. */
  listener(request: IncomingMessage, response: ServerResponse): void;
};

export type ApiOptions = ApiDeps & {
  /** Of the browser pages: see `PagesOptions`. */
  readonly pages?: string;
  readonly rateLimits?: { readonly [Name in RateLimitName]: RateLimit };
};

/** The door of the server: runners, git and the API, by path. */
export function createApi(options: ApiOptions): Api {
  const state: ApiState = {
    deps: options,
    rates: createRates(() => options.now(), options.rateLimits),
    streams: new Map(),
  };
  const app = createApp(state);
  const pages = createPages({
    folder: options.pages,
    random: (bytes) => options.random(bytes),
    origin: options.origin,
  });
  // Its own classes for requests and responses stay its own: nothing global is replaced in this process.
  const hono = getRequestListener(app.fetch, { overrideGlobalObjects: false });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '';
    if (url.startsWith('/runner/') && (await options.runnerDoor?.(request, response)) === true) return;
    if (isGitPath(url)) return serveGitClient(state, request, response);
    if (pages.serve(request, response)) return;
    await hono(request, response);
  }

  return {
    listener(request, response) {
      answer(request, response).catch((thrown: unknown) => {
        options.log.error('A request failed', { reason: reasonOf(thrown) });
        if (!response.headersSent) response.writeHead(500, { connection: 'close' });
        response.end();
      });
    },
  };
}
