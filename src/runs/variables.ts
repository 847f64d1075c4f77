import { type AppendDeps, append, type Actor } from '../auditlog/index.ts';
import type { DataObject } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import { storable } from './batch.ts';
import { fault } from './faults.ts';
import type { RunTables } from './tables.ts';

/** GitHub's bounds. */
const NAME_CHARACTERS_MAX = 255;
const VALUE_BYTES_MAX = 48 * 1024;
const VARIABLES_MAX = 500;

/** Of one repository, or of all repositories of its owner. */
export type VariableScope = { readonly owner: string; readonly repositoryId?: number };
export type Variable = { readonly name: string; readonly value: string; readonly updatedAt: Date };

/** Plain settings of workflows, `vars` in expressions. They are no secrets: everybody who reads runs may see them. */
export async function setVariable(
  db: Database,
  { scope, name, value }: { readonly scope: VariableScope; readonly name: string; readonly value: string },
  { actor, ...deps }: AppendDeps & { readonly actor: Actor },
): Promise<void> {
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= NAME_CHARACTERS_MAX;
  if (!isName || /^GITHUB_/i.test(name))
    throw fault('variable-invalid', `the name ${JSON.stringify(name.slice(0, 100))}`);
  if (Buffer.byteLength(value) > VALUE_BYTES_MAX || value.includes('\0')) {
    throw fault('variable-invalid', `the value of ${name} has more than ${VALUE_BYTES_MAX} bytes, or a NUL`);
  }
  const place = placeOf(scope);
  const row = { ...place, name: name.toUpperCase(), value, updated_at: new Date(deps.now()) };
  await db.transaction(async (tx) => {
    const tables = tx.as<RunTables>();
    await tables
      .insertInto('run_variable')
      .values(row)
      .onConflict((on) =>
        on.columns(['owner', 'repository_id', 'name']).doUpdateSet({ value, updated_at: row.updated_at }),
      )
      .execute();
    const { count } = await tables
      .selectFrom('run_variable')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('owner', '=', place.owner)
      .where('repository_id', '=', place.repository_id)
      .executeTakeFirstOrThrow();
    if (Number(count) > VARIABLES_MAX) throw fault('too-many', `more than ${VARIABLES_MAX} variables`);
    await append(tx, entryOf('variable.set', actor, { scope, name }), deps);
  });
}

export async function removeVariable(
  db: Database,
  { scope, name }: { readonly scope: VariableScope; readonly name: string },
  { actor, ...deps }: AppendDeps & { readonly actor: Actor },
): Promise<void> {
  const place = placeOf(scope);
  await db.transaction(async (tx) => {
    const gone = await tx
      .as<RunTables>()
      .deleteFrom('run_variable')
      .where('owner', '=', place.owner)
      .where('repository_id', '=', place.repository_id)
      .where('name', '=', storable(name.toUpperCase()))
      .executeTakeFirst();
    if (gone.numDeletedRows === 0n) throw fault('variable-missing', JSON.stringify(name.slice(0, 100)));
    await append(tx, entryOf('variable.remove', actor, { scope, name }), deps);
  });
}

export async function listVariables(db: Database, scope: VariableScope): Promise<readonly Variable[]> {
  const place = placeOf(scope);
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_variable')
    .selectAll()
    .where('owner', '=', place.owner)
    .where('repository_id', '=', place.repository_id)
    .orderBy('name')
    .execute();
  return rows.map(({ name, value, updated_at: updatedAt }) => ({ name, value, updatedAt }));
}

/** `vars` of a run: those of the repository go before those of its owner. */
export async function varsOf(db: Database, scope: Required<VariableScope>): Promise<DataObject> {
  const rows = await db
    .as<RunTables>()
    .selectFrom('run_variable')
    .select(['name', 'value'])
    .where('owner', '=', scope.owner.toLowerCase())
    .where('repository_id', 'in', ['0', String(scope.repositoryId)])
    .orderBy('repository_id')
    .execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

function placeOf({ owner, repositoryId }: VariableScope): { readonly owner: string; readonly repository_id: string } {
  return { owner: storable(owner.toLowerCase()), repository_id: String(repositoryId ?? 0) };
}

function entryOf(
  action: string,
  actor: Actor,
  { scope, name }: { readonly scope: VariableScope; readonly name: string },
) {
  const { owner, repositoryId } = scope;
  const id = repositoryId === undefined ? owner : String(repositoryId);
  return {
    actor,
    action,
    resource: { type: repositoryId === undefined ? 'organisation' : 'repository', id },
    outcome: 'allow' as const,
    detail: { name: name.toUpperCase() },
  };
}
