/**
 * Computes `hashFiles(…)`: reads a JSON list of patterns from standard input, the first of which may be
 * `--follow-symbolic-links`, and prints the hash, or nothing when no file matches.
 * Source of the algorithm: actions/runner, src/Misc/expressionFunc/hashFiles.
 */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { findByGlob } from './glob.ts';
import { print, programArguments, readStandardInput, Refusal, runHelper, variable, workspace } from './program.ts';

const PATTERNS_BYTES_MAX = 1024 * 1024;

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
  let files = 0;
  for (const path of found.paths) {
    if (!path.startsWith(`${root}/`)) continue;
    const stats = statSync(path);
    if (stats.isDirectory()) continue;
    // A pipe or a device would never end.
    if (!stats.isFile()) throw new Refusal(`${path} is not a regular file`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    total.update(hash.digest());
    files += 1;
  }
  await print(files === 0 ? '' : total.digest('hex'));
});

function readPatterns(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Refusal('expected a JSON list of patterns');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new Refusal('expected a JSON list of texts');
    return item;
  });
}
