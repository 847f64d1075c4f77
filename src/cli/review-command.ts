import { inner, integer, type Json, optionalText, text } from './client.ts';
import { openSession, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fromNow, printRows } from './table.ts';

const LISTED_MAX = 10_000;

/** `sallyport member stale` */
export async function listStale(
  options: ServerOptions & { readonly days?: number },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const answer = await client.get('/organisation/stale', options.days === undefined ? {} : { days: options.days });
  if (options.json === true) {
    terminal.write(`${JSON.stringify(answer)}\n`);
    return EXIT.success;
  }
  const rows = [
    ...list(answer, 'people').map((row) => ({ ...row, what: 'member', of: text(row, 'name') })),
    ...list(answer, 'tokens').map((row) => ({ ...row, what: 'token', of: text(inner(row, 'user'), 'name') })),
    ...list(answer, 'passkeys').map((row) => ({ ...row, what: 'passkey', of: text(inner(row, 'user'), 'name') })),
  ];
  const used = (row: Json) => optionalText(row, 'lastSeenAt') ?? optionalText(row, 'lastUsedAt');
  printRows(
    rows,
    [
      { title: 'WHAT', text: (row) => text(row, 'what') },
      { title: 'ID', text: (row) => String(integer(row, 'id')) },
      { title: 'NAME', text: (row) => text(row, 'name'), isWide: true },
      { title: 'OF', text: (row) => text(row, 'of') },
      { title: 'USED', text: (row) => fromNow(used(row), clock.now()) },
    ],
    { terminal, json: false, none: `everything was used within ${integer(answer, 'days')} days` },
  );
  return EXIT.success;
}

function list(answer: Json, name: string): readonly Json[] {
  const value = answer[name];
  return Array.isArray(value) ? value : [];
}

const KINDS: { readonly [kind: string]: string } = {
  'member.owner': 'make an owner of',
  'repository.delete': 'delete',
};

/** `sallyport request list` */
export async function listRequests(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/requests', {}, LISTED_MAX);
  const ends = (row: Json) => optionalText(row, 'dueAt') ?? text(row, 'expiresAt');
  printRows(
    rows,
    [
      { title: 'ID', text: (row) => String(integer(row, 'id')) },
      {
        title: 'WHAT',
        text: (row) => `${KINDS[text(row, 'kind')] ?? text(row, 'kind')} ${text(inner(row, 'object'), 'name')}`,
        isWide: true,
      },
      { title: 'BY', text: (row) => text(inner(row, 'requestedBy'), 'name') },
      { title: 'STATE', text: (row) => text(row, 'state') },
      {
        title: 'UNTIL',
        text: (row) => {
          if (text(row, 'state') !== 'open') return '';
          return `${row['dueAt'] === undefined ? 'lapses' : 'done'} ${fromNow(ends(row), clock.now())}`;
        },
      },
    ],
    { terminal, json: options.json === true, none: 'nothing waits for a second person' },
  );
  return EXIT.success;
}

/** `sallyport request cancel ID` */
export async function cancelRequest(
  id: string,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const request = await client.send('POST', `/requests/${encodeURIComponent(id)}/cancel`);
  const told = options.json === true ? JSON.stringify(request) : `request ${integer(request, 'id')} is cancelled`;
  dependencies.terminal.write(`${told}\n`);
  return EXIT.success;
}
