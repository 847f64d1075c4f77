import { type KeyObject, sign } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, reasonOf } from '../base/index.ts';
import {
  RUNNER_PATH,
  RUNNER_PROTOCOL_VERSION,
  runnerProblem,
  sessionResponse,
  sessionText,
} from '../protocol/index.ts';
import { fault } from './faults.ts';

export type ConnectionOptions = {
  /** `https://host`, or `http://` of this machine. */
  readonly url: string;
  /** Certificates to trust instead of those of the system, PEM. */
  readonly ca?: string;
  readonly runner?: { readonly id: number; readonly key: KeyObject };
  /** The address that the server knows itself by, when it is reached by another one, as over a tunnel. */
  readonly origin?: string;
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
};

export type Ask = {
  readonly json?: object;
  readonly body?: Buffer | Readable;
  readonly headers?: { readonly [name: string]: string };
  /** Without an answer by then the connection is given up. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The answer is a stream, not a message. */
  readonly raw?: boolean;
};

export type Answer = { readonly status: number; readonly value: unknown; readonly response: IncomingMessage };

export type Connection = {
  readonly url: URL;
  /** A request below `/runner/v1` with the runner's session. Faults: `remote/refused`, `remote/unreachable`, `remote/answer-invalid`. */
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** Any request to the server, with what the caller brings. */
  raw(method: string, path: string, ask: Ask): Promise<IncomingMessage>;
  close(): void;
};

const ANSWER_MS_MAX = 30_000;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A session is opened anew so long before it ends. */
const SESSION_MARGIN_MS = 60_000;

/** Throws `remote/insecure` for plain HTTP to another machine. */
export function openConnection(options: ConnectionOptions): Connection {
  const url = URL.parse(options.url);
  const isLocal = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))) {
    throw fault('insecure', options.url.slice(0, 200));
  }
  const client = url.protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true, ...(options.ca === undefined ? {} : { ca: options.ca }) });
  let session: { readonly token: string; readonly until: number } | undefined;
  let opening: Promise<string> | undefined;

  function raw(method: string, path: string, ask: Ask): Promise<IncomingMessage> {
    const json = ask.json === undefined ? undefined : Buffer.from(JSON.stringify(ask.json));
    const body = json ?? ask.body;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = client.request(new URL(path, url ?? ''), {
      method,
      agent,
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(Buffer.isBuffer(body) ? { 'content-length': body.length } : {}),
        ...ask.headers,
      },
      timeout: ask.timeoutMs ?? ANSWER_MS_MAX,
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    });
    const fail = (thrown: unknown) =>
      reject(fault('unreachable', `${method} ${url?.origin ?? ''}: ${reasonOf(thrown)}`, { cause: thrown }));
    request.once('response', (response) => {
      // An answer that did not wait for the body needs no more of it.
      response.once('end', () => request.writableFinished || request.destroy());
      resolve(response);
    });
    request.on('error', fail);
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else pipeline(body, request).catch(fail);
    return promise;
  }

  async function openSession(): Promise<string> {
    const { runner, clock, random } = options;
    if (runner === undefined) throw fault('refused', 'this is no runner of the server yet');
    const asked = { runnerId: runner.id, time: clock.now(), nonce: random(16).toString('base64url') };
    const text = Buffer.from(sessionText(options.origin ?? url?.origin ?? '', asked));
    const signature = sign(null, text, runner.key).toString('base64');
    const response = await raw('POST', `${RUNNER_PATH}/session`, {
      json: { version: RUNNER_PROTOCOL_VERSION, ...asked, signature },
    });
    const { token, expiresInMs } = sessionResponse.parse(await messageOf(response));
    session = { token, until: clock.monotonic() + expiresInMs - SESSION_MARGIN_MS };
    return token;
  }

  async function sessionToken(): Promise<string> {
    if (session !== undefined && options.clock.monotonic() < session.until) return session.token;
    opening ??= openSession().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  return {
    url,
    raw,
    async ask(method, path, ask = {}) {
      const send = async () => {
        const authorization = options.runner === undefined ? undefined : `Bearer ${await sessionToken()}`;
        const headers = { ...ask.headers, ...(authorization === undefined ? {} : { authorization }) };
        const answer = await raw(method, `${RUNNER_PATH}${path}`, { ...ask, headers });
        if (answer.statusCode === 401) session = undefined;
        return answer;
      };
      let response = await send();
      // A session can end before its time, as when the server got another key: the runner's own key opens the next one.
      const isAgain = ask.body === undefined || Buffer.isBuffer(ask.body);
      if (response.statusCode === 401 && options.runner !== undefined && isAgain) {
        response.resume();
        response = await send();
      }
      const status = response.statusCode ?? 0;
      if (ask.raw === true && status < 300) return { status, value: undefined, response };
      return { status, value: await messageOf(response), response };
    },
    close: () => agent.destroy(),
  };
}

async function messageOf(response: IncomingMessage): Promise<unknown> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > MESSAGE_BYTES_MAX) throw fault('answer-invalid', 'the answer is too large');
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw fault('unreachable', reasonOf(thrown), { cause: thrown });
  }
  if (status === 204) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (thrown) {
    const code = status >= 500 ? 'unreachable' : 'answer-invalid';
    throw fault(code, `the answer ${status} is no JSON`, { cause: thrown });
  }
  if (status < 300) return value;
  const problem = runnerProblem.safeParse(value);
  const told = problem.success ? `${problem.data.message} (${problem.data.code})` : `the server answered ${status}`;
  // A server that is not well will be again; a refusal stays one.
  throw fault(status >= 500 || status === 429 ? 'unreachable' : 'refused', told);
}
