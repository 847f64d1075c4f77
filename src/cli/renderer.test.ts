import { describe, expect, test } from 'vitest';
import { memoryTerminal, recordedRun } from './fixture.ts';
import { LiveRegion, renderFrame } from './live.ts';
import { createRenderer, type OutputForm } from './renderer.ts';
import { RunViews } from './run-view.ts';
import { paintOf, widthOf } from './terminal.ts';

const clock = { now: () => 1_800_000_001_000, monotonic: () => 0 };

function show(form: OutputForm, terminal = memoryTerminal()): string {
  const renderer = createRenderer(form, terminal, { clock, command: ['--secret', "it's"] });
  for (const event of recordedRun()) renderer.onEvent(event);
  renderer.close();
  return terminal.out;
}

describe('plain output', () => {
  test('prints each line with its job, also of passing steps, and the report at the end', () => {
    expect(show('plain')).toBe(`CI  push · branch · .github/workflows/ci.yml
note: the work tree differs from HEAD
build | started on local
build | ▸ Set up job
build | ✓ Set up job (0.1s)
build | ▸ Pack it
build |   ▸ Inner
build |     ▾ Group
build |     hello green
build |   ✓ Inner (0.1s)
build | ✓ Pack it (0.3s)
build | ✓ succeeded in 0.5s
test (20) | added
test (20) | started on local
test (20) | ▸ Lint
test (20) | ! Lint (0.1s, exit code 3, goes on (continue-on-error))
test (20) | ▸ Run npm test
test (20) | level is now untrusted: the artifact x is of a lower level
${Array.from({ length: 30 }, (_, at) => `test (20) |   line ${at + 1}\n`).join('')}test (20) | ✗ Run npm test (1.3s, exit code 1)
test (20) | ✗ failed in 1.5s
deploy | ○ a job that it needs failed

Failed: test (20) › Run npm test (exit code 1)
  … 10 lines before
${Array.from({ length: 20 }, (_, at) => `  │ line ${at + 11}\n`).join('')}  run this job alone: sallyport run .github/workflows/ci.yml -j 'test (20)' --secret 'it'\\''s'

Annotations
  src/a.ts:3:5: error: expected 1

Summary of build
  Packed

  file  size
  ────  ────
  a     1

  done x

Network: 2 places refused
  evil.example not-listed  test (20) › Run npm test
  evil.example:443 2× not-listed  test (20) › Run npm test
  if a job should reach them, list them in .sallyport/egress.yml:
    allow:
      - "evil.example:443"

Notes
  level untrusted test (20) › run: the artifact x is of a lower level
  the work tree differs from HEAD

✗ CI failed in 1m 02s · 3 jobs: 1 succeeded, 1 failed, 1 skipped
`);
  });

  test('has no escape sequence without colours, and only colours with them', () => {
    expect(show('plain')).not.toContain('\u001b');
    const coloured = show('plain', memoryTerminal({ colors: true }));
    expect(coloured).toContain('\u001b[32mgreen');
    expect(coloured.replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toContain('\u001b');
  });
});

test('JSON output is one event a line, as the engine said it', () => {
  const lines = show('json').trimEnd().split('\n');

  expect(lines.map((line) => JSON.parse(line))).toEqual(recordedRun());
});

test('quiet output says what failed and nothing of what passed', () => {
  const out = show('quiet');

  expect(out).toContain('Failed: test (20) › Run npm test (exit code 1)');
  expect(out).toContain('line 30');
  expect(out).not.toContain('hello');
  expect(out).not.toContain('Pack it');
});

test('quiet output of a run that succeeded is empty', () => {
  const terminal = memoryTerminal();
  const renderer = createRenderer('quiet', terminal, { clock, command: [] });

  const [planned] = recordedRun();
  if (planned !== undefined) renderer.onEvent(planned);
  renderer.onEvent({ kind: 'run-finished', time: 0, runId: 7, conclusion: 'success', durationMs: 1, jobs: [] });

  expect(terminal.out).toBe('');
});

/** The views after the first `count` events, with one more job that is in the middle of a step. */
function viewsAfter(count: number): RunViews {
  const views = new RunViews();
  for (const event of recordedRun().slice(0, count)) views.apply(event);
  return views;
}

describe('the live tree', () => {
  const options = { paint: paintOf(false), colors: false, now: 1_800_000_001_000, cancelling: false };

  test('shows jobs, the steps of running jobs and the last log lines of the running step', () => {
    const lines = renderFrame(viewsAfter(8).all, { ...options, columns: 60, rows: 24 });

    expect(lines.map((line) => line.replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '*'))).toEqual([
      'CI  push · branch · .github/workflows/ci.yml',
      `* build${' '.repeat(48)}1.0s`,
      `  ✓ Set up job${' '.repeat(41)}0.1s`,
      `  * Pack it${' '.repeat(44)}0.9s`,
      `    * Inner${' '.repeat(44)}0.8s`,
      '      │ Group',
      '      │ hello green',
      '· test  waits for build',
      '· deploy  waits for test',
    ]);
  });

  test.each([1, 2, 3, 5, 8, 24])('fits a window of %i rows and any width', (rows) => {
    for (const columns of [1, 2, 10, 33, 80, 200]) {
      for (let count = 1; count < recordedRun().length; count += 1) {
        const lines = renderFrame(viewsAfter(count).all, { ...options, columns, rows });
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) expect(widthOf(line)).toBeLessThan(Math.max(1, columns));
      }
    }
  });

  test('ends with the tree and the report, and the cursor is shown again', () => {
    const terminal = memoryTerminal({ isInteractive: true });
    const renderer = createRenderer('live', terminal, { clock, command: [] });
    const events = recordedRun();
    for (const event of events.slice(0, 9)) renderer.onEvent(event);
    terminal.resize(50, 10);
    expect(terminal.out).toContain('\u001b[?25l');

    for (const event of events.slice(9)) renderer.onEvent(event);
    renderer.close();

    const end = terminal.out.slice(terminal.out.lastIndexOf('\u001b[?25h'));
    expect(end).toContain('✓ Pack it');
    expect(end).toContain('! Lint');
    expect(end).toContain('○ deploy');
    expect(end).toContain('Failed: test (20) › Run npm test (exit code 1)');
    expect(end).not.toContain('Set up job');
  });

  test('the region goes up over exactly the rows that it took, also after the window became narrower', () => {
    const terminal = memoryTerminal({ columns: 40, rows: 20 });
    const region = new LiveRegion(terminal);
    region.draw(['a'.repeat(30), 'b']);
    terminal.out = '';

    terminal.resize(10, 20);
    region.draw(['c']);
    region.clear();
    region.clear();

    expect(terminal.out).toContain('\r\u001b[4Ac\u001b[K\n\u001b[J');
    expect(terminal.out.endsWith('\r\u001b[1A\u001b[K\n\r\u001b[1A\u001b[?25h')).toBe(true);
  });
});
