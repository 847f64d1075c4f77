import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { assert, type Clock, type Log, reasonOf, Secret } from '../base/index.ts';
import type { GitLimits } from '../git/index.ts';
import type { GitSource, JobLease } from '../protocol/index.ts';
import {
  cacheMode,
  createResultsHandler,
  type ResultsHandler,
  type ResultsLimits,
  type ResultsScope,
  type ResultsStore,
} from '../results/index.ts';
import { answer, hasToken } from './gateway-http.ts';
import { createGitHttp, type GitHttp } from './git-http.ts';
import { type RestRepository, serveRest } from './rest.ts';

export type GatewayOptions = {
  /** Inside the sandbox. */
  readonly port: number;
  readonly results: ResultsStore;
  readonly scope: ResultsScope;
  readonly git: GitSource;
  /** Where requests go that the server of the run answers: with them it is asked, and not this machine. */
  readonly server?: GatewayServer;
  /** Path of the git program. */
  readonly gitPath: string;
  readonly repository: RestRepository;
  readonly lease: Pick<JobLease, 'id' | 'runId' | 'attempt' | 'permissions'> & {
    readonly job: { readonly id: number };
  };
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
  readonly log: Log;
  readonly limits?: { readonly results?: ResultsLimits; readonly git?: Partial<GitLimits> };
};

