import { type ChildProcess, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, PassThrough, type Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Log } from '../base/index.ts';
import { limitedCommand } from './environment.ts';
import type { GitLimits, Protocol } from './request.ts';
import { refuse } from './request.ts';

/** Bytes of git's error output that are kept for the log. */
const ERROR_BYTES_MAX = 4 * 1024;
/** Git takes away its locks and unfinished objects when it is asked to end; then it is ended. */
const GRACE_MS_MAX = 3000;
/** How git says that it can't read what the client sent. */
const PROTOCOL_ERROR = /^fatal: protocol error: /m;

export type GitService = {
  readonly program: string;
  readonly service: 'upload-pack' | 'receive-pack';
  /** What there is, or the exchange itself. */
  readonly kind: 'refs' | 'exchange';
  readonly gitDir: string;
  readonly env: { readonly [name: string]: string };
  readonly protocol: Protocol;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly limits: GitLimits;
  readonly log: Log;
  /** Looks at the unpacked body on its way to git. An error of it is the client's. */
  readonly inspect?: Transform;
  /** Hooks of the process reach this end of a socket pair as descriptor 3: nobody else can. */
  channel?(socket: Duplex, running: RunningGit): void;
  /** Before git gets the first byte of the body. */
  started?(running: RunningGit): Promise<void>;
  /** After git ended, and before the client has the end of its answer: what it may rely on then. Throws nothing. */
  ended?(outcome: GitOutcome): Promise<void>;
};

/** A git at work. */
export type RunningGit = {
  readonly pid: number;
  /** From here on it goes on to its end when the client leaves: refs are being moved. */
  keepGoing(): void;
  /** Ends it and all that it started. */
  end(reason: EndReason): void;
};

type EndReason = 'gone' | 'closed' | 'too-large' | 'too-slow' | 'too-long' | 'malformed';

export type GitOutcome = {
  readonly code: number | null;
  /** Why we ended it; nothing when it ended by itself. */
  readonly ended?: EndReason;
};

const ANSWERS: { readonly [Reason in EndReason]: readonly [status: number, text: string] } = {
  gone: [400, 'the client left'],
  closed: [503, 'the server is being stopped: try again'],
  'too-large': [413, 'the request is larger than this server takes'],
  'too-slow': [408, 'the request came too slowly'],
  'too-long': [503, 'the request took too long'],
  malformed: [400, 'this is not a request of git'],
};

/**
 * Answers one request by one git process in a process group of its own. It settles when the process has ended and all is answered. The
 * process ends when its client leaves, sends too much, too slowly or something else, or when the time is over.
 */
