import { append } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { fault } from './faults.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';
import { listTeams, setTeamMember } from './teams.ts';
import { isMember, type User, userOf } from './user.ts';
import { insertUser } from './users.ts';

/** What a provider says of somebody, once its signature holds. */
export type ExternalPerson = {
  readonly issuer: string;
  readonly subject: string;
  /** What they would like to be called. */
  readonly name: string | undefined;
  readonly groups: readonly string[];
};

export type ExternalRules = {
  /** Group at the provider to the name of a team here. These teams follow the provider; others are left alone. */
  readonly teams: { readonly [group: string]: string };
  /** Who becomes a member by signing in: people of such a group, everybody of the provider, or nobody. */
  readonly join: 'teams' | 'everybody' | 'nobody';
};

/** The part of the server that speaks for the provider. */
const PROVIDER: Principal = { kind: 'system', id: 'oidc', name: 'oidc' };
const NAME_MAX = 39;

/**
 * The member whom a provider names: one who is linked, or, where the rules say so, a new one. Never one who only has the same name or
 * address: whoever can choose these at the provider would be them. Throws `identity/external-unknown`.
 */
export async function memberOfExternal(
  deps: IdentityDeps,
  tx: Transaction,
  person: ExternalPerson,
  rules: ExternalRules,
): Promise<User> {
  const row = await tx
    .as<IdentityTables>()
    .selectFrom('identity_external')
    .innerJoin('identity_user', 'identity_user.id', 'identity_external.user_id')
    .selectAll('identity_user')
    .where('issuer', '=', person.issuer)
    .where('subject', '=', person.subject)
    .executeTakeFirst();
  if (row !== undefined) {
    if (!isMember(row, deps.now())) throw fault('external-unknown', 'whoever this was is not a member any more');
    return userOf(row);
  }
  const isKnownGroup = person.groups.some((group) => Object.hasOwn(rules.teams, group));
  if (rules.join === 'nobody' || (rules.join === 'teams' && !isKnownGroup)) {
    throw fault('external-unknown', 'nobody here is linked to this account');
  }
  const user = await insertUser(deps, tx, PROVIDER, { name: nameOf(person), role: 'member' });
  await insertLink(deps, tx, PROVIDER, user.id, person);
  return user;
}

/** Letters, digits and dashes of what they are called there. */
function nameOf({ name, subject }: ExternalPerson): string {
  const plain = (text: string) =>
    text
      .replace(/@.*$/, '')
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .slice(0, NAME_MAX)
      .replaceAll(/^-+|-+$/g, '');
  const found = plain(name ?? '') || plain(subject);
  if (found === '')
    throw fault('name-invalid', `the provider calls somebody ${JSON.stringify(excerpt(name ?? '', 60))}`);
  return found;
}

/** Links the person who asked for it in a session to their account at the provider. Throws `identity/external-linked`. */
export async function linkExternal(
  deps: IdentityDeps,
  tx: Transaction,
  userId: number,
  person: ExternalPerson,
): Promise<User> {
  const row = await tx
    .as<IdentityTables>()
    .selectFrom('identity_user')
    .selectAll()
    .where('id', '=', String(userId))
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined || !isMember(row, deps.now())) throw fault('external-unknown', 'this is no member any more');
  await insertLink(deps, tx, { kind: 'user', id: row.id, name: row.name }, userId, person);
  return userOf(row);
}

async function insertLink(
  deps: IdentityDeps,
  tx: Transaction,
  actor: Principal,
  userId: number,
  { issuer, subject }: ExternalPerson,
): Promise<void> {
  const made = await tx
    .as<IdentityTables>()
    .insertInto('identity_external')
    .values({ issuer, subject, user_id: String(userId), created_at: new Date(deps.now()) })
    .onConflict((on) => on.doNothing())
    .returning('user_id')
    .executeTakeFirst();
  if (made === undefined) throw fault('external-linked', 'this account or this person is linked already');
  await append(
    tx,
    {
      actor: actorOf(actor),
      action: 'member.link',
      resource: { type: 'user', id: String(userId) },
      outcome: 'allow',
      detail: { issuer },
      personal: { subject },
    },
    deps,
  );
}

/** Puts a person into the teams of their groups, and takes them out of those of other groups. */
export async function followGroups(
  deps: IdentityDeps,
  user: User,
  groups: readonly string[],
  { teams }: ExternalRules,
): Promise<void> {
  const known = await listTeams(deps.db);
  const wanted = new Set(groups.flatMap((group) => (Object.hasOwn(teams, group) ? [teams[group]?.toLowerCase()] : [])));
  const followed = new Set(Object.values(teams).map((name) => name.toLowerCase()));
  for (const team of known.filter(({ name }) => followed.has(name.toLowerCase()))) {
    const isIn = team.members.includes(user.id);
    const shouldBe = wanted.has(team.name.toLowerCase());
    if (isIn === shouldBe) continue;
    await setTeamMember(deps, PROVIDER, { teamId: team.id, userId: user.id, isMember: shouldBe });
  }
}
