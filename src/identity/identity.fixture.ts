import { randomBytes } from 'node:crypto';
import { type AuditlogTables, auditlogMigrations } from '../auditlog/index.ts';
import type { Database, Migrations } from '../database/index.ts';
import { authenticate } from './authenticate.ts';
import { firstSetupCode, inviteUser, redeemCode } from './codes.ts';
import type { IdentityDeps, Principal } from './principal.ts';
import { identityMigrations } from './tables.ts';
import { setRole } from './users.ts';
import type { OrganisationRole } from './verbs.ts';

export const IDENTITY_MIGRATIONS: Migrations = { ...auditlogMigrations, ...identityMigrations };
export const ADDRESS = '192.0.2.1';

export type People = IdentityDeps & {
  /** Milliseconds since 1970; tests move it. */
  time: number;
  /** The first owner. */
  owner(): Promise<Person>;
  /** Somebody whom the first owner invited. */
  person(name: string, role: OrganisationRole): Promise<Person>;
  entries(): Promise<readonly { readonly [key: string]: unknown }[]>;
};

export type Person = { readonly id: number; readonly token: string; readonly principal: Principal };

/** People in a database of their own, who signed in as everybody does. */
export function peopleIn(db: Database): People {
  let first: Person | undefined;
  const signIn = async (code: string, name: string): Promise<Person> => {
    const { token, user } = await redeemCode(people, { code, name, device: 'test', address: ADDRESS });
    const text = token.expose();
    const principal = await authenticate(people, { bearer: text }, { address: ADDRESS });
    if (principal === undefined) throw new TypeError('a token that was made a moment ago is not known');
    return { id: user.id, token: text, principal };
  };
  const people: People = {
    db,
    time: 1_800_000_000_000,
    now: () => people.time,
    random: (bytes) => randomBytes(bytes),
    async owner() {
      if (first !== undefined) return first;
      const made = await firstSetupCode(people);
      if (made === undefined) throw new TypeError('there is an owner');
      first = await signIn(made.code.expose(), 'root');
      return first;
    },
    async person(name, role) {
      const { principal } = await people.owner();
      const { user, code } = await inviteUser(people, principal, { name, role: role === 'owner' ? 'member' : role });
      // What a second person confirms elsewhere.
      if (role === 'owner') await setRole(people, principal, user.id, 'owner');
      return signIn(code.expose(), name);
    },
    async entries() {
      const rows = await db.as<AuditlogTables>().selectFrom('auditlog_entry').select('body').orderBy('id').execute();
      return rows.map(({ body }) => JSON.parse(body.toString('utf8')));
    },
  };
  return people;
}
