import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { AwsV4Signer } from 'aws4fetch';
import { type Clock, excerpt, isFault, reasonOf, type Secret } from '../base/index.ts';
import { fault } from './faults.ts';

/** One request as it goes over the wire, and the answer, whose body has to be read or destroyed. */
export type Wire = (asked: {
  readonly method: string;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body?: Readable | Buffer;
}) => Promise<WireAnswer>;
export type WireAnswer = {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: Readable;
};

export type BucketOptions = {
  /** `https://s3.example.org`: buckets are part of its path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before every key; empty, or ends with a slash. */
  readonly prefix: string;
  readonly key: { readonly id: string; readonly secret: Secret };
  readonly wire: Wire;
  readonly clock: Clock;
  /** Between two tries. For tests. Milliseconds. */
  readonly retryMs?: number;
};

export type BucketObject = { readonly key: string; readonly bytes: number; readonly modifiedAt: number };

/** What is put: bytes whose digest is known before they go, so that the signature covers them. */
export type Content = { readonly bytes: number; readonly sha256: string; open(): Readable | Buffer };

/** Objects by key. Keys are made of `[0-9a-z/._-]` only. Faults everywhere: `s3/refused`, `s3/unreachable`. */
export type Bucket = {
  /** False when `onlyIfAbsent` and it was there. */
  put(key: string, content: Content, options?: { readonly onlyIfAbsent?: boolean }): Promise<boolean>;
  get(key: string): Promise<{ readonly bytes: number; readonly body: Readable } | undefined>;
  head(key: string): Promise<BucketObject | undefined>;
  /** Harmless when it is not there. */
  remove(key: string): Promise<void>;
  list(prefix: string): AsyncGenerator<BucketObject>;
};

/** A request that the other end could not answer is sent so often in all. */
const TRIES_MAX = 5;
const RETRY_MS = 200;
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const PAGE_KEYS = '1000';
/** Pages of one listing: a hundred million objects. */
const PAGES_MAX = 100_000;
const EMPTY_SHA256 = createHash('sha256').digest('hex');

type Asked = {
  readonly method: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
  readonly key?: string;
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  readonly content?: Content;
};

/**
 * Speaks S3's REST protocol (https://docs.aws.amazon.com/AmazonS3/latest/API), each request signed with version 4 of AWS's signatures
 * over its body as well.
 */
export function openBucket(options: BucketOptions): Bucket {
  const ask = (asked: Asked) => tryAgain(options, asked);
  return {
    async put(key, content, { onlyIfAbsent = false } = {}) {
      const headers = onlyIfAbsent ? { 'if-none-match': '*' } : {};
      const answer = await ask({ method: 'PUT', key, content, headers });
      // 412: it is there. 409: somebody else puts it at this moment, which the next try sees.
      const isThere = answer.status === 412 && onlyIfAbsent;
      if (!isThere && answer.status !== 200) throw await refused(answer, `put ${key}`);
      await drain(answer.body);
      return !isThere;
    },
    async get(key) {
      const answer = await ask({ method: 'GET', key });
      if (answer.status === 404) return drain(answer.body);
      if (answer.status !== 200) throw await refused(answer, `get ${key}`);
      return { bytes: lengthOf(answer), body: answer.body };
    },
    async head(key) {
      const answer = await ask({ method: 'HEAD', key });
      if (answer.status !== 404 && answer.status !== 200) throw await refused(answer, `head ${key}`);
      await drain(answer.body);
      if (answer.status === 404) return undefined;
      return { key, bytes: lengthOf(answer), modifiedAt: Date.parse(headerOf(answer, 'last-modified')) };
    },
    async remove(key) {
      const answer = await ask({ method: 'DELETE', key });
      if (answer.status !== 204 && answer.status !== 200 && answer.status !== 404) {
        throw await refused(answer, `delete ${key}`);
      }
      await drain(answer.body);
    },
    async *list(prefix) {
      let token: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const query = {
          'list-type': '2',
          prefix: `${options.prefix}${prefix}`,
          'max-keys': PAGE_KEYS,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        };
        const answer = await ask({ method: 'GET', query });
        if (answer.status !== 200) throw await refused(answer, 'list');
        const found = readListing(await shortText(answer.body), options.prefix);
        yield* found.objects;
        token = found.next;
        if (token === undefined) return;
      }
      throw fault('refused', `the listing of ${prefix} does not end`);
    },
  };
}

