export type Verdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

/** An attack on what goes out of the server. Both arms run against real servers: with the control, and the same without it. */
export type OutgoingAttack = {
  readonly id: string;
  readonly title: string;
  readonly controls: readonly string[];
  attempt(): Promise<Verdict>;
};
