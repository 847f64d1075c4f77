import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import type { JobEvent } from '../protocol/index.ts';
import type { RepositoryRow } from '../repo/index.ts';
import { runView, serveApi, type ServedApi } from './api.fixture.ts';

let postgres: TestPostgres;
let api: ServedApi;
let token: string;
let app: RepositoryRow;

const APP = '/api/v1/repositories/acme/app';
const OTHER = '/api/v1/repositories/acme/other';
const AT = 1_800_000_000_000;

beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres);
  token = (await api.people.owner()).token;
  app = await api.create('app');
  await api.create('other');
  api.ports.put(
    app.id,
    runView(7, { taints: [{ level: 'branch', cause: 'direct-push', source: 'nobody looked at it' }] }),
  );
  api.ports.log(70, lines(...EVENTS));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

const lines = (...events: readonly JobEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const EVENTS: readonly JobEvent[] = [
  { kind: 'job-started', time: AT, runner: 'inside' },
  { kind: 'step-started', time: AT + 10, step: 'a', name: 'Build' },
  ...Array.from({ length: 3000 }, (_, at): JobEvent => ({ kind: 'log', time: AT + 11, step: 'a', text: `line ${at}` })),
  {
    kind: 'annotation',
    time: AT + 12,
    step: 'a',
    annotation: { level: 'error', message: 'bad', file: 'x.js', line: 3 },
  },
  { kind: 'summary', time: AT + 13, step: 'a', markdown: '# done' },
  {
    kind: 'egress',
    time: AT + 14,
    record: { time: AT + 14, via: 'dns', host: 'evil.test', port: 53, verdict: 'denied', reason: 'not-listed' },
  },
  { kind: 'taint', time: AT + 15, taint: { level: 'untrusted', cause: 'artifact', step: 'a', source: 'of a fork' } },
  { kind: 'step-finished', time: AT + 20, step: 'a', outcome: 'failure', conclusion: 'failure', durationMs: 10 },
];

describe('what a run told', () => {
  test('is its steps, annotations, summaries and attempts to reach the network', async () => {
    const { status, body } = await api.ask('GET', `${APP}/runs/7/report`, { token });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      jobsLeftOut: 0,
      jobs: [
        {
          id: 70,
          key: 'build',
          lines: 3000,
          runner: 'inside',
          steps: [{ id: 'a', name: 'Build', conclusion: 'failure', startedAt: new Date(AT + 10).toISOString() }],
          annotations: [{ level: 'error', message: 'bad', file: 'x.js', line: 3, step: 'a', logLine: 3000 }],
          summaries: [{ step: 'a', markdown: '# done' }],
          egress: [{ host: 'evil.test', verdict: 'denied', reason: 'not-listed', count: 1 }],
        },
      ],
    });
  });

  test('says how its level came about, in order', async () => {
    const taints = [{ level: 'untrusted' as const, cause: 'artifact', step: 'a', source: 'of a fork' }];
    const view = runView(8);
    api.ports.put(app.id, { ...view, jobs: view.jobs.map((job) => ({ ...job, id: 80, taints })) });
    api.ports.log(80, lines(...EVENTS));

    const { body } = await api.ask('GET', `${APP}/runs/8/report`, { token });

    expect(body['trust']).toEqual([
      { level: 'branch', cause: 'event', source: 'push of refs/heads/main', at: new Date(AT).toISOString() },
      { ...taints[0], job: 'build', at: new Date(AT + 15).toISOString() },
    ]);
  });

  test('is not told to who may not read the repository, nor by way of another one', async () => {
    const outsider = (await api.people.person('outsider', 'member')).token;
    const paths = [
      'report',
      'comparison',
      'plan',
      'attempts',
      'jobs/70',
      'jobs/70/report',
      'jobs/70/lines',
      'jobs/70/search?text=a',
      'jobs/70/text',
    ];

    const asked = await Promise.all(
      paths.flatMap((path) => [
        api.ask('GET', `${APP}/runs/7/${path}`, { token: outsider }),
        api.ask('GET', `${OTHER}/runs/7/${path}`, { token }),
        api.ask('GET', `${APP}/runs/7/${path}`),
      ]),
    );

    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([401, 404]));
  });
});