export async function serveGit(call: GitService, running: Set<RunningGit>): Promise<GitOutcome> {
  const { response, limits, service, kind } = call;
  const child = startService(call);
  let ended: EndReason | undefined;
  let isKept = false;
  let hasEnded = false;
  let grace: NodeJS.Timeout | undefined;
  const handle: RunningGit = {
    pid: child.pid ?? 0,
    keepGoing() {
      isKept = true;
    },
    end(reason) {
      // The number of a process that has ended may be another one's.
      if (ended !== undefined || hasEnded) return;
      ended = reason;
      killGroup(child, 'SIGTERM');
      grace = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS_MAX);
    },
  };
  running.add(handle);
  const closed = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      call.log.error('git did not start', { error });
      resolve(null);
    });
    child.once('close', (exit) => resolve(exit));
  });
  const deadline = setTimeout(() => handle.end('too-long'), limits.requestMsMax);
  const left = () => {
    child.stdout?.resume();
    if (!isKept) handle.end('gone');
  };
  response.once('close', left);
  const errors = keepErrors(child.stderr);
  try {
    openChannel(call, child, handle);
    if (child.pid !== undefined) await call.started?.(handle);
    if (response.destroyed) left();
    response.statusCode = 200;
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('content-type', `application/x-git-${service}-${kind === 'refs' ? 'advertisement' : 'result'}`);
    // Version 2 of upload-pack has no such line; version 0 names the service first.
    if (kind === 'refs' && (call.protocol === 0 || service === 'receive-pack')) {
      const line = `# service=git-${service}\n`;
      response.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`);
    }
    // A client that has read enough closes early, and the process may end before it read all: neither is a failure.
    child.stdin?.on('error', () => {});
    if (kind === 'refs') child.stdin?.end();
    else feed(call, child, handle);
    child.stdout?.pipe(response, { end: false });
    const code = await closed;
    hasEnded = true;
    clearTimeout(grace);
    const outcome = { code, ...(ended === undefined ? {} : { ended }) };
    await call.ended?.(outcome);
    finish(call, code, ended, errors());
    return outcome;
  } finally {
    if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGKILL');
    clearTimeout(deadline);
    clearTimeout(grace);
    running.delete(handle);
    response.off('close', left);
  }
}

function startService(call: GitService): ChildProcess {
  const { service, kind, gitDir, env, protocol, limits } = call;
  const git = [
    service,
    ...(service === 'upload-pack' ? ['--strict'] : []),
    '--stateless-rpc',
    ...(kind === 'refs' ? ['--http-backend-info-refs'] : []),
    gitDir,
  ];
  const [program, args] = limitedCommand([call.program, ...git], limits.memoryBytesMax);
  return spawn(program, args, {
    env: { ...env, ...(protocol === 2 ? { GIT_PROTOCOL: 'version=2' } : {}) },
    cwd: '/',
    // A group of its own, so that hooks and helpers of git end with it.
    detached: true,
    stdio: call.channel === undefined ? 'pipe' : ['pipe', 'pipe', 'pipe', 'pipe'],
  });
}

function openChannel(call: GitService, child: ChildProcess, handle: RunningGit): void {
  const socket = child.stdio[3];
  if (call.channel === undefined || !isDuplex(socket)) return;
  socket.on('error', () => {
    // The process ended while something was on its way: its end tells.
  });
  call.channel(socket, handle);
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

function finish(call: GitService, code: number | null, ended: EndReason | undefined, stderr: string): void {
  const { response, service, kind } = call;
  if (code === 0) {
    response.end();
    return;
  }
  // What is no protocol at all is the client's, not a failure of ours. Nothing of a repository makes git say so.
  const reason = ended ?? (kind === 'exchange' && PROTOCOL_ERROR.test(stderr) ? 'malformed' : undefined);
  if (ended !== 'gone') call.log.warn('git failed', { service, code, ended, stderr });
  // Git has written its reason into the stream, if it could; a stream that is cut is how the client knows.
  if (response.headersSent) response.destroy();
  else {
    const [status, text] = reason === undefined ? [500, 'git could not serve the repository'] : ANSWERS[reason];
    response.removeHeader('content-type');
    refuse(response, status, text);
  }
}

/** Sends the body, unpacked, into the process. Ends the process when it is too large, too slow or breaks off. */
function feed(call: GitService, child: ChildProcess, handle: RunningGit): void {
  const { request, limits } = call;
  const { stdin } = child;
  if (stdin === null) return;
  let bytes = 0;
  let bytesInSpan = 0;
  // While git does not take more, the pause is not the client's.
  let wasBlocked = false;
  const span = setInterval(() => {
    if (!wasBlocked && !stdin.writableNeedDrain && bytesInSpan < limits.idleBytesMin) handle.end('too-slow');
    bytesInSpan = 0;
    wasBlocked = stdin.writableNeedDrain;
  }, limits.idleMsMax);
  const counted = new PassThrough();
  counted.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    bytesInSpan += chunk.byteLength;
    if (stdin.writableNeedDrain) wasBlocked = true;
    if (bytes > limits.requestBytesMax) handle.end('too-large');
  });
  counted.once('end', () => clearInterval(span));
  child.once('close', () => clearInterval(span));
  request.once('error', () => handle.end('gone'));
  const malformed = (error: Error) => {
    call.log.warn('A request of git is malformed', { reason: error.message });
    handle.end('malformed');
  };
  const body = unpacked(request, malformed);
  const inspected = call.inspect === undefined ? body : body.pipe(call.inspect).on('error', malformed);
  inspected.pipe(counted).pipe(stdin);
}

function unpacked(request: IncomingMessage, malformed: (error: Error) => void): Readable {
  const encoding = request.headers['content-encoding'];
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return request;
  return request.pipe(createGunzip()).on('error', malformed);
}

function keepErrors(stream: Readable | null): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    if (text.length < ERROR_BYTES_MAX) text += chunk.toString('utf8').slice(0, ERROR_BYTES_MAX - text.length);
  });
  return () => text;
}
