import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import { excerpt } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import { fault } from './faults.ts';
import type { VariableTables } from './tables.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
/** Bytes of one value. */
export const VALUE_BYTES_MAX = 48 * 1024;
/** Variables of one repository, or of the organisation. */
const VARIABLES_MAX = 500;
const ORGANISATION = '0';

/** Of one repository, or of the organisation: those of a repository go before. */
export type VariableScope = { readonly repositoryId: number } | 'organisation';
export type Variable = { readonly name: string; readonly value: string; readonly updatedAt: Date };
export type VariableDeps = AppendDeps & { readonly db: Database };

const idOf = (scope: VariableScope) => (scope === 'organisation' ? ORGANISATION : String(scope.repositoryId));

export async function listVariables(db: Database, scope: VariableScope): Promise<readonly Variable[]> {
  const rows = await db
    .as<VariableTables>()
    .selectFrom('variable_value')
    .selectAll()
    .where('repository_id', '=', idOf(scope))
    .orderBy('name')
    .execute();
  return rows.map(({ name, value, updated_at }) => ({ name, value, updatedAt: updated_at }));
}

/** What the `vars` context of a run has. A repository's own goes before the organisation's of the same name. */
export async function variablesFor(
  db: Database | Transaction,
  repositoryId: number,
): Promise<{ readonly [name: string]: string }> {
  const rows = await db
    .as<VariableTables>()
    .selectFrom('variable_value')
    .select(['repository_id', 'name', 'value'])
    .where('repository_id', 'in', [ORGANISATION, String(repositoryId)])
    .orderBy('repository_id')
    .execute();
  const found = new Map(rows.map(({ name, value }) => [name.toUpperCase(), value]));
  return Object.fromEntries(found);
}

/** Sets a variable; says whether it is new. Its value is no secret, and yet no entry holds it. */
export async function setVariable(
  deps: VariableDeps,
  principal: Principal,
  scope: VariableScope,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<boolean> {
  if (!NAME.test(name) || /^GITHUB_/i.test(name)) throw fault('name-invalid', JSON.stringify(excerpt(name, 100)));
  if (value.includes('\0')) throw fault('value-invalid', `${name} has a NUL`);
  const bytes = Buffer.byteLength(value);
  if (bytes > VALUE_BYTES_MAX) throw fault('value-too-large', `${name} has ${bytes} bytes`);
  return deps.db.transaction(async (tx) => {
    const tables = tx.as<VariableTables>();
    const updatedAt = new Date(deps.now());
    await sql`select pg_advisory_xact_lock(hashtextextended(${`variable ${idOf(scope)}`}, 0))`.execute(tables);
    const updated = await tables
      .updateTable('variable_value')
      .set({ value, updated_at: updatedAt })
      .where('repository_id', '=', idOf(scope))
      .where((is) => is(is.fn('upper', ['name']), '=', name.toUpperCase()))
      .returning('name')
      .executeTakeFirst();
    if (updated === undefined) {
      const { count } = await tables
        .selectFrom('variable_value')
        .select((all) => all.fn.countAll<string>().as('count'))
        .where('repository_id', '=', idOf(scope))
        .executeTakeFirstOrThrow();
      if (Number(count) >= VARIABLES_MAX) throw fault('too-many', `${VARIABLES_MAX} variables are there`);
      await tables
        .insertInto('variable_value')
        .values({ repository_id: idOf(scope), name, value, updated_at: updatedAt })
        .execute();
    }
    await record(deps, tx, { principal, scope, name, action: 'variable.set' });
    return updated === undefined;
  });
}

export async function removeVariable(
  deps: VariableDeps,
  principal: Principal,
  scope: VariableScope,
  name: string,
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const removed = await tx
      .as<VariableTables>()
      .deleteFrom('variable_value')
      .where('repository_id', '=', idOf(scope))
      .where((is) => is(is.fn('upper', ['name']), '=', name.toUpperCase()))
      .returning('name')
      .executeTakeFirst();
    if (removed === undefined) throw fault('not-found', `there is no variable ${excerpt(name, 100)}`);
    await record(deps, tx, { principal, scope, name: removed.name, action: 'variable.remove' });
  });
}

function record(
  deps: AppendDeps,
  tx: Transaction,
  told: {
    readonly principal: Principal;
    readonly scope: VariableScope;
    readonly name: string;
    readonly action: 'variable.set' | 'variable.remove';
  },
): Promise<void> {
  const { principal, scope, name, action } = told;
  const place = scope === 'organisation' ? scope : `repository ${scope.repositoryId}`;
  const resource = { type: 'variable', id: name };
  return append(tx, { actor: actorOf(principal), action, resource, outcome: 'allow', detail: { place } }, deps);
}
