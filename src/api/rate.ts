/** Requests that somebody may make: so many at once, and so many a second after that. */
export type RateLimit = { readonly burst: number; readonly perSecond: number };

/** Every limit by its name. A caller who is not signed in is counted by network, others by who they are. */
export const RATE_LIMITS = {
  // Of one network, whoever asks there.
  network: { burst: 1000, perSecond: 100 },
  anonymous: { burst: 60, perSecond: 2 },
  'sign-in': { burst: 20, perSecond: 0.2 },
  read: { burst: 300, perSecond: 30 },
  write: { burst: 100, perSecond: 5 },
  git: { burst: 200, perSecond: 10 },
} as const satisfies { readonly [name: string]: RateLimit };

export type RateLimitName = keyof typeof RATE_LIMITS;

/** Callers that are remembered. The oldest is forgotten first, which can only make it freer. */
const BUCKETS_MAX = 20_000;

type Bucket = { tokens: number; at: number };

/** Token buckets in this process: a limit against haste, not the count of failed sign-ins, which lies in tables. */
export function createRates(
  now: () => number,
  limits: { readonly [Name in RateLimitName]: RateLimit } = RATE_LIMITS,
): { take(name: RateLimitName, who: string): { readonly waitMs: number } | undefined; size(): number } {
  const buckets = new Map<string, Bucket>();
  return {
    size: () => buckets.size,
    take(name, who) {
      const { burst, perSecond } = limits[name];
      const key = `${name} ${who}`;
      const at = now();
      const known = buckets.get(key);
      const tokens =
        known === undefined ? burst : Math.min(burst, known.tokens + (Math.max(0, at - known.at) / 1000) * perSecond);
      // The one that was used last stands last.
      buckets.delete(key);
      if (buckets.size >= BUCKETS_MAX) {
        const oldest = buckets.keys().next();
        if (oldest.done !== true) buckets.delete(oldest.value);
      }
      buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at });
      return tokens < 1 ? { waitMs: Math.ceil(((1 - tokens) / perSecond) * 1000) } : undefined;
    },
  };
}
