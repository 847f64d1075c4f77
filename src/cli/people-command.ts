import { inner, integer, type Json, optionalText, text, texts } from './client.ts';
import {
  openPlace,
  openSession,
  placeOf,
  setupLink,
  type RepositoryOptions,
  type ServerOptions,
} from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { parsePairs, readSmallFile } from './inputs.ts';
import { fromNow, printRows } from './table.ts';
import { paintOf } from './terminal.ts';

const LISTED_MAX = 10_000;
const VALUE_BYTES_MAX = 64 * 1024;

function print(value: Json, lines: readonly string[], { json }: ServerOptions, { terminal }: CliDependencies): void {
  if (json === true) terminal.write(`${JSON.stringify(value)}\n`);
  else terminal.write(`${lines.map((line) => harmless(line, false)).join('\n')}\n`);
}

export type TokenOptions = ServerOptions & {
  readonly scope: readonly string[];
  readonly repository: readonly string[];
  readonly days?: number;
};

/** `sallyport token create NAME`: the token is the only line of standard output. */
export async function createToken(name: string, options: TokenOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const repositories: number[] = [];
  for (const named of options.repository) repositories.push(integer(await client.get(placeOf(named).path), 'id'));
  const made = await client.send('POST', '/tokens', {
    name,
    scopes: options.scope,
    ...(repositories.length === 0 ? {} : { repositories }),
    ...(options.days === undefined ? {} : { days: options.days }),
  });
  print(made, [text(made, 'token')], options, dependencies);
  if (options.json !== true) {
    const info = inner(made, 'info');
    terminal.writeError(
      `token ${integer(info, 'id')} ends ${fromNow(text(info, 'expiresAt'), clock.now())}; it is not shown again\n`,
    );
  }
  return EXIT.success;
}

