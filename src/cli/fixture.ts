import type { Command } from 'commander';
import type { EngineEvent } from '../engine/index.ts';
import type { JobEvent } from '../protocol/index.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** A terminal in memory, for tests. */
export function memoryTerminal(
  options: { columns?: number; rows?: number; isInteractive?: boolean; colors?: boolean } = {},
): Terminal & { out: string; err: string; resize(columns: number, rows: number): void } {
  let { columns = 80, rows = 24 } = options;
  const callbacks = new Set<() => void>();
  return {
    out: '',
    err: '',
    isInteractive: options.isInteractive ?? false,
    canAsk: false,
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

/** A recorded run: `build` succeeds with a nested step, `test (20)` fails, `deploy` is skipped. */
export function recordedRun(): readonly EngineEvent[] {
  const job = (key: string, event: JobEvent): EngineEvent => ({ kind: 'job', runId: 7, job: key, event });
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
    job('build', { kind: 'job-started', time: T, runner: 'local' }),
    job('build', { kind: 'step-started', time: T, step: ':setup', name: 'Set up job' }),
    job('build', {
      kind: 'step-finished',
      time: T + 100,
      step: ':setup',
      outcome: 'success',
      conclusion: 'success',
      durationMs: 100,
    }),
    job('build', { kind: 'step-started', time: T + 100, step: 'pack', name: 'Pack it' }),
    job('build', { kind: 'step-started', time: T + 150, step: 'pack/inner', name: 'Inner' }),
    job('build', { kind: 'log', time: T + 200, step: 'pack/inner', text: 'Group', style: 'group' }),
    job('build', { kind: 'log', time: T + 200, step: 'pack/inner', text: '\u001b[2Jhello \u001b[32mgreen' }),
    job('build', { kind: 'log', time: T + 200, step: 'pack/inner', text: '', style: 'endgroup' }),
    job('build', {
      kind: 'step-finished',
      time: T + 300,
      step: 'pack/inner',
      outcome: 'success',
      conclusion: 'success',
      durationMs: 150,
    }),
    job('build', {
      kind: 'step-finished',
      time: T + 400,
      step: 'pack',
      outcome: 'success',
      conclusion: 'success',
      durationMs: 300,
      exitCode: 0,
    }),
    job('build', {
      kind: 'summary',
      time: T + 400,
      step: 'pack',
      markdown: '# Packed\n\n| file | size |\n|---|---|\n| a | 1 |\n\n**done** <b>x</b>',
    }),
    job('build', { kind: 'job-finished', time: T + 500, conclusion: 'success', durationMs: 500 }),
    { kind: 'jobs-added', time: T + 500, runId: 7, jobs: [{ key: 'test (20)', name: 'test (20)', needs: ['build'] }] },
    job('test (20)', { kind: 'job-started', time: T + 600, runner: 'local' }),
    job('test (20)', { kind: 'step-started', time: T + 600, step: 'lint', name: 'Lint' }),
    job('test (20)', {
      kind: 'step-finished',
      time: T + 700,
      step: 'lint',
      outcome: 'failure',
      conclusion: 'success',
      durationMs: 100,
      exitCode: 3,
    }),
    job('test (20)', { kind: 'step-started', time: T + 700, step: 'run', name: 'Run npm test' }),
    job('test (20)', {
      kind: 'egress',
      time: T + 750,
      record: {
        time: T,
        via: 'dns',
        host: 'evil.example',
        port: 0,
        verdict: 'denied',
        reason: 'not-listed',
        step: 'run',
      },
    }),
    job('test (20)', {
      kind: 'egress',
      time: T + 750,
      record: {
        time: T,
        via: 'transparent',
        host: 'evil.example',
        port: 443,
        verdict: 'denied',
        reason: 'not-listed',
        step: 'run',
      },
    }),
    job('test (20)', {
      kind: 'egress',
      time: T + 750,
      record: {
        time: T,
        via: 'transparent',
        host: 'evil.example',
        port: 443,
        verdict: 'denied',
        reason: 'not-listed',
        step: 'run',
      },
    }),
    job('test (20)', {
      kind: 'taint',
      time: T + 760,
      taint: { level: 'untrusted', cause: 'artifact', step: 'run', source: 'the artifact x is of a lower level' },
    }),
    ...Array.from({ length: 30 }, (_, at) =>
      job('test (20)', { kind: 'log', time: T + 800, step: 'run', text: `line ${at + 1}` }),
    ),
    job('test (20)', {
      kind: 'annotation',
      time: T + 900,
      step: 'run',
      annotation: { level: 'error', message: 'expected 1\u001b[2J', file: 'src/a.ts', line: 3, column: 5 },
    }),
    job('test (20)', {
      kind: 'step-finished',
      time: T + 2_000,
      step: 'run',
      outcome: 'failure',
      conclusion: 'failure',
      durationMs: 1_300,
      exitCode: 1,
    }),
    job('test (20)', { kind: 'job-finished', time: T + 2_100, conclusion: 'failure', durationMs: 1_500 }),
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
      places: { state: '/', cache: '/' },
      interrupt: { onInterrupt: () => () => {} },
      commands: {
        run: never,
        proposeEgress: never,
        plan: never,
        scan: never,
        scanAndFix: never,
        explain: never,
        lock: never,
        advisories,
        mirror,
        probe: never,
      },
    },
    () => {},
  );
}
