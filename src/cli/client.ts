import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { excerpt, Fault, reasonOf } from '../base/index.ts';
import type { ClientTools } from './client-tools.ts';
import { fault } from './faults.ts';

/** Bytes of one answer that is no stream. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const ANSWER_MS_MAX = 120_000;
const UPLOAD_MS_MAX = 6 * 3_600_000;
/** How often a stream that was cut is taken up again without anything new in between. */
const RESUMES_MAX = 10;
const RESUME_MS = 1000;
const RESUME_MS_MAX = 15_000;
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

export type Json = { readonly [name: string]: unknown };
type Query = { readonly [name: string]: string | number | undefined };

/** One message of an event stream. */
export type StreamMessage = { readonly event: string; readonly id: string | undefined; readonly data: unknown };

/** A server, as one person sees it. Everything that it answers is text from outside. */
export class Client {
  readonly origin: string;
  readonly #tools: ClientTools;
  readonly #token: string | undefined;

  constructor(tools: ClientTools, origin: string, token: string | undefined) {
    this.origin = origin;
    this.#tools = tools;
    this.#token = token;
  }

  async get(path: string, query: Query = {}): Promise<Json> {
    return objectOf(await this.#json('GET', path, query));
  }

  /** The items of a list, page by page, until there are so many. */
  async list(path: string, query: Query, itemsMax: number): Promise<readonly Json[]> {
    const items: Json[] = [];
    for (let cursor: string | undefined; items.length < itemsMax; ) {
      const page = await this.get(path, { ...query, ...(cursor === undefined ? {} : { cursor }) });
      const found = page['items'];
      if (!Array.isArray(found)) throw strange('a list without items');
      items.push(...found.map(objectOf));
      if (typeof page['next'] !== 'string' || found.length === 0) break;
      cursor = page['next'];
    }
    return items.slice(0, itemsMax);
  }

  /** Does something; twice when the first answer is lost does it once all the same. */
  async send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Json> {
    const answer = await this.#json(method, path, {}, body);
    return answer === undefined ? {} : objectOf(answer);
  }

  /** Sends a file as it is. */
  async upload(path: string, file: string): Promise<Json> {
    const body = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
    const response = await this.#ask('PUT', path, { file: body, signal: AbortSignal.timeout(UPLOAD_MS_MAX) });
    return objectOf(JSON.parse(await textOf(response)));
  }

  async bytes(path: string, query: Query = {}): Promise<Response> {
    return this.#ask('GET', path, { query });
  }

  /** The messages of a stream that is not taken up again: what it tells of goes on by itself. */
  async *progress(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<StreamMessage> {
    yield* messagesOf(await this.#ask('POST', path, { body, signal }));
  }

  /** The messages of a stream. One that is cut is taken up behind the last message, so that none is missing and none comes twice. */
  async *stream(path: string, query: Query, signal: AbortSignal): AsyncGenerator<StreamMessage> {
    let last: string | undefined;
    for (let cuts = 0; !signal.aborted; ) {
      try {
        const headers = last === undefined ? {} : { 'last-event-id': last };
        for await (const message of messagesOf(await this.#ask('GET', path, { query, headers, signal }))) {
          cuts = 0;
          last = message.id ?? last;
          if (message.event === 'failed') throw faultOfProblem(objectOf(objectOf(message.data)['problem']), 500);
          yield message;
          if (message.event === 'end') return;
        }
      } catch (thrown) {
        if (signal.aborted) return;
        const mayComeBack = !(thrown instanceof Fault) || thrown.status === 429 || thrown.status >= 500;
        if (!mayComeBack || cuts >= RESUMES_MAX) throw thrown;
      }
      cuts += 1;
      if (cuts > RESUMES_MAX) throw fault('server-unreachable', `${this.origin}: the stream is cut again and again`);
      await sleep(Math.min(RESUME_MS * 2 ** (cuts - 1), RESUME_MS_MAX), undefined, { signal }).catch(() => undefined);
    }
  }

  async #json(method: string, path: string, query: Query, body?: unknown): Promise<unknown> {
    const response = await this.#ask(method, path, { query, body, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (response.status === 204) return undefined;
    const text = await textOf(response);
    try {
      return JSON.parse(text);
    } catch {
      throw strange('no JSON');
    }
  }

  async #ask(
    method: string,
    path: string,
    options: {
      readonly query?: Query;
      readonly body?: unknown;
      readonly file?: ReadableStream<Uint8Array>;
      readonly headers?: { readonly [name: string]: string };
      readonly signal?: AbortSignal;
    },
  ): Promise<Response> {
    const { query = {}, body, file, headers = {}, signal } = options;
    const url = new URL(`/api/v1${path}`, this.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await this.#tools
      .fetch(url.href, {
        method,
        headers: {
          accept: 'application/json',
          ...headers,
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'POST' ? { 'idempotency-key': this.#tools.newId() } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(file === undefined ? {} : { body: file, duplex: 'half' as const }),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((thrown: unknown) => {
        const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
        throw fault('server-unreachable', `${this.origin}: ${excerpt(reasonOf(cause))}`, { cause: thrown });
      });
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw strange(`more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** What a server says that is not ours, or broken. */
const strange = (what: string) => fault('answer-strange', `the server answered with ${what}`);

async function refusalOf(response: Response): Promise<Fault> {
  if (!/[+/]json/.test(response.headers.get('content-type') ?? '')) return strange(`the status ${response.status}`);
  try {
    return faultOfProblem(objectOf(JSON.parse(await textOf(response))), response.status);
  } catch {
    return strange(`the status ${response.status}`);
  }
}

/** The fault that the server had, as if it were one of ours: the same code, help and exit code. */
function faultOfProblem(problem: Json, status: number): Fault {
  const { code, detail, help } = problem;
  if (typeof code !== 'string' || !/^[a-z-]+\/[a-z-]+$/.test(code) || typeof detail !== 'string') {
    return strange(`the status ${status}`);
  }
  const told = typeof help === 'string' ? help.slice(0, 500) : '';
  return new Fault(code, { status, help: told }, excerpt(detail, 1000));
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw strange('no object');
  return Object.fromEntries(Object.entries(value));
}

async function* messagesOf(response: Response): AsyncGenerator<StreamMessage> {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) throw strange('no event stream');
  const decoder = new TextDecoder();
  let open = '';
  for await (const bytes of response.body ?? []) {
    open += decoder.decode(bytes, { stream: true });
    if (open.length > MESSAGE_BYTES_MAX) throw strange('a message that is too long');
    const parts = open.split('\n\n');
    open = parts.pop() ?? '';
    for (const part of parts) {
      const message = messageOf(part);
      if (message !== undefined) yield message;
    }
  }
}

function messageOf(text: string): StreamMessage | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2));
  }
  const event = fields.get('event');
  if (event === undefined) return undefined;
  try {
    return { event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '') };
  } catch {
    throw strange('a message that is no JSON');
  }
}

/** Fields of an answer, checked as they are read. */
export function text(object: Json, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw strange(`no text in ${name}`);
  return value;
}

export function optionalText(object: Json, name: string): string | undefined {
  return object[name] === undefined ? undefined : text(object, name);
}

export function integer(object: Json, name: string): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw strange(`no whole number in ${name}`);
  return value;
}

export function inner(object: Json, name: string): Json {
  return objectOf(object[name]);
}

export function objects(object: Json, name: string): readonly Json[] {
  const value = object[name];
  if (!Array.isArray(value)) throw strange(`no list in ${name}`);
  return value.map(objectOf);
}

export function texts(object: Json, name: string): readonly string[] {
  const value = object[name];
  if (!Array.isArray(value)) throw strange(`no list in ${name}`);
  return value.map(String);
}
