import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal, variable } from './program.ts';

/**
 * The client side of GitHub's results service: Twirp calls with JSON, and blobs at signed addresses in the subset of
 * Azure's block blobs. Sources: the generated types and clients of actions/toolkit.
 */
export type BackendIds = { readonly workflow_run_backend_id: string; readonly workflow_job_run_backend_id: string };

export type ListedArtifact = BackendIds & {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  /** `sha256:…`, or '' when the server does not tell. */
  readonly digest: string;
};

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const REQUEST_MS_MAX = 5 * 60_000;
const ATTEMPTS_MAX = 3;
const RETRY_PAUSE_MS = 500;
/** One block of an upload. */
export const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_MAX = 50_000;

// Agents of our own: the shared one of Node would take a proxy from the environment, and these requests hold a token.
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

type Sent = { readonly headers?: { readonly [name: string]: string }; readonly body?: string | Uint8Array };

/** Sends a request; the answer's body has to be read or destroyed by the caller. */
function send(method: string, address: string, sent: Sent = {}): Promise<IncomingMessage> {
  const url = new URL(address);
  const isSecure = url.protocol === 'https:';
  const body = sent.body ?? '';
  const options = {
    method,
    agent: isSecure ? agents.https : agents.http,
    headers: { ...sent.headers, 'content-length': String(Buffer.byteLength(body)), 'user-agent': 'sallyport-builtin' },
    timeout: REQUEST_MS_MAX,
  };
  return new Promise((resolve, reject) => {
    const outgoing = isSecure ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer in ${REQUEST_MS_MAX} ms`)));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** Sends again after passing failures. A body is given whole, so that it can be sent twice. */
async function sendSurely(method: string, address: string, sent: Sent = {}): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(method, address, sent).catch((problem: unknown) => {
      if (attempt < ATTEMPTS_MAX) return undefined;
      throw new Refusal(
        `${new URL(address).origin} could not be reached: ${problem instanceof Error ? problem.message : ''}`,
      );
    });
    if (response !== undefined && ((response.statusCode ?? 500) < 500 || attempt === ATTEMPTS_MAX)) return response;
    response?.destroy();
    await sleep(RETRY_PAUSE_MS * attempt);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Refusal(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export type JsonObject = { readonly [key: string]: unknown };

/** Calls a method of the results service. An answer other than 200 is a refusal with the server's words. */
export async function call(
  service: 'ArtifactService' | 'CacheService',
  method: string,
  body: JsonObject,
): Promise<JsonObject> {
  const base = variable('ACTIONS_RESULTS_URL');
  const token = variable('ACTIONS_RUNTIME_TOKEN');
  if (base === '' || token === '')
    throw new Refusal('the results service is not there: ACTIONS_RESULTS_URL is not set');
  const address = new URL(`/twirp/github.actions.results.api.v1.${service}/${method}`, base).href;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await sendSurely('POST', address, { headers, body: JSON.stringify(body) });
  const text = await textOf(response);
  const value = parseObject(text);
  if (response.statusCode !== 200) {
    const words = [value['msg'], value['message'], value['code']].find((word) => typeof word === 'string');
    throw new Refusal(
      `${method} was refused (${response.statusCode}): ${typeof words === 'string' ? words : text.slice(0, 300)}`,
    );
  }
  return value;
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // Not JSON: the caller shows the text.
    return {};
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textMember(value: JsonObject, name: string): string {
  const found = value[name];
  if (typeof found === 'string') return found;
  return typeof found === 'number' ? String(found) : '';
}

/** The ids of run and job, out of the token's `scp`. The token is not verified here: the server does that. */
export function backendIds(): BackendIds {
  const payload = variable('ACTIONS_RUNTIME_TOKEN').split('.')[1] ?? '';
  const claims = parseObject(Buffer.from(payload, 'base64url').toString('utf8'));
  for (const scope of textMember(claims, 'scp').split(' ')) {
    const [kind, run, job] = scope.split(':');
    if (kind === 'Actions.Results' && run !== undefined && job !== undefined) {
      return { workflow_run_backend_id: run, workflow_job_run_backend_id: job };
    }
  }
  throw new Refusal('the runtime token does not name the run');
}

export async function listArtifacts(): Promise<readonly ListedArtifact[]> {
  const { artifacts } = await call('ArtifactService', 'ListArtifacts', { ...backendIds() });
  if (!Array.isArray(artifacts)) return [];
  return artifacts.filter(isObject).map((item) => ({
    workflow_run_backend_id: textMember(item, 'workflow_run_backend_id'),
    workflow_job_run_backend_id: textMember(item, 'workflow_job_run_backend_id'),
    id: Number(textMember(item, 'database_id')),
    name: textMember(item, 'name'),
    bytes: Number(textMember(item, 'size')),
    digest: isObject(item['digest']) ? textMember(item['digest'], 'value') : textMember(item, 'digest'),
  }));
}

/** An upload in blocks: what is written is hashed, cut and sent; `finish` commits it. */
export class BlockUpload {
  readonly #address: string;
  readonly #blockBytes: number;
  readonly #hash = createHash('sha256');
  readonly #blocks: string[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;

  constructor(address: string, blockBytes = BLOCK_BYTES) {
    this.#address = address;
    this.#blockBytes = blockBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#pending.push(Buffer.from(chunk));
    this.#pendingBytes += chunk.length;
    while (this.#pendingBytes >= this.#blockBytes) await this.#sendBlock(this.#blockBytes);
  }

  async finish(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    if (this.#pendingBytes > 0 || this.#blocks.length === 0) await this.#sendBlock(this.#pendingBytes);
    const list = this.#blocks.map((id) => `<Latest>${id}</Latest>`).join('');
    const body = `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`;
    await this.#put('comp=blocklist', body, 'application/xml');
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async #sendBlock(bytes: number): Promise<void> {
    if (this.#blocks.length >= BLOCKS_MAX) throw new Refusal(`the upload has more than ${BLOCKS_MAX} blocks`);
    const all = Buffer.concat(this.#pending);
    const rest = all.subarray(bytes);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    const id = Buffer.from(String(this.#blocks.length).padStart(10, '0')).toString('base64');
    await this.#put(`comp=block&blockid=${encodeURIComponent(id)}`, all.subarray(0, bytes), 'application/octet-stream');
    this.#blocks.push(id);
  }

  async #put(query: string, body: string | Uint8Array, type: string): Promise<void> {
    const address = `${this.#address}${this.#address.includes('?') ? '&' : '?'}${query}`;
    const response = await sendSurely('PUT', address, { body, headers: { 'content-type': type } });
    const text = await textOf(response);
    if (response.statusCode !== 201)
      throw new Refusal(`the upload was refused (${response.statusCode}): ${text.slice(0, 300)}`);
  }
}

export type Downloaded = {
  readonly sha256: string;
  readonly bytes: number;
  readonly type: string;
  readonly fileName: string;
};

/** Downloads a blob into a new file. More bytes than `bytesMax` are refused while they come. */
export async function download(address: string, path: string, bytesMax: number): Promise<Downloaded> {
  const response = await sendSurely('GET', address);
  if (response.statusCode !== 200) {
    throw new Refusal(`the download was refused (${response.statusCode}): ${(await textOf(response)).slice(0, 300)}`);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      if (bytes > bytesMax) done(new Refusal(`the download has more than ${bytesMax} bytes`));
      else done(null, chunk);
    },
  });
  await pipeline(response, count, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  const announced = response.headers['content-length'];
  if (announced !== undefined && Number(announced) !== bytes) {
    throw new Refusal(`the download broke off after ${bytes} of ${announced} bytes`);
  }
  return {
    sha256: hash.digest('hex'),
    bytes,
    type: (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
    fileName: fileNameOf(response.headers['content-disposition'] ?? ''),
  };
}

/** The last part of the name that the server suggests, or ''. */
function fileNameOf(disposition: string): string {
  const encoded = /filename\*=UTF-8''([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /filename="([^"]*)"/i.exec(disposition)?.[1];
  const name = encoded === undefined ? (plain ?? '') : decoded(encoded);
  const last = name.split(/[/\\]/).at(-1) ?? '';
  return last === '.' || last === '..' ? '' : last;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not encoded after all.
    return text;
  }
}

/** Lets the process end at once instead of when idle connections time out. */
export function closeConnections(): void {
  agents.http.destroy();
  agents.https.destroy();
}
