/** Writes `docs/reference/commands.md`, what `--help` prints of each command. `src/cli/docs.test.ts` compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCommands } from '../test/tidy/commands.ts';

const path = 'docs/reference/commands.md';
writeFileSync(join(import.meta.dirname, '..', path), renderCommands());
process.stdout.write(`${path}\n`);
