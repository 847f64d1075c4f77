import type { Command } from 'commander';
import type { CliDependencies } from './door.ts';
import { child, examples } from './options.ts';

type Exit = (code: number) => void;

const server = (command: Command) =>
  command
    .option('--json', 'for programs')
    .option('--server <url>', 'instead of the one that a remote of this folder leads to, or the last one');

/** Adds `sallyport team`. */
export function addTeams(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const team = child(program, 'team', 'teams of members; what is granted to a team, its members may');
  const create = server(child(team, 'create', 'make a team'))
    .argument('<team>', 'what it is called')
    .option('--parent <team>', 'the team that it lies in: it may what that one may')
    .action(async (name: string, options: object) => {
      const { createTeam } = await import('./team-command.ts');
      exit(await createTeam(name, options, dependencies));
    });
  examples(create, 'sallyport team create backend');
  const list = server(child(team, 'list', 'the teams with their members')).action(async (options: object) => {
    const { listTeams } = await import('./team-command.ts');
    exit(await listTeams(options, dependencies));
  });
  examples(list, 'sallyport team list');
  const add = server(child(team, 'add', 'put a member into a team'))
    .argument('<team>', 'its name or number')
    .argument('<member>', 'the name of a member')
    .action(async (name: string, member: string, options: object) => {
      const { changeTeamMember } = await import('./team-command.ts');
      exit(await changeTeamMember({ team: name, member, isMember: true }, options, dependencies));
    });
  examples(add, 'sallyport team add backend bob');
  const remove = server(child(team, 'remove', 'take a member out of a team; without one, remove the team'))
    .argument('<team>', 'its name or number')
    .argument('[member]', 'the name of a member')
    .action(async (name: string, member: string | undefined, options: object) => {
      const { changeTeamMember, removeTeam } = await import('./team-command.ts');
      exit(
        member === undefined
          ? await removeTeam(name, options, dependencies)
          : await changeTeamMember({ team: name, member, isMember: false }, options, dependencies),
      );
    });
  examples(remove, 'sallyport team remove backend bob', 'sallyport team remove backend');
}

/** Adds what an administrator of a repository does, to `sallyport repo`. */
export function addRepositoryAdministration(repo: Command, dependencies: CliDependencies, exit: Exit): void {
  const set = server(child(repo, 'set', 'rename a repository, archive it, or make another branch its default'))
    .option('-R, --repository <owner/name>', 'instead of the one that a remote of this folder leads to')
    .option('--name <name>', 'what it is called from now on')
    .option('--default-branch <branch>', 'a branch that it has')
    .option('--archived', 'nobody pushes there any more')
    .option('--no-archived', 'and from now on again')
    .action(async (options: object) => {
      const { changeRepository } = await import('./repo-admin-command.ts');
      exit(await changeRepository(options, dependencies));
    });
  examples(set, 'sallyport repo set --default-branch trunk -R acme/app');
  const remove = server(child(repo, 'delete', 'delete a repository; for a week it can be restored'))
    .argument('<owner/name>', 'written out, so that nothing goes by mistake')
    .action(async (name: string, options: object) => {
      const { deleteRepository } = await import('./repo-admin-command.ts');
      exit(await deleteRepository(name, options, dependencies));
    });
  examples(remove, 'sallyport repo delete acme/old');
  const deleted = server(child(repo, 'deleted', 'deleted repositories that you may bring back')).action(
    async (options: object) => {
      const { listDeleted } = await import('./repo-admin-command.ts');
      exit(await listDeleted(options, dependencies));
    },
  );
  examples(deleted, 'sallyport repo deleted');
  for (const [what, title] of [
    ['restore', 'bring back a deleted repository, under its name when that is free'],
    ['purge', 'take away a deleted repository for good'],
  ] as const) {
    const command = server(child(repo, what, title))
      .argument('<id>', 'its number, as sallyport repo deleted shows it')
      .action(async (id: string, options: object) => {
        const { settleDeleted } = await import('./repo-admin-command.ts');
        exit(await settleDeleted(what, id, { options, dependencies }));
      });
    examples(command, `sallyport repo ${what} 7`);
  }
}
