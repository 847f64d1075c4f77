/** Writes `closure/<process>.txt`: what each process loads. `test/tidy.test.ts` compares. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closureOf, processesOf } from '../test/tidy/closure.ts';
import { readSources } from '../test/tidy/sources.ts';

const root = join(import.meta.dirname, '..');
const sources = readSources(root);
mkdirSync(join(root, 'closure'), { recursive: true });
for (const [name, entries] of Object.entries(processesOf(sources))) {
  writeFileSync(join(root, 'closure', `${name}.txt`), closureOf(entries, sources, root));
  process.stdout.write(`closure/${name}.txt\n`);
}
