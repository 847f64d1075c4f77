import { describe, expect, test } from 'vitest';
import type { EngineEvent } from '../engine/index.ts';
import type { JobEvent } from '../protocol/index.ts';
import { renderPlain } from './plain.ts';
import { renderReport, row } from './report.ts';
import { RunViews } from './run-view.ts';
import { paintOf, widthOf } from './terminal.ts';

const paint = paintOf(false);
const RUN = { runId: 1, time: 0, workflow: { path: 'ci.yml', name: 'ci' }, runName: 'ci', event: 'push' } as const;
const PLANNED = { kind: 'run-planned', ...RUN, level: 'branch', taints: [], planDigest: '', notes: [] } as const;

test('a place that several jobs of a matrix asked for is told once', () => {
  const views = new RunViews();
  const jobs = ['a (1)', 'a (2)'].map((key) => ({ key, name: key, needs: [] }));
  views.apply({ ...PLANNED, jobs });
  for (const { key } of jobs) {
    const record = {
      time: 0,
      via: 'dns',
      host: 'evil.example',
      port: 53,
      verdict: 'denied',
      reason: 'not-listed',
    } as const;
    views.apply({
      kind: 'job',
      runId: 1,
      job: key,
      event: { kind: 'egress', time: 0, record: record },
    });
  }
  const [view] = views.all;

  const lines = view === undefined ? [] : renderReport(view, { paint, colors: false, columns: 80, command: [] });

  expect(lines).toContain('Network: 1 place refused');
  expect(lines).toContain('  evil.example 2× not-listed  a (1) and 1 more job');
});

test('a name that is none is not among the lines for the list', () => {
  const views = new RunViews();
  views.apply({ ...PLANNED, jobs: [{ key: 'a', name: 'a', needs: [] }] });
  for (const host of ['good.example', '::error::pwn.com']) {
    const record = { time: 0, via: 'dns', host, port: 53, verdict: 'denied', reason: 'not-listed' } as const;
    views.apply({ kind: 'job', runId: 1, job: 'a', event: { kind: 'egress', time: 0, record } });
  }
  const [view] = views.all;

  const lines = view === undefined ? [] : renderReport(view, { paint, colors: false, columns: 80, command: [] });

  expect(lines.filter((line) => line.startsWith('      - '))).toEqual(['      - "good.example:443"']);
  expect(lines).toContain('  ::error::pwn.com not-listed  a');
});

test('the time of a step with a long name stays at its place', () => {
  const line = row(`  ✓ ${'x'.repeat(200)}`, '1.5s', { paint, columns: 80 });

  expect(widthOf(line)).toBe(80);
  expect(line.endsWith('… 1.5s')).toBe(true);
});

describe('a job whose failure continue-on-error tolerates', () => {
  const failed = { kind: 'job-finished', time: 1, conclusion: 'failure', durationMs: 1_000 } as const;
  const jobs = [
    { key: 'try', name: 'try', needs: [], continueOnError: true },
    { key: 'unrun', name: 'unrun', needs: [], continueOnError: true },
    { key: 'build', name: 'build', needs: [] },
  ] as const;
  const events: readonly EngineEvent[] = [
    { ...PLANNED, jobs },
    { kind: 'job', runId: 1, job: 'try', event: failed },
    { kind: 'job-ended', time: 1, runId: 1, job: 'unrun', conclusion: 'failure', tolerated: true, reason: 'no runner' },
    { kind: 'job', runId: 1, job: 'build', event: { ...failed, conclusion: 'success' } },
    {
      kind: 'run-finished',
      time: 2,
      runId: 1,
      conclusion: 'success',
      durationMs: 2_000,
      jobs: [
        { key: 'try', conclusion: 'failure', tolerated: true, durationMs: 1_000 },
        { key: 'unrun', conclusion: 'failure', tolerated: true, durationMs: 0 },
        { key: 'build', conclusion: 'success', durationMs: 1_000 },
      ],
    },
  ];

  test('is told as tolerated, not as failed, and not counted among the failed', () => {
    const views = new RunViews();
    for (const event of events) views.apply(event);
    const [view] = views.all;

    const text =
      view === undefined ? '' : renderReport(view, { paint, colors: false, columns: 80, command: [] }).join('\n');

    expect(text).toContain('! try');
    expect(text).toContain('Failed, tolerated (continue-on-error): try');
    expect(text).not.toContain('Failed:');
    expect(text).not.toContain('✗');
    expect(text).toContain('✓ ci succeeded in 2.0s · 3 jobs: 1 succeeded, 2 failed but tolerated');
  });

  test('is told as tolerated in the plain log too', () => {
    const views = new RunViews();
    const lines = events.flatMap((event) => {
      views.apply(event);
      return renderPlain(event, views, { paint, colors: false, columns: 80, command: [] });
    });

    expect(lines).toContain('try | ! failed but tolerated (continue-on-error) in 1.0s');
    expect(lines).toContain('unrun | ! no runner (tolerated: continue-on-error)');
  });
});

test('a cancelled job says why, in the tree and in the plain log', () => {
  const reason = 'cancelled: `build (20)` failed and fail-fast is on';
  const key = 'build (18)';
  const events: readonly EngineEvent[] = [
    { ...PLANNED, jobs: [{ key, name: key, needs: [] }] },
    { kind: 'job', runId: 1, job: key, event: { kind: 'job-started', time: 0, runner: 'local' } },
    { kind: 'job-cancelling', time: 1, runId: 1, job: key, force: false, reason },
    {
      kind: 'job',
      runId: 1,
      job: key,
      event: { kind: 'job-finished', time: 1, conclusion: 'cancelled', durationMs: 1 },
    },
  ];
  const views = new RunViews();
  const options = { paint, colors: false, columns: 80, command: [] };

  const plain = events.flatMap((event) => {
    views.apply(event);
    return renderPlain(event, views, options);
  });
  const [view] = views.all;
  const tree = view === undefined ? [] : renderReport(view, options);

  expect(plain).toContain(`build (18) | ending: ${reason}`);
  expect(tree).toContain(`    ${reason}`);
});

test('a job that was ended by the runner shows the step that it was ended in, and why', () => {
  const step = { time: 1, step: 'a' } as const;
  const events: readonly JobEvent[] = [
    { kind: 'job-started', time: 0, runner: 'local' },
    { kind: 'step-started', ...step, name: 'Build' },
    { kind: 'log', ...step, text: 'the job masks more than 2000 texts', style: 'error' },
    { kind: 'step-finished', ...step, outcome: 'cancelled', conclusion: 'cancelled', durationMs: 1 },
    { kind: 'job-finished', time: 2, conclusion: 'failure', durationMs: 2 },
  ];
  const views = new RunViews();
  views.apply({ ...PLANNED, jobs: [{ key: 'a', name: 'a', needs: [] }] });
  for (const event of events) views.apply({ kind: 'job', runId: 1, job: 'a', event });
  const [view] = views.all;

  const lines = view === undefined ? [] : renderReport(view, { paint, colors: false, columns: 80, command: [] });

  expect(lines).toContain('Failed: a › Build');
  expect(lines).toContain('  │ the job masks more than 2000 texts');
});
