import { Worker } from 'node:worker_threads';
import { excerpt, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';
import { FILE_LIMITS, type FileLimits, READ_HEAP_MB_MAX, READ_QUEUE_MAX, READ_TIMEOUT_MS } from './limits.ts';
import type { ActionManifest, Reading, Workflow } from './model.ts';
import { diagnosticOf } from './reader-problems.ts';
import type { ReadRequest } from './reader-worker.ts';

/**
 * Reads workflow files and action manifests in a worker thread, so that a hostile file can't stall or crash the caller.
 * Files are read one after the other. `close()` may be called twice; afterwards reading is a fault. An unclosed reader
 * does not keep the process alive.
 */
export type WorkflowReader = {
  readonly readWorkflow: (path: string, text: string) => Promise<Reading<Workflow>>;
  readonly readAction: (path: string, text: string) => Promise<Reading<ActionManifest>>;
  readonly close: () => Promise<void>;
};

export type ReaderOptions = {
  /** Milliseconds that one file may take; default 2,000. */
  readonly timeoutMs?: number;
  /** Lower or higher limits than the default ones. */
  readonly limits?: Partial<FileLimits>;
  /** Folder of compiled code, for the worker's own. It is told nothing else of the environment. */
  readonly compileCache?: string;
};

type Pending = { readonly request: ReadRequest; readonly settle: (reading: Reading<unknown>) => void };
type Reply = { readonly id: number; readonly reading?: Reading<unknown> };

/** Milliseconds that a new worker may take until it is ready. Loading happens once and is slow on a busy machine. */
const START_TIMEOUT_MS = 30_000;

export function createReader(options: ReaderOptions = {}): WorkflowReader {
  const queue = new ReadQueue(options.timeoutMs ?? READ_TIMEOUT_MS, options.compileCache);
  const limits = { ...FILE_LIMITS, ...options.limits };
  // The worker answers a request of each kind with a reading of that kind.
  return {
    readWorkflow: (path, text) => queue.read({ kind: 'workflow', path, text, limits }) as Promise<Reading<Workflow>>,
    readAction: (path, text) => queue.read({ kind: 'action', path, text, limits }) as Promise<Reading<ActionManifest>>,
    close: () => queue.close(),
  };
}

/** One worker and the files that wait for it. */
class ReadQueue {
  readonly #timeoutMs: number;
  readonly #env: { readonly [name: string]: string };
  readonly #waiting: Pending[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  #current: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(timeoutMs: number, compileCache: string | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#env = compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache };
    this.#start();
  }

  read(request: Omit<ReadRequest, 'id'>): Promise<Reading<unknown>> {
    if (this.#isClosed) return Promise.reject(fault('reader-closed', `reading ${request.path} after close`));
    if (this.#waiting.length >= READ_QUEUE_MAX) {
      return Promise.reject(fault('reader-busy', `${READ_QUEUE_MAX} files wait already`));
    }
    return new Promise((settle) => {
      this.#waiting.push({ request: { ...request, id: ++this.#lastId }, settle });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#drop();
    for (const pending of [this.#current, ...this.#waiting.splice(0)]) {
      pending?.settle(unreadable(pending.request, 'The reader was closed'));
    }
    this.#current = undefined;
    await worker?.terminate();
  }

  #start(): void {
    // A source runs as .ts, the built package as .js.
    const file = new URL(
      import.meta.url.endsWith('.ts') ? './reader-worker.ts' : './reader-worker.js',
      import.meta.url,
    );
    const worker = new Worker(file, {
      env: this.#env,
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: READ_HEAP_MB_MAX, maxYoungGenerationSizeMb: 32 },
    });
    this.#worker = worker;
    this.#isReady = false;
    worker.unref();
    worker.on('message', (reply: Reply) => {
      if (this.#worker === worker) this.#received(reply);
    });
    worker.on('error', (error) => this.#lost(worker, reasonOf(error)));
    worker.on('exit', () => this.#lost(worker, 'the reading worker ended'));
  }

  #received(reply: Reply): void {
    if (reply.id === 0) this.#isReady = true;
    const current = this.#current;
    if (current !== undefined && reply.id === current.request.id && reply.reading !== undefined) {
      this.#finish(reply.reading);
    } else if (current !== undefined && reply.id === 0) this.#arm(this.#timeoutMs, 'took too long');
    this.#next();
  }

  #next(): void {
    if (this.#current !== undefined || this.#isClosed) return;
    const pending = this.#waiting.shift();
    if (pending === undefined) {
      this.#worker?.unref();
      return;
    }
    if (this.#worker === undefined) this.#start();
    this.#current = pending;
    // Somebody waits for this file: now the worker keeps the process alive.
    this.#worker?.ref();
    this.#arm(this.#isReady ? this.#timeoutMs : START_TIMEOUT_MS, 'took too long');
    this.#worker?.postMessage(pending.request);
  }

  #arm(afterMs: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const worker = this.#worker;
      if (worker !== undefined) this.#lost(worker, what);
    }, afterMs);
  }

  #finish(reading: Reading<unknown>): void {
    clearTimeout(this.#timer);
    const current = this.#current;
    this.#current = undefined;
    current?.settle(reading);
  }

  /** The worker failed or was too slow: its file is refused, the next one gets a new worker. */
  #lost(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#drop();
    void worker.terminate();
    const { request } = this.#current ?? {};
    if (request !== undefined) this.#finish(unreadable(request, `Reading the file failed: it ${excerpt(reason)}`));
    this.#next();
  }

  #drop(): Worker | undefined {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    return worker;
  }
}

function unreadable(request: ReadRequest, message: string): Reading<never> {
  return { ok: false, errors: [diagnosticOf(request.path, 'file-unreadable', { line: 1, column: 1 }, message)] };
}
