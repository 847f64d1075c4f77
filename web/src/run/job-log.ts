import { api, type Of, told } from '../shell/api.ts';
import type { GroupSpan, Segment } from './log-rows.ts';
import { readStream, StreamFailure } from './sse.ts';

/** One line as the page shows it. `cut`: characters that only the file has. */
export type Line = {
  readonly time: string | number;
  readonly text: string;
  readonly style?: string | undefined;
  readonly cut?: number | undefined;
};

export type Step = {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly conclusion?: string;
};

export type LogPlace = { readonly owner: string; readonly name: string; readonly run: number; readonly job: number };

/** What a stream tells of a log: `ended` when nothing more comes. */
export type LogState = 'loading' | 'live' | 'waiting' | 'ended' | 'failed';

const PAGE_LINES = 250;
/** Pages that are kept: what lies elsewhere is asked for again. */
const PAGES_MAX = 400;
/** Who scrolls through a whole log does not read it: what is in view is asked for so often at most. */
const LOAD_MS = 60;
/** Lines that came by the stream and are kept; older ones are asked for again. */
const TAIL_LINES_MAX = 40_000;
const RETRY_MS = 1000;
const RETRY_MS_MAX = 15_000;
/** A line of the stream is cut at the length at which the server cuts lines. */
const LINE_CHARACTERS_MAX = 16 * 1024;

/**
 * The log of one job: what the server told of its parts, the lines that were looked at, and what comes while the job runs. Lines far away
 * are asked for when somebody looks; nothing of a long log is there as a whole.
 */
export class JobLog {
  readonly #place: LogPlace;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #pages = new Map<number, readonly Line[] | 'asked'>();
  readonly #steps = new Map<string, Step>();
  #segments: { step: string; from: number; count: number }[] = [];
  #groups: { from: number; to: number; title: string }[] = [];
  #openGroup: { from: number; to: number; title: string } | undefined;
  #tail: Line[] = [];
  #tailFrom = 0;
  #total = 0;
  #state: LogState = 'loading';
  #failure: unknown;
  /** Pages in view that are not there. */
  readonly #missing = new Set<number>();
  #loading: ReturnType<typeof setTimeout> | undefined;
  #loadedAt = 0;
  #version = 0;
  #shape = 0;
  #frame = 0;

  constructor(place: LogPlace) {
    this.#place = place;
    void this.#run();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another number whenever something else is to be shown. */
  readonly version = (): number => this.#version;

  get total(): number {
    return this.#total;
  }
  get state(): LogState {
    return this.#state;
  }
  get failure(): unknown {
    return this.#failure;
  }
  get segments(): readonly Segment[] {
    return this.#segments;
  }
  get groups(): readonly GroupSpan[] {
    return this.#groups;
  }
  get steps(): readonly Step[] {
    return [...this.#steps.values()];
  }
  step(id: string): Step | undefined {
    return this.#steps.get(id);
  }
  /** Another number whenever steps, groups or the number of lines changed. */
  get shape(): number {
    return this.#shape;
  }

  close(): void {
    this.#stop.abort();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#loading);
    this.#listeners.clear();
  }

  /** Another look begins: what was missing in the one before is no longer in view. */
  look(): void {
    this.#missing.clear();
  }

  /** A line, when it is there. What is not is asked for when it is still in view, and told of when it came. */
  line(number: number): Line | undefined {
    if (number >= this.#tailFrom) return this.#tail[number - this.#tailFrom];
    const page = Math.floor(number / PAGE_LINES);
    const known = this.#pages.get(page);
    if (known === undefined) {
      this.#missing.add(page);
      this.#loading ??= setTimeout(
        () => this.#loadMissing(),
        Math.max(0, this.#loadedAt + LOAD_MS - performance.now()),
      );
    }
    return known === undefined || known === 'asked' ? undefined : known[number - page * PAGE_LINES];
  }

  #loadMissing(): void {
    this.#loading = undefined;
    this.#loadedAt = performance.now();
    for (const page of this.#missing) if (!this.#pages.has(page)) void this.#load(page);
    this.#missing.clear();
  }

  async #load(page: number): Promise<void> {
    this.#pages.set(page, 'asked');
    // What was looked at long ago goes first.
    for (const oldest of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - PAGES_MAX))) {
      if (oldest !== page) this.#pages.delete(oldest);
    }
    try {
      const lines: Line[] = [];
      // Long lines come fewer at a time.
      while (lines.length < PAGE_LINES) {
        const from = page * PAGE_LINES + lines.length;
        const answer = await this.#linesOf(from, PAGE_LINES - lines.length);
        lines.push(...answer.lines);
        if (answer.lines.length === 0 || from + answer.lines.length >= answer.total) break;
      }
      this.#pages.set(page, lines);
    } catch {
      // Looked at again it is asked for again.
      setTimeout(() => {
        this.#pages.delete(page);
        this.#tell();
      }, RETRY_MS);
      return;
    }
    this.#tell();
  }

