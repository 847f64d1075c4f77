import { z } from '@hono/zod-openapi';
import { TRUST_LEVELS } from '../base/index.ts';
import { ORGANISATION_ROLES, REPOSITORY_ROLES } from '../identity/index.ts';
import { fault } from './faults.ts';

/** An id in a path. */
export const idParam = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'a positive whole number')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 1 });

export const PAGE_MAX = 100;
const PAGE_DEFAULT = 30;

export const limitQuery = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, `a whole number from 1 to ${PAGE_MAX}`)
  .transform(Number)
  .pipe(z.number().max(PAGE_MAX))
  .optional()
  .openapi({ type: 'integer', minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT });

/** The `next` of the page before, as it came. */
export const cursorQuery = z.string().max(500).optional();

export const pageQuery = { limit: limitQuery, cursor: cursorQuery };

/** What every list answers with. */
export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z.strictObject({ items: z.array(item), next: z.string().optional() }).openapi(name);
}

/** A page of things that have ids: `next` is the last of them. */
export function idPage<Item extends { readonly id: number }>(
  items: readonly Item[],
  limit: number,
): { items: Item[]; next?: string } {
  const last = items.at(limit - 1);
  return {
    items: items.slice(0, limit),
    ...(items.length > limit && last !== undefined ? { next: Buffer.from(`i${last.id}`).toString('base64url') } : {}),
  };
}

export function idOfCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const id = Number(/^i([1-9]\d{0,14})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1]);
  if (!Number.isSafeInteger(id)) throw fault('request-invalid', 'query.cursor: not the `next` of a page');
  return id;
}

export const sizeOfPage = (limit: number | undefined) => limit ?? PAGE_DEFAULT;

export const time = z.iso.datetime();
export const levelSchema = z.enum(TRUST_LEVELS);
export const organisationRole = z.enum(ORGANISATION_ROLES);
export const repositoryRole = z.enum(REPOSITORY_ROLES);
export const conclusion = z.enum(['success', 'failure', 'cancelled', 'skipped']);
export const iso = (date: Date) => date.toISOString();
/** For objects in which what is not there is left out. */
export function isoOf<Name extends string>(name: Name, date: Date | undefined): { readonly [Key in Name]?: string } {
  return date === undefined ? {} : ({ [name]: date.toISOString() } as { readonly [Key in Name]?: string });
}

export const userName = z.string().min(1).max(39);

export const memberSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    role: organisationRole,
    createdAt: time,
    /** Of somebody from outside: when they are nobody any more. */
    expiresAt: time.optional(),
  })
  .openapi('Member');

export const repositorySchema = z
  .strictObject({
    id: z.int(),
    owner: z.string(),
    name: z.string(),
    defaultBranch: z.string(),
    state: z.enum(['importing', 'active', 'archived', 'stopped', 'deleted']),
    /** Why it is stopped. */
    reason: z.string().optional(),
    cloneUrl: z.string(),
    createdAt: time,
  })
  .openapi('Repository');

export const tokenSchema = z
  .strictObject({
    id: z.int(),
    user: z.strictObject({ id: z.int(), name: z.string() }),
    name: z.string(),
    /** Its last characters. */
    hint: z.string(),
    scopes: z.array(z.string()),
    repositories: z.array(z.int()).optional(),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.optional(),
    revokedAt: time.optional(),
  })
  .openapi('Token');
