import { createHash } from 'node:crypto';
import { append } from '../auditlog/index.ts';
import { Secret } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type IdentityDeps, type Principal } from './principal.ts';
import type { IdentityTables } from './tables.ts';

/** Codes for whoever loses all passkeys. */
const CODES = 10;
const GROUPS = 4;
const GROUP_DIGITS = 5;
/** Crockford's base 32: no letter that looks like a digit. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const LOOKALIKES: { readonly [letter: string]: string } = { o: '0', i: '1', l: '1' };

/** A code as it was typed, in its one form: 20 digits. What is no code stays none. */
function plainOf(typed: string): string {
  return typed
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll(/[oil]/g, (letter) => LOOKALIKES[letter] ?? letter)
    .slice(0, 100);
}

const hashOf = (plain: string) => createHash('sha256').update(`recovery ${plain}`).digest();

/** Ten new codes in place of those before. They are told once; what is kept is their hash. Each has 100 bits. */
export async function makeRecoveryCodes(
  deps: IdentityDeps,
  tx: Transaction,
  principal: Principal,
  userId: number,
): Promise<readonly Secret[]> {
  const tables = tx.as<IdentityTables>();
  await tables.deleteFrom('identity_recovery').where('user_id', '=', String(userId)).execute();
  const codes = Array.from({ length: CODES }, () => newCode(deps));
  const now = new Date(deps.now());
  await tables
    .insertInto('identity_recovery')
    .values(
      codes.map((code) => ({ user_id: String(userId), hash: hashOf(plainOf(code)), created_at: now, used_at: null })),
    )
    .execute();
  const resource = { type: 'user', id: String(userId) };
  const detail = { codes: CODES };
  await append(tx, { actor: actorOf(principal), action: 'recovery.create', resource, outcome: 'allow', detail }, deps);
  return codes.map((code) => new Secret(code));
}

function newCode(deps: IdentityDeps): string {
  // 256 is a multiple of 32: each digit is as likely as the others.
  const digits = [...deps.random(GROUPS * GROUP_DIGITS)].map((byte) => DIGITS[byte % DIGITS.length] ?? '');
  return Array.from({ length: GROUPS }, (_, group) =>
    digits.slice(group * GROUP_DIGITS, (group + 1) * GROUP_DIGITS).join(''),
  ).join('-');
}

/** Uses up a code of this person. */
export async function claimRecoveryCode(
  deps: IdentityDeps,
  tx: Transaction,
  { userId, code, address }: { readonly userId: number; readonly code: string; readonly address: string },
): Promise<boolean> {
  const tables = tx.as<IdentityTables>();
  const used = await tables
    .updateTable('identity_recovery')
    .set({ used_at: new Date(deps.now()) })
    .where('user_id', '=', String(userId))
    .where('hash', '=', hashOf(plainOf(code)))
    .where('used_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (used === undefined) return false;
  await append(
    tx,
    {
      actor: { type: 'user', id: String(userId) },
      action: 'recovery.use',
      resource: { type: 'user', id: String(userId) },
      outcome: 'allow',
      detail: { left: await countRecoveryCodes(tx, userId) },
      personal: { address },
    },
    deps,
  );
  return true;
}

/** How many are left. */
export async function countRecoveryCodes(db: Database | Transaction, userId: number): Promise<number> {
  const { count } = await db
    .as<IdentityTables>()
    .selectFrom('identity_recovery')
    .select((all) => all.fn.countAll<string>().as('count'))
    .where('user_id', '=', String(userId))
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}
