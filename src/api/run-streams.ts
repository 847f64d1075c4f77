import { fault } from './faults.ts';
import type { RepositoryCall, ServerEvent } from './route.ts';
import { runViewOf } from './run-schema.ts';

/** Engine events that are read at once. */
const EVENTS_MAX = 500;
/** The longest line of a log that is passed on as one message. */
const LINE_BYTES_MAX = 1024 * 1024;
/** A change that nobody told of is found by then. */
const LOOK_MS = 10_000;

/** The number that `Last-Event-ID` names. */
function resumeAt(lastEventId: string | undefined): number {
  if (lastEventId === undefined || lastEventId === '') return 0;
  if (!/^\d{1,15}$/.test(lastEventId)) throw fault('request-invalid', 'Last-Event-ID: a number that a stream told');
  return Number(lastEventId);
}

/**
 * Everything that happened in one attempt, then what happens, then `end`. Between the events the run as it is, whenever it changed:
 * readers learn the ids of jobs from it, whose logs are streams of their own.
 */
export function followRun(
  call: RepositoryCall,
  { runId, attempt }: { readonly runId: number; readonly attempt: number },
): AsyncIterable<ServerEvent> {
  const { deps, repository, signal } = call;
  const key = { repositoryId: repository.id, runId, attempt };
  const first = resumeAt(call.lastEventId);
  return {
    async *[Symbol.asyncIterator]() {
      const changes = new Changes(signal);
      // Listens before it looks: what happens in between is looked at again.
      const stop = deps.runs.onChange(runId, () => changes.tell());
      try {
        let after = first;
        let told = '';
        while (!signal.aborted) {
          const view = await deps.runs.view(key);
          if (view === undefined) return;
          const data = runViewOf(view);
          const text = JSON.stringify(data);
          if (text !== told) yield { event: 'run', data };
          told = text;
          for (;;) {
            const events = await deps.runs.events(key, after, EVENTS_MAX);
            for (const { seq, event } of events) {
              after = seq;
              yield { event: 'engine', id: String(seq), data: event };
            }
            if (events.length < EVENTS_MAX) break;
          }
          // What was finished when it was looked at has no event after those that were read since.
          if (view.state === 'finished' && after >= view.lastEvent) {
            yield { event: 'end', data: {} };
            return;
          }
          await changes.next(LOOK_MS);
        }
      } finally {
        stop();
      }
    },
  };
}

/** The lines of a job's log from a byte on: each message names the byte after it, where a reader that was cut goes on. */
export function followLog(call: RepositoryCall, jobId: number): AsyncIterable<ServerEvent> {
  const { deps, signal } = call;
  const first = resumeAt(call.lastEventId);
  return {
    async *[Symbol.asyncIterator]() {
      if (first > (await deps.jobLogs.size(jobId))) {
        throw fault('request-invalid', 'Last-Event-ID: the log is not that long');
      }
      let at = first;
      let rest = Buffer.alloc(0);
      for await (const bytes of deps.jobLogs.follow(jobId, first, signal)) {
        let open = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
        for (let end = open.indexOf(0x0a); end !== -1; end = open.indexOf(0x0a)) {
          const line = open.subarray(0, end);
          open = open.subarray(end + 1);
          at += end + 1;
          const data = parsed(line);
          if (data !== undefined) yield { event: 'log', id: String(at), data };
        }
        if (open.length > LINE_BYTES_MAX) throw fault('body-too-large', 'a line of the log is too long');
        rest = Buffer.from(open);
      }
      if (!signal.aborted) yield { event: 'end', data: {} };
    },
  };
}

/** A line that is no JSON came from a runner that lies: readers get nothing of it. */
function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Waits for the next change. One that comes while nobody waits is kept. */
class Changes {
  #isOpen = false;
  #wake = () => {};
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.tell(), { once: true });
  }

  tell(): void {
    this.#isOpen = true;
    this.#wake();
  }

  async next(msMax: number): Promise<void> {
    if (!this.#isOpen && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, msMax);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isOpen = false;
  }
}