  #linesOf(from: number, count: number) {
    const { owner, name, run, job } = this.#place;
    const params = { path: { owner, name, run, job }, query: { from, count } };
    return told(
      api.GET('/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/lines', { params, signal: this.#stop.signal }),
    );
  }

  async #run(): Promise<void> {
    const { owner, name, run, job } = this.#place;
    const { signal } = this.#stop;
    try {
      const path = { owner, name, run, job };
      const report = await told(
        api.GET('/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/report', { params: { path }, signal }),
      );
      const next = this.#begin(report);
      const url = `/api/v1/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/runs/${run}/jobs/${job}/log/events`;
      await this.#follow(url, String(next));
    } catch (thrown) {
      if (signal.aborted) return;
      this.#failure = thrown;
      this.#become('failed');
    }
  }

  #begin(report: Of<'JobReport'>): number {
    for (const step of report.steps) {
      this.#steps.set(step.id, {
        id: step.id,
        name: step.name,
        startedAt: Date.parse(step.startedAt),
        ...(step.finishedAt === undefined ? {} : { finishedAt: Date.parse(step.finishedAt) }),
        ...(step.conclusion === undefined ? {} : { conclusion: step.conclusion }),
      });
    }
    this.#segments = report.segments.map((segment) => ({ ...segment }));
    this.#groups = report.groups.map((group) => ({ ...group }));
    this.#total = report.lines;
    this.#tailFrom = report.lines;
    this.#shape += 1;
    this.#become('live');
    return report.next;
  }

  async #follow(url: string, first: string): Promise<void> {
    const { signal } = this.#stop;
    let last = first;
    for (let retry = RETRY_MS; !signal.aborted; retry = Math.min(RETRY_MS_MAX, retry * 2)) {
      try {
        for await (const messages of readStream(url, { lastEventId: last, signal })) {
          retry = RETRY_MS;
          this.#become('live');
          for (const { event, id, data } of messages) {
            if (event === 'end') return this.#become('ended');
            if (id !== '') last = id;
            if (event === 'log') this.#take(JSON.parse(data));
          }
          this.#tellSoon();
        }
      } catch (thrown) {
        if (signal.aborted) return;
        // Whoever may not read it any more is not let in by asking again.
        const status = thrown instanceof StreamFailure ? thrown.status : 0;
        if (status === 401 || status === 403 || status === 404) throw thrown;
      }
      this.#become('waiting');
      await new Promise((resolve) => setTimeout(resolve, retry));
    }
  }

  /** One event of the job. The server has parsed it as JSON and nothing more: a runner may lie. */
  #take(event: unknown): void {
    if (typeof event !== 'object' || event === null || !('kind' in event)) return;
    const text = (name: string) => {
      const value: unknown = Reflect.get(event, name);
      return typeof value === 'string' ? value : '';
    };
    const time = Number(Reflect.get(event, 'time')) || 0;
    if (event.kind === 'log') this.#append({ step: text('step'), text: text('text'), style: text('style'), time });
    else if (event.kind === 'step-started') {
      this.#endGroup(this.#total - 1);
      this.#steps.set(text('step'), { id: text('step'), name: text('name'), startedAt: time });
      this.#shape += 1;
    } else if (event.kind === 'step-finished') {
      this.#endGroup(this.#total - 1);
      const known = this.#steps.get(text('step')) ?? { id: text('step'), name: text('step'), startedAt: time };
      this.#steps.set(text('step'), { ...known, finishedAt: time, conclusion: text('conclusion') });
      this.#shape += 1;
    }
  }

  #append(line: { readonly step: string; readonly text: string; readonly style: string; readonly time: number }): void {
    const { step, text, style, time } = line;
    const number = this.#total;
    const segment = this.#segments.at(-1);
    if (segment?.step === step) segment.count += 1;
    else this.#segments.push({ step, from: number, count: 1 });
    if (style === 'group') {
      this.#endGroup(number - 1);
      this.#openGroup = { from: number, to: number, title: text };
      this.#groups.push(this.#openGroup);
    } else if (style === 'endgroup') this.#endGroup(number);
    const cut = Math.max(0, text.length - LINE_CHARACTERS_MAX);
    this.#tail.push({
      time,
      text: cut === 0 ? text : text.slice(0, LINE_CHARACTERS_MAX),
      style: style === '' ? undefined : style,
      cut: cut === 0 ? undefined : cut,
    });
    this.#total += 1;
    this.#shape += 1;
    if (this.#tail.length > TAIL_LINES_MAX) {
      // The page in which the cut lies was perhaps asked for when it was shorter.
      this.#pages.delete(Math.floor(this.#tailFrom / PAGE_LINES));
      this.#tail = this.#tail.slice(TAIL_LINES_MAX / 2);
      this.#tailFrom += TAIL_LINES_MAX / 2;
    }
  }

  #endGroup(to: number): void {
    if (this.#openGroup !== undefined) this.#openGroup.to = Math.max(this.#openGroup.from, to);
    this.#openGroup = undefined;
  }

  #become(state: LogState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell();
  }

  /** Lines come faster than a screen is drawn. */
  #tellSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => this.#tell());
  }

  #tell(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}
