import { Worker } from 'node:worker_threads';
import { reasonOf } from '../base/index.ts';
import type { Gap } from '../finding/index.ts';
import type { CommitLines, Tree } from '../source/index.ts';
import type { FileResult, FileTask } from './batch.ts';
import type { HistoryResult } from './history-batch.ts';
import { BATCH_MS_MAX, FILE_MS_MAX, HISTORY_MS_MAX, READ_AHEAD_BYTES_MAX, THREAD_HEAP_MB_MAX } from './limits.ts';
import type { WorkerMessage, WorkerReply, WorkerStart } from './worker.ts';

export type Batch = { readonly tree: Tree; readonly tasks: readonly FileTask[] };

/**
 * Threads that scan. Its functions may be called one after the other; `close` ends the threads. A thread that dies or hangs is
 * replaced, and the file that did it becomes a gap.
 */
export type Pool = {
  scanFiles(
    batches: readonly Batch[],
    onResults: (results: readonly FileResult[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
  scanHistory(
    requests: readonly CommitLines[],
    onResult: (commits: readonly string[], result: HistoryResult) => void,
    signal: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
};

/** `scanHere` scans on the thread of the caller. */
export function createPool(
  threads: number,
  start: WorkerStart,
  scanHere: (batch: Batch) => Promise<readonly FileResult[]>,
): Pool {
  const workers = Array.from({ length: threads }, () => new Thread(start));
  const each = (turn: (thread: Thread) => Promise<void>) => Promise.all(workers.map(turn));
  return {
    async scanFiles(batches, onResults, signal) {
      const queue = new Queue(batches);
      const turns = each(async (thread) => {
        for (let job = queue.next(); job !== undefined; job = queue.next()) {
          signal.throwIfAborted();
          const answer = await thread.ask(await messageOf(job.batch), job.alone ? FILE_MS_MAX : BATCH_MS_MAX, signal);
          if (answer.kind === 'files') onResults(answer.results);
          else if (job.batch.tasks.length > 1) queue.split(job.batch);
          else onResults(job.batch.tasks.map(({ entry }) => failedFile(entry.path, failureOf(answer))));
        }
      });
      // While the threads load, this one has nothing else to do.
      const here = async () => {
        while (!workers.some((thread) => thread.isReady)) {
          const job = queue.nextUnbroken();
          if (job === undefined) return;
          signal.throwIfAborted();
          onResults(await scanHere(job.batch));
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await Promise.all([turns, here()]);
    },
    async scanHistory(requests, onResult, signal) {
      const waiting = [...requests].reverse();
      await each(async (thread) => {
        for (let request = waiting.pop(); request !== undefined; request = waiting.pop()) {
          signal.throwIfAborted();
          const answer = await thread.ask({ kind: 'history', request }, HISTORY_MS_MAX, signal);
          onResult(request.commits, answer.kind === 'history' ? answer.result : failedHistory(failureOf(answer)));
        }
      });
    },
    async close() {
      await Promise.all(workers.map((thread) => thread.close()));
    },
  };
}

type Job = { readonly batch: Batch; readonly alone: boolean };

/** Batches that wait, those that failed cut into their files. */
class Queue {
  readonly #jobs: Job[];
  readonly #alone: Job[] = [];

  constructor(batches: readonly Batch[]) {
    this.#jobs = batches.map((batch) => ({ batch, alone: false })).reverse();
  }

  next(): Job | undefined {
    return this.nextUnbroken() ?? this.#alone.pop();
  }

  nextUnbroken(): Job | undefined {
    return this.#jobs.pop();
  }

  split({ tree, tasks }: Batch): void {
    for (const task of tasks) this.#alone.push({ batch: { tree, tasks: [task] }, alone: true });
  }
}

function failureOf(answer: WorkerReply): string {
  return answer.kind === 'failure' ? answer.reason : 'its thread answers something else';
}

function failedFile(path: string, reason: string): FileResult {
  const gap: Gap = {
    code: 'scanner-failed',
    file: path,
    reason: `${path} could not be scanned: ${reason}`,
    help: 'This is an error of Sallyport: please report it.',
  };
  return { path, outcomes: {}, bytes: 0, gap };
}

function failedHistory(reason: string): HistoryResult {
  const gap: Gap = { code: 'history-incomplete', reason: `a part of the history could not be scanned: ${reason}` };
  return { found: [], gaps: [gap], bytes: 0, binaries: 0 };
}

/** One thread, started at once, and again after it was lost. */
class Thread {
  readonly #start: WorkerStart;
  #worker: Worker | undefined;
  #answered = false;

  constructor(start: WorkerStart) {
    this.#start = start;
    this.#open();
  }

  /** It has answered once: it has loaded all that it needs. */
  get isReady(): boolean {
    return this.#answered;
  }

  ask(message: WorkerMessage, limitMs: number, signal: AbortSignal): Promise<WorkerReply> {
    const worker = this.#worker ?? this.#open();
    return new Promise((resolve) => {
      const settle = (answer: WorkerReply, isLost: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        if (isLost) this.#drop(worker);
        else this.#answered = true;
        resolve(answer);
      };
      const lost = (reason: string) => settle({ kind: 'failure', reason }, true);
      const onMessage = (reply: WorkerReply) => settle(reply, false);
      const onError = (thrown: unknown) => lost(reasonOf(thrown));
      const onExit = () => lost('its thread has ended');
      const onAbort = () => lost('cancelled');
      const timer = setTimeout(() => lost(`it takes more than ${limitMs / 1000} s`), limitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(message, []);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #open(): Worker {
    // A source runs as .ts, the built package as .js.
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const worker = new Worker(file, {
      workerData: this.#start,
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB_MAX },
    });
    // Between two messages nobody listens: an error then shows at the next one.
    worker.on('error', () => this.#drop(worker));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #drop(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    void worker.terminate();
  }
}

/** Contents that only this thread can read go along with the message. */
async function messageOf({ tree, tasks }: Batch): Promise<WorkerMessage> {
  if (tree.spec !== undefined) return { kind: 'files', spec: tree.spec, tasks };
  const filled: FileTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const reading = bytes > READ_AHEAD_BYTES_MAX ? undefined : await tree.read(task.entry);
    bytes += reading?.ok === true ? reading.bytes.length : 0;
    filled.push(reading?.ok === true ? { ...task, content: reading.bytes } : task);
  }
  return { kind: 'files', tasks: filled };
}
