import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawPublicKey } from '../attest/index.ts';
import { digestOf } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { LEASE_HEADER, LEVEL_HEADER, sessionText } from '../protocol/index.ts';
import { openFinished, removeRunner, runnerById } from '../queue/index.ts';
import { add, depsOf, job, OWNER } from '../queue/queue.fixture.ts';
import { doorLease, random, type ServedDoor, serveDoor } from './runner-door.fixture.ts';

let postgres: TestPostgres;
let door: ServedDoor;

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  door = await serveDoor(postgres, { bodyMsMax: 700, uploadLimits: { bodyIdleMsMax: 500, bodyMsMax: 10_000 } });
});
afterEach(() => door[Symbol.asyncDispose]());

type Answer = { readonly status: number; readonly body: { readonly [key: string]: unknown } };
type Runner = { readonly id: number; readonly key: KeyObject; readonly token: string };
type Claim = { readonly jobId: number; readonly leaseToken: string };

async function ask(method: string, path: string, body: unknown, token = '', headers: object = {}): Promise<Answer> {
  const isBytes = typeof body === 'string';
  const response = await fetch(`${door.origin}/runner/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const CAPABILITY = {
  version: 1,
  platform: { os: 'linux', arch: 'x64', kernel: '6', root: true },
  walls: [{ name: 'network', state: 'hard', reason: '' }],
  tools: {},
};

const registration = (registrationToken: string, key: Buffer, changes: object = {}) => ({
  version: 1,
  registrationToken,
  name: `runner-${key.toString('hex').slice(0, 8)}`,
  labels: ['linux'],
  publicKey: key.toString('base64'),
  capability: CAPABILITY,
  ephemeral: false,
  ...changes,
});

function signed(id: number, key: KeyObject, changes: { time?: number; origin?: string } = {}) {
  const asked = { runnerId: id, time: changes.time ?? Date.now(), nonce: random(16).toString('base64url') };
  const text = Buffer.from(sessionText(changes.origin ?? door.origin, asked));
  return { version: 1, ...asked, signature: sign(null, text, key).toString('base64') };
}

async function joined(changes: object = {}): Promise<Runner> {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const made = await ask('POST', '/register', registration(await door.invite(), rawPublicKey(key), changes));
  const id = Number(made.body['runnerId']);
  const session = await ask('POST', '/session', signed(id, key));
  return { id, key, token: String(session.body['token']) };
}

async function claimed(runner: Runner, jobId: number): Promise<Claim> {
  await add(door.db, job(jobId, { lease: doorLease(jobId) }));
  const { status, body } = await poll(runner);
  expect(status).toBe(200);
  const claim = { jobId: Number(body['jobId']), leaseToken: String(body['leaseToken']) };
  expect((await renew(runner, claim)).status).toBe(200);
  return claim;
}

const poll = ({ token }: Runner) => ask('POST', '/poll', { version: 1, waitMs: 0, walls: ['network'] }, token);
const renew = ({ token }: Runner, { jobId, leaseToken }: Claim) =>
  ask('POST', `/jobs/${jobId}/renew`, { leaseToken, level: 'branch', known: 'none', waitMs: 0 }, token);
const log = ({ token }: Runner, { jobId, leaseToken }: Claim, offset: number | string, text: string) =>
  ask('PUT', `/jobs/${jobId}/log?offset=${offset}`, text, token, { [LEASE_HEADER]: leaseToken });
const outcome = { conclusion: 'success', outputs: {}, influencedOutputs: [], level: 'branch', taints: [] };
const finish = ({ token }: Runner, { jobId, leaseToken }: Claim, logBytes: number) =>
  ask('POST', `/jobs/${jobId}/finish`, { leaseToken, logBytes, outcome }, token);
const results = ({ token }: Runner, { jobId, leaseToken }: Claim, method: string, path: string, body?: unknown) =>
  ask(method, `/jobs/${jobId}/results${path}`, body, token, {
    [LEASE_HEADER]: leaseToken,
    [LEVEL_HEADER]: 'branch',
    ...(typeof body === 'string' ? { 'content-type': 'application/octet-stream' } : {}),
  });
const reads = async (jobId: number) => (await door.logs.read(jobId, { from: 0, bytesMax: 1000 })).toString();

describe('a runner', () => {
  test('joins, signs, takes a job, logs and ends it', async () => {
    const runner = await joined();
    const claim = await claimed(runner, 1);
    expect(await log(runner, claim, 0, 'one\n')).toEqual({ status: 200, body: { size: 4 } });
    // Its answer was lost: the same again is no second line.
    expect(await log(runner, claim, 0, 'one\n')).toEqual({ status: 200, body: { size: 4 } });
    expect((await finish(runner, claim, 4)).status).toBe(200);
    expect((await finish(runner, claim, 4)).status).toBe(200);

    expect(await reads(1)).toBe('one\n');
    expect(await openFinished(door.db, { limit: 9 })).toMatchObject([{ jobId: 1, outcome: { conclusion: 'success' } }]);
    expect(await door.denied()).toEqual([]);
  });

  test('that is ephemeral gets one job, whatever it asks for, and is gone with it', async () => {
    const runner = await joined({ ephemeral: true });
    const claim = await claimed(runner, 1);
    await add(door.db, job(2, { lease: doorLease(2) }));
    expect(await poll(runner)).toEqual({ status: 200, body: { draining: true } });
    expect((await finish(runner, claim, 0)).status).toBe(200);

    expect((await poll(runner)).status).toBe(401);
    expect(await runnerById(door.db, runner.id)).toBeUndefined();
    // The control: another one goes on.
    expect(await poll(await joined())).toMatchObject({ status: 200, body: { jobId: 2 } });
  });

  test.each([
    ['another version', { version: 2 }],
    ['a further field', { more: 1 }],
    ['a name that is a path', { name: '../x' }],
    ['a key of another length', { publicKey: 'AAAA' }],
  ])('does not register with %s; its token stays good', async (_what, change) => {
    const key = rawPublicKey(generateKeyPairSync('ed25519').privateKey);
    const token = await door.invite();

    expect(await ask('POST', '/register', registration(token, key, change))).toMatchObject({
      status: 400,
      body: { code: 'runner-door/message-invalid' },
    });
    expect((await ask('POST', '/register', registration(token, key))).status).toBe(200);
    expect((await ask('POST', '/register', registration(token, key, { name: 'second' }))).status).toBe(401);
  });
});

describe('a session', () => {
  test('is opened by a signature once; a replay, another key, address or time is refused', async () => {
    const { id, key } = await joined();
    const message = signed(id, key);
    expect((await ask('POST', '/session', message)).status).toBe(200);

    expect(await ask('POST', '/session', message)).toMatchObject({
      status: 401,
      body: { message: 'this signature was used already' },
    });
    const other = generateKeyPairSync('ed25519').privateKey;
    for (const forged of [
      signed(id, other),
      signed(id, key, { origin: 'https://elsewhere.example' }),
      signed(id, key, { time: Date.now() - 600_000 }),
      { ...signed(id, key), runnerId: id + 1 },
    ]) {
      expect((await ask('POST', '/session', forged)).status).toBe(401);
    }
  });

  test('of nobody, or of a runner that was removed, gets no work', async () => {
    const runner = await joined();
    await add(door.db, job(1, { lease: doorLease(1) }));
    expect((await ask('POST', '/poll', { version: 1, waitMs: 0, walls: [] }, 'x.y.z')).status).toBe(401);
    await removeRunner(depsOf(door.db), OWNER, runner.id);
    expect((await poll(runner)).status).toBe(401);
    expect((await ask('POST', '/session', signed(runner.id, runner.key))).status).toBe(401);
    // The control: one that was not removed gets it.
    expect((await poll(await joined())).status).toBe(200);
  });
});

describe('a hostile runner', () => {
  test('touches nothing of a job that it does not hold, and each try is recorded', async () => {
    const [honest, hostile] = [await joined(), await joined()];
    const claim = await claimed(honest, 1);
    const own = await claimed(hostile, 2);
    await log(honest, claim, 0, 'secret\n');
    await results(honest, claim, 'PUT', '/artifacts?name=a&mimeType=application/zip', 'content');

    // Its own token for the other's job, a guess, the other's token under its own name.
    for (const stolen of [{ jobId: 1, leaseToken: own.leaseToken }, { jobId: 1, leaseToken: 'guess' }, claim]) {
      const answers = [
        await renew(hostile, stolen),
        await log(hostile, stolen, 7, 'planted\n'),
        await finish(hostile, stolen, 0),
        await finish(hostile, stolen, 99_999),
        await results(hostile, stolen, 'GET', '/artifacts'),
        await results(hostile, stolen, 'GET', '/artifacts/1'),
        await results(hostile, stolen, 'PUT', '/artifacts?name=b&mimeType=application/zip', 'content'),
        await results(hostile, stolen, 'DELETE', '/artifacts?name=a'),
        await results(hostile, stolen, 'PUT', '/caches?key=k&version=v', 'content'),
      ];
      for (const { status, body } of answers) {
        expect({ status, code: body['code'] }).toEqual({ status: 409, code: 'queue/lease-lost' });
      }
    }
    expect(await door.denied()).toHaveLength(27);
    // The control: the same by the one that holds it.
    expect((await log(honest, claim, 7, 'more\n')).status).toBe(200);
    expect(await results(honest, claim, 'GET', '/artifacts')).toMatchObject({ body: { artifacts: [{ name: 'a' }] } });
    expect((await finish(honest, claim, 12)).status).toBe(200);
    expect(await reads(1)).toBe('secret\nmore\n');
  });

  test('that lost its lease writes nothing more, not even what it began before', async () => {
    const runner = await joined();
    const claim = await claimed(runner, 1);
    expect((await log(runner, claim, 0, 'in time\n')).status).toBe(200);
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        await sleep(200);
        await door.endLease(1);
        yield Buffer.from('half');
      })(),
    );
    const path = '/runner/v1/jobs/1/results/artifacts?name=late&mimeType=application/zip';
    const request = httpRequest(`${door.origin}${path}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${runner.token}`,
        [LEASE_HEADER]: claim.leaseToken,
        [LEVEL_HEADER]: 'branch',
        'content-type': 'application/octet-stream',
      },
    });
    const late = new Promise((resolve) => request.once('response', ({ statusCode }) => resolve(statusCode)));
    await pipeline(body, request);

    expect(await late).toBe(409);
    expect(await door.results.artifacts.ofRun(1)).toEqual([]);
    expect((await log(runner, claim, 8, 'too late\n')).status).toBe(409);
    expect((await finish(runner, claim, 8)).status).toBe(409);
    expect(await reads(1)).toBe('in time\n');
  });

  test.each([
    ['a gap', 9, 'x', 409, 'joblog/offset'],
    ['other bytes than there are', 0, 'ONE\n', 409, 'joblog/offset'],
    ['no offset', '-1', 'x', 400, 'runner-door/message-invalid'],
    ['too much at once', 4, 'x'.repeat(5 * 1024 * 1024), 413, 'runner-door/body-too-large'],
  ])('changes no log by %s', async (_what, offset, text, status, code) => {
    const runner = await joined();
    const claim = await claimed(runner, 1);
    await log(runner, claim, 0, 'one\n');

    expect(await log(runner, claim, offset, text)).toMatchObject({ status, body: { code } });
    expect(await reads(1)).toBe('one\n');
    expect((await log(runner, claim, 4, 'two\n')).status).toBe(200);
  });

  test('that lies about the size of its log or a digest is refused and recorded', async () => {
    const runner = await joined();
    const claim = await claimed(runner, 1);
    await log(runner, claim, 0, 'one\n');
    const put = (digest: string) =>
      results(runner, claim, 'PUT', `/artifacts?name=a&mimeType=application/zip&digest=${digest}`, 'content');

    expect((await finish(runner, claim, 5)).status).toBe(400);
    expect(await put(digestOf('other'))).toMatchObject({ status: 400, body: { code: 'results/artifact-digest' } });
    expect(await door.denied()).toMatchObject([
      { action: 'runner.refuse', detail: { what: 'log size' } },
      { action: 'runner.refuse', detail: { what: 'artifact digest' } },
    ]);
    // The control: the truth.
    expect((await put(digestOf('content'))).status).toBe(200);
    expect((await finish(runner, claim, 4)).status).toBe(200);
  });

  test('does not raise its level, and what it says of a lower one holds at once', async () => {
    const runner = await joined();
    const claim = await claimed(runner, 1);
    const put = (name: string, level: string) =>
      ask('PUT', `/jobs/1/results/artifacts?name=${name}&mimeType=application/zip`, 'content', runner.token, {
        [LEASE_HEADER]: claim.leaseToken,
        [LEVEL_HEADER]: level,
        'content-type': 'application/octet-stream',
      });

    expect(await put('one', 'release')).toMatchObject({ body: { level: 'branch' } });
    expect(await put('two', 'untrusted')).toMatchObject({ body: { level: 'untrusted' } });
    expect(await put('three', 'release')).toMatchObject({ body: { level: 'untrusted' } });
  });
});

describe('a body', () => {
  /** What a client reads that sends a head and then bytes with long breaks. */
  async function drip(head: string, parts: readonly string[]): Promise<string> {
    const socket = connect(door.port, '127.0.0.1');
    let text = '';
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        text += bytes.toString();
      });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(head);
    for (const part of parts) {
      await sleep(250);
      if (socket.writable) socket.write(part);
    }
    await closed;
    return text.split('\r\n')[0] ?? '';
  }

  test('of a message that comes byte by byte is given up', async () => {
    const head = 'POST /runner/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ';
    expect(await drip(`${head}100\r\n\r\n`, ['{', ' ', ' ', ' '])).toBe('HTTP/1.1 408 Request Timeout');
    // The control: one that is there at once is read.
    expect(await drip(`${head}2\r\n\r\n`, ['{}'])).toBe('HTTP/1.1 400 Bad Request');
  });

  test('of an upload with a long break is given up, and nothing of it is kept', async () => {
    const runner = await joined();
    const { leaseToken } = await claimed(runner, 1);
    const head = (name: string) =>
      [
        `PUT /runner/v1/jobs/1/results/artifacts?name=${name}&mimeType=application/zip HTTP/1.1`,
        'host: x',
        'connection: close',
        `authorization: Bearer ${runner.token}`,
        `${LEASE_HEADER}: ${leaseToken}`,
        `${LEVEL_HEADER}: branch`,
        'content-length: 4',
        '\r\n',
      ].join('\r\n');

    expect(await drip(head('slow'), ['a'])).toBe('HTTP/1.1 408 Request Timeout');
    expect(await drip(head('steady'), ['a', 'b', 'c', 'd'])).toBe('HTTP/1.1 200 OK');
    expect(await door.results.artifacts.ofRun(1)).toMatchObject([{ name: 'steady' }]);
  });

  test('that is too large is refused in words that its sender reads', async () => {
    const runner = await joined();
    const large = JSON.stringify({ version: 1, waitMs: 0, walls: ['x'.repeat(5 * 1024 * 1024)] });
    expect(await ask('POST', '/poll', large, runner.token)).toMatchObject({
      status: 413,
      body: { code: 'runner-door/body-too-large' },
    });
  });
});
