import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { openJobLogs } from '../joblog/index.ts';
import { openRuns } from '../runs/runs.fixture.ts';
import { startTraces } from './server-traces.ts';

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await openTestPostgres();
  folder = await mkdtemp(join(tmpdir(), 'sp-traces-'));
});
afterAll(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

const WORKFLOW = `name: CI
on: push
jobs:
  one: {runs-on: ubuntu-latest, steps: [{run: 'false'}]}
`;

/** A collector that answers what it is told to, and keeps what it got. */
async function collector() {
  const got: { readonly path: string | undefined; readonly text: string }[] = [];
  const state = { status: 200 };
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      got.push({ path: request.url, text });
      response.writeHead(state.status).end('{}');
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', () => done());
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return { got, state, url, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a run is told as a trace with its job and step, once, and nothing of what the job printed', async () => {
  await using fixture = await openRuns(postgres);
  await using taker = await collector();
  const logs = await openJobLogs(folder);
  const began = Date.now();
  taker.state.status = 503;
  const stop = startTraces({
    db: fixture.db,
    logs,
    url: taker.url,
    origin: 'https://ci.example.org',
    version: '1.2.3',
    log: silentLog,
    now: () => Date.now(),
    lookMs: 20,
    skewMs: 0,
  });
  await fixture.push({ '.github/workflows/ci.yml': WORKFLOW });
  const [held] = await fixture.until(async () => {
    const all = await fixture.held();
    return all.length === 1 ? all : undefined;
  });
  const lines = [
    { kind: 'step-started', time: began, step: '1', name: 'Run false' },
    { kind: 'log', time: began, step: '1', text: 'hunter2 "kind":"step-finished"' },
    { kind: 'step-finished', time: began + 50, step: '1', outcome: 'failure', conclusion: 'failure', durationMs: 50 },
  ];
  const bytes = Buffer.from(
    `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"kind":"step-finished","step":1}\nno\n`,
  );
  await logs.append(held?.jobId ?? 0, 0, bytes);
  await fixture.finish('one', { conclusion: 'failure' });

  await fixture.until(async () => taker.got.length >= 2);
  taker.state.status = 200;
  const refused = taker.got.length;
  await fixture.until(async () => taker.got.length > refused);
  await sleep(300);
  await stop();
  await logs.close();

  expect(taker.got.length).toBe(refused + 1);
  const last = taker.got.at(-1);
  expect(last?.path).toBe('/v1/traces');
  expect(taker.got.map(({ text }) => text).join('')).not.toContain('hunter2');
  const [resource] = JSON.parse(last?.text ?? '').resourceSpans;
  const spans: { traceId: string; spanId: string; parentSpanId?: string; name: string; status: { code: number } }[] =
    resource.scopeSpans[0].spans;
  const [run, job, step] = spans;
  expect(spans.map(({ name, status }) => [name, status.code])).toEqual([
    ['RUN CI', 2],
    ['RUN one', 2],
    ['Run false', 2],
  ]);
  expect([job?.parentSpanId, step?.parentSpanId]).toEqual([run?.spanId, job?.spanId]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(run?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(run?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(last?.text).toContain('{"key":"cicd.pipeline.result","value":{"stringValue":"failure"}}');
  expect(last?.text).toContain(`"endTimeUnixNano":"${began + 50}000000"`);
});
