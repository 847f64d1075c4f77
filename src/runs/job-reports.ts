import type { JobEvent } from '../protocol/index.ts';
import { type JobReport, JobReportReader, MARK_LINES } from './job-report.ts';
import { eventOf, isLogStart, LogLines } from './log-line.ts';

/** Bytes of logs, as they lie there. */
export type LogBytes = {
  size(jobId: number): Promise<number>;
  read(jobId: number, span: { readonly from: number; readonly bytesMax: number }): Promise<Buffer>;
};

export type LogLine = {
  /** From 0. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly step: string;
  readonly text: string;
  readonly style?: Extract<JobEvent, { kind: 'log' }>['style'];
  /** Characters that are not told here: the log itself has them. */
  readonly cut?: number;
};

export type JobReports = {
  /** What the log tells as far as it goes. One that does not go on from what was read is read from its beginning. */
  report(jobId: number): Promise<JobReport>;
  /** Lines from one on, at most so many, fewer when they are long. `next`: the byte behind the last of them. */
  lines(
    jobId: number,
    span: { readonly from: number; readonly count: number },
  ): Promise<{ readonly total: number; readonly lines: readonly LogLine[]; readonly next: number }>;
  /** Numbers of lines that have the text, without regard to case and colours. `next`: where to go on, when not all were looked at. */
  search(
    jobId: number,
    asked: { readonly text: string; readonly from: number; readonly limit: number },
  ): Promise<{ readonly total: number; readonly matches: readonly number[]; readonly next?: number }>;
};

const READ_BYTES = 256 * 1024;
/** Logs whose marks are kept. */
const READERS_MAX = 200;
/** Characters of one line that are told. */
export const LINE_CHARACTERS_MAX = 16 * 1024;
/** Characters of lines that are told at once. */
const ANSWER_CHARACTERS_MAX = 4 * 1024 * 1024;
/** What one search looks through. */
const SEARCH_BYTES_MAX = 32 * 1024 * 1024;
/** Escape sequences: CSI with its end, OSC with its end, and two-character ones. No part of it can match in two ways. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;

type Reader = { readonly reader: JobReportReader; reading: Promise<void> };

/** Reports of jobs, made of their logs when they are asked for, and carried on as these grow. */
export function openJobReports(logs: LogBytes): JobReports {
  const readers = new Map<number, Reader>();

  async function upToDate(jobId: number): Promise<JobReportReader> {
    const size = await logs.size(jobId);
    const known = readers.get(jobId);
    // A log that was removed and another of its number that came: what was read is of no use.
    const isGone = known !== undefined && size < known.reader.bytes;
    const own: Reader = known === undefined || isGone ? { reader: new JobReportReader(), reading: nothing } : known;
    readers.delete(jobId);
    readers.set(jobId, own);
    for (const oldest of [...readers.keys()].slice(0, Math.max(0, readers.size - READERS_MAX))) readers.delete(oldest);
    // One after the other: each goes on where the one before ended.
    own.reading = own.reading.catch(() => undefined).then(() => readOn(logs, jobId, own.reader));
    await own.reading;
    return own.reader;
  }

  return {
    report: async (jobId) => (await upToDate(jobId)).report(),
    async lines(jobId, { from, count }) {
      const reader = await upToDate(jobId);
      const lines: LogLine[] = [];
      let next = reader.bytes;
      let characters = 0;
      if (from < reader.lines && count > 0) {
        for await (const { line, number, end } of linesFrom(logs, jobId, { reader, from })) {
          const told = lineOf(number, line);
          lines.push(told);
          next = end;
          characters += told.text.length;
          if (lines.length >= count || characters > ANSWER_CHARACTERS_MAX) break;
        }
      }
      return { total: reader.lines, lines, next };
    },
    async search(jobId, { text, from, limit }) {
      const reader = await upToDate(jobId);
      const wanted = text.toLowerCase();
      const matches: number[] = [];
      let bytes = 0;
      if (from < reader.lines) {
        for await (const { line, number } of linesFrom(logs, jobId, { reader, from })) {
          if (bytes > SEARCH_BYTES_MAX || matches.length >= limit)
            return { total: reader.lines, matches, next: number };
          bytes += line.length;
          const event = eventOf(line);
          if (event?.kind === 'log' && plain(event.text).toLowerCase().includes(wanted)) matches.push(number);
        }
      }
      return { total: reader.lines, matches };
    },
  };
}

const nothing = Promise.resolve();

async function readOn(logs: LogBytes, jobId: number, reader: JobReportReader): Promise<void> {
  for (;;) {
    const bytes = await logs.read(jobId, { from: reader.taken, bytesMax: READ_BYTES });
    if (bytes.length === 0) return;
    reader.feed(bytes);
  }
}

/** Lines of programs in their order, from one on, with the byte behind each. */
async function* linesFrom(
  logs: LogBytes,
  jobId: number,
  { reader, from }: { readonly reader: JobReportReader; readonly from: number },
): AsyncGenerator<{ readonly line: Buffer; readonly number: number; readonly end: number }> {
  const mark = Math.floor(from / MARK_LINES);
  const { bytes: end } = reader;
  const open = new LogLines();
  let at = reader.marks[mark] ?? 0;
  let number = mark * MARK_LINES;
  for (let read = at; at < end; ) {
    const bytes = await logs.read(jobId, { from: read, bytesMax: READ_BYTES });
    if (bytes.length === 0) return;
    read += bytes.length;
    const found: { readonly line: Buffer; readonly number: number; readonly end: number }[] = [];
    open.feed(bytes, (line, size) => {
      if (at >= end) return;
      at += size;
      if (line === undefined || !isPrinted(line)) return;
      if (number >= from) found.push({ line, number, end: at });
      number += 1;
    });
    yield* found;
  }
}

/** The same lines that are counted. */
function isPrinted(line: Buffer): boolean {
  return isLogStart(line) || eventOf(line)?.kind === 'log';
}

function lineOf(number: number, line: Buffer): LogLine {
  const event = eventOf(line);
  if (event?.kind !== 'log') return { number, time: 0, step: '', text: '' };
  const { time, step, text, style } = event;
  const cut = Math.max(0, text.length - LINE_CHARACTERS_MAX);
  return {
    number,
    time,
    step,
    text: cut === 0 ? text : text.slice(0, LINE_CHARACTERS_MAX),
    ...(style === undefined ? {} : { style }),
    ...(cut === 0 ? {} : { cut }),
  };
}

function plain(text: string): string {
  return text.includes('\u001b') ? text.replaceAll(ESCAPES, '') : text;
}
