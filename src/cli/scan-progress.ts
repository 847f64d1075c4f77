import type { Clock } from '../base/index.ts';
import type { ScanProgress } from '../scan/index.ts';
import { FRAME_MS, LiveRegion } from './live.ts';
import { SPINNER } from './symbols.ts';
import { fit, formatDuration, paintOf, type Terminal } from './terminal.ts';

/** A scan that ends sooner shows nothing of itself. */
const QUIET_MS = 400;
const BAR_COLUMNS = 24;

/** Shows how far a long scan is, at a terminal only: on standard output before the report, and gone when that comes. */
export function createScanProgress(
  terminal: Terminal,
  clock: Clock,
): { show(progress: ScanProgress): void; close(): void } {
  if (!terminal.isInteractive) return { show() {}, close() {} };
  const region = new LiveRegion(terminal);
  const paint = paintOf(terminal.colors);
  const started = clock.monotonic();
  let last = 0;
  const draw = ({ phase, done, total }: ScanProgress) => {
    const now = clock.monotonic() - started;
    if (phase !== 'finish' && (now < QUIET_MS || now - last < FRAME_MS)) return;
    last = now;
    const spinner = paint('cyan', SPINNER[Math.floor(now / FRAME_MS) % SPINNER.length] ?? '·');
    const words = { list: 'looking for files', scan: 'files', history: 'commits', finish: 'putting it together' }[
      phase
    ];
    const filled = total === 0 ? 0 : Math.floor((done / total) * BAR_COLUMNS);
    const bar = `${paint('cyan', '━'.repeat(filled))}${paint('dim', '━'.repeat(BAR_COLUMNS - filled))}`;
    const counted = total === 0 ? words : `${bar} ${done} of ${total} ${words}`;
    const line = fit(`${spinner} ${counted}  ${paint('dim', formatDuration(now))}`, terminal.columns() - 1);
    // Afterwards a signal may end the process at once: the cursor is shown again before.
    if (phase === 'finish') region.clear();
    else region.draw([line]);
  };
  return { show: draw, close: () => region.clear() };
}
