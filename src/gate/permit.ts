import type { Digest, TrustLevel } from '../base/index.ts';

/** A permit is used soon after it was given, or asked for again. */
export const PERMIT_MS_MAX = 24 * 60 * 60_000;

/**
 * Leave to run a plan. Only this folder makes one, since the class leaves it as a type and its fields are private. It is
 * bound to the digest of what it permits, to a level that no job may exceed, and to a time.
 */
export class Permit {
  readonly #planDigest: Digest;
  readonly #level: TrustLevel;
  readonly #secrets: ReadonlySet<string>;
  readonly #givenAt: number;
  readonly #endsAt: number;

  constructor(terms: {
    readonly planDigest: Digest;
    readonly level: TrustLevel;
    readonly secrets: readonly string[];
    readonly givenAt: number;
  }) {
    this.#planDigest = terms.planDigest;
    this.#level = terms.level;
    this.#secrets = new Set(terms.secrets.map((name) => name.toUpperCase()));
    this.#givenAt = terms.givenAt;
    this.#endsAt = terms.givenAt + PERMIT_MS_MAX;
  }

  /** The ceiling of every job attempt of the plan. */
  get level(): TrustLevel {
    return this.#level;
  }

  /** Whether it permits this plan at this time. */
  covers(planDigest: Digest, now: number): boolean {
    return planDigest === this.#planDigest && now >= this.#givenAt && now < this.#endsAt;
  }

  /** Whether a job of this plan may be given the secret. Names are compared without case. */
  releases(secret: string): boolean {
    return this.#secrets.has(secret.toUpperCase());
  }
}
