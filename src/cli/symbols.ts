import type { Conclusion } from '../protocol/index.ts';
import type { Paint } from './terminal.ts';

/** The pictures of the spinner, one for each frame. */
export const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;

export function symbolOf(state: 'queued' | 'running' | Conclusion, paint: Paint, tolerated = false): string {
  if (tolerated) return paint('yellow', '!');
  switch (state) {
    case 'success':
      return paint('green', '✓');
    case 'failure':
      return paint('red', '✗');
    case 'cancelled':
      return paint('yellow', '■');
    case 'skipped':
      return paint('dim', '○');
    case 'running':
      return paint('cyan', '▸');
    case 'queued':
      return paint('dim', '·');
  }
}

/** The word of a conclusion in a sentence. */
export function wordOf(conclusion: Conclusion, tolerated = false): string {
  if (tolerated) return 'failed but tolerated (continue-on-error)';
  return { success: 'succeeded', failure: 'failed', cancelled: 'cancelled', skipped: 'skipped' }[conclusion];
}
