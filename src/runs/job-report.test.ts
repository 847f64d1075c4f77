import { describe, expect, test } from 'vitest';
import type { JobEvent } from '../protocol/index.ts';
import { JobReportReader } from './job-report.ts';
import { openJobReports } from './job-reports.ts';

const say = (step: string, text: string, style?: 'group' | 'endgroup'): JobEvent => ({
  kind: 'log',
  time: 1_764_061_234_567,
  step,
  text,
  ...(style === undefined ? {} : { style }),
});
const lines = (...events: readonly JobEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const read = (text: string) => {
  const reader = new JobReportReader();
  reader.feed(Buffer.from(text));
  return reader.report();
};
/** A log in memory that can grow. */
function logOf(text: string) {
  let bytes = Buffer.from(text);
  return {
    add: (more: string) => {
      bytes = Buffer.concat([bytes, Buffer.from(more)]);
    },
    become: (other: string) => {
      bytes = Buffer.from(other);
    },
    size: async () => bytes.length,
    read: async (_job: number, { from, bytesMax }: { readonly from: number; readonly bytesMax: number }) =>
      bytes.subarray(from, from + bytesMax),
  };
}

describe('what a log tells of its job', () => {
  test('steps have their times, ends and how much they logged, inner ones too', () => {
    const report = read(
      lines(
        { kind: 'job-started', time: 10, runner: 'local' },
        { kind: 'step-started', time: 20, step: 'a', name: 'Build' },
        say('a', 'one'),
        { kind: 'step-started', time: 25, step: 'a/b', name: 'inner' },
        say('a/b', 'two'),
        say('a/b', 'three'),
        { kind: 'step-finished', time: 30, step: 'a/b', outcome: 'success', conclusion: 'success', durationMs: 5 },
        say('a', 'four'),
        {
          kind: 'step-finished',
          time: 50,
          step: 'a',
          outcome: 'failure',
          conclusion: 'success',
          durationMs: 30,
          exitCode: 3,
        },
        { kind: 'step-finished', time: 51, step: 'c', outcome: 'skipped', conclusion: 'skipped', durationMs: 0 },
        { kind: 'job-finished', time: 60, conclusion: 'success', durationMs: 50 },
      ),
    );

    expect(report).toMatchObject({ lines: 4, runner: 'local', startedAt: 10, finishedAt: 60, leftOut: 0 });
    expect(report.steps).toEqual([
      {
        id: 'a',
        name: 'Build',
        startedAt: 20,
        finishedAt: 50,
        outcome: 'failure',
        conclusion: 'success',
        exitCode: 3,
        lines: 2,
      },
      {
        id: 'a/b',
        name: 'inner',
        startedAt: 25,
        finishedAt: 30,
        outcome: 'success',
        conclusion: 'success',
        lines: 2,
      },
      { id: 'c', name: 'c', startedAt: 51, finishedAt: 51, outcome: 'skipped', conclusion: 'skipped', lines: 0 },
    ]);
    expect(report.segments).toEqual([
      { step: 'a', from: 0, count: 1 },
      { step: 'a/b', from: 1, count: 2 },
      { step: 'a', from: 3, count: 1 },
    ]);
  });

  test('a group reaches to its end, to the next group, or to the end of its step', () => {
    const report = read(
      lines(
        say('a', 'first', 'group'),
        say('a', 'x'),
        say('a', '', 'endgroup'),
        say('a', 'second', 'group'),
        say('a', 'y'),
        say('a', 'third', 'group'),
        say('a', 'z'),
        { kind: 'step-finished', time: 1, step: 'a', outcome: 'success', conclusion: 'success', durationMs: 1 },
        say('b', 'w'),
      ),
    );

    expect(report.groups).toEqual([
      { from: 0, to: 2, title: 'first' },
      { from: 3, to: 4, title: 'second' },
      { from: 5, to: 6, title: 'third' },
    ]);
  });

  test('text that looks like the end of a group is text', () => {
    const report = read(lines(say('a', 'open', 'group'), say('a', 'x","style":"endgroup'), say('a', 'y')));

    expect(report.groups).toEqual([{ from: 0, to: 0, title: 'open' }]);
    expect(report.lines).toBe(3);
  });

  test('attempts to reach the same are one, with their count', () => {
    const egress = (time: number, host: string): JobEvent => ({
      kind: 'egress',
      time,
      record: { time, via: 'connect', host, port: 443, verdict: 'denied', reason: 'not-listed', process: 'curl' },
    });

    const report = read(lines(egress(1, 'a.test'), egress(2, 'b.test'), egress(9, 'a.test')));

    expect(report.egress.map(({ host, count, firstAt, lastAt }) => [host, count, firstAt, lastAt])).toEqual([
      ['a.test', 2, 1, 9],
      ['b.test', 1, 2, 2],
    ]);
  });

  test('what is no event is passed over, and what is beyond a bound is counted', () => {
    const taint: JobEvent = { kind: 'taint', time: 1, taint: { level: 'untrusted', cause: 'artifact', source: 's' } };

    const report = read(`nonsense\n{"kind":"taint"}\n${lines(...Array.from({ length: 205 }, () => taint))}`);

    expect(report.taints).toHaveLength(200);
    expect(report.leftOut).toBe(5);
  });

  test('a line that never ends costs neither time nor memory, and those behind it count', async () => {
    const started = performance.now();
    const reader = new JobReportReader();
    reader.feed(Buffer.from(lines(say('a', 'before'))));
    const chunk = Buffer.alloc(256 * 1024, 'x');
    for (let at = 0; at < 400; at += 1) reader.feed(chunk);

    expect(reader.taken).toBe(reader.bytes + 400 * chunk.length);
    reader.feed(Buffer.from(`\n${lines(say('a', 'after'))}`));

    expect(reader.report()).toMatchObject({ lines: 2, leftOut: 1 });
    expect(performance.now() - started).toBeLessThan(2000);
    const long = `${lines(say('a', 'one'))}${'y'.repeat(1024 * 1024 + 1)}\n${lines(say('a', 'two'))}`;
    const told = await openJobReports(logOf(long)).lines(1, { from: 1, count: 5 });
    expect(told.lines.map(({ number, text }) => [number, text])).toEqual([[1, 'two']]);
  });

  test('texts of a runner that lies are bounded all together', () => {
    const annotation: JobEvent = {
      kind: 'annotation',
      time: 1,
      step: 'a',
      annotation: { level: 'error', message: 'x'.repeat(500_000) },
    };

    const report = read(lines(...Array.from({ length: 20 }, () => annotation)));

    expect(report.annotations).toHaveLength(4);
    expect(report.leftOut).toBe(16);
  });

  test('it is the same however the bytes are cut', () => {
    const text = lines(
      { kind: 'step-started', time: 20, step: 'a', name: 'Bühne' },
      ...Array.from({ length: 600 }, (_, at) => say('a', `Zeile ${at} äöü`)),
      { kind: 'annotation', time: 1, step: 'a', annotation: { level: 'error', message: 'm', file: 'f', line: 3 } },
      { kind: 'summary', time: 1, step: 'a', markdown: '# hi' },
    );
    const whole = read(text);
    const bytes = Buffer.from(text);

    for (const size of [1, 7, 64, 1000]) {
      const reader = new JobReportReader();
      for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
      expect(reader.report()).toEqual(whole);
      expect(reader.bytes).toBe(bytes.length);
    }
    expect(whole.annotations).toEqual([{ level: 'error', message: 'm', file: 'f', line: 3, step: 'a', logLine: 600 }]);
  });
});

describe('lines of a log', () => {
  test('any span of them is told, also of one that has 200,000', async () => {
    const text = Array.from({ length: 200_000 }, (_, at) => lines(say('a', `line ${at}`))).join('');
    const reports = openJobReports(logOf(text));

    const middle = await reports.lines(1, { from: 123_456, count: 3 });
    const last = await reports.lines(1, { from: 199_999, count: 100 });

    expect(middle.total).toBe(200_000);
    expect(middle.lines.map((line) => [line.number, line.text])).toEqual([
      [123_456, 'line 123456'],
      [123_457, 'line 123457'],
      [123_458, 'line 123458'],
    ]);
    expect(last.lines.map((line) => line.text)).toEqual(['line 199999']);
    expect(last.next).toBe(Buffer.byteLength(text));
    expect(await reports.lines(1, { from: 200_000, count: 1 })).toMatchObject({ lines: [], next: last.next });
  });

  test('a log that grows is carried on, and one that was removed is read anew', async () => {
    const log = logOf(lines(say('a', 'one')));
    const reports = openJobReports(log);
    expect((await reports.report(1)).lines).toBe(1);

    log.add(lines(say('a', 'two')).slice(0, 20));
    expect((await reports.report(1)).lines).toBe(1);
    log.add(lines(say('a', 'two')).slice(20));
    expect((await reports.lines(1, { from: 0, count: 9 })).lines.map(({ text }) => text)).toEqual(['one', 'two']);

    log.become(lines(say('b', 'new')));
    expect((await reports.lines(1, { from: 0, count: 9 })).lines.map(({ text }) => text)).toEqual(['new']);
  });

  test('a line that claims to be printed and is not is one, and empty', async () => {
    const reports = openJobReports(
      logOf(`{"kind":"log","time":broken\n${lines(say('a', 'real'))}{"kind":"log","time":1}\n`),
    );

    const told = await reports.lines(1, { from: 0, count: 9 });

    expect(told.total).toBe(3);
    expect(told.lines.map(({ text }) => text)).toEqual(['', 'real', '']);
  });

  test('a long line is cut, and says by how much', async () => {
    const reports = openJobReports(logOf(lines(say('a', 'x'.repeat(20_000)))));

    const [line] = (await reports.lines(1, { from: 0, count: 1 })).lines;

    expect(line?.text).toHaveLength(16_384);
    expect(line?.cut).toBe(20_000 - 16_384);
  });

  test('a search finds text without regard to case and colours, and goes on where it stopped', async () => {
    const reports = openJobReports(
      logOf(lines(say('a', '\u001b[31mFai\u001b[0mled'), say('a', 'fine'), say('a', 'it FAILED'), say('a', 'failed'))),
    );

    const first = await reports.search(1, { text: 'failed', from: 0, limit: 2 });
    const second = await reports.search(1, { text: 'failed', from: first.next ?? 0, limit: 2 });

    expect(first).toEqual({ total: 4, matches: [0, 2], next: 3 });
    expect(second).toEqual({ total: 4, matches: [3] });
  });
});