/** The server of a run, as far as its job may ask it. The job's own token for it stays outside of the sandbox. */
export type GatewayServer = {
  /** A request of git, below the repository's path: `/info/refs`, `/git-upload-pack`. */
  git(subPath: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** A REST call, without `/api/v3`. */
  api(path: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void>;
};

export type Gateway = {
  /** Takes a connection that a process of the job opened to `serverUrl`. */
  onConnection(socket: Socket): void;
  /** `http://sallyport.localhost:PORT`: GITHUB_SERVER_URL. The clients take `*.localhost` for a GitHub that knows all. */
  readonly serverUrl: string;
  readonly runtimeToken: Secret;
  /** GITHUB_TOKEN: reads the repository of the run through this gateway, and nothing anywhere else. */
  readonly jobToken: Secret;
  /** What JavaScript actions get, and `run` steps do not: the runtime token would be in reach of scripts. */
  actionEnvironment(): { readonly [name: string]: string };
  /** Ends connections and processes, and with its keys every token and address of the job. Idempotent. */
  close(): Promise<void>;
};

// An import would read every export of the module, and two of them load all of Node's WebSocket client: 40 ms.
const { createServer } = process.getBuiltinModule('node:http');

/** The name by which the job knows its gateway. */
export const GATEWAY_HOST = 'sallyport.localhost';
/** Connections of one job at once. */
const CONNECTIONS_MAX = 256;
/** A connection on which nothing moves: also while a large artifact is written to disk. Milliseconds. */
const SOCKET_IDLE_MS_MAX = 600_000;
/** From the first byte of a connection to the end of its first request's head. Milliseconds. */
const FIRST_HEAD_MS_MAX = 20_000;
const ID_TOKEN_PATH = '/_apis/identity/token';

/**
 * The one service inside a job's network: git of the run's repository, artifacts, caches, the few REST calls that the
 * official actions make. It is an HTTP server without a port: the network hands it the connections of this job only.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const serverUrl = `http://${GATEWAY_HOST}:${options.port}`;
  const jobToken = new Secret(`spj_${options.random(32).toString('base64url')}`);
  const results = createResultsHandler({
    store: options.results,
    scope: options.scope,
    signingKey: options.random(32),
    random: options.random,
    clock: options.clock,
    origin: serverUrl,
    log: options.log,
    ...(options.limits?.results === undefined ? {} : { limits: options.limits.results }),
  });
  const git = gitOf(options);
  const sockets = new Set<Socket>();
  const parts: Parts = { options, serverUrl, jobToken, results, git };
  const server = serverOf(parts);

  return {
    serverUrl,
    jobToken,
    runtimeToken: results.runtimeToken,
    onConnection: (socket) => accept(server, sockets, socket),
    actionEnvironment: () => actionEnvironment(parts),
    async close() {
      git.close();
      for (const socket of sockets) socket.destroy();
      await results.close();
    },
  };
}

function gitOf({ server, git, gitPath, log, limits }: GatewayOptions): GitHttp {
  if (server !== undefined) {
    return { handle: (subPath, url, request, response) => server.git(subPath, url, request, response), close() {} };
  }
  assert(git.gitDir !== undefined, 'without a server the repository is on this machine');
  return createGitHttp({
    source: { gitDir: git.gitDir },
    gitPath,
    log,
    ...(limits?.git === undefined ? {} : { limits: limits.git }),
  });
}

type Parts = {
  readonly options: GatewayOptions;
  readonly serverUrl: string;
  readonly jobToken: Secret;
  readonly results: ResultsHandler;
  readonly git: GitHttp;
};

function serverOf(parts: Parts): Server {
  const server = createServer({ keepAlive: true }, (request, response) => {
    route(parts, request, response).catch((error: unknown) => {
      parts.options.log.error('Gateway request failed', { job: parts.options.scope.jobId, reason: reasonOf(error) });
      if (response.headersSent) response.destroy();
      else answer(response, 500, { message: 'the gateway of the job failed; see the log of the runner' });
    });
  });
  server.timeout = SOCKET_IDLE_MS_MAX;
  server.keepAliveTimeout = SOCKET_IDLE_MS_MAX;
  return server;
}

function accept(server: Server, sockets: Set<Socket>, socket: Socket): void {
  // A connection that was reset before it came here has an error to tell that nobody waits for.
  socket.on('error', () => socket.destroy());
  if (sockets.size >= CONNECTIONS_MAX) {
    socket.destroy();
    return;
  }
  sockets.add(socket);
  // Node's own check of slow heads runs only in servers that listen.
  const head = setTimeout(() => socket.destroy(), FIRST_HEAD_MS_MAX);
  firstRequests.set(socket, head);
  socket.once('close', () => {
    clearTimeout(head);
    sockets.delete(socket);
  });
  server.emit('connection', socket);
}

/** Timers of connections that have not sent a whole request head. */
const firstRequests = new WeakMap<Socket, NodeJS.Timeout>();

async function route(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  clearTimeout(firstRequests.get(request.socket));
  const url = URL.parse(request.url ?? '', parts.serverUrl);
  if (url === null) return answer(response, 400, { message: 'the address of the request can not be read' });
  if (await parts.results.handle(request, response)) return;
  if (url.pathname === ID_TOKEN_PATH) return refuseIdToken(response);

  const rest = restPath(request, url);
  if (rest !== undefined) {
    // What the results of this run are is known here; all else of the server.
    const { server } = parts.options;
    if (server === undefined || isOfResults(rest)) return serveRest(parts, rest, { url, request, response });
    if (!hasToken(request, parts.jobToken)) {
      return answer(response, 401, { message: 'Bad credentials: the token of the running job is needed' });
    }
    return server.api(rest, url, request, response);
  }
  return serveGit(parts, url, request, response);
}

function isOfResults(path: string): boolean {
  return /^\/repos\/[^/]+\/[^/]+\/actions\/(?:runs\/\d+\/artifacts|artifacts\/\d+(?:\/zip)?)$/.test(path);
}

/** The path after `/api/v3`, or all of it on the host `api.…`, which clients make up by themselves. */
function restPath(request: IncomingMessage, url: URL): string | undefined {
  if (request.headers.host?.startsWith('api.') === true) return url.pathname;
  return url.pathname.startsWith('/api/') ? url.pathname.replace(/^\/api\/v3/, '') : undefined;
}

async function serveGit(parts: Parts, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { owner, name } = parts.options.repository;
  const [, asked, sub] = /^\/([^/]+\/[^/]+?)(?:\.git)?(\/info\/refs|\/git-[a-z-]+|\/?)$/.exec(url.pathname) ?? [];
  if (asked === undefined || sub === undefined) {
    return answer(response, 404, { message: `the gateway serves nothing at ${url.pathname.slice(0, 200)}` });
  }
  if (!hasToken(request, parts.jobToken)) {
    response.setHeader('www-authenticate', 'Basic realm="sallyport"');
    return answer(response, 401, { message: 'the token of the running job is needed' });
  }
  if (decoded(asked).toLowerCase() !== `${owner}/${name}`.toLowerCase()) {
    return answer(response, 404, {
      message: `only ${owner}/${name} is served here, the repository of this run; ${decoded(asked).slice(0, 200)} is not`,
    });
  }
  return parts.git.handle(sub, url, request, response);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not a name that we gave out: it will match nothing.
    return path;
  }
}

function actionEnvironment({ options, serverUrl, results }: Parts): { readonly [name: string]: string } {
  const token = results.runtimeToken.expose();
  return {
    ACTIONS_RUNTIME_URL: `${serverUrl}/`,
    ACTIONS_RUNTIME_TOKEN: token,
    ACTIONS_RESULTS_URL: `${serverUrl}/`,
    ACTIONS_CACHE_URL: `${serverUrl}/`,
    ACTIONS_CACHE_SERVICE_V2: 'True',
    ACTIONS_CACHE_MODE: cacheMode(options.scope),
    ACTIONS_ORCHESTRATION_ID: `${options.lease.runId}.${options.lease.attempt}.${options.lease.job.id}`,
    ...(options.lease.permissions['id-token'] === 'write'
      ? {
          ACTIONS_ID_TOKEN_REQUEST_URL: `${serverUrl}${ID_TOKEN_PATH}?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
        }
      : {}),
  };
}

function refuseIdToken(response: ServerResponse): void {
  answer(response, 403, {
    message:
      'A local run gets no identity token: nobody but a server that others trust can vouch for it. ' +
      'Skip the step locally, or run the workflow on a server.',
  });
}
