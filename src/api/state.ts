import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import type { createRates, RateLimitName } from './rate.ts';

export type ApiVariables = {
  request: string;
  address: string;
  route: string;
  waitMs: number;
  isEmbeddable: boolean;
};
export type ApiEnv = { Bindings: HttpBindings; Variables: ApiVariables };
export type Rates = ReturnType<typeof createRates>;

/** What routes share while the server runs. */
export type ApiState = { readonly deps: ApiDeps; readonly rates: Rates; readonly streams: Map<string, number> };

/** Counts a request of a caller; throws `api/rate-limited` when it was one too many. */
export function take(state: ApiState, c: Context<ApiEnv>, name: RateLimitName, who: string): void {
  const over = state.rates.take(name, who);
  if (over === undefined) return;
  c.set('waitMs', over.waitMs);
  throw fault('rate-limited', `too many requests (${name})`);
}
