import type { Severity } from '../finding/index.ts';

/** Events of a range in one text each: `+` introduced, `-` fixed (exclusive), `=` last affected, `<` limit. Sorted. */
export type RangeEvents = readonly string[];

/** A package of Go's vulnerability database that has the flaw, and the symbols in it; none: all of it. */
export type AffectedImport = { readonly path: string; readonly symbols: readonly string[] };

/** A published record of a flaw, as far as it is kept. */
export type Advisory = {
  readonly id: string;
  /** Other ids of the same flaw, sorted. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly severity: Severity | undefined;
  readonly score: number | undefined;
  /** The CVSS vector that the score is of. */
  readonly vector: string | undefined;
  readonly cwes: readonly number[];
  readonly modified: string;
  /** The package itself is harmful, not flawed. */
  readonly isMalicious: boolean;
  /** No flaw but a notice: `unmaintained`, `unsound`, `notice`. */
  readonly informational: string | undefined;
  /** The chance that it is exploited within 30 days, 0 to 1, by EPSS. */
  readonly epss: number | undefined;
  /** Since when it is known to be exploited. */
  readonly exploitedSince: string | undefined;
};

/** What an advisory says of one package. */
export type Affected = {
  readonly ranges: readonly RangeEvents[];
  /** Exact versions; what stands here is affected, whatever the ranges say. */
  readonly versions: readonly string[];
  readonly imports: readonly AffectedImport[];
};

export type AffectedPackage = Affected & { readonly ecosystem: string; readonly name: string };

export type AdvisoryRecord = { readonly advisory: Advisory; readonly affected: readonly AffectedPackage[] };
