/**
 * Prints the SHA-256 of files: reads a JSON list of paths, relative to the workspace, from standard input and prints a
 * JSON list of `{name, digest}` in the same order. A file that is missing or is not a regular file fails.
 */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { print, readStandardInput, Refusal, runHelper, workspace } from './program.ts';

const LIST_BYTES_MAX = 1024 * 1024;

await runHelper(async () => {
  const list: unknown = JSON.parse(await readStandardInput(LIST_BYTES_MAX));
  if (!Array.isArray(list)) throw new Refusal('the list of files is not a JSON list');
  const digests: { name: string; digest: string }[] = [];
  for (const name of list) {
    if (typeof name !== 'string') throw new Refusal('the list of files holds something that is not text');
    const path = resolve(workspace(), name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Refusal(`${name} is not a file`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    digests.push({ name, digest: `sha256:${hash.digest('hex')}` });
  }
  await print(JSON.stringify(digests));
});
