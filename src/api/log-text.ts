import { Zip, ZipDeflate } from 'fflate';
import type { JobLogReader, RunJob } from './ports.ts';

const READ_BYTES = 1024 * 1024;
const NAME_LENGTH_MAX = 100;

/** The lines that a job printed, each with its time, as far as they are there. */
export async function* plainLog(logs: JobLogReader, jobId: number): AsyncGenerator<Uint8Array> {
  let open = Buffer.alloc(0);
  for (let from = 0; ; ) {
    const bytes = await logs.read(jobId, { from, bytesMax: READ_BYTES });
    if (bytes.length === 0) return;
    from += bytes.length;
    open = Buffer.concat([open, bytes]);
    const end = open.lastIndexOf(0x0a);
    if (end === -1) continue;
    const lines = open.subarray(0, end).toString('utf8').split('\n').flatMap(lineOf);
    open = Buffer.from(open.subarray(end + 1));
    if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
  }
}

function lineOf(line: string): readonly string[] {
  try {
    const { kind, time, text }: { kind?: unknown; time?: unknown; text?: unknown } = JSON.parse(line);
    if (kind !== 'log' || typeof text !== 'string') return [];
    return [`${new Date(Number(time) || 0).toISOString()} ${text}`];
  } catch {
    // A runner that lies writes what it likes: only what is an event is told.
    return [];
  }
}

/** The logs of all jobs, a file each. Names of files are plain: keys of jobs are chosen by whoever wrote the workflow. */
export async function* logArchive(logs: JobLogReader, jobs: readonly RunJob[]): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  const archive = new Zip((error, bytes) => {
    if (error !== null) failure = error;
    else ready.push(bytes);
  });
  for (const [at, { id, key }] of jobs.entries()) {
    const name = key.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, NAME_LENGTH_MAX);
    const file = new ZipDeflate(`${at + 1}_${name}.txt`);
    archive.add(file);
    for await (const bytes of plainLog(logs, id)) {
      file.push(bytes);
      yield* ready.splice(0);
    }
    file.push(new Uint8Array(), true);
    yield* ready.splice(0);
  }
  archive.end();
  if (failure !== undefined) throw failure;
  yield* ready.splice(0);
}
