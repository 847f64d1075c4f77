import { fault } from './faults.ts';
import type { IdentityDeps } from './principal.ts';
import type { OrganisationRole } from './verbs.ts';

export type User = {
  readonly id: number;
  readonly name: string;
  readonly role: OrganisationRole;
  readonly createdAt: Date;
  /** Of somebody from outside: when they are nobody any more. */
  readonly expiresAt?: Date;
};

/** How long somebody from outside is there, in days. */
export const OUTSIDE_DAYS_MAX = 366;
const OUTSIDE_DAYS_DEFAULT = 90;
const DAY_MS = 86_400_000;

/** The end of a membership with this role, which only somebody from outside has. Throws `identity/expiry-invalid`. */
export function endOf(deps: IdentityDeps, role: OrganisationRole, days: number | undefined): Date | null {
  if (role !== 'outside') {
    if (days !== undefined) throw fault('expiry-invalid', `the role ${role} has no end: only \`outside\` has one`);
    return null;
  }
  const wanted = days ?? OUTSIDE_DAYS_DEFAULT;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > OUTSIDE_DAYS_MAX) {
    throw fault('expiry-invalid', `${wanted} days; somebody from outside is there for 1 to ${OUTSIDE_DAYS_MAX}`);
  }
  return new Date(deps.now() + wanted * DAY_MS);
}

/** Whether somebody is there at this moment. */
export function isMember(
  user: { readonly removed_at: Date | null; readonly expires_at: Date | null },
  now: number,
): boolean {
  return user.removed_at === null && (user.expires_at === null || user.expires_at.getTime() > now);
}

export function userOf(row: {
  readonly id: string;
  readonly name: string;
  readonly role: OrganisationRole;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}): User {
  return {
    id: Number(row.id),
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}
