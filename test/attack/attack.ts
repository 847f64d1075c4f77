/** One attack, run twice: against the product, which must refuse it, and without the control, where it must succeed. */
export type Attack = {
  /** `R16-bash-title`: the id of the known breach or class first. */
  readonly id: string;
  readonly title: string;
  /** K13, … */
  readonly controls: readonly string[];
  /** The control arm can only be shown by root; as an ordinary user the attack is not run. */
  readonly needsRoot?: boolean;
  control(): Promise<{ readonly succeeded: boolean; readonly detail: string }>;
  product(): Promise<{ readonly refused: boolean; readonly detail: string }>;
};
