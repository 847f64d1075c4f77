import { integer, type Json, optionalText, text, texts } from './client.ts';
import { openSession, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { fromNow, printRows } from './table.ts';
import { paintOf } from './terminal.ts';

const LISTED_MAX = 10_000;

/** `sallyport runner list` */
export async function listRunners(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/runners', {}, LISTED_MAX);
  const paint = paintOf(terminal.colors);
  printRows(
    rows,
    [
      { title: 'ID', text: (row) => String(integer(row, 'id')) },
      { title: 'NAME', text: (row) => text(row, 'name') },
      {
        title: 'STATE',
        text: (row) => text(row, 'state'),
        paint: (word) => (word === 'lost' ? paint('red', word) : word),
      },
      { title: 'JOBS', text: (row) => String(Array.isArray(row['jobs']) ? row['jobs'].length : 0) },
      { title: 'LABELS', text: (row) => texts(row, 'labels').join(' '), isWide: true },
      { title: 'SEEN', text: (row) => fromNow(optionalText(row, 'lastSeenAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no runners: sallyport runner invite' },
  );
  return EXIT.success;
}

export type InviteOptions = ServerOptions & { readonly label: readonly string[]; readonly ephemeral?: true };

/** `sallyport runner invite`: the token is the only line of standard output. */
export async function inviteRunner(options: InviteOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const made = await client.send('POST', '/runners/registrations', {
    labels: options.label,
    ephemeral: options.ephemeral === true,
  });
  if (options.json === true) {
    terminal.write(`${JSON.stringify(made)}\n`);
    return EXIT.success;
  }
  terminal.write(`${harmless(text(made, 'token'), false)}\n`);
  terminal.writeError(
    `it works once, and ends ${fromNow(text(made, 'expiresAt'), clock.now())}; on the machine of the runner:\n  sallyport runner join --url ${client.origin} --token ${harmless(text(made, 'token'), false)}\n`,
  );
  return EXIT.success;
}

/** `sallyport runner drain NAME|ID` */
export async function drainRunner(
  named: string,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const id = await idOf(named, options, dependencies);
  await client.send('POST', `/runners/${id}/drain`);
  return tell({ id, state: 'draining' }, `${named} ends what it runs and gets nothing more`, options, dependencies);
}

/** `sallyport runner remove NAME|ID` */
export async function removeRunner(
  named: string,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const id = await idOf(named, options, dependencies);
  await client.send('DELETE', `/runners/${id}`);
  return tell({ id, state: 'removed' }, `${named} is removed; what it ran is lost`, options, dependencies);
}

async function idOf(named: string, options: ServerOptions, dependencies: CliDependencies): Promise<string> {
  if (/^\d{1,15}$/.test(named)) return named;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/runners', {}, LISTED_MAX);
  const found = rows.find((row) => text(row, 'name').toLowerCase() === named.toLowerCase());
  return found === undefined ? encodeURIComponent(named) : String(integer(found, 'id'));
}

function tell(value: Json, line: string, { json }: ServerOptions, { terminal }: CliDependencies): number {
  terminal.write(json === true ? `${JSON.stringify(value)}\n` : `${harmless(line, false)}\n`);
  return EXIT.success;
}
