/**
 * Trust levels, from least to most trusted (K1). A permit sets the ceiling of a job attempt; within the attempt the
 * level only drops.
 */
export const TRUST_LEVELS = ['untrusted', 'branch', 'reviewed', 'release'] as const;
export type TrustLevel = (typeof TRUST_LEVELS)[number];

/** Why a level dropped. Kept and shown. */
export type Taint = {
  /** The level after the drop. */
  readonly level: TrustLevel;
  /** A stable word for the kind of cause, as `fork-event`, `artifact`, `untrusted-ref`, `needs`, `local-action`. */
  readonly cause: string;
  /** The step at which it happened, or nothing when it was so from the start. */
  readonly step?: string;
  /** One line for people: what came from where. */
  readonly source: string;
};

/** Whether `level` is at least `floor`. */
export function isAtLeast(level: TrustLevel, floor: TrustLevel): boolean {
  return TRUST_LEVELS.indexOf(level) >= TRUST_LEVELS.indexOf(floor);
}

/** The lowest of the given levels. */
export function lowestLevel(first: TrustLevel, ...rest: readonly TrustLevel[]): TrustLevel {
  return rest.reduce((lowest, level) => (isAtLeast(lowest, level) ? level : lowest), first);
}
