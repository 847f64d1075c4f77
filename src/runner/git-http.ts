import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cpus } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Log } from '../base/index.ts';
import type { GitSource } from '../protocol/index.ts';

export type GitHttpOptions = {
  readonly source: GitSource;
  /** Path of the git program. */
  readonly gitPath: string;
  readonly log: Log;
  readonly limits?: GitHttpLimits;
};

export type GitHttpLimits = {
  /** upload-pack processes at once, and requests that wait for one. */
  readonly processesMax: number;
  readonly waitingMax: number;
  /** The wants and haves of one fetch, unpacked. Bytes. */
  readonly requestBytesMax: number;
  /** One fetch. Milliseconds. */
  readonly requestMsMax: number;
  /** A pause of the client while it sends. Milliseconds. */
  readonly idleMsMax: number;
};

export const GIT_LIMITS: GitHttpLimits = {
  processesMax: Math.max(2, cpus().length),
  waitingMax: 64,
  requestBytesMax: 16 * 1024 * 1024,
  requestMsMax: 30 * 60_000,
  idleMsMax: 60_000,
};

/** Bytes of git's error output that are kept for the log. */
const ERROR_BYTES_MAX = 4 * 1024;
/** Objects held in memory for deltas while a pack is made, for each thread. */
const PACK_WINDOW_MEMORY = '64m';

export type GitHttp = {
  /** Answers a request below the repository's path: `/info/refs`, `/git-upload-pack` and the refused rest. */
  handle(subPath: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends what still runs. Idempotent. */
  close(): void;
};

/**
 * Serves one repository read-only over git's smart HTTP protocol, versions 0 and 2, each request by one
 * `git upload-pack --stateless-rpc`. The process sees none of the host's environment and configuration, and only this
 * repository. The job chooses the bytes that it reads, nothing else.
 */
export function createGitHttp(options: GitHttpOptions): GitHttp {
  const limits = options.limits ?? GIT_LIMITS;
  const running = new Set<ChildProcessWithoutNullStreams>();
  const slots = slotsOf(limits);
  let isClosed = false;

  async function run(call: UploadPackCall): Promise<void> {
    const release = await slots.take();
    if (release === undefined || isClosed) {
      release?.();
      return refuse(call.response, 503, 'too many fetches at once; try again', { 'retry-after': '5' });
    }
    try {
      await uploadPack(options, limits, running, call);
    } finally {
      release();
    }
  }

  return {
    async handle(subPath, url, request, response) {
      const service = url.searchParams.get('service');
      const protocol = protocolOf(request);
      if (protocol === undefined) return refuse(response, 400, 'git protocol versions 0 and 2 are served');
      if (subPath === '/git-receive-pack' || service === 'git-receive-pack') {
        return refuse(response, 403, 'this repository is served read-only: a job can not push to it');
      }
      if (subPath === '/info/refs' && request.method === 'GET') {
        if (service === 'git-upload-pack') return run({ kind: 'refs', protocol, request, response });
        return refuse(response, 403, 'the dumb HTTP protocol is not served: use a newer git');
      }
      if (subPath === '/git-upload-pack' && request.method === 'POST') {
        return run({ kind: 'pack', protocol, request, response });
      }
      return refuse(response, 404, 'there is nothing at this address of the repository');
    },
    close() {
      isClosed = true;
      for (const child of running) child.kill('SIGKILL');
    },
  };
}

type UploadPackCall = {
  readonly kind: 'refs' | 'pack';
  readonly protocol: 0 | 2;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

async function uploadPack(
  options: GitHttpOptions,
  limits: GitHttpLimits,
  running: Set<ChildProcessWithoutNullStreams>,
  { kind, protocol, request, response }: UploadPackCall,
): Promise<void> {
  const child = spawn(
    options.gitPath,
    [
      'upload-pack',
      '--strict',
      '--stateless-rpc',
      ...(kind === 'refs' ? ['--http-backend-info-refs'] : []),
      options.source.gitDir,
    ],
    { env: environmentOf(options.source.gitDir, protocol), cwd: '/', stdio: 'pipe' },
  );
  running.add(child);
  const end = () => child.kill('SIGKILL');
  const deadline = setTimeout(end, limits.requestMsMax);
  response.once('close', end);
  const errors = keepErrors(child.stderr);

  response.statusCode = 200;
  response.setHeader('cache-control', 'no-cache');
  const advertisement = 'application/x-git-upload-pack-advertisement';
  response.setHeader('content-type', kind === 'refs' ? advertisement : 'application/x-git-upload-pack-result');
  // Version 2 has no such line; version 0 names the service first.
  if (kind === 'refs' && protocol === 0) response.write('001e# service=git-upload-pack\n0000');

  // A client that has read enough closes early, and the process may end before it read all: neither is a failure.
  child.stdin.on('error', () => {});
  if (kind === 'refs') child.stdin.end();
  else feed(request, child, limits);
  child.stdout.pipe(response, { end: false });

  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      options.log.error('git did not start', { error });
      resolve(null);
    });
    child.once('close', (exit) => resolve(exit));
  });
  clearTimeout(deadline);
  running.delete(child);
  response.off('close', end);
  if (code === 0) {
    response.end();
    return;
  }
  options.log.warn('git upload-pack failed', { code, stderr: errors() });
  // Git has written its reason into the stream, if it could; a stream that is cut is how the client knows.
  if (response.headersSent) response.destroy();
  else refuse(response, 500, 'git could not read the repository of the run');
}

