import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../base/index.ts';
import { bringBack, type LogArchive, moveAway, oldSealed, readMarker } from './archive.ts';
import { fault } from './faults.ts';

export type JobLogLimits = {
  /** Of one job. */
  readonly logBytesMax: number;
  /** Of one append. */
  readonly appendBytesMax: number;
};

const MIB = 1024 * 1024;
export const JOB_LOG_LIMITS: JobLogLimits = { logBytesMax: 512 * MIB, appendBytesMax: 4 * MIB };

/** What a reader gets at once. */
const READ_BYTES = 256 * 1024;
/** Who follows a log that does not grow asks so often whether its job has ended: a lost one has nobody who seals its log. */
const ENDED_MS = 3_000;
/** Files that are kept open between appends. */
const OPEN_MAX = 256;
/** Jobs of one folder. */
const JOBS_PER_FOLDER = 1000;

export type JobLogs = {
  /**
   * Appends at an offset, and answers the size once all of it is on the disk. What is there already, byte for byte, is answered
   * without writing: an answer that was lost costs nothing. Faults: `joblog/offset` for a gap or other bytes, with `size` in
   * it, `joblog/too-large`, `joblog/sealed`, `joblog/unusable`.
   */
  append(jobId: number, offset: number, bytes: Buffer): Promise<{ readonly size: number }>;
  size(jobId: number): Promise<number>;
  read(jobId: number, span: { readonly from: number; readonly bytesMax: number }): Promise<Buffer>;
  /** What is there and what comes, from an offset on, until the log is sealed or the signal ends it. */
  follow(jobId: number, from: number, signal: AbortSignal): AsyncGenerator<Buffer>;
  /** Nothing more is appended; who follows it comes to its end. May be called twice. */
  seal(jobId: number): Promise<void>;
  remove(jobId: number): Promise<void>;
  /**
   * Moves sealed logs that nobody touched since `before` to the archive, when there is one: at most `limit`. Whether there may be more.
   * A log that is read again comes back, whole and proved. Killed at any point, it goes on with the next call.
   */
  archive(options: { readonly before: number; readonly limit: number }): Promise<boolean>;
  close(): Promise<void>;
};

type OpenLog = {
  readonly file: FileHandle;
  size: number;
  /** Appends go one after the other. */
  last: Promise<unknown>;
  usedAt: number;
};

/**
 * Logs as files below a folder, one for each job: `<thousands>/<job>.ndjson`, `.sealed` once nothing more comes, and `.archived` beside or
 * instead of it, which says what the archive has.
 */
export async function openJobLogs(folder: string, options: JobLogOptions = {}): Promise<JobLogs> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new FileLogs(folder, options);
}

export type JobLogOptions = {
  readonly limits?: JobLogLimits;
  /** Whether a job has ended, so that nobody appends to its log any more. */
  readonly isEnded?: (jobId: number) => Promise<boolean>;
  /** For tests. Milliseconds. */
  readonly endedMs?: number;
  readonly archive?: LogArchive;
};

class FileLogs implements JobLogs {
  readonly #folder: string;
  readonly #limits: JobLogLimits;
  readonly #isEnded: (jobId: number) => Promise<boolean>;
  readonly #endedMs: number;
  readonly #open = new Map<number, Promise<OpenLog>>();
  readonly #followers = new Map<number, Set<() => void>>();
  /** Syncs of one file that are asked for while one goes on are one. */
  readonly #syncs = new Map<number, { running: Promise<void>; next?: Promise<void> }>();

  readonly #archive: LogArchive | undefined;
  readonly #coming = new Map<number, Promise<void>>();

  constructor(folder: string, { limits, isEnded, endedMs, archive }: JobLogOptions) {
    this.#archive = archive;
    this.#folder = folder;
    this.#limits = limits ?? JOB_LOG_LIMITS;
    this.#isEnded = isEnded ?? (async () => false);
    this.#endedMs = endedMs ?? ENDED_MS;
  }

