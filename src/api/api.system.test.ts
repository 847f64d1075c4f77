import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import type { EngineEvent } from '../engine/index.ts';
import { firstSetupCode, revokeToken } from '../identity/index.ts';
import { git, workTree } from '../repo/repo.fixture.ts';
import { runView, serveApi, type ServedApi } from './api.fixture.ts';
import { RATE_LIMITS } from './rate.ts';

let postgres: TestPostgres;
let api: ServedApi;
let token: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres, { beatMs: 200 });
  token = (await api.people.owner()).token;
  await api.create('app');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

const APP = '/api/v1/repositories/acme/app';

describe('an answer', () => {
  test('of what is wrong is a problem with a stable code, what to do, and nothing of the inside', async () => {
    const { status, body, headers } = await api.ask('POST', '/api/v1/members', {
      token,
      body: { name: 'x', role: 'king', more: 1 },
    });

    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    expect(body).toMatchObject({
      status: 400,
      code: 'api/request-invalid',
      type: 'urn:sallyport:fault:api/request-invalid',
    });
    expect(body['detail']).toMatch(/^body\.role: .*body: /s);
    expect(body['request']).toBe(headers.get('x-request-id'));
    expect(String(body['help'])).toContain('/api/v1/openapi.json');
  });

  test('of a failure within tells the operator, and the client only a number', async () => {
    const broken = await serveApi(postgres);
    const { token: own } = await broken.people.owner();
    broken.repositories.server.list = () => Promise.reject(new Error('select secret from /var/lib/x'));

    const { status, body } = await broken.ask('GET', '/api/v1/repositories', { token: own });

    expect([status, body['code'], body['detail']]).toEqual([500, 'api/unexpected', 'The server could not do it.']);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(broken.logged).toMatchObject([
      { fields: { request: body['request'], reason: 'select secret from /var/lib/x' } },
    ]);
    await broken[Symbol.asyncDispose]();
  });

  test('names the methods that there are', async () => {
    const { status, headers } = await api.ask('PUT', '/api/v1/tokens', { token });
    const nothing = await api.ask('GET', '/api/v1/nothing', { token });

    expect([status, headers.get('allow'), nothing.status]).toEqual([405, 'GET, POST', 404]);
  });

  test('can not be framed, sniffed, kept or read by another site', async () => {
    const { headers } = await api.ask('GET', '/api/v1/meta', { headers: { origin: 'https://evil.example' } });

    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([
    ['twice the same name in the query', 'GET', '/api/v1/members?limit=1&limit=2', undefined, 400],
    ['a page that is too large', 'GET', '/api/v1/members?limit=101', undefined, 400],
    ['a cursor of our own making', 'GET', '/api/v1/members?cursor=abc', undefined, 400],
    ['no JSON', 'POST', '/api/v1/members', '{', 400],
    ['nothing where something is needed', 'POST', '/api/v1/members', undefined, 400],
    ['a body that is too large', 'POST', '/api/v1/members', JSON.stringify({ name: 'x'.repeat(300_000) }), 413],
    ['an id that is none', 'GET', `${APP}/runs/0x1`, undefined, 400],
    ['a name with dots', 'GET', '/api/v1/repositories/../app', undefined, 404],
    ['an encoded slash', 'GET', '/api/v1/repositories/acme%2Fapp/x', undefined, 404],
    ['a broken escape', 'GET', '/api/v1/repositories/acme/%E0%A4%A', undefined, 404],
    ['a NUL', 'GET', '/api/v1/repositories/acme/app%00', undefined, 400],
    ['a NUL in the query', 'GET', '/api/v1/audit?action=a%00', undefined, 400],
    ['a NUL in the body', 'POST', '/api/v1/members', '{"name":"a\\u0000","role":"member"}', 400],
    ['a body that is too deep', 'POST', '/api/v1/members', '['.repeat(100_000), 400],
    ['a body that is as deep as it parses', 'POST', '/api/v1/members', `${'['.repeat(1000)}${']'.repeat(1000)}`, 400],
  ])('to %s is a refusal', async (_name, method, path, body, wanted) => {
    const { status } = await api.ask(method, path, { token, ...(body === undefined ? {} : { body }) });

    expect(status).toBe(wanted);
  });

  test('to a body that is no JSON by its name is a refusal: a form of another site can not send it', async () => {
    const { status, body } = await api.ask('POST', '/api/v1/teams', {
      token,
      body: '{"name":"x"}',
      headers: { 'content-type': 'text/plain' },
    });

    expect([status, body['code']]).toEqual([415, 'api/body-type']);
  });
});

describe('signing in', () => {
  test('works once with the code of the operator, and not a second time', async () => {
    const fresh = await serveApi(postgres);
    const code = (await firstSetupCode(fresh.people))?.code.expose() ?? '';
    const body = { code, name: 'ada', device: 'laptop' };

    const first = await fresh.ask('POST', '/api/v1/sign-in', { body });
    const second = await fresh.ask('POST', '/api/v1/sign-in', { body: { ...body, name: 'eve' } });
    const own = await fresh.ask('GET', '/api/v1/user', { token: String(first.body['token']) });

    expect([first.status, second.status, second.body['code']]).toEqual([201, 401, 'identity/code-invalid']);
    expect(own.body).toMatchObject({ name: 'ada', role: 'owner', token: { scopes: ['all'] } });
    await fresh[Symbol.asyncDispose]();
  });

  test('is slowed down by network; the same guesses from thirty networks for thirty names are all looked at', async () => {
    const limited = await serveApi(postgres, { rateLimits: RATE_LIMITS, proxies: ['127.0.0.1'] });
    const guess = async (address: string, name: string) => {
      const headers = { 'x-forwarded-for': `198.51.100.250, ${address}` };
      return limited.ask('POST', '/api/v1/sign-in', { body: { code: 'sps_x', name, device: 'x' }, headers });
    };
    const attack: number[] = [];
    const control: number[] = [];
    for (let at = 0; at < 30; at += 1) {
      attack.push((await guess('192.0.2.9', 'ada')).status);
      control.push((await guess(`203.0.113.${at}`, `name${at}`)).status);
    }
    const right = (await firstSetupCode(limited.people))?.code.expose() ?? '';
    const body = { code: right, name: 'ada', device: 'x' };
    const late = await limited.ask('POST', '/api/v1/sign-in', { body, headers: { 'x-forwarded-for': '192.0.2.9' } });

    expect(attack.filter((status) => status === 401)).toHaveLength(10);
    expect(control.filter((status) => status === 401)).toHaveLength(30);
    // Even the right code is not looked at there any more.
    expect([late.status, Number(late.headers.get('retry-after')) > 0]).toEqual([429, true]);
    await limited[Symbol.asyncDispose]();
  });
});

describe('a POST with an Idempotency-Key', () => {
  const post = (body: unknown, key: string, path = '/api/v1/teams') =>
    api.ask('POST', path, { token, body, headers: { 'idempotency-key': key } });

  test('is done once, and told again', async () => {
    const first = await post({ name: 'once' }, 'key-00000001');
    const again = await post({ name: 'once' }, 'key-00000001');

    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await post({ name: 'once' }, 'key-00000002')).body['code']).toBe('identity/name-taken');
    expect((await post({ name: 'other' }, 'key-00000001')).body['code']).toBe('api/key-reused');
    expect((await post({ name: 'x' }, 'short')).body['code']).toBe('api/key-invalid');
  });

  test('that failed leaves its key free', async () => {
    expect((await post({ name: '!' }, 'key-00000003')).status).toBe(400);
    expect((await post({ name: 'free' }, 'key-00000003')).status).toBe(201);
  });

  test('is done once by ten at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => post({ name: 'ten' }, 'key-00000004')));

    expect(
      all.filter(({ status, headers }) => status === 201 && headers.get('idempotency-replayed') === null),
    ).toHaveLength(1);
    expect(all.filter(({ status }) => status !== 201).every(({ body }) => body['code'] === 'api/key-running')).toBe(
      true,
    );
  });

  test('keeps no secret that it answered with', async () => {
    const body = { name: 'ci', scopes: ['run.read'] };
    const first = await post(body, 'key-00000005', '/api/v1/tokens');
    const again = await post(body, 'key-00000005', '/api/v1/tokens');

    expect([first.status, again.status, again.body['code']]).toEqual([201, 409, 'api/key-secret']);
    const rows = await api.people.db
      .as<{ api_idempotency: { body: string } }>()
      .selectFrom('api_idempotency')
      .selectAll()
      .execute();
    expect(JSON.stringify(rows)).not.toContain(String(first.body['token']));
  });
});

