import type { IncomingMessage, ServerResponse } from 'node:http';
import { publicKeyOf, subjectOfToken } from '../attest/index.ts';
import type { AppendDeps } from '../auditlog/index.ts';
import { type Clock, isFault, type Log, reasonOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { JobLogs } from '../joblog/index.ts';
import {
  finishRequest,
  type JobOutcome,
  LEASE_HEADER,
  pollRequest,
  registerRequest,
  RUNNER_PATH,
  renewRequest,
  sessionRequest,
} from '../protocol/index.ts';
import {
  drainRunner,
  type LeaseKey,
  type Queue,
  registerRunner,
  removeRunner,
  runnerById,
  touchRunner,
} from '../queue/index.ts';
import type { ResultsLimits, ResultsStore } from '../results/index.ts';
import { fault } from './runner-faults.ts';
import { BODY_MS_MAX, bytesOf, jsonOf, replyJson } from './runner-http.ts';
import { recordRefusal } from './runner-refusals.ts';
import { openSessions, type Sessions } from './runner-sessions.ts';
import { serveResults } from './runner-results.ts';

/** A message: capability records and outcomes are the largest. */
const JSON_BYTES_MAX = 4 * 1024 * 1024;
/** From somebody who is not known yet. */
const FIRST_BYTES_MAX = 256 * 1024;
const LOG_APPEND_BYTES_MAX = 4 * 1024 * 1024;

export type RunnerDoorDeps = AppendDeps & {
  readonly db: Database;
  readonly queue: Queue;
  readonly logs: JobLogs;
  readonly results: ResultsStore;
  /** Of sessions: who made a token, the key it is verified with, and how one is made. */
  readonly tokens: {
    readonly issuer: string;
    readonly publicKey: Buffer;
    sign(subject: string, issuedAt: number, expiresAt: number): Promise<string>;
  };
  /** The address of the server, which runners sign. */
  readonly origin: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the server ends: who waits for a job is answered, and asks again when there is a server. */
  readonly closing?: AbortSignal;
  /** How long a message may take, and what breaks an upload may have. Milliseconds. */
  readonly bodyMsMax?: number;
  readonly uploadLimits?: Pick<ResultsLimits, 'bodyIdleMsMax' | 'bodyMsMax'>;
};

/** Answers everything below `/runner/v1`, and tells whether a request was there. Never rejects. */
export type RunnerDoor = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Ends when the runner has gone away. */
  readonly signal: AbortSignal;
};

/** The door for runners. Who a runner is says its session; what it may touch says the lease that it shows. */
export function createRunnerDoor(deps: RunnerDoorDeps): RunnerDoor {
  const sessions = openSessions(deps);
  return async (request, response) => {
    const url = URL.parse(request.url ?? '', 'http://runner.invalid');
    if (url === null || !url.pathname.startsWith(`${RUNNER_PATH}/`)) return false;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { closing } = deps;
    const hangUp = () => {
      if (!response.headersSent) response.setHeader('connection', 'close');
      gone.abort();
    };
    if (closing?.aborted === true) hangUp();
    closing?.addEventListener('abort', hangUp, { once: true });
    response.once('close', () => closing?.removeEventListener('abort', hangUp));
    try {
      await route(deps, sessions, { request, response, url, signal: gone.signal });
    } catch (thrown) {
      refuse(deps, response, thrown);
    }
    return true;
  };
}

async function route(deps: RunnerDoorDeps, sessions: Sessions, call: Call): Promise<void> {
  const { request, response, url } = call;
  const path = url.pathname.slice(RUNNER_PATH.length);
  const what = `${request.method} ${path}`;
  if (what === 'POST /register') {
    const {
      version: _version,
      publicKey,
      ...wanted
    } = registerRequest.parse(await jsonFrom(deps, call, FIRST_BYTES_MAX));
    const runnerId = await registerRunner(deps, { ...wanted, publicKey: Buffer.from(publicKey, 'base64') });
    return replyJson(response, 200, { runnerId });
  }
  if (what === 'POST /session') {
    const asked = sessionRequest.parse(await jsonFrom(deps, call, FIRST_BYTES_MAX));
    return replyJson(response, 200, await sessions.open(asked));
  }
  const runnerId = requireSession(deps, request);
  if (what === 'POST /poll') return poll(deps, runnerId, call);
  if (what === 'POST /leave') return leave(deps, runnerId, call);
  const [, job, action = ''] = /^\/jobs\/([1-9]\d{0,15})\/(renew|log|finish|results\/.*)$/.exec(path) ?? [];
  if (job === undefined) throw fault('not-found', what.slice(0, 200));
  const jobId = Number(job);
  if (what === `POST /jobs/${job}/renew`) return renew(deps, { jobId, runnerId }, call);
  if (what === `POST /jobs/${job}/finish`) return finish(deps, { jobId, runnerId }, call);
  const key: LeaseKey = { jobId, runnerId, token: headerOf(request, LEASE_HEADER) };
  if (what === `PUT /jobs/${job}/log`) return appendLog(deps, key, call);
  if (action.startsWith('results/')) return serveResults(deps, key, action.slice('results'.length), call);
  throw fault('not-found', what.slice(0, 200));
}

