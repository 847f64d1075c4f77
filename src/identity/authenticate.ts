import type { Database } from '../database/index.ts';
import { fault } from './faults.ts';
import type { IdentityDeps, JobBounds, Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import { accountOf, networkOf, noteFailure, requireUnblocked } from './throttle.ts';
import { hashOfToken, tokenKindOf } from './token-format.ts';
import { isMember } from './user.ts';
import { isVerb, type OrganisationRole } from './verbs.ts';

export type Credential =
  | { readonly bearer: string }
  | { readonly basic: { readonly user: string; readonly password: string } };

export type AuthenticateDeps = IdentityDeps & {
  /** The job that a token with this hash belongs to, while it runs. */
  jobOf?(hash: Buffer): Promise<JobBounds | undefined>;
};

/** User names of basic authentication that name nobody: the token alone says who it is. */
const NEUTRAL_NAMES = ['', 'git', 'token', 'x-access-token', 'x-oauth-basic', 'sallyport'];
/** Last use is kept to this: every request would write otherwise. */
const LAST_USE_MS = 60_000;

/**
 * Who a credential belongs to; nothing when it is nobody's. A token that can't be one of ours is refused by its checksum, without a
 * question to the database. Throws `identity/too-many-attempts` and, for a token that ended, `identity/not-signed-in`.
 *
 * @param from the address of the connection, or the one that a trusted proxy tells
 */
export async function authenticate(
  deps: AuthenticateDeps,
  credential: Credential,
  from: { readonly address: string },
): Promise<Principal | undefined> {
  const [name, text] =
    'bearer' in credential ? ['', credential.bearer] : [credential.basic.user, credential.basic.password];
  const kind = tokenKindOf(text);
  if (kind !== 'user' && kind !== 'job') return undefined;
  const isNamed = !NEUTRAL_NAMES.includes(name.toLowerCase());
  const keys = [networkOf(from.address), ...(isNamed ? [accountOf(name)] : [])];
  await requireUnblocked(deps, keys);
  const hash = hashOfToken(text);
  const found = kind === 'job' ? jobPrincipal(await deps.jobOf?.(hash)) : await userPrincipal(deps, hash);
  if (found === undefined || (isNamed && found.name.toLowerCase() !== name.toLowerCase())) {
    await noteFailure(deps, keys);
    return undefined;
  }
  return found;
}

function jobPrincipal(job: JobBounds | undefined): Principal | undefined {
  if (job === undefined) return undefined;
  return { kind: 'job', id: String(job.jobId), name: `job ${job.jobId}`, job };
}

async function userPrincipal(deps: IdentityDeps, hash: Buffer): Promise<Principal | undefined> {
  const row = await findToken(deps.db, hash);
  if (row === undefined) return undefined;
  const now = deps.now();
  if (row.revoked_at !== null || !isMember({ removed_at: row.removed_at, expires_at: row.member_until }, now)) {
    throw fault('not-signed-in', `the token that ends with ${row.hint} was revoked`);
  }
  if (row.expires_at.getTime() <= now) {
    throw fault('not-signed-in', `the token that ends with ${row.hint} expired at ${row.expires_at.toISOString()}`);
  }
  if (now - (row.last_used_at?.getTime() ?? 0) > LAST_USE_MS) {
    await deps.db
      .as<IdentityTables>()
      .updateTable('identity_token')
      .set({ last_used_at: new Date(now) })
      .where('id', '=', row.id)
      .execute();
  }
  return principalOf(row);
}

type TokenRow = {
  readonly id: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly role: OrganisationRole;
  readonly scopes: readonly string[];
  readonly repositories: readonly string[] | null;
  readonly expires_at: Date;
  readonly rooted_at: Date;
};

function principalOf(row: TokenRow): Principal {
  return {
    kind: 'user',
    id: row.user_id,
    name: row.user_name,
    token: {
      source: 'token',
      id: Number(row.id),
      userId: Number(row.user_id),
      role: row.role,
      scopes: row.scopes.filter((scope) => scope === 'all' || isVerb(scope)),
      ...(row.repositories === null ? {} : { repositories: row.repositories.map(Number) }),
      expiresAt: row.expires_at,
      rootedAt: row.rooted_at,
    },
  };
}

function findToken(db: Database, hash: Buffer) {
  return db
    .as<IdentityTables>()
    .selectFrom('identity_token')
    .innerJoin('identity_user', 'identity_user.id', 'identity_token.user_id')
    .select([
      'identity_token.id',
      'identity_token.user_id',
      'identity_user.name as user_name',
      'identity_user.role',
      'identity_user.removed_at',
      'identity_user.expires_at as member_until',
      'identity_token.hint',
      'identity_token.scopes',
      'identity_token.repositories',
      'identity_token.expires_at',
      'identity_token.rooted_at',
      'identity_token.last_used_at',
      'identity_token.revoked_at',
    ])
    .where('identity_token.hash', '=', hash)
    .executeTakeFirst();
}
