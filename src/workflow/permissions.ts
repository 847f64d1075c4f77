import { PERMISSION_SCOPES, type Permissions } from './model.ts';

type Access = Permissions[string];
const RANK: { readonly [access in Access]: number } = { none: 0, read: 1, write: 2 };
/** Scopes that have no write. */
const READ_ONLY: ReadonlySet<string> = new Set(['models', 'vulnerability-alerts']);
/** Scopes come last in a message that GitHub names last. */
const LAST_SCOPES = ['statuses', 'security-events', 'id-token', 'models', 'vulnerability-alerts'];
const ALL_SCOPES: readonly string[] = [
  ...PERMISSION_SCOPES.filter((scope) => !LAST_SCOPES.includes(scope)),
  ...LAST_SCOPES,
];

/** `read-all` and `write-all`: every scope at one access. */
export function permissionsForAll(access: 'read' | 'write'): Permissions {
  return Object.fromEntries(PERMISSION_SCOPES.map((scope) => [scope, READ_ONLY.has(scope) ? 'read' : access] as const));
}

/** What a workflow has that says nothing about permissions: less than GitHub gives, on purpose. */
export function defaultPermissions(): Permissions {
  return { contents: 'read' };
}

/** The access to one scope; what is not named is `none`. */
export function accessTo(permissions: Permissions, scope: string): Access {
  return Object.hasOwn(permissions, scope) ? (permissions[scope] ?? 'none') : 'none';
}

/** One scope that asks for more than is allowed. */
export type PermissionViolation = { readonly scope: string; readonly requested: Access; readonly allowed: Access };

/** The scopes in which a request goes beyond its maximum, in the order of the schema. */
export function permissionViolations(max: Permissions, requested: Permissions): readonly PermissionViolation[] {
  const scopes = [...new Set([...ALL_SCOPES, ...Object.keys(requested)])];
  return scopes.flatMap((scope) => {
    const [wanted, allowed] = [accessTo(requested, scope), accessTo(max, scope)];
    return RANK[wanted] > RANK[allowed] ? [{ scope, requested: wanted, allowed }] : [];
  });
}

/** The lesser of two permissions in each scope: what a called workflow gets. Scopes at `none` are left out. */
export function narrowPermissions(callerMax: Permissions, requested: Permissions): Permissions {
  const narrowed: [string, Access][] = [];
  for (const scope of Object.keys(requested)) {
    const [wanted, allowed] = [accessTo(requested, scope), accessTo(callerMax, scope)];
    const access = RANK[wanted] <= RANK[allowed] ? wanted : allowed;
    if (access !== 'none') narrowed.push([scope, access]);
  }
  return Object.fromEntries(narrowed);
}
