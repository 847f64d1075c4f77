/** What one timer of Node can wait, milliseconds. It fires a longer one at once, with a warning. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Calls `act` once after any finite time, waiting in parts. The function that it gives ends that; it may be called twice.
 * `partMsMax` is for tests.
 */
export function startTimer(milliseconds: number, act: () => void, partMsMax: number = TIMER_MS_MAX): () => void {
  let left = milliseconds;
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const part = Math.min(left, partMsMax);
    timer = setTimeout(() => {
      left -= part;
      if (left > 0) wait();
      else act();
    }, part);
  };
  wait();
  return () => clearTimeout(timer);
}
