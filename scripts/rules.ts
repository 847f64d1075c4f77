/** Writes the rule packs `src/<folder>/pack.json` and the pages `docs/rules/`. `test/rules/packs.test.ts` compares. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KINDS } from '../src/finding/index.ts';
import { generateRules } from '../test/rules/packs.ts';

const root = join(import.meta.dirname, '..');
const generated = await generateRules(root);
let written = 0;
for (const [path, text] of generated) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  written += 1;
}
for (const kind of KINDS) {
  const folder = join(root, 'docs/rules', kind);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!generated.has(`docs/rules/${kind}/${name}`)) rmSync(join(folder, name));
  }
}
process.stdout.write(`${generated.size} files of rules, ${written} written\n`);