describe('lines of a log', () => {
  test('are told from any one on, with the byte where the stream goes on', async () => {
    const some = await api.ask('GET', `${APP}/runs/7/jobs/70/lines?from=1500&count=2`, { token });
    const last = await api.ask('GET', `${APP}/runs/7/jobs/70/lines?from=2999`, { token });
    const report = await api.ask('GET', `${APP}/runs/7/jobs/70/report`, { token });

    expect(some.body).toMatchObject({
      total: 3000,
      lines: [
        { number: 1500, text: 'line 1500', step: 'a' },
        { number: 1501, text: 'line 1501' },
      ],
    });
    expect(last.body['lines']).toHaveLength(1);
    expect(report.body['next']).toBe(Buffer.byteLength(lines(...EVENTS)));
    expect(Number(last.body['next'])).toBeLessThan(Number(report.body['next']));
  });

  test.each(['from=-1', 'from=x', 'count=0', 'count=2001', 'from=1e9', 'more=1'])('%s is refused', async (query) => {
    const { status, body } = await api.ask('GET', `${APP}/runs/7/jobs/70/lines?${query}`, { token });

    expect([status, body['code']]).toEqual([400, 'api/request-invalid']);
  });

  test('are found by their text, page by page', async () => {
    const first = await api.ask('GET', `${APP}/runs/7/jobs/70/search?text=LINE+29&limit=100`, { token });
    const next = Number(first.body['next']);
    const second = await api.ask('GET', `${APP}/runs/7/jobs/70/search?text=LINE+29&limit=100&from=${next}`, { token });

    expect(first.body['matches']).toHaveLength(100);
    // 29, 290 to 299 and 2900 to 2999.
    expect(second.body['matches']).toHaveLength(11);
    expect(second.body).not.toHaveProperty('next');
  });

  test('come as a file that no browser shows', async () => {
    const { body, headers } = await api.ask('GET', `${APP}/runs/7/jobs/70/text`, { token });

    expect(headers.get('content-disposition')).toBe('attachment; filename="job-70.txt"');
    expect(String(body['text']).split('\n')[5]).toBe(`${new Date(AT + 11).toISOString()} line 5`);
  });
});

describe('caches', () => {
  const cache = (id: number, level: 'untrusted' | 'branch' = 'branch') => ({
    id,
    key: `key-${id}`,
    version: 'v',
    ref: 'refs/heads/main',
    level,
    bytes: 10,
    digest: 'sha256:x',
    createdAt: new Date(AT),
    usedAt: new Date(AT + id),
  });

  test('are listed page by page, by level, and removed with an entry in the audit log', async () => {
    for (const id of [5, 4, 3]) api.ports.putCache(app.id, cache(id, id === 4 ? 'untrusted' : 'branch'));

    const first = await api.ask('GET', `${APP}/caches?limit=2`, { token });
    const rest = await api.ask('GET', `${APP}/caches?limit=2&cursor=${String(first.body['next'])}`, { token });
    const low = await api.ask('GET', `${APP}/caches?level=untrusted`, { token });
    const removed = await api.ask('DELETE', `${APP}/caches/4`, { token });
    const again = await api.ask('DELETE', `${APP}/caches/4`, { token });

    const ids = (asked: typeof first) => (asked.body['items'] as { id: number }[]).map(({ id }) => id);
    expect([ids(first), ids(rest), ids(low)]).toEqual([[5, 4], [3], [4]]);
    expect([removed.status, again.status]).toEqual([204, 404]);
    const told = (await api.people.entries()).filter(({ action }) => action === 'cache.remove');
    expect(told).toMatchObject([{ outcome: 'allow', resource: { type: 'cache', id: '4' }, detail: { key: 'key-4' } }]);
  });

  test('are removed by nobody who only reads', async () => {
    api.ports.putCache(app.id, cache(9));
    const reader = await api.people.person('reader', 'member');
    await api.grant(app, reader, 'read');

    const listed = await api.ask('GET', `${APP}/caches`, { token: reader.token });
    const removed = await api.ask('DELETE', `${APP}/caches/9`, { token: reader.token });

    expect([listed.status, removed.status]).toEqual([200, 403]);
  });
});

test('the workflows of a ref are told', async () => {
  const { status, body } = await api.ask('GET', `${APP}/workflows?ref=main`, { token });

  expect(status).toBe(200);
  expect(body['workflows']).toEqual([
    { path: '.github/workflows/main.yml', name: 'CI', events: ['push'], problems: [] },
  ]);
});
