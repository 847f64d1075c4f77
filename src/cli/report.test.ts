import { expect, test } from 'vitest';
import { renderReport, row } from './report.ts';
import { RunViews } from './run-view.ts';
import { paintOf, widthOf } from './terminal.ts';

const paint = paintOf(false);

test('a place that several jobs of a matrix asked for is told once', () => {
  const views = new RunViews();
  const jobs = ['a (1)', 'a (2)'].map((key) => ({ key, name: key, needs: [] }));
  const run = { runId: 1, time: 0, workflow: { path: 'ci.yml', name: 'ci' }, runName: 'ci', event: 'push' } as const;
  views.apply({ kind: 'run-planned', ...run, level: 'branch', taints: [], planDigest: '', jobs, notes: [] });
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

test('the time of a step with a long name stays at its place', () => {
  const line = row(`  ✓ ${'x'.repeat(200)}`, '1.5s', { paint, columns: 80 });

  expect(widthOf(line)).toBe(80);
  expect(line.endsWith('… 1.5s')).toBe(true);
});
