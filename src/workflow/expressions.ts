import type { Data } from '../base/index.ts';

/** The contexts that an expression can see, by name: `github`, `env`, `vars`, `needs`, … Plain JSON values. */
export type Contexts = { readonly [name: string]: Data };

/**
 * What `success()`, `failure()`, `cancelled()` and `always()` look at. `skipped`: a needed job was skipped, so that neither
 * `success()` nor `failure()` nor `cancelled()` holds.
 */
export type Status = 'success' | 'failure' | 'cancelled' | 'skipped';

/** Everything that evaluation needs. */
export type Scope = {
  readonly contexts: Contexts;
  readonly status?: Status;
  /**
   * Computes `hashFiles(…)`: SHA-256 as hexadecimal text, or '' when no file matches. Absent: calling it is a fault.
   * Given the evaluated patterns. It may take time: evaluation is repeated when the answer is there.
   */
  readonly hashFiles?: (patterns: readonly string[]) => Promise<string>;
};
