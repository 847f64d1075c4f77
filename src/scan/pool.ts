import { Worker } from 'node:worker_threads';
import { reasonOf } from '../base/index.ts';
import type { Tree } from '../source/index.ts';
import type { FileResult, FileTask } from './batch.ts';
import { BATCH_MS_MAX, FILE_MS_MAX, READ_AHEAD_BYTES_MAX, THREAD_HEAP_MB_MAX } from './limits.ts';
import type { WorkerBatch, WorkerReply, WorkerStart } from './worker.ts';

export type Batch = { readonly tree: Tree; readonly tasks: readonly FileTask[] };

/**
 * Threads that scan. `scan` may be called again once it has answered; `close` ends the threads. A thread that dies or hangs is
 * replaced, and the file that did it becomes a gap.
 */
export type Pool = {
  readonly threads: number;
  /**
   * Scans all batches. `onResults` is called for each as it is done. `takeOne` says whether the caller wants to scan a batch
   * itself: it gets them until the first thread is ready.
   */
  scan(
    batches: readonly Batch[],
    onResults: (results: readonly FileResult[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
};

type Job = { readonly batch: Batch; readonly alone: boolean };

export function createPool(
  threads: number,
  start: WorkerStart,
  scanHere: (batch: Batch) => Promise<readonly FileResult[]>,
): Pool {
  const workers = Array.from({ length: threads }, () => new Thread(start));
  return {
    threads,
    async scan(batches, onResults, signal) {
      const queue = new Queue(batches);
      const turns = workers.map(async (thread) => {
        for (let job = queue.next(); job !== undefined; job = queue.next()) {
          signal.throwIfAborted();
          const answer = await thread.scan(job, signal);
          if (answer.ok) onResults(answer.results);
          else if (job.batch.tasks.length > 1) queue.split(job.batch);
          else onResults(job.batch.tasks.map(({ entry }) => failed(entry.path, answer.reason)));
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
      await Promise.all([...turns, here()]);
    },
    async close() {
      await Promise.all(workers.map((thread) => thread.close()));
    },
  };
}

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

function failed(path: string, reason: string): FileResult {
  const gap = {
    code: 'scanner-failed',
    file: path,
    reason: `${path} could not be scanned: ${reason}`,
    help: 'This is an error of Sallyport: please report it.',
  };
  return { path, outcomes: {}, bytes: 0, gap };
}

type Answer =
  | { readonly ok: true; readonly results: readonly FileResult[] }
  | { readonly ok: false; readonly reason: string };

/** One thread, started when it is first needed, and again after it was lost. */
class Thread {
  readonly #start: WorkerStart;
  #worker: Worker | undefined;
  #answered = false;
  #lastId = 0;

  constructor(start: WorkerStart) {
    this.#start = start;
    this.#open();
  }

  /** It has answered once: it has loaded all that it needs. */
  get isReady(): boolean {
    return this.#answered;
  }

  async scan({ batch, alone }: Job, signal: AbortSignal): Promise<Answer> {
    const { spec } = batch.tree;
    const tasks = spec === undefined ? await withContents(batch) : batch.tasks;
    const worker = this.#worker ?? this.#open();
    const message: WorkerBatch = { id: ++this.#lastId, tasks, ...(spec === undefined ? {} : { spec }) };
    const limit = alone ? FILE_MS_MAX : BATCH_MS_MAX;
    return new Promise((resolve) => {
      const settle = (answer: Answer, isLost: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        if (isLost) this.#drop(worker);
        else this.#answered = true;
        resolve(answer);
      };
      const onMessage = (reply: WorkerReply) => {
        if (reply.results === undefined) settle({ ok: false, reason: reply.failure ?? 'no answer' }, false);
        else settle({ ok: true, results: reply.results }, false);
      };
      const onError = (thrown: unknown) => settle({ ok: false, reason: reasonOf(thrown) }, true);
      const onExit = () => settle({ ok: false, reason: 'its thread has ended' }, true);
      const onAbort = () => settle({ ok: false, reason: 'cancelled' }, true);
      const timer = setTimeout(
        () => settle({ ok: false, reason: `it takes more than ${limit / 1000} s` }, true),
        limit,
      );
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
    // Between two batches nobody listens: an error then shows at the next one.
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
async function withContents({ tree, tasks }: Batch): Promise<readonly FileTask[]> {
  const filled: FileTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const reading = await tree.read(task.entry);
    if (!reading.ok || bytes > READ_AHEAD_BYTES_MAX) continue;
    bytes += reading.bytes.length;
    filled.push({ ...task, content: reading.bytes });
  }
  return filled;
}
