import type { CancelSignal } from '../protocol/index.ts';

/** The side of a cancel signal that decides. */
export type CancelSource = {
  readonly signal: CancelSignal;
  /** Only moves forward: a cancel after a force changes nothing. */
  cancel(state: 'cancel' | 'force'): void;
};

export function createCancelSource(): CancelSource {
  let state: CancelSignal['state'] = 'none';
  const callbacks = new Set<(state: 'cancel' | 'force') => void>();
  return {
    signal: {
      get state() {
        return state;
      },
      onChange(callback) {
        callbacks.add(callback);
        return () => callbacks.delete(callback);
      },
    },
    cancel(next) {
      if (state === next || state === 'force') return;
      state = next;
      for (const callback of callbacks) callback(next);
    },
  };
}
