import { z } from '@hono/zod-openapi';
import { approvalEvidence, listStale } from '../identity/index.ts';
import { organisation } from './route.ts';
import { idParam, iso, isoOf, organisationRole, time } from './schema.ts';

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

const evidenceSchema = z
  .strictObject({
    id: z.int(),
    user,
    /** Canonical JSON. Its SHA-256, after `sallyport/approve/v1` and a line feed, is the challenge that was signed. */
    subject: z.string(),
    /** The rest in base64url, as WebAuthn names it. */
    credentialId: z.string(),
    publicKey: z.string(),
    authenticatorData: z.string(),
    clientDataJSON: z.string(),
    signature: z.string(),
    createdAt: time,
  })
  .openapi('ApprovalEvidence');

export const reviewRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/approvals/{approval}',
      verb: 'audit.read',
      tag: 'Audit',
      summary: 'What somebody approved with a passkey, and the signature that proves it without this server',
      params: { approval: idParam },
      reply: evidenceSchema,
    },
    async ({ deps }, { params }) => {
      const found = await approvalEvidence(deps.db, params.approval);
      const text = (bytes: Buffer) => bytes.toString('base64url');
      return {
        id: found.id,
        user: found.user,
        subject: found.subject,
        credentialId: text(found.credential),
        publicKey: text(found.publicKey),
        authenticatorData: text(found.authenticatorData),
        clientDataJSON: text(found.clientData),
        signature: text(found.signature),
        createdAt: iso(found.createdAt),
      };
    },
  ),
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
