import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { createToken, type Verb } from '../identity/index.ts';
import type { RepositoryRow } from '../repo/index.ts';
import { runView, type ServedApi, serveApi } from './api.fixture.ts';

const HOSTILE = '</title><script>alert(1)</script>';
let postgres: TestPostgres;
let api: ServedApi;
let app: RepositoryRow;
beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres);
  app = await api.create('app');
  api.ports.put(
    app.id,
    runView(1, {
      workflow: { path: '.github/workflows/ci.yml', name: HOSTILE },
      state: 'finished',
      conclusion: 'failure',
    }),
  );
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

const PLACE = '/api/v1/repositories/acme/app';
const tokenFor = async (scopes: readonly Verb[]) => {
  const { principal } = await api.people.owner();
  const { token } = await createToken(api.people, principal, { name: 'feed', scopes, repositories: [app.id] });
  return token.expose();
};

describe.each(['runs.atom', 'badge.svg'])('%s', (file) => {
  test('is not there for nobody, for whoever may not read, and with a token of somebody else', async () => {
    const stranger = await api.people.person(`stranger-${file.slice(0, 4)}`, 'member');
    const nowhere = await api.ask('GET', `/api/v1/repositories/acme/nowhere/${file}`);

    const nobody = await api.ask('GET', `${PLACE}/${file}`);
    const other = await api.ask('GET', `${PLACE}/${file}`, { token: stranger.token });
    const wrong = await api.ask('GET', `${PLACE}/${file}?token=spt_${'a'.repeat(36)}`);

    expect([nobody.status, other.status, wrong.status]).toEqual([404, 404, 401]);
    expect(nobody.body['detail']).toBe(nowhere.body['detail']);
  });

  test('opens for a token in the address that may read runs and nothing else', async () => {
    const narrow = await tokenFor(['run.read']);
    const wide = await tokenFor(['run.read', 'repository.read']);
    const { token: all } = await api.people.owner();

    const opened = await api.ask('GET', `${PLACE}/${file}?token=${narrow}`);
    const refused = await Promise.all(
      [wide, all].map(async (token) => (await api.ask('GET', `${PLACE}/${file}?token=${token}`)).body['code']),
    );

    expect(opened.status).toBe(200);
    expect(opened.body['text']).toContain('&lt;script&gt;');
    expect(opened.body['text']).not.toContain('<script>');
    expect(opened.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(refused).toEqual(['api/token-too-wide', 'api/token-too-wide']);
  });
});

test('a badge is for everybody only while the repository says so', async () => {
  const { token } = await api.people.owner();
  await api.ask('PUT', `${PLACE}/badge`, { token, body: { isPublic: true } });
  const shown = await api.ask('GET', `${PLACE}/badge.svg`);
  const feed = await api.ask('GET', `${PLACE}/runs.atom`);
  await api.ask('PUT', `${PLACE}/badge`, { token, body: { isPublic: false } });
  const hidden = await api.ask('GET', `${PLACE}/badge.svg`);

  expect(shown.body['text']).toContain('failing');
  expect(shown.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect(shown.headers.get('content-type')).toContain('image/svg+xml');
  expect([feed.status, hidden.status]).toEqual([404, 404]);
  expect((await api.people.entries()).filter(({ action }) => action === 'badge.set')).toHaveLength(2);
});
