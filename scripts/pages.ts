/** Builds the browser pages into `dist/pages`, with a smaller copy of each text for those who take it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { FIRST_LOAD_BYTES_MAX, firstLoadOf } from '../test/pages/first-load.ts';

const root = join(import.meta.dirname, '..');
const assets = join(root, 'dist/pages/-/assets');
/** Below, a copy saves less than it costs. */
const BYTES_MIN = 1024;

// React and the kit are other programs in development.
process.env['NODE_ENV'] = 'production';
await build({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'warn' });
for (const name of readdirSync(assets, { recursive: true, encoding: 'utf8' })) {
  const path = join(assets, name);
  if (!/\.(?:js|css|svg|json|md)$/.test(name) || statSync(path).size < BYTES_MIN) continue;
  const bytes = readFileSync(path);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
const { scripts, styles } = firstLoadOf(join(root, 'dist/pages'));
process.stdout.write(
  `dist/pages  first load: ${scripts} bytes of script (at most ${FIRST_LOAD_BYTES_MAX}), ${styles} of styles (gzip)\n`,
);
