import type { EngineEvent } from '../engine/index.ts';
import type { Conclusion, JobEvent } from '../protocol/index.ts';
import { type Client, inner, integer, type Json, objects, optionalText, text } from './client.ts';
import { fault } from './faults.ts';

/** Logs that are followed at the same time. Each is a connection. */
const FOLLOWED_MAX = 12;
const CONCLUSIONS = ['success', 'failure', 'cancelled', 'skipped'] as const;

export type Watched = {
  readonly client: Client;
  /** `/repositories/OWNER/NAME/runs/ID` */
  readonly path: string;
  readonly runId: number;
  readonly attempt: number;
};

/**
 * Follows a run as `sallyport run` shows one: what the engine tells, and the logs of its jobs, which are streams of their own, each in
 * its order. The end of the run comes when all of them are read.
 */
export async function watchRun(
  watched: Watched,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<Conclusion | undefined> {
  const { client, path, attempt } = watched;
  const logs = new Logs(watched, onEvent, signal);
  const held: EngineEvent[] = [];
  let conclusion: Conclusion | undefined;
  for await (const { event, data } of client.stream(`${path}/events`, { attempt }, signal)) {
    if (event === 'run') {
      const run = objectIn(data);
      conclusion = conclusionOf(run);
      logs.look(objects(run, 'jobs'));
    } else if (event === 'engine') {
      const told = engineEvent(data);
      if (told.kind === 'run-finished') held.push(told);
      else onEvent(told);
      logs.know(told);
    }
  }
  await logs.end();
  for (const event of held) onEvent(event);
  return conclusion;
}

/** Which logs are read, and which wait. */
class Logs {
  readonly #watched: Watched;
  readonly #onEvent: (event: EngineEvent) => void;
  readonly #signal: AbortSignal;
  /** Keys that the engine has told of: before that a viewer does not know where an event belongs. */
  readonly #known = new Set<string>();
  readonly #begun = new Set<number>();
  readonly #running = new Set<Promise<void>>();
  #waiting: { readonly id: number; readonly key: string }[] = [];
  #failure: unknown;

  constructor(watched: Watched, onEvent: (event: EngineEvent) => void, signal: AbortSignal) {
    this.#watched = watched;
    this.#onEvent = onEvent;
    this.#signal = signal;
  }

  look(jobs: readonly Json[]): void {
    this.#waiting = jobs
      .filter((job) => job['startedAt'] !== undefined && !this.#begun.has(integer(job, 'id')))
      .map((job) => ({ id: integer(job, 'id'), key: text(job, 'key') }));
    this.#begin();
  }

  know(event: EngineEvent): void {
    if (event.kind !== 'run-planned' && event.kind !== 'jobs-added') return;
    for (const { key } of event.jobs) this.#known.add(key);
    this.#begin();
  }

  #begin(): void {
    for (const job of this.#waiting) {
      if (this.#running.size >= FOLLOWED_MAX) return;
      if (this.#begun.has(job.id) || !this.#known.has(job.key)) continue;
      this.#begun.add(job.id);
      const work = this.#follow(job)
        .catch((thrown: unknown) => {
          this.#failure ??= thrown;
        })
        .finally(() => {
          this.#running.delete(work);
          this.#begin();
        });
      this.#running.add(work);
    }
  }

  async #follow({ id, key }: { readonly id: number; readonly key: string }): Promise<void> {
    const { client, path, runId } = this.#watched;
    for await (const { event, data } of client.stream(`${path}/jobs/${id}/log/events`, {}, this.#signal)) {
      if (event === 'log') this.#onEvent({ kind: 'job', runId, job: key, event: jobEvent(data) });
    }
  }

  async end(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined && !this.#signal.aborted) throw this.#failure;
  }
}

function objectIn(data: unknown): Json {
  return inner({ data }, 'data');
}

export function conclusionOf(run: Json): Conclusion | undefined {
  const word = optionalText(run, 'conclusion');
  return CONCLUSIONS.find((conclusion) => conclusion === word);
}

const ENGINE_KINDS = ['run-planned', 'jobs-added', 'job', 'job-cancelling', 'job-ended', 'run-finished'];
const JOB_KINDS = [
  'job-started',
  'step-started',
  'log',
  'annotation',
  'summary',
  'egress',
  'taint',
  'step-finished',
  'job-finished',
];

/** An event of the server that we signed in to, in the form that the renderer of `run` knows. Its texts are harmless only when shown. */
function engineEvent(data: unknown): EngineEvent {
  const event = objectIn(data);
  const kind = text(event, 'kind');
  if (!ENGINE_KINDS.includes(kind)) throw newer(kind);
  if (kind === 'run-planned' || kind === 'jobs-added' || kind === 'run-finished') objects(event, 'jobs');
  return event as EngineEvent;
}

export function jobEvent(data: unknown): JobEvent {
  const event = objectIn(data);
  const kind = text(event, 'kind');
  if (!JOB_KINDS.includes(kind)) throw newer(kind);
  return event as JobEvent;
}

const newer = (kind: string) =>
  fault('answer-strange', `the server tells of ${JSON.stringify(kind.slice(0, 40))}, which this release does not know`);
