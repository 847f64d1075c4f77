/**
 * Tells a running job attempt to end. `cancel`: as GitHub does it, steps with `always()` still run. `force`: end at once.
 * The state only moves forward. `onChange` calls back at each later change, not for the state that is already there;
 * the function it returns stops that.
 */
export type CancelSignal = {
  readonly state: 'none' | 'cancel' | 'force';
  onChange(callback: (state: 'cancel' | 'force') => void): () => void;
};
