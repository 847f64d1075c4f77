import { spawn } from 'node:child_process';
import { type Readable, Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
import { excerpt } from '../base/index.ts';
import { gitEnvironment, limitedCommand, SERVING, type Slots, slotsOf } from '../git/index.ts';
import { fault } from './faults.ts';

export type ArchiveRequest = {
  readonly commit: string;
  readonly format: 'tar.gz' | 'zip';
  /** The folder in which everything lies: `acme-shop-1a2b3c4`. */
  readonly folder: string;
  /** Unpacked for `tar.gz`, packed for `zip`. */
  readonly bytesMax?: number;
};

/** What one archive may have. A tree that doubles at each depth would never end. */
const ARCHIVE_BYTES_MAX = 4 * 1024 ** 3;
const ARCHIVE_MS_MAX = 15 * 60_000;
const MEMORY_BYTES_MAX = 1024 ** 3;
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;
const ERROR_BYTES_MAX = 1000;

/** Archives at once, of all repositories. */
export function archiveSlots(): Slots {
  return slotsOf({ processesMax: 2, waitingMax: 16, waitMsMax: 30_000 });
}

/**
 * Streams the files of a commit as `git archive` puts them together, byte for byte the same each time. The stream fails with
 * `repo/too-large` when there is more than the limit, or it takes too long; git ends with the stream, whoever ends it.
 */
export async function streamArchive(
  place: { readonly gitPath: string; readonly gitDir: string; readonly slots: Slots },
  { commit, format, folder, bytesMax = ARCHIVE_BYTES_MAX }: ArchiveRequest,
): Promise<Readable> {
  if (!FOLDER.test(folder)) throw fault('path-invalid', `the folder ${JSON.stringify(excerpt(folder, 100))}`);
  const release = await place.slots.take();
  if (release === undefined) throw fault('busy', 'too many archives at once');
  const kind = format === 'zip' ? 'zip' : 'tar';
  const git = [
    place.gitPath,
    `--git-dir=${place.gitDir}`,
    'archive',
    `--format=${kind}`,
    `--prefix=${folder}/`,
    commit,
  ];
  const [program, args] = limitedCommand([git[0] ?? '', ...git.slice(1)], MEMORY_BYTES_MAX);
  const child = spawn(program, args, {
    env: gitEnvironment([...SERVING, ['safe.directory', place.gitDir]]),
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => {
    out.destroy(fault('too-large', `the archive of ${commit} took longer than ${ARCHIVE_MS_MAX} ms`));
  }, ARCHIVE_MS_MAX);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-ERROR_BYTES_MAX);
  });
  let bytes = 0;
  const closed = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  const out = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) done(fault('too-large', `the archive of ${commit} has more than ${bytesMax} bytes`));
      else done(null, chunk);
    },
    // An archive that git did not end itself is cut: its reader must not take it for a whole one.
    flush(done) {
      void closed.then((code) => {
        done(code === 0 ? null : fault('archive-failed', `git archive: ${code}: ${excerpt(errors.trim(), 300)}`));
      });
    },
  });
  out.once('close', () => {
    clearTimeout(deadline);
    child.kill('SIGKILL');
    void closed.then(release);
  });
  child.stdout.on('error', (error) => out.destroy(error)).pipe(out);
  if (kind === 'zip') return out;
  const packed = createGzip({ level: 6 });
  out.on('error', (error) => packed.destroy(error));
  packed.once('close', () => out.destroy());
  return out.pipe(packed);
}
