import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type FakeS3 = AsyncDisposable & {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly key: { readonly id: string; readonly secret: string };
  /** By key, as they are. */
  readonly objects: Map<string, { body: Buffer; modifiedAt: number }>;
  /** What was asked, as `PUT blobs/…`. */
  readonly asked: string[];
  /** Asked before each answer: a status instead of the answer. */
  fail: ((method: string, key: string) => number | undefined) | undefined;
};

const PAGE = 3;
const SKEW_MS = 15 * 60_000;

/**
 * The part of S3 that is spoken here, in memory. It verifies the signature of each request (AWS's "Authenticating Requests", version 4)
 * and the digest of each body by itself, and gives listings in pages of three.
 */
export async function openFakeS3(
  options: { readonly now?: () => number; readonly port?: number } = {},
): Promise<FakeS3> {
  const now = options.now ?? Date.now;
  const key = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
  const fake = {
    bucket: 'ci-data',
    region: 'eu-test-1',
    key,
    objects: new Map<string, { body: Buffer; modifiedAt: number }>(),
    asked: [] as string[],
    fail: undefined as FakeS3['fail'],
  };
  const server = createServer((request, response) => {
    answer(fake, request, response, now).catch((thrown: unknown) => {
      response.writeHead(500).end(String(thrown));
    });
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(fake, {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}

type Fake = Omit<FakeS3, 'endpoint' | keyof AsyncDisposable>;

async function answer(
  fake: Fake,
  request: IncomingMessage,
  response: ServerResponse,
  now: () => number,
): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`);
  const body = await buffer(request);
  const method = request.method ?? '';
  const name = decodeURIComponent(url.pathname.slice(`/${fake.bucket}/`.length));
  fake.asked.push(`${method} ${name}`);
  const refuse = (status: number, code: string) =>
    response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
  const failure = fake.fail?.(method, name);
  if (failure !== undefined) return void refuse(failure, 'Injected');
  const problem = signatureProblem(fake, { request, url, body, now: now() });
  if (problem !== undefined) return void refuse(403, problem);
  if (!url.pathname.startsWith(`/${fake.bucket}`)) return void refuse(404, 'NoSuchBucket');
  if (method === 'GET' && url.searchParams.get('list-type') === '2') return list(fake, url, response);
  const found = fake.objects.get(name);
  if (method === 'PUT') {
    if (request.headers['content-length'] === undefined) return void refuse(411, 'MissingContentLength');
    if (request.headers['if-none-match'] === '*' && found !== undefined) return void refuse(412, 'PreconditionFailed');
    fake.objects.set(name, { body, modifiedAt: now() });
    return void response.writeHead(200).end();
  }
  if (method === 'DELETE') {
    fake.objects.delete(name);
    return void response.writeHead(204).end();
  }
  if (found === undefined) return void refuse(404, 'NoSuchKey');
  response.writeHead(200, {
    'content-length': found.body.length,
    'last-modified': new Date(found.modifiedAt).toUTCString(),
  });
  response.end(method === 'HEAD' ? undefined : found.body);
}

function list({ objects }: Fake, url: URL, response: ServerResponse): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const after = url.searchParams.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, PAGE);
  const contents = page.map((key) => {
    const { body, modifiedAt } = objects.get(key) ?? { body: Buffer.alloc(0), modifiedAt: 0 };
    const time = new Date(modifiedAt).toISOString();
    return `<Contents><Key>${key}</Key><LastModified>${time}</LastModified><Size>${body.length}</Size></Contents>`;
  });
  const isCut = keys.length > page.length;
  const next = isCut ? `<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : '';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  );
}

const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

function signatureProblem(
  { key, region }: Fake,
  { request, url, body, now }: { request: IncomingMessage; url: URL; body: Buffer; now: number },
): string | undefined {
  const [, id, date, of, signedHeaders = '', given = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  if (id !== key.id) return 'InvalidAccessKeyId';
  if (of !== region || date === undefined) return 'AuthorizationHeaderMalformed';
  const time = String(request.headers['x-amz-date']);
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!time.startsWith(date) || !(Math.abs(at - now) < SKEW_MS)) return 'RequestTimeTooSkewed';
  const names = signedHeaders.split(';');
  const amz = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-') || name === 'if-none-match');
  if (!['host', 'x-amz-content-sha256', ...amz].every((name) => names.includes(name))) return 'AccessDenied';
  const digest = String(request.headers['x-amz-content-sha256']);
  if (digest !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/');
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = [request.method, path, query, headers, signedHeaders, digest].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const signing = hmac(hmac(hmac(hmac(`AWS4${key.secret}`, date), region), 's3'), 'aws4_request');
  const wanted = hmac(signing, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'));
  return timingSafeEqual(wanted, Buffer.from(given, 'hex')) ? undefined : 'SignatureDoesNotMatch';
}
