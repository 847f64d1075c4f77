import { z } from '@hono/zod-openapi';
import { listStale } from '../identity/index.ts';
import { organisation } from './route.ts';
import { iso, isoOf, organisationRole, time } from './schema.ts';

const STALE_DAYS_DEFAULT = 90;
const STALE_DAYS_MAX = 3650;
const user = z.strictObject({ id: z.int(), name: z.string() });

const staleSchema = z
  .strictObject({
    days: z.int(),
    people: z.array(
      z.strictObject({ id: z.int(), name: z.string(), role: organisationRole, lastSeenAt: time.optional() }),
    ),
    tokens: z.array(
      z.strictObject({ id: z.int(), user, name: z.string(), lastUsedAt: time.optional(), expiresAt: time }),
    ),
    passkeys: z.array(z.strictObject({ id: z.int(), user, name: z.string(), lastUsedAt: time.optional() })),
  })
  .openapi('Stale');

export const reviewRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/organisation/stale',
      verb: 'token.review',
      tag: 'People',
      summary: 'People, tokens and passkeys that nobody used for so many days',
      query: {
        days: z
          .string()
          .regex(/^[1-9]\d{0,3}$/, 'a whole number of days')
          .transform(Number)
          .pipe(z.number().max(STALE_DAYS_MAX))
          .optional()
          .openapi({ type: 'integer', minimum: 1, maximum: STALE_DAYS_MAX, default: STALE_DAYS_DEFAULT }),
      },
      reply: staleSchema,
    },
    async ({ deps }, { query }) => {
      const days = query.days ?? STALE_DAYS_DEFAULT;
      const { people, tokens, passkeys } = await listStale(deps, days);
      return {
        days,
        people: people.map(({ lastSeenAt, ...rest }) => ({ ...rest, ...isoOf('lastSeenAt', lastSeenAt) })),
        tokens: tokens.map(({ lastUsedAt, expiresAt, ...rest }) => ({
          ...rest,
          ...isoOf('lastUsedAt', lastUsedAt),
          expiresAt: iso(expiresAt),
        })),
        passkeys: passkeys.map(({ lastUsedAt, ...rest }) => ({ ...rest, ...isoOf('lastUsedAt', lastUsedAt) })),
      };
    },
  ),
];
