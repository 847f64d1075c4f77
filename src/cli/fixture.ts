import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { EngineEvent } from '../engine/index.ts';
import type { JobEvent } from '../protocol/index.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** A terminal in memory, for tests. */
export function memoryTerminal(
  options: { columns?: number; rows?: number; isInteractive?: boolean; canAsk?: boolean; colors?: boolean } = {},
): Terminal & { out: string; err: string; resize(columns: number, rows: number): void } {
  let { columns = 80, rows = 24 } = options;
  const callbacks = new Set<() => void>();
  return {
    out: '',
    err: '',
    isInteractive: options.isInteractive ?? false,
    canAsk: options.canAsk ?? false,
    colors: options.colors ?? false,
    write(text) {
      this.out += text;
    },
    writeError(text) {
      this.err += text;
    },
    columns: () => columns,
    rows: () => rows,
    onResize(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    resize(wide, high) {
      columns = wide;
      rows = high;
      for (const callback of callbacks) callback();
    },
  };
}

const T = 1_800_000_000_000;

/** What a job of the recorded run reports: short forms of the events, at milliseconds after the start. */
function recorder(key: string) {
  const job = (event: JobEvent): EngineEvent => ({ kind: 'job', runId: 7, job: key, event });
  const finished = (after: number, step: string, durationMs: number, more: { exitCode?: number } = {}) =>
    job({
      kind: 'step-finished',
      time: T + after,
      step,
      outcome: 'success',
      conclusion: 'success',
      durationMs,
      ...more,
    });
  return {
    job,
    started: (after: number, step: string, name: string) => job({ kind: 'step-started', time: T + after, step, name }),
    log: (after: number, step: string, text: string, style?: 'group' | 'endgroup') =>
      job({ kind: 'log', time: T + after, step, text, ...(style === undefined ? {} : { style }) }),
    finished,
    refused: (via: 'dns' | 'transparent') => {
      const port = via === 'dns' ? 0 : 443;
      const what = { time: T, via, host: 'evil.example', port, verdict: 'denied', reason: 'not-listed' } as const;
      return job({ kind: 'egress', time: T + 750, record: { ...what, step: 'run' } });
    },
  };
}

/** A recorded run: `build` succeeds with a nested step, `test (20)` fails, `deploy` is skipped. */
export function recordedRun(): readonly EngineEvent[] {
  const build = recorder('build');
  const test = recorder('test (20)');
  return [
    {
      kind: 'run-planned',
      time: T,
      runId: 7,
      workflow: { path: '.github/workflows/ci.yml', name: 'CI' },
      runName: 'CI',
      event: 'push',
      level: 'branch',
      taints: [],
      planDigest: 'sha256:0',
      jobs: [
        { key: 'build', name: 'build', needs: [] },
        { key: 'test', name: 'test', needs: ['build'] },
        { key: 'deploy', name: 'deploy', needs: ['test'] },
      ],
      notes: ['the work tree differs from HEAD'],
    },
    build.job({ kind: 'job-started', time: T, runner: 'local' }),
    build.started(0, ':setup', 'Set up job'),
    build.finished(100, ':setup', 100),
    build.started(100, 'pack', 'Pack it'),
    build.started(150, 'pack/inner', 'Inner'),
    build.log(200, 'pack/inner', 'Group', 'group'),
    build.log(200, 'pack/inner', '\u001b[2Jhello \u001b[32mgreen'),
    build.log(200, 'pack/inner', '', 'endgroup'),
    build.finished(300, 'pack/inner', 150),
    build.finished(400, 'pack', 300, { exitCode: 0 }),
    build.job({
      kind: 'summary',
      time: T + 400,
      step: 'pack',
      markdown: '# Packed\n\n| file | size |\n|---|---|\n| a | 1 |\n\n**done** <b>x</b>',
    }),
    build.job({ kind: 'job-finished', time: T + 500, conclusion: 'success', durationMs: 500 }),
    { kind: 'jobs-added', time: T + 500, runId: 7, jobs: [{ key: 'test (20)', name: 'test (20)', needs: ['build'] }] },
    test.job({ kind: 'job-started', time: T + 600, runner: 'local' }),
    test.started(600, 'lint', 'Lint'),
    test.job({
      kind: 'step-finished',
      time: T + 700,
      step: 'lint',
      outcome: 'failure',
      conclusion: 'success',
      durationMs: 100,
      exitCode: 3,
    }),
    test.started(700, 'run', 'Run npm test'),
    test.refused('dns'),
    test.refused('transparent'),
    test.refused('transparent'),
    test.job({
      kind: 'taint',
      time: T + 760,
      taint: { level: 'untrusted', cause: 'artifact', step: 'run', source: 'the artifact x is of a lower level' },
    }),
    ...Array.from({ length: 30 }, (_, at) => test.log(800, 'run', `line ${at + 1}`)),
    test.job({
      kind: 'annotation',
      time: T + 900,
      step: 'run',
      annotation: { level: 'error', message: 'expected 1\u001b[2J', file: 'src/a.ts', line: 3, column: 5 },
    }),
    test.job({
      kind: 'step-finished',
      time: T + 2_000,
      step: 'run',
      outcome: 'failure',
      conclusion: 'failure',
      durationMs: 1_300,
      exitCode: 1,
    }),
    test.job({ kind: 'job-finished', time: T + 2_100, conclusion: 'failure', durationMs: 1_500 }),
    {
      kind: 'job-ended',
      time: T + 2_100,
      runId: 7,
      job: 'deploy',
      conclusion: 'skipped',
      reason: 'a job that it needs failed',
    },
    {
      kind: 'run-finished',
      time: T + 2_200,
      runId: 7,
      conclusion: 'failure',
      durationMs: 62_000,
      jobs: [
        { key: 'build', conclusion: 'success', durationMs: 500 },
        { key: 'test (20)', conclusion: 'failure', durationMs: 1_500 },
        { key: 'deploy', conclusion: 'skipped', durationMs: 0 },
      ],
    },
  ];
}

/** The program as it is, to look at its commands and options: none of them can be run. */
export function idleProgram(): Command {
  const never = () => Promise.reject(new TypeError('not called'));
  const mirror = { add: never, sync: never };
  const advisories = { sync: never, import: never, status: never };
  return createProgram(
    {
      version: '1',
      terminal: memoryTerminal(),
      clock: { now: () => 0, monotonic: () => 0 },
      cwd: '/',
      environment: () => undefined,
      input: () => Readable.from([]),
      places: { state: '/', cache: '/' },
      interrupt: { onInterrupt: () => () => {} },
      commands: {
        run: never,
        up: never,
        serverFacts: never,
        audit: { verify: never, checkProof: never },
        runner: { join: never },
        backup: never,
        restore: never,
        proposeEgress: never,
        plan: never,
        scan: never,
        scanAndFix: never,
        explain: never,
        lock: never,
        advisories,
        mirror,
        probe: never,
        client: () => Promise.reject(new TypeError('not called')),
      },
    },
    () => {},
  );
}
