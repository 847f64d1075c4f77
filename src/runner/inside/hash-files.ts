/**
 * Computes `hashFiles(…)`: reads a JSON list of patterns from standard input, the first of which may be
 * `--follow-symbolic-links`, and prints the hash, or nothing when no file matches.
 * Source of the algorithm: actions/runner, src/Misc/expressionFunc/hashFiles.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { findByGlob } from './glob.ts';
import { Measure } from './measure.ts';
import { print, programArguments, readStandardInput, Refusal, runHelper, variable, workspace } from './program.ts';

const PATTERNS_BYTES_MAX = 1024 * 1024;
/** Bytes of all matched files together. */
const HASHED_BYTES_MAX = 64 * 1024 ** 3;

await runHelper(async () => {
  const patterns = readPatterns(programArguments()[0] ?? (await readStandardInput(PATTERNS_BYTES_MAX)));
  const followLinks = patterns[0] === '--follow-symbolic-links';
  const root = workspace();
  const found = await findByGlob((followLinks ? patterns.slice(1) : patterns).join('\n'), {
    cwd: root,
    home: variable('HOME') || '/',
    followLinks,
    withDescendants: true,
    withHidden: true,
  });
  const total = createHash('sha256');
  const measure = new Measure('hashFiles', { bytesMax: HASHED_BYTES_MAX });
  let files = 0;
  for (const path of found.paths) {
    if (!path.startsWith(`${root}/`)) continue;
    const digest = await digestOf(path, measure);
    if (digest === undefined) continue;
    total.update(digest);
    files += 1;
  }
  await print(files === 0 ? '' : total.digest('hex'));
});

/**
 * Nothing for what is no regular file: a pipe or a device would never end, a socket can't be opened. Opening a pipe without
 * waiting for its other end is harmless, and what was opened is what is looked at.
 */
async function digestOf(path: string, measure: Measure): Promise<Buffer | undefined> {
  if (!(await stat(path).catch(unfollowed))?.isFile()) return undefined;
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) return undefined;
  measure.add(path, stats.size);
  const hash = createHash('sha256');
  // Not what is added while it is read: a file that grows as fast as that would have no end.
  const range = { autoClose: false, start: 0, end: stats.size - 1 };
  if (stats.size > 0) await pipeline(file.createReadStream(range), hash);
  return hash.digest();
}

/** A link to nothing, or to itself, and what has gone since it was found. */
function unfollowed(problem: unknown): undefined {
  const code = problem instanceof Error && 'code' in problem ? problem.code : undefined;
  if (code !== 'ENOENT' && code !== 'ELOOP' && code !== 'ENOTDIR') throw problem;
}

function readPatterns(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Refusal('expected a JSON list of patterns');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new Refusal('expected a JSON list of texts');
    return item;
  });
}
