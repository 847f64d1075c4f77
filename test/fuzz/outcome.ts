/** What a fuzz run found: nothing, or for each failure a line that says how to repeat it. */
export type FuzzOutcome = { readonly rounds: number; readonly failures: readonly string[] };