  async append(jobId: number, offset: number, bytes: Buffer): Promise<{ readonly size: number }> {
    const { appendBytesMax, logBytesMax } = this.#limits;
    if (bytes.length > appendBytesMax)
      throw fault('too-large', `${bytes.length} bytes at once, ${appendBytesMax} are the most`);
    if (offset + bytes.length > logBytesMax)
      throw fault('too-large', `the log of job ${jobId} is beyond ${logBytesMax} bytes`);
    if (await this.#isSealed(jobId)) return this.#again(jobId, this.#path(jobId, 'sealed'), offset, bytes);
    const log = await this.#opened(jobId);
    log.usedAt = performance.now();
    const written = log.last.then(() => write(log, jobId, offset, bytes));
    log.last = written.catch(() => undefined);
    const size = await written;
    await this.#sync(jobId, log);
    this.#wake(jobId);
    return { size };
  }

  /** Whether nothing more is appended. What lies in the archive is here again after this. */
  async #isSealed(jobId: number): Promise<boolean> {
    if (await exists(this.#path(jobId, 'sealed'))) return true;
    if (!(await exists(this.#path(jobId, 'archived')))) return false;
    await this.#bringBack(jobId);
    return true;
  }

  /** Readers of one log bring it back once. */
  async #bringBack(jobId: number): Promise<void> {
    const archive = this.#archive;
    if (archive === undefined)
      throw fault('unusable', `the log of job ${jobId} is in an archive that is not set any more`);
    const coming =
      this.#coming.get(jobId) ??
      bringBack(archive, nameOf(jobId), this.#paths(jobId)).finally(() => this.#coming.delete(jobId));
    this.#coming.set(jobId, coming);
    await coming;
  }

  #paths(jobId: number) {
    return { sealed: this.#path(jobId, 'sealed'), marker: this.#path(jobId, 'archived') };
  }

  async archive({ before, limit }: { readonly before: number; readonly limit: number }): Promise<boolean> {
    if (this.#archive === undefined) return false;
    const jobs = await oldSealed(this.#folder, before, limit);
    for (const jobId of jobs) await moveAway(this.#archive, nameOf(jobId), this.#paths(jobId));
    return jobs.length === limit;
  }

  /** A sealed log answers for what it has. */
  async #again(jobId: number, path: string, offset: number, bytes: Buffer): Promise<{ readonly size: number }> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (offset + bytes.length <= size && (await isThere(file, offset, bytes))) return { size };
      throw fault('sealed', `the log of job ${jobId} has ${size} bytes and takes no more`);
    } finally {
      await file.close();
    }
  }

  async #opened(jobId: number): Promise<OpenLog> {
    const known = this.#open.get(jobId);
    if (known !== undefined) return known;
    await this.#closeIdle();
    const opening = openFile(this.#path(jobId, 'ndjson'));
    this.#open.set(jobId, opening);
    opening.catch(() => this.#open.delete(jobId));
    return opening;
  }

  async #closeIdle(): Promise<void> {
    if (this.#open.size < OPEN_MAX) return;
    const [oldest] = await Promise.all(
      [...this.#open].map(async ([jobId, log]) => ({ jobId, usedAt: (await log).usedAt })),
    ).then((all) => all.sort((x, y) => x.usedAt - y.usedAt));
    if (oldest !== undefined) await this.#release(oldest.jobId);
  }

  async #release(jobId: number): Promise<void> {
    const log = await this.#open.get(jobId)?.catch(() => undefined);
    this.#open.delete(jobId);
    if (log === undefined) return;
    await log.last;
    await this.#syncs.get(jobId)?.running.catch(() => undefined);
    await log.file.close();
  }

  /** A sync that begins after this write covers it; one that goes on may not. */
  #sync(jobId: number, { file }: OpenLog): Promise<void> {
    const sync = this.#syncs.get(jobId);
    if (sync === undefined) {
      const running = this.#datasync(file).finally(() => {
        if (this.#syncs.get(jobId)?.running === running) this.#syncs.delete(jobId);
      });
      this.#syncs.set(jobId, { running });
      return running;
    }
    sync.next ??= sync.running
      .catch(() => undefined)
      .then(() => {
        this.#syncs.delete(jobId);
        return this.#sync(jobId, { file } as OpenLog);
      });
    return sync.next;
  }

  async #datasync(file: FileHandle): Promise<void> {
    try {
      await file.datasync();
    } catch (thrown) {
      throw fault('unusable', reasonOf(thrown), { cause: thrown });
    }
  }

  async size(jobId: number): Promise<number> {
    for (const end of ['sealed', 'ndjson'] as const) {
      const found = await stat(this.#path(jobId, end)).catch(() => undefined);
      if (found !== undefined) return found.size;
    }
    return (await readMarker(this.#path(jobId, 'archived')))?.bytes ?? 0;
  }

  async read(jobId: number, { from, bytesMax }: { readonly from: number; readonly bytesMax: number }): Promise<Buffer> {
    const openNow = async () =>
      (await open(this.#path(jobId, 'sealed'), 'r').catch(() => undefined)) ??
      (await open(this.#path(jobId, 'ndjson'), 'r').catch(() => undefined));
    const file = (await openNow()) ?? ((await this.#isSealed(jobId)) ? await openNow() : undefined);
    if (file === undefined) return Buffer.alloc(0);
    try {
      const buffer = Buffer.alloc(Math.min(bytesMax, READ_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async *follow(jobId: number, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    let wake: (() => void) | undefined;
    let isTold = false;
    const follower = () => {
      isTold = true;
      wake?.();
    };
    const followers = this.#followers.get(jobId) ?? new Set();
    this.#followers.set(jobId, followers.add(follower));
    signal.addEventListener('abort', follower, { once: true });
    try {
      for (let at = from; !signal.aborted; ) {
        isTold = false;
        const isSealed = await this.#isSealed(jobId);
        const bytes = await this.read(jobId, { from: at, bytesMax: READ_BYTES });
        if (bytes.length > 0) {
          at += bytes.length;
          yield bytes;
        } else if (isSealed) return;
        else if (!isTold) {
          const asks = setTimeout(() => wake?.(), this.#endedMs);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          clearTimeout(asks);
          // Asked before the next look: what came before its end is read.
          if (!isTold && (await this.#isEnded(jobId))) await this.seal(jobId);
        }
      }
    } finally {
      followers.delete(follower);
      if (followers.size === 0) this.#followers.delete(jobId);
      signal.removeEventListener('abort', follower);
    }
  }

  #wake(jobId: number): void {
    for (const follower of this.#followers.get(jobId) ?? []) follower();
  }

  async seal(jobId: number): Promise<void> {
    await this.#release(jobId);
    const path = this.#path(jobId, 'ndjson');
    if (!(await this.#isSealed(jobId))) {
      // A job that logged nothing has an empty log: it is sealed as well.
      if (!(await exists(path))) await (await openFile(path)).file.close();
      await rename(path, this.#path(jobId, 'sealed'));
    }
    this.#wake(jobId);
  }

  async remove(jobId: number): Promise<void> {
    await this.#release(jobId);
    // The marker goes last: as long as it is there, somebody finds what lies elsewhere.
    if (await exists(this.#path(jobId, 'archived'))) await this.#archive?.remove(nameOf(jobId));
    for (const end of ['sealed', 'ndjson', 'archived'] as const) await rm(this.#path(jobId, end), { force: true });
    this.#wake(jobId);
  }

  async close(): Promise<void> {
    for (const jobId of this.#open.keys()) await this.#release(jobId);
  }

  #path(jobId: number, end: 'ndjson' | 'sealed' | 'archived'): string {
    return join(this.#folder, `${nameOf(jobId)}.${end}`);
  }
}

/** Of a log, here and in the archive. */
const nameOf = (jobId: number) => `${Math.floor(jobId / JOBS_PER_FOLDER)}/${jobId}`;

async function openFile(path: string): Promise<OpenLog> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    const { size } = await file.stat();
    // Its name must be as durable as its bytes.
    const folder = await open(dirname(path), 'r');
    await folder.sync();
    await folder.close();
    return { file, size, last: Promise.resolve(), usedAt: performance.now() };
  } catch (thrown) {
    throw fault('unusable', reasonOf(thrown), { cause: thrown });
  }
}

async function write(log: OpenLog, jobId: number, offset: number, bytes: Buffer): Promise<number> {
  if (offset > log.size)
    throw fault('offset', `the log of job ${jobId} has ${log.size} bytes, and ${offset} is beyond that`);
  const known = bytes.subarray(0, Math.max(0, Math.min(bytes.length, log.size - offset)));
  if (known.length > 0 && !(await isThere(log.file, offset, known))) {
    throw fault('offset', `the log of job ${jobId} has ${log.size} bytes, and others at ${offset}`);
  }
  const fresh = bytes.subarray(known.length);
  const before = log.size;
  try {
    for (let at = 0; at < fresh.length; ) {
      const { bytesWritten } = await log.file.write(fresh, at);
      at += bytesWritten;
      log.size += bytesWritten;
    }
  } catch (thrown) {
    // Half of it may be there: what is not acknowledged is taken away, so that it can be sent again as it was.
    await log.file.truncate(before).catch(() => undefined);
    log.size = (await log.file.stat()).size;
    throw fault('unusable', reasonOf(thrown), { cause: thrown });
  }
  return log.size;
}

async function isThere(file: FileHandle, offset: number, bytes: Buffer): Promise<boolean> {
  const found = Buffer.alloc(bytes.length);
  const { bytesRead } = await file.read(found, 0, found.length, offset);
  return bytesRead === bytes.length && found.equals(bytes);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
