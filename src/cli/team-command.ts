import { integer, type Json, text } from './client.ts';
import { openSession, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { printRows } from './table.ts';

const LISTED_MAX = 10_000;

type Session = Awaited<ReturnType<typeof openSession>>;

/** A team by its name, or by its number. */
async function teamOf({ client }: Session, named: string): Promise<{ readonly id: number; readonly name: string }> {
  const teams = await client.list('/teams', {}, LISTED_MAX);
  const found =
    teams.find((team) => text(team, 'name') === named) ?? teams.find((team) => String(integer(team, 'id')) === named);
  if (found === undefined) throw fault('team-missing', named);
  return { id: integer(found, 'id'), name: text(found, 'name') };
}

function told(value: object, line: string, { json }: ServerOptions, { terminal }: CliDependencies): number {
  terminal.write(json === true ? `${JSON.stringify(value)}\n` : `${harmless(line, false)}\n`);
  return EXIT.success;
}

/** `sallyport team create NAME` */
export async function createTeam(
  name: string,
  options: ServerOptions & { readonly parent?: string },
  dependencies: CliDependencies,
): Promise<number> {
  const session = await openSession(options, dependencies);
  const parent = options.parent === undefined ? undefined : await teamOf(session, options.parent);
  const made = await session.client.send('POST', '/teams', {
    name,
    ...(parent === undefined ? {} : { parentId: parent.id }),
  });
  const place = parent === undefined ? '' : `, within ${parent.name}`;
  return told(made, `team ${text(made, 'name')} has the number ${integer(made, 'id')}${place}`, options, dependencies);
}

/** `sallyport team list` */
export async function listTeams(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const [teams, members] = [
    await client.list('/teams', {}, LISTED_MAX),
    await client.list('/members', { limit: 100 }, LISTED_MAX),
  ];
  const nameOf = (rows: readonly Json[], id: unknown) => {
    const found = rows.find((row) => row['id'] === id);
    return found === undefined ? String(id) : text(found, 'name');
  };
  const membersOf = (team: Json) => (Array.isArray(team['members']) ? team['members'] : []);
  printRows(
    teams,
    [
      { title: 'ID', text: (team) => String(integer(team, 'id')) },
      { title: 'TEAM', text: (team) => text(team, 'name') },
      { title: 'WITHIN', text: (team) => (team['parentId'] === undefined ? '' : nameOf(teams, team['parentId'])) },
      {
        title: 'MEMBERS',
        text: (team) =>
          membersOf(team)
            .map((id: unknown) => nameOf(members, id))
            .join(' '),
        isWide: true,
      },
    ],
    { terminal: dependencies.terminal, json: options.json === true, none: 'no teams' },
  );
  return EXIT.success;
}

/** `sallyport team add TEAM MEMBER`, and `team remove TEAM MEMBER`. */
export async function changeTeamMember(
  named: { readonly team: string; readonly member: string; readonly isMember: boolean },
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const session = await openSession(options, dependencies);
  const { id, name } = await teamOf(session, named.team);
  const path = `/teams/${id}/members/${encodeURIComponent(named.member)}`;
  await session.client.send(named.isMember ? 'PUT' : 'DELETE', path);
  const line = named.isMember ? `${named.member} is in ${name}` : `${named.member} is not in ${name} any more`;
  return told({ team: name, member: named.member, isMember: named.isMember }, line, options, dependencies);
}

/** `sallyport team remove TEAM` without a member: the team itself, with what was granted to it. */
export async function removeTeam(team: string, options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const session = await openSession(options, dependencies);
  const { id, name } = await teamOf(session, team);
  await session.client.send('DELETE', `/teams/${id}`);
  return told(
    { team: name, removed: true },
    `team ${name} is removed, and what was granted to it`,
    options,
    dependencies,
  );
}
