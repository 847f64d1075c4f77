import { integer, text } from './client.ts';
import { openPlace, openSession, type RepositoryOptions, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { fromNow, printRows } from './table.ts';

const LISTED_MAX = 10_000;

export type ChangeOptions = RepositoryOptions & {
  readonly name?: string;
  readonly defaultBranch?: string;
  readonly archived?: boolean;
};

/** `sallyport repo set`: one change at a time, as the server makes them. */
export async function changeRepository(options: ChangeOptions, dependencies: CliDependencies): Promise<number> {
  const { name, defaultBranch, archived } = options;
  const changes = [
    ...(name === undefined ? [] : [{ name }]),
    ...(defaultBranch === undefined ? [] : [{ defaultBranch }]),
    ...(archived === undefined ? [] : [{ state: archived ? 'archived' : 'active' }]),
  ];
  const [change] = changes;
  if (change === undefined || changes.length > 1) {
    throw fault('usage', 'repo set takes one of --name, --default-branch, --archived and --no-archived');
  }
  const place = await openPlace(options, dependencies);
  const row = await place.client.send('PATCH', place.path, change);
  const line = `${text(row, 'owner')}/${text(row, 'name')} is ${text(row, 'state')}, its default branch is ${text(row, 'defaultBranch')}`;
  dependencies.terminal.write(options.json === true ? `${JSON.stringify(row)}\n` : `${harmless(line, false)}\n`);
  return EXIT.success;
}

/** `sallyport repo delete OWNER/NAME` */
export async function deleteRepository(
  named: string,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const place = await openPlace({ ...options, repository: named }, dependencies);
  await place.client.send('DELETE', place.path);
  const line = `${place.owner}/${place.name} is deleted; sallyport repo deleted shows until when it can be restored`;
  dependencies.terminal.write(options.json === true ? `${JSON.stringify({ deleted: named })}\n` : `${line}\n`);
  return EXIT.success;
}

/** `sallyport repo deleted` */
export async function listDeleted(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { clock, terminal } = dependencies;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/deleted-repositories', {}, LISTED_MAX);
  printRows(
    rows,
    [
      { title: 'ID', text: (row) => String(integer(row, 'id')) },
      { title: 'REPOSITORY', text: (row) => `${text(row, 'owner')}/${text(row, 'name')}` },
      { title: 'DELETED', text: (row) => fromNow(text(row, 'deletedAt'), clock.now()) },
      { title: 'GONE', text: (row) => fromNow(text(row, 'purgedAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no deleted repository is left that you may bring back' },
  );
  return EXIT.success;
}

/** `sallyport repo restore ID`, and `repo purge ID`. */
export async function settleDeleted(
  what: 'restore' | 'purge',
  id: string,
  { options, dependencies }: { readonly options: ServerOptions; readonly dependencies: CliDependencies },
): Promise<number> {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw fault('usage', `${id} is no number of sallyport repo deleted`);
  const { client } = await openSession(options, dependencies);
  const path = `/deleted-repositories/${id}`;
  const row = what === 'restore' ? await client.send('POST', `${path}/restore`) : await client.send('DELETE', path);
  const line =
    what === 'restore' ? `${text(row, 'owner')}/${text(row, 'name')} is back` : `repository ${id} is gone for good`;
  const value = what === 'restore' ? row : { purged: Number(id) };
  dependencies.terminal.write(options.json === true ? `${JSON.stringify(value)}\n` : `${harmless(line, false)}\n`);
  return EXIT.success;
}