async function tryAgain(options: BucketOptions, asked: Asked): Promise<WireAnswer> {
  for (let turn = 1; ; turn += 1) {
    const isLast = turn >= TRIES_MAX;
    try {
      const answer = await send(options, asked);
      const isPassing = answer.status >= 500 || answer.status === 429 || answer.status === 409;
      if (!isPassing || isLast) return answer;
      await drain(answer.body);
    } catch (thrown) {
      if (isFault(thrown)) throw thrown;
      if (isLast) throw fault('unreachable', excerpt(reasonOf(thrown), 200), { cause: thrown });
    }
    await new Promise((done) => setTimeout(done, (options.retryMs ?? RETRY_MS) * 2 ** (turn - 1)));
  }
}

async function send(options: BucketOptions, asked: Asked): Promise<WireAnswer> {
  const { endpoint, bucket, region, prefix, key, wire, clock } = options;
  const path = asked.key === undefined ? '' : `/${prefix}${asked.key}`;
  const url = new URL(`${endpoint.replace(/\/$/, '')}/${bucket}${path}`);
  for (const [name, value] of Object.entries(asked.query ?? {})) url.searchParams.set(name, value);
  const signer = new AwsV4Signer({
    url: url.toString(),
    method: asked.method,
    headers: { ...asked.headers, 'x-amz-content-sha256': asked.content?.sha256 ?? EMPTY_SHA256 },
    accessKeyId: key.id,
    secretAccessKey: key.secret.expose(),
    service: 's3',
    region,
    // Its form is 20261125T091500Z.
    datetime: new Date(clock.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
  });
  const signed = await signer.sign();
  const headers: Record<string, string> = Object.fromEntries(new Headers(signed.headers));
  if (asked.content !== undefined) headers['content-length'] = String(asked.content.bytes);
  return wire({
    method: asked.method,
    url: signed.url,
    headers,
    ...(asked.content === undefined ? {} : { body: asked.content.open() }),
  });
}

/** What the other end says of it: its code, without the rest, which may name keys. */
async function refused(answer: WireAnswer, what: string): Promise<Error> {
  const text = await shortText(answer.body).catch(() => '');
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1] ?? 'no code';
  return fault('refused', `${excerpt(what, 120)} was answered ${answer.status} ${code}`);
}

async function drain(body: Readable): Promise<undefined> {
  body.on('error', () => undefined);
  body.resume();
  await new Promise<void>((done) => {
    if (body.readableEnded || body.destroyed) done();
    else body.once('close', done).once('end', done);
  });
  return undefined;
}

async function shortText(body: Readable): Promise<string> {
  let bytes = 0;
  const chunks: AsyncIterable<unknown> = body;
  const kept: Buffer[] = [];
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw fault('refused', `an answer has more than ${ANSWER_BYTES_MAX} bytes`);
    kept.push(Buffer.from(chunk));
  }
  return Buffer.concat(kept).toString('utf8');
}

function headerOf({ headers }: WireAnswer, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function lengthOf(answer: WireAnswer): number {
  const bytes = Number(headerOf(answer, 'content-length') || Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw fault('refused', 'an answer does not say its length');
  return bytes;
}

/** A page of ListObjectsV2. */
function readListing(
  text: string,
  prefix: string,
): { readonly objects: readonly BucketObject[]; readonly next?: string } {
  let root: XmlElement | null;
  try {
    ({ root } = parseXml(text));
  } catch (thrown) {
    throw fault('refused', 'a listing is no XML', { cause: thrown });
  }
  const children = (of: XmlElement, name: string) =>
    of.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);
  const value = (of: XmlElement, name: string) => children(of, name)[0]?.text ?? '';
  if (root === null || root.name !== 'ListBucketResult') throw fault('refused', 'a listing has another form');
  const objects = children(root, 'Contents').flatMap((found) => {
    const key = value(found, 'Key');
    const [bytes, modifiedAt] = [Number(value(found, 'Size')), Date.parse(value(found, 'LastModified'))];
    return key.startsWith(prefix) && Number.isSafeInteger(bytes) && Number.isFinite(modifiedAt)
      ? [{ key: key.slice(prefix.length), bytes, modifiedAt }]
      : [];
  });
  const next = value(root, 'NextContinuationToken');
  return value(root, 'IsTruncated') === 'true' && next !== '' ? { objects, next } : { objects };
}

/** Short bytes that are at hand. */
export function contentOf(bytes: Buffer): Content {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), open: () => bytes };
}
