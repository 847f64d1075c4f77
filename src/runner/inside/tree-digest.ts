/**
 * Prints the content digest of a folder below the workspace: `tree-digest PATH`. It is how the runner compares a local
 * action with the commit: SHA-256 over the sorted lines `mode SP path NUL sha256-of-bytes LF`; links by target. `.git` at
 * the top is left out. What is neither file, folder nor link fails.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { print, programArguments, Refusal, runHelper, workspace } from './program.ts';

const ENTRIES_MAX = 200_000;

await runHelper(async () => {
  const root = workspace();
  const folder = resolve(root, programArguments()[0] ?? '.');
  const below = relative(root, folder);
  if (below.startsWith('..') || isAbsolute(below)) throw new Refusal(`${folder} is not below the workspace`);
  const lines: Buffer[] = [];
  for await (const line of linesOf(folder)) {
    lines.push(Buffer.from(line, 'utf8'));
    if (lines.length > ENTRIES_MAX) throw new Refusal(`${folder} has more than ${ENTRIES_MAX} files`);
  }
  lines.sort((a, b) => a.compare(b));
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  await print(`sha256:${hash.digest('hex')}\n`);
});

async function* linesOf(folder: string): AsyncGenerator<string> {
  const pending = [''];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    for (const name of await readdir(join(folder, here))) {
      if (here === '' && name === '.git') continue;
      const path = here === '' ? name : `${here}/${name}`;
      const full = join(folder, path);
      const stats = await lstat(full);
      if (stats.isDirectory()) pending.push(path);
      else if (stats.isSymbolicLink()) {
        const target = await readlink(full, { encoding: 'buffer' });
        yield `120000 ${path}\0${createHash('sha256').update(target).digest('hex')}\n`;
      } else if (stats.isFile()) {
        const hash = createHash('sha256');
        await pipeline(createReadStream(full), hash);
        yield `${(stats.mode & 0o100) === 0 ? '100644' : '100755'} ${path}\0${hash.digest('hex')}\n`;
      } else throw new Refusal(`${path} is neither a file nor a link`);
    }
  }
}