/** Reads messages of a stream until there are so many, or it ends. */
async function read(path: string, count: number, headers: { readonly [name: string]: string } = {}) {
  const abort = new AbortController();
  const response = await fetch(`${api.origin}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  const messages: { [field: string]: string }[] = [];
  let text = '';
  let isEnded = true;
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString('utf8');
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = text
        .slice(0, end)
        .split('\n')
        .map((line) => line.split(/: (.*)/s).slice(0, 2));
      text = text.slice(end + 2);
      const message = Object.fromEntries(fields);
      if ('event' in message) messages.push(message);
    }
    if (messages.length >= count) {
      isEnded = false;
      break;
    }
  }
  abort.abort();
  return { status: response.status, type: response.headers.get('content-type'), messages, isEnded };
}

const started = (at: number): EngineEvent => ({
  kind: 'job-cancelling',
  time: at,
  runId: 7,
  job: 'build',
  force: false,
  reason: `${at}`,
});

describe('a stream', () => {
  let repositoryId = 0;
  beforeAll(async () => {
    const { body } = await api.ask('GET', APP, { token });
    repositoryId = Number(body['id']);
  });

  test('tells what happened and what happens, resumes behind an event, and ends with the run', async () => {
    api.ports.put(repositoryId, runView(7));
    for (let at = 1; at <= 3; at += 1) api.ports.happen(7, started(at));
    const live = read(`${APP}/runs/7/events`, 100);
    await sleep(300);
    api.ports.happen(7, started(4));
    await sleep(300);
    api.ports.put(repositoryId, runView(7, { state: 'finished', conclusion: 'success', lastEvent: 4 }));
    const { messages, isEnded, type } = await live;
    const resumed = await read(`${APP}/runs/7/events`, 100, { 'last-event-id': '2' });

    expect(type).toBe('text/event-stream');
    expect(isEnded).toBe(true);
    const ids = (all: typeof messages) => all.filter(({ event }) => event === 'engine').map(({ id }) => id);
    expect(ids(messages)).toEqual(['1', '2', '3', '4']);
    expect(ids(resumed.messages)).toEqual(['3', '4']);
    expect(messages.at(-1)).toMatchObject({ event: 'end' });
    expect(JSON.parse(messages[0]?.['data'] ?? '')).toMatchObject({ id: 7, jobs: [{ id: 70, key: 'build' }] });
  });

  test('of a log resumes at the byte behind what was read, without a gap and without a line twice', async () => {
    api.ports.put(repositoryId, runView(8));
    const line = (text: string) => `${JSON.stringify({ kind: 'log', text })}\n`;
    api.ports.log(80, line('a') + line('b') + line('c').slice(0, 5));
    const first = await read(`${APP}/runs/8/jobs/80/log/events`, 2);
    const live = read(`${APP}/runs/8/jobs/80/log/events`, 100, { 'last-event-id': first.messages[1]?.['id'] ?? '' });
    await sleep(200);
    api.ports.log(80, line('c').slice(5) + 'no json\n' + line('d'));
    api.ports.seal(80);
    const rest = await live;
    const whole = await fetch(`${api.origin}${APP}/runs/8/jobs/80/log?offset=${line('a').length}`, {
      headers: { authorization: `Bearer ${token}` },
    });

    const texts = [...first.messages, ...rest.messages]
      .filter(({ event }) => event === 'log')
      .map(({ data = '' }) => JSON.parse(data).text);
    expect(texts).toEqual(['a', 'b', 'c', 'd']);
    expect(rest.messages.at(-1)).toMatchObject({ event: 'end' });
    expect(await whole.text()).toBe(line('b') + line('c') + 'no json\n' + line('d'));
    expect(Number(whole.headers.get('sallyport-log-next'))).toBe(Number(whole.headers.get('sallyport-log-size')));
    const beyond = await read(`${APP}/runs/8/jobs/80/log/events`, 1, { 'last-event-id': '99999' });
    expect(beyond.messages[0]).toMatchObject({ event: 'failed' });
  });

  test('ends when the token of its reader is revoked, and holds nothing afterwards', async () => {
    api.ports.put(repositoryId, runView(9));
    const reader = await api.people.person('reader', 'auditor');
    const response = await fetch(`${api.origin}${APP}/runs/9/events`, {
      headers: { authorization: `Bearer ${reader.token}` },
    });
    const body = response.text();
    await sleep(500);
    const [own] = (await api.ask('GET', '/api/v1/tokens', { token: reader.token })).body['items'] as {
      id: number;
    }[];

    await revokeToken(api.people, (await api.people.owner()).principal, own?.id ?? 0);

    expect(await body).toContain('still here');
    const { body: metrics } = await api.ask('GET', '/metrics');
    expect(String(metrics['text'])).toContain('sallyport_http_streams 0');
  });

  test('end when the server ends, with a word on when to come back', async () => {
    const ending = await serveApi(postgres);
    const { token: own } = await ending.people.owner();
    const { id } = await ending.create('app');
    ending.ports.put(id, runView(9));
    const response = await fetch(`${ending.origin}${APP}/runs/9/events`, {
      headers: { authorization: `Bearer ${own}` },
    });
    const body = response.text();
    await sleep(300);

    ending.closing.abort();

    expect(await body).toMatch(/^retry: 2000\n\n[\s\S]+\n\nretry: 5000\n\n$/);
    expect((await ending.ask('GET', '/readyz')).status).toBe(503);
    await ending[Symbol.asyncDispose]();
  });

  test('too many of one caller are refused', async () => {
    const abort = new AbortController();
    const open = Array.from({ length: 70 }, () =>
      fetch(`${api.origin}${APP}/runs/9/events`, {
        headers: { authorization: `Bearer ${token}` },
        signal: abort.signal,
      }),
    );
    const statuses = (await Promise.all(open)).map(({ status }) => status);
    abort.abort();

    expect(statuses.filter((status) => status === 429)).toHaveLength(6);
  });
});

describe('the system', () => {
  test('tells its state, and its metrics on loopback or with a token that may', async () => {
    const bob = await api.people.person('bob', 'member');
    const forwarded = { 'x-forwarded-for': '203.0.113.1' };

    expect((await api.ask('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await api.ask('GET', '/readyz')).body).toEqual({ status: 'ready', parts: { stays: true, database: true } });
    expect((await api.ask('GET', '/metrics')).status).toBe(200);
    expect((await api.ask('GET', '/metrics', { headers: forwarded })).status).toBe(401);
    expect((await api.ask('GET', '/metrics', { headers: forwarded, token: bob.token })).status).toBe(403);
    expect((await api.ask('GET', '/metrics', { headers: forwarded, token })).status).toBe(200);
  });

  test('says that it is not ready when a part is not', async () => {
    const half = await serveApi(postgres, { parts: { 'audit log': () => false } });

    const { status, body } = await half.ask('GET', '/readyz');

    expect([status, body['code']]).toEqual([503, 'api/not-ready']);
    expect(body['parts']).toEqual({ stays: true, database: true, 'audit log': false });
    await half[Symbol.asyncDispose]();
  });

  test('serves its own description', async () => {
    const { body } = await api.ask('GET', '/api/v1/openapi.json');

    expect(body).toMatchObject({ openapi: '3.1.0' });
  });

  test('ends the connection of a client that sends its headers or its body byte by byte', {
    timeout: 60_000,
  }, async () => {
    const { port } = new URL(api.origin);
    const slow = async (text: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      let answer = '';
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1');
      });
      socket.write(text);
      const drip = setInterval(() => socket.write('a'), 1000);
      await new Promise((resolve) => {
        socket.on('close', resolve);
        socket.on('error', resolve);
      });
      clearInterval(drip);
      return answer.split('\r\n')[0];
    };
    const head = `POST /api/v1/teams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;

    const [headers, body] = await Promise.all([
      slow('GET /api/v1/meta HTTP/1.1\r\nx-a: '),
      slow(`${head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`),
    ]);

    expect([headers, body]).toEqual(['HTTP/1.1 408 Request Timeout', 'HTTP/1.1 408 Request Timeout']);
  });
});

describe('a stock git client', () => {
  test('pushes and clones with a token, and is refused without', async () => {
    await using work = await workTree();
    const url = api.origin.replace('http://', `http://x-access-token:${token}@`);

    const push = await git(work.dir, ['push', '-q', `${url}/acme/app.git`, 'main']);
    const none = await git(work.dir, ['ls-remote', `${api.origin}/acme/app.git`], { GIT_TERMINAL_PROMPT: '0' });
    const { body } = await api.ask('GET', `${APP}/commits`, { token });
    const refs = await api.ask('GET', `${APP}/refs?kind=branches`, { token });

    expect([push.code, none.code]).toEqual([0, 128]);
    expect(body['items']).toMatchObject([{ message: 'add a.txt' }]);
    expect(refs.body['items']).toMatchObject([{ ref: 'refs/heads/main' }]);
  });

  test.each(['api', 'Runner', 'metrics'])(
    'finds no repository of %s, which is an address of the server',
    async (owner) => {
      const { status } = await api.ask('POST', '/api/v1/repositories', { token, body: { owner, name: 'x' } });

      expect(status).toBe(400);
    },
  );
});