/** `sallyport token list` */
export async function listTokens(
  options: ServerOptions & { readonly all?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const path = options.all === true ? '/organisation/tokens' : '/tokens';
  const rows = await client.list(path, { limit: 100 }, LISTED_MAX);
  const paint = paintOf(terminal.colors);
  const stateOf = (row: Json) =>
    row['revokedAt'] !== undefined
      ? 'revoked'
      : Date.parse(text(row, 'expiresAt')) <= clock.now()
        ? 'expired'
        : fromNow(text(row, 'expiresAt'), clock.now());
  printRows(
    rows,
    [
      { title: 'ID', text: (row) => String(integer(row, 'id')) },
      ...(options.all === true ? [{ title: 'OF', text: (row: Json) => text(inner(row, 'user'), 'name') }] : []),
      { title: 'NAME', text: (row) => text(row, 'name'), isWide: true },
      { title: 'LAST', text: (row) => `…${text(row, 'hint')}` },
      { title: 'SCOPES', text: (row) => texts(row, 'scopes').join(' ') },
      { title: 'ENDS', text: stateOf, paint: (word) => (/^(revoked|expired)/.test(word) ? paint('dim', word) : word) },
      { title: 'USED', text: (row) => fromNow(optionalText(row, 'lastUsedAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no tokens' },
  );
  return EXIT.success;
}

/** `sallyport token revoke ID` */
export async function revokeToken(id: string, options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const answer = await client.send('DELETE', `/tokens/${encodeURIComponent(id)}`);
  const revoked = texts(answer, 'revoked');
  print(
    answer,
    [revoked.length === 0 ? 'it was revoked before' : `revoked: ${revoked.join(', ')}`],
    options,
    dependencies,
  );
  return EXIT.success;
}

/** `sallyport member list` */
export async function listMembers(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/members', { limit: 100 }, LISTED_MAX);
  printRows(
    rows,
    [
      { title: 'NAME', text: (row) => text(row, 'name') },
      { title: 'ROLE', text: (row) => text(row, 'role') },
      { title: 'SINCE', text: (row) => fromNow(text(row, 'createdAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no members' },
  );
  return EXIT.success;
}

/** `sallyport member add NAME` */
export async function addMember(
  name: string,
  options: ServerOptions & { readonly role: string; readonly days?: number },
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const made = await client.send('POST', '/members', { name, role: options.role, ...daysOf(options) });
  const lines = [...codeLines(name, made, client.origin, dependencies), ...requestLines(made, dependencies)];
  print(made, lines, options, dependencies);
  return EXIT.success;
}

const daysOf = ({ days }: { readonly days?: number }) => (days === undefined ? {} : { days });

/** What a second owner has to confirm before it is so. */
function requestLines(answer: Json, { clock }: CliDependencies): readonly string[] {
  if (answer['request'] === undefined) return [];
  const request = inner(answer, 'request');
  const due = optionalText(request, 'dueAt');
  const how =
    due === undefined
      ? 'another owner confirms it in a browser, at /-/people'
      : `there is no other owner: it is done ${fromNow(due, clock.now())}`;
  return [`to be an owner is asked for (${integer(request, 'id')}): ${how}`];
}

/** `sallyport member code NAME` */
export async function memberCode(name: string, options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const made = await client.send('POST', `/members/${encodeURIComponent(name)}/code`);
  print(made, codeLines(name, made, client.origin, dependencies), options, dependencies);
  return EXIT.success;
}

function codeLines(name: string, made: Json, origin: string, { clock }: CliDependencies): readonly string[] {
  return [
    `${name} signs in with this, once, ${fromNow(text(made, 'expiresAt'), clock.now()).replace('in ', 'within ')}:`,
    `  ${setupLink(origin, text(made, 'code'))}`,
    'or in a terminal:',
    `  sallyport login ${origin} --setup ${text(made, 'code')}`,
  ];
}

/** `sallyport member role NAME ROLE` */
export async function setRole(
  name: string,
  role: string,
  options: ServerOptions & { readonly days?: number },
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const changed = await client.send('PATCH', `/members/${encodeURIComponent(name)}`, { role, ...daysOf(options) });
  const member = inner(changed, 'member');
  const lines = [`${text(member, 'name')} is ${text(member, 'role')}`, ...requestLines(changed, dependencies)];
  print(changed, lines, options, dependencies);
  return EXIT.success;
}

/** `sallyport member remove NAME` */
export async function removeMember(
  name: string,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  await client.send('DELETE', `/members/${encodeURIComponent(name)}`);
  print({ removed: name }, [`${name} is no member any more; their tokens ended`], options, dependencies);
  return EXIT.success;
}

export type AuditListOptions = ServerOptions & {
  readonly action?: string;
  readonly actor?: string;
  readonly limit: number;
};

/** `sallyport audit list` */
export async function listAudit(options: AuditListOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal } = dependencies;
  const { client } = await openSession(options, dependencies);
  const query = { action: options.action, actor: options.actor, limit: Math.min(100, options.limit) };
  const rows = await client.list('/audit', query, options.limit);
  const paint = paintOf(terminal.colors);
  const body = (row: Json) => inner(row, 'body');
  const pair = (row: Json, name: string) => {
    const { type, id } = inner(body(row), name);
    return `${String(type)} ${String(id)}`;
  };
  const outcomeOf = (word: string) => (word === 'allow' ? paint('green', word) : paint('red', word));
  printRows(
    rows,
    [
      { title: 'AT', text: (row) => text(body(row), 'time').slice(0, 19).replace('T', ' ') },
      { title: 'WHO', text: (row) => pair(row, 'actor') },
      { title: 'ACTION', text: (row) => text(body(row), 'action') },
      { title: 'OUTCOME', text: (row) => text(body(row), 'outcome'), paint: outcomeOf },
      { title: 'RESOURCE', text: (row) => pair(row, 'resource'), isWide: true },
    ],
    { terminal, json: options.json === true, none: 'no entries' },
  );
  return EXIT.success;
}

export type VariableOptions = RepositoryOptions & { readonly org?: true };

/** Variables of the repository, or with `--org` of the organisation. */
async function openVariables(options: VariableOptions, dependencies: CliDependencies) {
  if (options.org === true) {
    const { client } = await openSession(options, dependencies);
    return { client, path: '/variables', place: 'the organisation' };
  }
  const { client, path, owner, name } = await openPlace(options, dependencies);
  return { client, path: `${path}/variables`, place: `${owner}/${name}` };
}

/** `sallyport var list` */
export async function listVariables(options: VariableOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client, path } = await openVariables(options, dependencies);
  const rows = await client.list(path, {}, LISTED_MAX);
  printRows(
    rows,
    [
      { title: 'NAME', text: (row) => text(row, 'name') },
      { title: 'VALUE', text: (row) => text(row, 'value'), isWide: true },
      { title: 'SET', text: (row) => fromNow(text(row, 'updatedAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no variables' },
  );
  return EXIT.success;
}

/** `sallyport var set NAME=VALUE…`; `NAME=@FILE` takes the value from a file. */
export async function setVariables(
  pairs: readonly string[],
  options: VariableOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client, path, place } = await openVariables(options, dependencies);
  const values = parsePairs(pairs, 'a variable');
  for (const [name, given] of Object.entries(values)) {
    const value = given.startsWith('@') ? await readSmallFile(given.slice(1), VALUE_BYTES_MAX) : given;
    await client.send('PUT', `${path}/${encodeURIComponent(name)}`, { value });
  }
  const names = Object.keys(values);
  print({ set: names }, [`set in ${place}: ${names.join(', ')}`], options, dependencies);
  return EXIT.success;
}

/** `sallyport var remove NAME…` */
export async function removeVariables(
  names: readonly string[],
  options: VariableOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client, path, place } = await openVariables(options, dependencies);
  for (const name of names) await client.send('DELETE', `${path}/${encodeURIComponent(name)}`);
  print({ removed: names }, [`removed from ${place}: ${names.join(', ')}`], options, dependencies);
  return EXIT.success;
}
