import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, Fault, isFault, type Log, type Secret, silentLog } from '../base/index.ts';
import { BLOBS_PATH, downloadUrl, serveBlob } from './blobs-http.ts';
import { CACHE_V1_PATH, serveCacheV1 } from './cache-v1.ts';
import type { ResultsContext } from './context.ts';
import { fault } from './faults.ts';
import { jsonOf, replyJson } from './http.ts';
import { RESULTS_LIMITS, type ResultsLimits } from './limits.ts';
import type { ResultsScope, ResultsStore } from './store.ts';
import { mintRuntimeToken, verifyRuntimeToken } from './token.ts';
import { METHODS } from './twirp.ts';
import { Uploads } from './uploads.ts';

export type ResultsHandlerOptions = {
  readonly store: ResultsStore;
  readonly scope: ResultsScope;
  /** 32 random bytes of this job alone: its token and its signed addresses die with it. */
  readonly signingKey: Buffer;
  /** Unguessable bytes. */
  readonly random: (bytes: number) => Buffer;
  readonly clock: Clock;
  /** `http://host:port` by which the job reaches this service, for signed addresses. */
  readonly origin: string;
  readonly limits?: ResultsLimits;
  readonly log?: Log;
};

export type ResultsHandler = {
  /** Answers a request, and tells whether it was one of this service. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** ACTIONS_RUNTIME_TOKEN of the job. */
  readonly runtimeToken: Secret;
  /** A signed address for the content of an artifact of the run. */
  artifactUrl(id: number): string;
  /** Drops what was not finished. Idempotent. */
  close(): Promise<void>;
};

const TWIRP_PATH = '/twirp/github.actions.results.api.v1.';

/** Serves artifacts and caches to the unmodified clients of one job attempt. */
export function createResultsHandler(options: ResultsHandlerOptions): ResultsHandler {
  const { store, scope, clock, origin, signingKey: key, limits = RESULTS_LIMITS, log = silentLog } = options;
  const uploads = new Uploads({ store, limits, newId: () => options.random(16).toString('hex') });
  const context: ResultsContext = { store, scope, key, clock, origin, limits, uploads };

  return {
    runtimeToken: mintRuntimeToken(key, scope, clock),
    artifactUrl: (id) => downloadUrl(context, 'artifact', id),
    close: () => uploads.close(),
    async handle(request, response) {
      const url = urlOf(request);
      if (url === undefined || !isOurs(url.pathname)) return false;
      try {
        await route(context, url, request, response);
      } catch (error) {
        if (!isFault(error)) {
          log.error('Results request failed', { path: url.pathname, job: scope.jobId, run: scope.runId, error });
        }
        refuse(response, error);
      }
      return true;
    },
  };
}

async function route(
  context: ResultsContext,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (url.pathname.startsWith(BLOBS_PATH)) return serveBlob(context, url, request, response);
  const [, token = ''] = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  verifyRuntimeToken(token, context.key, context.scope, context.clock);
  if (url.pathname.startsWith(CACHE_V1_PATH)) return serveCacheV1(context, url, request, response);

  const method = Object.hasOwn(METHODS, url.pathname.slice(TWIRP_PATH.length))
    ? METHODS[url.pathname.slice(TWIRP_PATH.length)]
    : undefined;
  if (method === undefined || request.method !== 'POST') {
    throw fault('not-supported', `${request.method} ${url.pathname.slice(0, 150)}`);
  }
  return replyJson(response, 200, await method(context, await jsonOf(request, context.limits)));
}

function isOurs(path: string): boolean {
  return path.startsWith('/twirp/') || path.startsWith(CACHE_V1_PATH) || path.startsWith(BLOBS_PATH);
}

function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '', 'http://results.invalid') ?? undefined;
}

/** Twirp's words for HTTP statuses, which the clients show. */
const TWIRP_CODES: { readonly [status: number]: string } = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  408: 'deadline_exceeded',
  409: 'already_exists',
  412: 'failed_precondition',
  413: 'failed_precondition',
  501: 'unimplemented',
  507: 'failed_precondition',
};

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    // The status is gone; breaking the connection is how the client learns that the content is not whole.
    response.destroy();
    return;
  }
  if (!(error instanceof Fault)) {
    return replyJson(response, 500, { code: 'internal', msg: 'the results service failed; see the log of the runner' });
  }
  replyJson(response, error.status, {
    code: TWIRP_CODES[error.status] ?? 'internal',
    msg: `${error.message} (${error.code}). ${error.help}`,
    message: error.message,
  });
}