function jsonFrom(deps: RunnerDoorDeps, { request }: Call, bytesMax = JSON_BYTES_MAX): Promise<unknown> {
  return jsonOf(request, { bytesMax, msMax: deps.bodyMsMax ?? BODY_MS_MAX });
}

function requireSession({ tokens, clock }: RunnerDoorDeps, request: IncomingMessage): number {
  const [, token = ''] = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const now = Math.floor(clock.now() / 1000);
  const key = publicKeyOf(tokens.publicKey);
  const subject = subjectOfToken(token, { use: 'runner-session', issuer: tokens.issuer, key, now });
  const [, id] = /^runner:(\d+)$/.exec(subject ?? '') ?? [];
  if (id === undefined) throw fault('not-signed-in', 'the session is over, or was never there');
  return Number(id);
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

async function poll(deps: RunnerDoorDeps, runnerId: number, call: Call): Promise<void> {
  const { response, signal } = call;
  const { waitMs, walls } = pollRequest.parse(await jsonFrom(deps, call));
  const runner = await runnerById(deps.db, runnerId);
  if (runner === undefined) throw fault('not-signed-in', `runner ${runnerId} was removed`);
  await touchRunner(deps, runnerId);
  if (runner.state !== 'active') return replyJson(response, 200, { draining: true });
  // What it had when it registered is the most that it is trusted with; what stands now may be less.
  const standing = walls.filter((wall) => runner.walls.includes(wall));
  const claimed = await deps.queue.poll({ runnerId, labels: runner.labels, walls: standing }, waitMs, signal);
  if (claimed === undefined) {
    response.writeHead(204).end();
    return;
  }
  // One job, whatever it asks for afterwards.
  if (runner.ephemeral) await drainRunner(deps, selfOf(runnerId), runnerId);
  const { jobId, lease, leaseToken, leaseMs, jobToken } = claimed;
  const logBytes = await deps.logs.size(jobId);
  replyJson(response, 200, { jobId, lease, leaseToken, leaseMs, jobToken, logBytes });
}

/** An ephemeral runner ends after its job; one that was drained is told so, and goes. */
async function leave(deps: RunnerDoorDeps, runnerId: number, { response }: Call): Promise<void> {
  await removeRunner(deps, selfOf(runnerId), runnerId);
  replyJson(response, 200, {});
}

function selfOf(runnerId: number) {
  return { id: String(runnerId), name: `runner ${runnerId}`, kind: 'runner' } as const;
}

type JobOfRunner = { readonly jobId: number; readonly runnerId: number };

async function renew(deps: RunnerDoorDeps, job: JobOfRunner, call: Call): Promise<void> {
  const { response, signal } = call;
  const { leaseToken, level, known, waitMs } = renewRequest.parse(await jsonFrom(deps, call));
  const key: LeaseKey = { ...job, token: leaseToken };
  replyJson(response, 200, await deps.queue.renew(key, level, { known, waitMs, signal }));
}

async function finish(deps: RunnerDoorDeps, job: JobOfRunner, call: Call): Promise<void> {
  const { leaseToken, logBytes, outcome } = finishRequest.parse(await jsonFrom(deps, call));
  const key: LeaseKey = { ...job, token: leaseToken };
  const size = await deps.logs.size(job.jobId);
  if (size < logBytes) {
    // A runner that ends a job before its log is here would make a gap. How long the log is hears only who holds the job.
    await deps.queue.require(key);
    await recordRefusal(deps, key, 'log size');
    throw fault('message-invalid', `the log has ${size} bytes, and the runner tells of ${logBytes}`);
  }
  await deps.queue.finish(key, { outcome: outcome satisfies JobOutcome, logBytes: size });
  await deps.logs.seal(job.jobId);
  const runner = await runnerById(deps.db, job.runnerId);
  if (runner?.ephemeral === true) await removeRunner(deps, selfOf(job.runnerId), job.runnerId);
  replyJson(call.response, 200, {});
}

async function appendLog(deps: RunnerDoorDeps, key: LeaseKey, { request, response, url }: Call): Promise<void> {
  const offset = Number(/^\d{1,15}$/.exec(url.searchParams.get('offset') ?? '')?.[0] ?? Number.NaN);
  if (!Number.isSafeInteger(offset)) throw fault('message-invalid', 'offset is a number of bytes');
  await deps.queue.require(key);
  const bytes = await bytesOf(request, { bytesMax: LOG_APPEND_BYTES_MAX, msMax: deps.bodyMsMax ?? BODY_MS_MAX });
  // The body took its time, and the lease may have ended in it.
  await deps.queue.require(key);
  replyJson(response, 200, await deps.logs.append(key.jobId, offset, bytes));
}

function refuse({ log }: RunnerDoorDeps, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (isFault(thrown) && thrown.status < 500) {
    return replyJson(response, thrown.status, { code: thrown.code, message: thrown.message, help: thrown.help });
  }
  if (thrown instanceof Error && thrown.name === 'ZodError') {
    const { code, help, status } = fault('message-invalid', '');
    return replyJson(response, status, { code, message: thrown.message.slice(0, 1000), help });
  }
  log.error('A request of a runner failed', { reason: reasonOf(thrown) });
  const status = isFault(thrown) ? thrown.status : 500;
  replyJson(response, status, {
    code: isFault(thrown) ? thrown.code : 'runner-door/failed',
    message: 'the server could not do it',
  });
}
