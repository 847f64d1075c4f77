/** Emits the package's JavaScript into `dist`, and copies what the sources read beside themselves. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
cpSync(join(root, 'src'), dist, {
  recursive: true,
  // Folders, and files that are no TypeScript: schemas, scripts for the inside of the sandbox.
  filter: (path) => !/\.ts$/.test(path),
});
process.stdout.write('dist\n');
