/** Writes `docs/reference/faults.md`: every fault code with its status and help. `test/tidy.test.ts` compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderFaults } from '../test/tidy/faults.ts';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'docs/reference/faults.md'), await renderFaults(root));
process.stdout.write('docs/reference/faults.md\n');
