/**
 * A process that uses a blob store until somebody ends it: `node store.fixture.ts put|collect DIR [BYTES]`. For tests
 * that kill it or fill its disk. Prints one JSON line for each call.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { isFault, reasonOf, systemClock } from '../base/index.ts';
import { COLLECT_GRACE_MS, openBlobStore } from './index.ts';

const [action = '', dir = '', bytes = '65536'] = process.argv.slice(2);
const isCollecting = action === 'collect';
const clock = { ...systemClock, now: () => systemClock.now() + (isCollecting ? 2 * COLLECT_GRACE_MS : 0) };
const store = await openBlobStore({ dir, bytesMax: 1 << 30, clock });

for (let n = 0; n < 10_000; n += 1) {
  if (isCollecting) {
    await store.collect(new Set());
    continue;
  }
  const line = await store.put(Readable.from([randomBytes(Number(bytes))]), { bytesMax: 1 << 30 }).then(
    (stored) => stored,
    (error: unknown) => ({ fault: isFault(error) ? error.code : reasonOf(error) }),
  );
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if ('fault' in line) break;
}
