import { randomBytes } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, systemClock } from '../base/index.ts';
import { createResultsHandler, type ResultsHandler } from './handler.ts';
import { RESULTS_LIMITS } from './limits.ts';
import { memoryResults } from './open-local-results.ts';
import type { ResultsScope, ResultsStore } from './store.ts';

const LIMITS = {
  ...RESULTS_LIMITS,
  blockBytesMax: 1000,
  stagedBytesMax: 3000,
  uploadsMax: 4,
  blocksMax: 5,
  bodyIdleMsMax: 300,
};
const IDS = { workflow_run_backend_id: '7', workflow_job_run_backend_id: '11' };

let server: Server;
let origin = '';
let store: ResultsStore;
let handler: ResultsHandler;
let other: ResultsHandler;

beforeEach(async () => {
  store = memoryResults({ clock: systemClock });
  server = createServer((request, response) => {
    void handler.handle(request, response).then((isOurs) => {
      if (!isOurs) response.writeHead(418).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handler = handlerFor({ jobId: 11 });
  other = handlerFor({ jobId: 12 });
});
afterEach(async () => {
  await handler.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function handlerFor(parts: Partial<ResultsScope>): ResultsHandler {
  const scope: ResultsScope = {
    repository: 'octo/sample',
    runId: 7,
    attempt: 1,
    jobId: 11,
    level: () => 'branch',
    ref: 'refs/heads/main',
    readableRefs: [],
    taint() {},
    ...parts,
  };
  const parts2 = { store, scope, origin, limits: LIMITS, clock: systemClock, random: randomBytes };
  return createResultsHandler({ ...parts2, signingKey: randomBytes(32) });
}

async function twirp(method: string, body: unknown, token = handler.runtimeToken.expose()) {
  const response = await fetch(`${origin}/twirp/github.actions.results.api.v1.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as { [key: string]: string } };
}

async function create(name: string): Promise<string> {
  const { body } = await twirp('ArtifactService/CreateArtifact', { ...IDS, name, version: 7 });
  return body['signed_upload_url'] ?? '';
}

const put = (
  url: string,
  body: string | Buffer,
  headers: { [name: string]: string } = { 'x-ms-blob-type': 'BlockBlob' },
) => fetch(url, { method: 'PUT', body, headers });
const finalize = (name: string, size: number) =>
  twirp('ArtifactService/FinalizeArtifact', { ...IDS, name, size: String(size) });

async function uploaded(name: string, content = 'hello'): Promise<string> {
  await put(await create(name), content);
  await finalize(name, content.length);
  const { body } = await twirp('ArtifactService/GetSignedArtifactURL', { ...IDS, name });
  return body['signed_url'] ?? '';
}

describe('the results service', () => {
  test('paths of others are not answered', async () => {
    expect((await fetch(`${origin}/octo/sample/info/refs`)).status).toBe(418);
  });

  test('blocks in the order of their list make the artifact', async () => {
    const url = await create('site');
    await put(`${url}&comp=block&blockid=QkI%3D`, 'world', {});
    await put(`${url}&comp=block&blockid=QUE%3D`, 'hello ', {});
    const list = '<BlockList><Latest>QUE=</Latest><Latest>QkI=</Latest></BlockList>';
    expect((await put(`${url}&comp=blocklist`, list, {})).status).toBe(201);
    expect((await finalize('site', 11)).body).toMatchObject({ ok: true });

    const { body } = await twirp('ArtifactService/GetSignedArtifactURL', { ...IDS, name: 'site' });
    const response = await fetch(body['signed_url'] ?? '');

    expect(await response.text()).toBe('hello world');
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toContain("filename*=UTF-8''site.zip");
  });

  test.each([
    ['no token', 'ArtifactService/ListArtifacts', IDS, () => 'x', 401],
    ['the token of another job', 'ArtifactService/ListArtifacts', IDS, () => other.runtimeToken.expose(), 401],
    [
      'the ids of another run',
      'ArtifactService/ListArtifacts',
      { ...IDS, workflow_run_backend_id: '8' },
      undefined,
      403,
    ],
    ['a method that is not there', 'ArtifactService/MigrateArtifact', IDS, undefined, 501],
    ['a method of every object', 'constructor', IDS, undefined, 501],
    ['no JSON', 'ArtifactService/ListArtifacts', '{', undefined, 400],
    ['another type', 'ArtifactService/ListArtifacts', { ...IDS, name_filter: { $ne: 1 } }, undefined, 400],
    ['a huge body', 'ArtifactService/ListArtifacts', { ...IDS, name_filter: 'x'.repeat(70_000) }, undefined, 413],
    ['a version of the future', 'ArtifactService/CreateArtifact', { ...IDS, name: 'x', version: 99 }, undefined, 501],
    ['a path as a name', 'ArtifactService/CreateArtifact', { ...IDS, name: '../x', version: 7 }, undefined, 400],
    [
      'a header in the media type',
      'ArtifactService/CreateArtifact',
      { ...IDS, name: 'x', version: 7, mime_type: 'a/b\r\nx: y' },
      undefined,
      400,
    ],
  ])('%s is refused', async (_what, method, body, token, status) => {
    const answer = await twirp(method, body, token?.());

    expect(answer.status).toBe(status);
    expect(answer.body['code']).toMatch(/^[a-z_]+$/);
  });

  test('a signed address serves its own method only', async () => {
    const down = await uploaded('site');
    const up = await create('next');

    expect((await fetch(down)).status).toBe(200);
    expect((await put(down, 'changed')).status).toBe(403);
    expect((await fetch(down, { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(up)).status).toBe(403);
    expect((await fetch(down.replace(/artifact\/\d+/, 'artifact/999'))).status).toBe(403);
  });

  test('an upload address is dead once the artifact is finished', async () => {
    const url = await create('site');
    await put(url, 'hello');
    await finalize('site', 5);

    expect((await put(url, 'changed')).status).toBe(404);
    expect(
      await (
        await fetch((await twirp('ArtifactService/GetSignedArtifactURL', { ...IDS, name: 'site' })).body['signed_url']!)
      ).text(),
    ).toBe('hello');
  });

  test('a wrong size, a wrong digest and an uncommitted upload are refused', async () => {
    await put(await create('a'), 'hello');
    expect((await finalize('a', 6)).status).toBe(400);
    await put(await create('b'), 'hello');
    const forged = { ...IDS, name: 'b', size: '5', hash: digestOf('other') };
    expect((await twirp('ArtifactService/FinalizeArtifact', forged)).body['msg']).toContain('results/artifact-digest');
    await put(`${await create('c')}&comp=block&blockid=QUE%3D`, 'hello', {});
    expect((await finalize('c', 5)).status).toBe(400);
    expect((await finalize('never begun', 5)).status).toBe(404);

    expect(await store.artifacts.ofRun(7)).toEqual([]);
  });

  test('a body over its bound is refused, announced or not', async () => {
    const url = await create('large');

    expect((await put(url, Buffer.alloc(1001))).status).toBe(413);
    const chunked = await new Promise<number>((resolve, reject) => {
      const unannounced = httpRequest(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' } });
      unannounced.once('response', (response) => resolve(response.statusCode ?? 0));
      unannounced.once('error', reject);
      unannounced.end(Buffer.alloc(1001));
    });
    expect(chunked).toBe(413);
    expect((await finalize('large', 1001)).status).toBe(400);
  });

  test('all unfinished uploads of a job together are bounded in bytes, blocks and number', async () => {
    const first = await create('first');
    for (let n = 0; n < 3; n += 1) {
      expect((await put(`${first}&comp=block&blockid=QUE${n}`, Buffer.alloc(1000), {})).status).toBe(201);
    }
    expect((await put(`${first}&comp=block&blockid=QUE3`, Buffer.alloc(1), {})).status).toBe(413);
    expect((await put(await create('second'), Buffer.alloc(1))).status).toBe(413);
    for (const name of ['third', 'fourth']) await create(name);
    expect((await twirp('ArtifactService/CreateArtifact', { ...IDS, name: 'fifth', version: 7 })).status).toBe(412);
  });

  test('a sender that pauses is cut off, and what it sent is dropped', async () => {
    const url = new URL(await create('slow'));
    const started = performance.now();

    const status = await new Promise<number>((resolve, reject) => {
      const slow = httpRequest(url, {
        method: 'PUT',
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': 100 },
      });
      slow.once('response', (response) => resolve(response.statusCode ?? 0));
      slow.once('error', reject);
      slow.write('only the start');
    });

    expect(status).toBe(408);
    expect(performance.now() - started).toBeLessThan(25_000);
    expect((await finalize('slow', 14)).status).toBe(400);
  });

  test('a sender that goes away leaves nothing, and the service goes on', async () => {
    const url = new URL(await create('gone'));
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.write(
      `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: x\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: 100\r\n\r\nhalf`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect((await finalize('gone', 4)).status).toBe(400);
    expect((await fetch(await uploaded('next'))).status).toBe(200);
  });

  test('the older cache protocol refuses holes, overlaps and a wrong size', async () => {
    const call = (path: string, init: RequestInit, headers: { [name: string]: string } = {}) =>
      fetch(`${origin}/_apis/artifactcache/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${handler.runtimeToken.expose()}`, ...headers },
      });
    const reserve = async (key: string) => {
      const response = await call('caches', { method: 'POST', body: JSON.stringify({ key, version: 'v' }) });
      return ((await response.json()) as { cacheId: number }).cacheId;
    };
    const chunk = (id: number, start: number, text: string) =>
      call(
        `caches/${id}`,
        { method: 'PATCH', body: text },
        { 'content-range': `bytes ${start}-${start + text.length - 1}/*` },
      );
    const commit = (id: number, size: number) =>
      call(`caches/${id}`, { method: 'POST', body: JSON.stringify({ size }) });

    const hole = await reserve('hole');
    await chunk(hole, 0, 'abc');
    await chunk(hole, 4, 'def');
    expect((await commit(hole, 6)).status).toBe(400);
    const whole = await reserve('whole');
    await chunk(whole, 3, 'def');
    await chunk(whole, 0, 'abc');
    expect((await commit(whole, 6)).status).toBe(204);

    const found = (await (await call('cache?keys=whole&version=v', {})).json()) as { archiveLocation: string };
    expect(await (await fetch(found.archiveLocation)).text()).toBe('abcdef');
    expect((await call('cache?keys=hole&version=v', {})).status).toBe(204);
    expect((await chunk(99, 0, 'x')).status).toBe(404);
  });

  test('after the end of the job nothing can be begun', async () => {
    await handler.close();

    expect((await twirp('ArtifactService/CreateArtifact', { ...IDS, name: 'x', version: 7 })).status).toBe(412);
  });
});
