import { z } from 'zod';
import { TRUST_LEVELS } from '../base/index.ts';
import type { JobEvent } from '../protocol/index.ts';

const LINE_FEED = 0x0a;
/** A longer line is no event, whatever it holds: nothing is kept of it while its end is looked for. */
const LOG_LINE_BYTES_MAX = 1024 * 1024;
/** How a runner writes a line that a program printed. */
export const LOG_START = Buffer.from('{"kind":"log","time":');

/** Whether it begins as a line that was printed. A runner that lies can make such a line say nothing: it counts as a line all the same. */
export function isLogStart(line: Buffer): boolean {
  return line.length > LOG_START.length && line.compare(LOG_START, 0, LOG_START.length, 0, LOG_START.length) === 0;
}

/** Lines of a log out of bytes that come in any pieces. */
export class LogLines {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of a line that is too long and has not ended. */
  #dropped = 0;

  /** Bytes of the line that has not ended. */
  get pending(): number {
    return this.#rest.length + this.#dropped;
  }

  /** Calls back with each line that ends, nothing for one that is too long, and with its bytes, its end among them. */
  feed(bytes: Buffer, onLine: (line: Buffer | undefined, size: number) => void): void {
    const open = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let from = 0;
    for (let end = open.indexOf(LINE_FEED); end !== -1; end = open.indexOf(LINE_FEED, from)) {
      const line = open.subarray(from, end);
      const isTooLong = this.#dropped + line.length > LOG_LINE_BYTES_MAX;
      const size = this.#dropped + line.length + 1;
      from = end + 1;
      this.#dropped = 0;
      onLine(isTooLong ? undefined : line, size);
    }
    const rest = open.subarray(from);
    const isTooLong = this.#dropped + rest.length > LOG_LINE_BYTES_MAX;
    if (isTooLong) this.#dropped += rest.length;
    this.#rest = isTooLong ? Buffer.alloc(0) : Buffer.from(rest);
  }
}

const time = z.number();
const step = z.string();
const conclusion = z.enum(['success', 'failure', 'cancelled', 'skipped']);
const text = z.string();
const place = z.int().nonnegative();
const annotation = z.object({
  level: z.enum(['notice', 'warning', 'error']),
  message: text,
  title: text.exactOptional(),
  file: text.exactOptional(),
  line: place.exactOptional(),
  endLine: place.exactOptional(),
  column: place.exactOptional(),
  endColumn: place.exactOptional(),
});
const egress = z.object({
  time,
  via: z.enum(['dns', 'transparent', 'connect', 'http', 'socks5', 'udp', 'gateway']),
  host: text,
  port: z.int(),
  verdict: z.enum(['allowed', 'denied']),
  reason: text.exactOptional(),
  address: text.exactOptional(),
  step: step.exactOptional(),
  process: text.exactOptional(),
  bytesSent: z.number().exactOptional(),
  bytesReceived: z.number().exactOptional(),
});
const STYLES = ['group', 'endgroup', 'command', 'notice', 'warning', 'error', 'debug'] as const;
const taint = z.object({ level: z.enum(TRUST_LEVELS), cause: text, step: step.exactOptional(), source: text });

/** What a runner may tell of a job: it may lie, so its lines are parsed like any other bytes from outside. */
const jobEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('job-started'), time, runner: text }),
  z.object({ kind: z.literal('step-started'), time, step, name: text }),
  z.object({ kind: z.literal('log'), time, step, text, style: z.enum(STYLES).exactOptional() }),
  z.object({ kind: z.literal('annotation'), time, step, annotation }),
  z.object({ kind: z.literal('summary'), time, step, markdown: text }),
  z.object({ kind: z.literal('egress'), time, record: egress }),
  z.object({ kind: z.literal('taint'), time, taint }),
  z.object({
    kind: z.literal('step-finished'),
    time,
    step,
    outcome: conclusion,
    conclusion,
    durationMs: z.number(),
    exitCode: z.int().exactOptional(),
  }),
  z.object({ kind: z.literal('job-finished'), time, conclusion, durationMs: z.number() }),
]);

const NOTHING = { kind: 'log', time: 0, step: '', text: '' } as const;

/** The event that a line of a job's log tells of. Nothing for a line that is none. */
export function eventOf(line: Buffer): JobEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return isLogStart(line) ? NOTHING : undefined;
  }
  const parsed = jobEvent.safeParse(value);
  if (!parsed.success) return isLogStart(line) ? NOTHING : undefined;
  return parsed.data;
}
