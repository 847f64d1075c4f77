/**
 * Loaded before a program of the product (`NODE_OPTIONS=--import=…`), it gives that process a wall clock that a test sets: the file that
 * `TEST_CLOCK_FILE` names holds by how many milliseconds it is off. The program is as it is, and the monotonic clock goes on, as on a
 * machine whose time is set. Without the file the clock is right.
 */
import { readFileSync } from 'node:fs';

const LOOK_MS = 50;
const file = process.env['TEST_CLOCK_FILE'];
if (file !== undefined) {
  const right = Date.now.bind(Date);
  let offMs = 0;
  const look = () => {
    try {
      offMs = Number(readFileSync(file, 'utf8').trim() || '0');
    } catch {
      // Nobody set it.
      offMs = 0;
    }
  };
  look();
  setInterval(look, LOOK_MS).unref();
  const Right = Date;
  const Shifted = new Proxy(Right, {
    construct: (target, given: unknown[], made) =>
      Reflect.construct(target, given.length === 0 ? [right() + offMs] : given, made) as object,
    apply: () => new Right(right() + offMs).toString(),
  });
  Right.now = () => right() + offMs;
  globalThis.Date = Shifted;
}
