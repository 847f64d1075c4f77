/**
 * The process that holds the keys of an installation: `keeper FOLDER ORIGIN`. Its requests come over its standard input, from the
 * process that started it and nobody else; when that ends, it ends.
 */
import { jsonLog, reasonOf, systemClock } from '../base/index.ts';
import { serveChannel } from '../channel/index.ts';
import { holdFolder } from '../hold/index.ts';
import { openKeeper } from '../keeper/index.ts';

const log = jsonLog((line) => process.stderr.write(line), Date.now);
const [folder = '', origin = ''] = process.argv.slice(2);
// The server ends its children in order; Ctrl-C at a terminal reaches all of them at once.
process.on('SIGINT', () => {});
try {
  await holdFolder(folder);
  const handler = await openKeeper({ folder, origin, clock: systemClock });
  await serveChannel({ input: process.stdin, output: process.stdout }, handler, log);
  process.exit(0);
} catch (thrown) {
  log.error('The keeper ended', { reason: reasonOf(thrown) });
  process.exit(1);
}
