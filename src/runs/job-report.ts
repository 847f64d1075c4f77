import type { Taint } from '../base/index.ts';
import type { Annotation, Conclusion, EgressRecord, JobEvent } from '../protocol/index.ts';
import { eventOf, isLogStart, LOG_START, LogLines } from './log-line.ts';

/** One step, one of its inner steps (`outer/inner`), the set-up (`:setup`) or the end (`:end`) of a job. */
export type StepReport = {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  finishedAt?: number;
  /** Before `continue-on-error`. */
  outcome?: Conclusion;
  /** After it. */
  conclusion?: Conclusion;
  exitCode?: number;
  /** Lines that it logged. */
  lines: number;
};

/** Lines of the log that follow each other and come from one step. */
export type LogSegment = { readonly step: string; readonly from: number; count: number };
/** From `::group::` to its end, both lines inside. */
export type LogGroup = { readonly from: number; to: number; readonly title: string };

/** Attempts to reach the same, by the same, with the same end. */
export type EgressReport = Omit<EgressRecord, 'time'> & {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
};

/** All that a job's log tells but for its lines. What is beyond a bound is counted in `leftOut` and not kept. */
export type JobReport = {
  /** The byte behind what it tells: there the log goes on. */
  readonly bytes: number;
  readonly lines: number;
  readonly runner?: string;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly steps: readonly StepReport[];
  readonly segments: readonly LogSegment[];
  readonly groups: readonly LogGroup[];
  /** `logLine`: how many lines were logged before it. */
  readonly annotations: readonly (Annotation & { readonly step: string; readonly logLine: number })[];
  readonly summaries: readonly { readonly step: string; readonly markdown: string }[];
  readonly egress: readonly EgressReport[];
  readonly taints: readonly (Taint & { readonly time: number })[];
  readonly leftOut: number;
};

/** Of one job, all that is kept together. A job beyond these has other problems; its log has them all. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;
const STEPS_MAX = 2000;
const SEGMENTS_MAX = 20_000;
const GROUPS_MAX = 20_000;
const ANNOTATIONS_MAX = 1000;
const EGRESS_MAX = 1000;
const TAINTS_MAX = 200;
/** So many lines from one known place in the log to the next. */
export const MARK_LINES = 256;
const TITLE_CHARACTERS_MAX = 500;

const COMMA = 0x2c;
/** Where the bytes of a line name its step, behind the digits of the time. */
const TIME_END_MAX = 60;
const LAST_OF_GROUP = 0x70;

/** Reads a log once, from its beginning, as it grows: what it holds is bounded whatever the log has. */
export class JobReportReader {
  /** Bytes that were taken in, whole lines only. */
  bytes = 0;
  /** Byte at which each line whose number is a multiple of `MARK_LINES` begins. */
  readonly marks: number[] = [];
  readonly #open = new LogLines();
  #lines = 0;
  #leftOut = 0;
  #kept = 0;
  #started: { runner: string; time: number } | undefined;
  #finishedAt: number | undefined;
  /** The beginning of a line of the step that logged last, from the comma behind its time on. */
  #sameStep: Buffer = Buffer.alloc(0);
  readonly #steps = new Map<string, StepReport>();
  readonly #segments: LogSegment[] = [];
  readonly #groups: LogGroup[] = [];
  readonly #openGroups: LogGroup[] = [];
  readonly #annotations: JobReport['annotations'][number][] = [];
  readonly #summaries: JobReport['summaries'][number][] = [];
  readonly #egress = new Map<string, { -readonly [Key in keyof EgressReport]: EgressReport[Key] }>();
  readonly #taints: JobReport['taints'][number][] = [];

  get lines(): number {
    return this.#lines;
  }

  /** Where the next bytes are to come from. */
  get taken(): number {
    return this.bytes + this.#open.pending;
  }

