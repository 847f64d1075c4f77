/**
 * The process that watches a log: `witness FOLDER NAME ORIGIN KEY`, with the log's raw public key in base64. As the keeper it
 * serves its parent only, and ends with it.
 */
import { jsonLog, reasonOf, systemClock } from '../base/index.ts';
import { serveChannel } from '../channel/index.ts';
import { holdFolder } from '../hold/index.ts';
import { openWitness } from '../keeper/index.ts';

const log = jsonLog((line) => process.stderr.write(line), Date.now);
const [folder = '', name = '', origin = '', key = ''] = process.argv.slice(2);
process.on('SIGINT', () => {});
try {
  await holdFolder(folder);
  const watched = { origin, key: Buffer.from(key, 'base64') };
  const handler = await openWitness({ folder, name, log: watched, clock: systemClock });
  await serveChannel({ input: process.stdin, output: process.stdout }, handler, log);
  process.exit(0);
} catch (thrown) {
  log.error('The witness ended', { reason: reasonOf(thrown) });
  process.exit(1);
}