/** What upload-pack gets to see. Nothing of the host's environment, users' or system's git configuration. */
function environmentOf(gitDir: string, protocol: 0 | 2): { readonly [name: string]: string } {
  const settings: readonly (readonly [string, string])[] = [
    ['safe.directory', gitDir],
    // checkout fetches the commit of the run by its id, also when no branch points there any more.
    ['uploadpack.allowReachableSHA1InWant', 'true'],
    ['uploadpack.allowAnySHA1InWant', 'true'],
    ['uploadpack.allowFilter', 'true'],
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    // Nothing is fetched from anywhere while a job reads, whatever the repository's own configuration says.
    ['protocol.allow', 'never'],
    ['gc.auto', '0'],
    ['pack.threads', '1'],
    ['pack.windowMemory', PACK_WINDOW_MEMORY],
  ];
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    ...(protocol === 2 ? { GIT_PROTOCOL: 'version=2' } : {}),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** Sends the body, unpacked, into the process. Ends the process when it is too large, too slow or breaks off. */
function feed(request: IncomingMessage, child: ChildProcessWithoutNullStreams, limits: GitHttpLimits): void {
  const end = () => child.kill('SIGKILL');
  const idle = setTimeout(end, limits.idleMsMax);
  const counted = new PassThrough();
  let bytes = 0;
  counted.on('data', (chunk: Buffer) => {
    idle.refresh();
    bytes += chunk.byteLength;
    if (bytes > limits.requestBytesMax) end();
  });
  counted.once('end', () => clearTimeout(idle));
  child.once('close', () => clearTimeout(idle));
  request.once('error', end);
  unpacked(request).on('error', end).pipe(counted).pipe(child.stdin);
}

function unpacked(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'];
  return encoding === 'gzip' || encoding === 'x-gzip' ? request.pipe(createGunzip()) : request;
}

/** Nothing for a version that is not served. A client of version 1 is answered as one of version 0, as git does. */
function protocolOf(request: IncomingMessage): 0 | 2 | undefined {
  const header = request.headers['git-protocol'];
  if (header === undefined || header === '' || header === 'version=0' || header === 'version=1') return 0;
  return header === 'version=2' ? 2 : undefined;
}

function keepErrors(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < ERROR_BYTES_MAX) text += chunk.toString('utf8').slice(0, ERROR_BYTES_MAX - text.length);
  });
  return () => text;
}

/** Leave to run a process. Nothing when too many wait. */
function slotsOf(limits: GitHttpLimits): { take(): Promise<(() => void) | undefined> } {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  };
  return {
    async take() {
      if (taken < limits.processesMax) taken += 1;
      else if (waiting.length >= limits.waitingMax) return undefined;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return release;
    },
  };
}

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: { readonly [name: string]: string } = {},
): void {
  const isUnread = !response.req.complete;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...headers,
    ...(isUnread ? { connection: 'close' } : {}),
  });
  response.end(`${text}\n`, () => {
    if (isUnread) response.req.destroy();
  });
}