  /** The next bytes of the log. What is no whole line yet waits. */
  feed(bytes: Buffer): void {
    this.#open.feed(bytes, (line, size) => {
      if (line === undefined) this.#leftOut += 1;
      else this.#line(line);
      this.bytes += size;
    });
  }

  report(): JobReport {
    return {
      bytes: this.bytes,
      lines: this.#lines,
      ...(this.#started === undefined ? {} : { runner: this.#started.runner, startedAt: this.#started.time }),
      ...(this.#finishedAt === undefined ? {} : { finishedAt: this.#finishedAt }),
      steps: [...this.#steps.values()].map((step) => ({ ...step })),
      segments: this.#segments.map((segment) => ({ ...segment })),
      groups: this.#groups.map((group) => ({ ...group })),
      annotations: [...this.#annotations],
      summaries: [...this.#summaries],
      egress: [...this.#egress.values()].map((record) => ({ ...record })),
      taints: [...this.#taints],
      leftOut: this.#leftOut,
    };
  }

  #line(line: Buffer): void {
    // Most lines are what programs print: those of the step that printed last are counted without being parsed.
    if (isLogStart(line) && line[line.length - 3] !== LAST_OF_GROUP && this.#isSameStep(line)) {
      this.#count();
      return;
    }
    const event = eventOf(line);
    if (event?.kind === 'log') this.#log(event, line);
    else if (event !== undefined) this.#take(event, line.length);
  }

  #isSameStep(line: Buffer): boolean {
    const same = this.#sameStep;
    const at = line.indexOf(COMMA, LOG_START.length);
    if (same.length === 0 || at === -1 || at > TIME_END_MAX || line.length < at + same.length) return false;
    return line.compare(same, 0, same.length, at, at + same.length) === 0;
  }

  #count(): void {
    if (this.#lines % MARK_LINES === 0) this.marks.push(this.bytes);
    this.#lines += 1;
    const segment = this.#segments.at(-1);
    if (segment === undefined) return;
    segment.count += 1;
    const step = this.#steps.get(segment.step);
    if (step !== undefined) step.lines += 1;
  }

  #log(event: Extract<JobEvent, { kind: 'log' }>, line: Buffer): void {
    if (this.#segments.at(-1)?.step !== event.step) {
      const fits = this.#keeps(event.step.length, this.#segments.length < SEGMENTS_MAX);
      if (fits) this.#segments.push({ step: event.step, from: this.#lines, count: 0 });
      const at = line.indexOf(COMMA, LOG_START.length);
      const start = Buffer.from(`,"step":${JSON.stringify(event.step)},"text":"`);
      const isPlain = isLogStart(line) && at !== -1 && line.subarray(at, at + start.length).equals(start);
      this.#sameStep = isPlain && fits ? start : Buffer.alloc(0);
    }
    if (event.style === 'group') this.#openGroup(event.text);
    else if (event.style === 'endgroup') this.#closeGroup();
    this.#count();
  }

  /** A group ends where the next one begins, as everywhere: they do not nest. */
  #openGroup(title: string): void {
    this.#closeGroup(this.#lines - 1);
    const group = { from: this.#lines, to: this.#lines, title: title.slice(0, TITLE_CHARACTERS_MAX) };
    if (!this.#keeps(group.title.length, this.#groups.length < GROUPS_MAX)) return;
    this.#groups.push(group);
    this.#openGroups.push(group);
  }

  #closeGroup(to = this.#lines): void {
    const open = this.#openGroups.pop();
    if (open !== undefined) open.to = Math.max(open.from, to);
  }

  /** Whether there is room for what so many bytes told. */
  #keeps(bytes: number, isBelow: boolean): boolean {
    const fits = isBelow && this.#kept + bytes <= KEPT_BYTES_MAX;
    if (fits) this.#kept += bytes;
    else this.#leftOut += 1;
    return fits;
  }

  #take(event: Exclude<JobEvent, { kind: 'log' }>, bytes: number): void {
    switch (event.kind) {
      case 'job-started':
        this.#started ??= { runner: event.runner, time: event.time };
        return;
      case 'step-started':
        this.#closeGroup(this.#lines - 1);
        if (this.#keeps(bytes, this.#steps.size < STEPS_MAX)) {
          this.#steps.set(event.step, { id: event.step, name: event.name, startedAt: event.time, lines: 0 });
        }
        return;
      case 'step-finished':
        this.#closeGroup(this.#lines - 1);
        this.#finishStep(event, bytes);
        return;
      case 'annotation':
        if (this.#keeps(bytes, this.#annotations.length < ANNOTATIONS_MAX)) {
          this.#annotations.push({ ...event.annotation, step: event.step, logLine: this.#lines });
        }
        return;
      case 'summary':
        if (this.#keeps(bytes, true)) this.#summaries.push({ step: event.step, markdown: event.markdown });
        return;
      case 'egress':
        this.#reach(event.record, bytes);
        return;
      case 'taint':
        if (this.#keeps(bytes, this.#taints.length < TAINTS_MAX)) {
          this.#taints.push({ ...event.taint, time: event.time });
        }
        return;
      case 'job-finished':
        this.#finishedAt = event.time;
    }
  }

  #finishStep(event: Extract<JobEvent, { kind: 'step-finished' }>, bytes: number): void {
    const { step: id, time, outcome, conclusion, durationMs, exitCode } = event;
    // One that was skipped is told of by its end alone.
    const known = this.#steps.get(id) ?? { id, name: id, startedAt: time - durationMs, lines: 0 };
    if (!this.#steps.has(id) && !this.#keeps(bytes, this.#steps.size < STEPS_MAX)) return;
    this.#steps.set(id, {
      ...known,
      finishedAt: time,
      outcome,
      conclusion,
      ...(exitCode === undefined ? {} : { exitCode }),
    });
  }

  #reach({ time, ...record }: EgressRecord, bytes: number): void {
    const { via, host, port, verdict, reason, step, process } = record;
    const id = JSON.stringify([via, host, port, verdict, reason, step, process]);
    const known = this.#egress.get(id);
    if (known !== undefined) {
      known.count += 1;
      known.lastAt = time;
      const sum = (name: 'bytesSent' | 'bytesReceived') => (known[name] ?? 0) + (record[name] ?? 0);
      known.bytesSent = sum('bytesSent');
      known.bytesReceived = sum('bytesReceived');
    } else if (this.#keeps(bytes, this.#egress.size < EGRESS_MAX)) {
      this.#egress.set(id, { ...record, count: 1, firstAt: time, lastAt: time });
    }
  }
}
