import { type Command, Option } from 'commander';
import type { CliDependencies } from './door.ts';
import type { InviteOptions } from './runners-command.ts';
import { addRepositoryAdministration, addTeams } from './organise-options.ts';
import { child, collect, examples, wholeNumber } from './options.ts';

type Exit = (code: number) => void;

const RUNS_SHOWN = 20;
const ENTRIES_SHOWN = 50;
const SHOWN_MAX = 10_000;
const DAYS_MAX = 90;
const ROLES = ['owner', 'security', 'member', 'auditor', 'outside'];
const OUTSIDE_DAYS_MAX = 366;
const STALE_DAYS_MAX = 3650;
const STATES = ['waiting', 'queued', 'running', 'finished'];

/** Adds the commands that talk to a server. Each loads its own code when it runs. */
export function addClient(program: Command, dependencies: CliDependencies, exit: Exit): void {
  addLogin(program, dependencies, exit);
  addAuth(program, dependencies, exit);
  addRepositories(program, dependencies, exit);
  addAccess(program, dependencies, exit);
  addRuns(program, dependencies, exit);
  addRunActions(program, dependencies, exit);
  addTokens(program, dependencies, exit);
  addMembers(program, dependencies, exit);
  addRequests(program, dependencies, exit);
  addTeams(program, dependencies, exit);
  addRunners(program, dependencies, exit);
  addAuditList(program, dependencies, exit);
  addVariables(program, dependencies, exit);
}

function addLogin(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const login = json(child(program, 'login', 'sign in to a server, and keep its token for this person'))
    .argument('<url>', 'the server: https://ci.example.org')
    .option('--setup <code>', 'the code that works once, from the server or from an owner')
    .option('--name <name>', 'who you are, when the code makes a new owner')
    .option('--with-token', 'take a token from standard input')
    .option('--days <n>', 'days until the token ends (default 30, at most 90)', wholeNumber(DAYS_MAX))
    .action(async (url: string, options: object) => {
      const { login: run } = await import('./login-command.ts');
      exit(await run(url, options, dependencies));
    });
  examples(
    login,
    'sallyport login https://ci.example.org --setup sps_… --name ada',
    'sallyport login https://ci.example.org --with-token < token',
  );
  const logout = server(child(program, 'logout', 'end the token of a server, and forget it')).action(
    async (options: object) => {
      const { logout: run } = await import('./login-command.ts');
      exit(await run(options, dependencies));
    },
  );
  examples(logout, 'sallyport logout');
}

function addAuth(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const auth = child(program, 'auth', 'which servers one is signed in to, and how git gets their tokens');
  const status = server(child(auth, 'status', 'say where one is signed in; exit code 1 when a token ended')).action(
    async (options: object) => {
      const { authStatus } = await import('./login-command.ts');
      exit(await authStatus(options, dependencies));
    },
  );
  examples(status, 'sallyport auth status --json');
  const helper = child(auth, 'git-credential', "answer git's question for a token; alone, print how to set it up")
    .argument('[operation]', 'get, store or erase: git gives it')
    .action(async (operation: string | undefined) => {
      const { gitCredential } = await import('./login-command.ts');
      exit(await gitCredential(operation, dependencies));
    });
  examples(helper, 'sallyport auth git-credential | sh');
}

function addRepositories(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const repo = child(program, 'repo', 'repositories of the server');
  const create = server(child(repo, 'create', 'make an empty repository'))
    .argument('<owner/name>', 'what it is called')
    .option('--default-branch <branch>', 'instead of main')
    .action(async (name: string, options: object) => {
      const { createRepository } = await import('./repo-command.ts');
      exit(await createRepository(name, options, dependencies));
    });
  examples(create, 'sallyport repo create acme/app');
  const list = server(child(repo, 'list', 'the repositories that you may read')).action(async (options: object) => {
    const { listRepositories } = await import('./repo-command.ts');
    exit(await listRepositories(options, dependencies));
  });
  examples(list, 'sallyport repo list --json');
  const view = server(child(repo, 'view', 'one repository'))
    .argument('[owner/name]', 'without it, the one that a remote of this folder leads to')
    .action(async (name: string | undefined, options: object) => {
      const { viewRepository } = await import('./repo-command.ts');
      exit(await viewRepository(name, options, dependencies));
    });
  examples(view, 'sallyport repo view acme/app');
  const load = server(child(repo, 'import', 'make a repository of another one: branches and tags; nothing runs'))
    .argument(
      '<source>',
      'an https address, a folder of a git repository, a bundle, or an archive (zip, tar, tar.gz) of one',
    )
    .argument('<owner/name>', 'what it is called here')
    .option('--default-branch <branch>', 'of a folder or a bundle, instead of main')
    .action(async (source: string, name: string, options: object) => {
      const { importRepository } = await import('./repo-command.ts');
      exit(await importRepository(source, name, options, dependencies));
    });
  examples(
    load,
    'sallyport repo import https://github.com/acme/app acme/app',
    'sallyport repo import ./app acme/app',
    'sallyport repo import app.tar.gz acme/app',
  );
  addRepositoryAdministration(repo, dependencies, exit);
}

function addAccess(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const repo = find(program, 'repo');
  const access = child(repo, 'access', 'who may what in a repository');
  const list = repository(child(access, 'list', 'who has a role in it by name')).action(async (options: object) => {
    const { listAccess } = await import('./repo-command.ts');
    exit(await listAccess(options, dependencies));
  });
  examples(list, 'sallyport repo access list -R acme/app');
  const grant = repository(child(access, 'grant', 'give somebody a role in it'))
    .argument('<member>', 'the name of a member, or with --team the number of a team')
    .argument('<role>', 'read, write, maintain or admin')
    .option('--team', 'it is a team')
    .action(async (who: string, role: string, options: object) => {
      const { changeAccess } = await import('./repo-command.ts');
      exit(await changeAccess(who, role, options, dependencies));
    });
  examples(grant, 'sallyport repo access grant bob write -R acme/app');
  const revoke = repository(child(access, 'revoke', "take somebody's role in it"))
    .argument('<member>', 'the name of a member, or with --team the number of a team')
    .option('--team', 'it is a team')
    .action(async (who: string, options: object) => {
      const { changeAccess } = await import('./repo-command.ts');
      exit(await changeAccess(who, undefined, options, dependencies));
    });
  examples(revoke, 'sallyport repo access revoke bob -R acme/app');
}

function addRuns(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const runs = child(program, 'runs', 'runs on the server');
  const list = repository(child(runs, 'list', 'runs, newest first'))
    .option('--workflow <file>', 'only of this workflow')
    .option('--branch <branch>', 'only of this branch')
    .option('--event <event>', 'only of this event')
    .addOption(new Option('--state <state>', 'only in this state').choices(STATES))
    .option('--limit <n>', `at most so many (default ${RUNS_SHOWN})`, wholeNumber(SHOWN_MAX), RUNS_SHOWN)
    .action(async (options: { limit: number }) => {
      const { listRuns } = await import('./runs-command.ts');
      exit(await listRuns(options, dependencies));
    });
  examples(list, 'sallyport runs list --branch main');
  const view = run(child(runs, 'view', 'one run with its jobs; exit code 1 when it failed')).action(
    async (id: string | undefined, options: object) => {
      const { viewRun } = await import('./runs-command.ts');
      exit(await viewRun(id, options, dependencies));
    },
  );
  examples(view, 'sallyport runs view 42');
  const watch = run(child(runs, 'watch', 'follow a run as `sallyport run` shows one; Ctrl-C ends the watching only'))
    .option('--quiet', 'print only what failed')
    .action(async (id: string | undefined, options: object) => {
      const { watch: follow } = await import('./runs-command.ts');
      exit(await follow(id, options, dependencies));
    });
  examples(watch, 'sallyport runs watch        the newest run of this repository', 'sallyport runs watch 42 --json');
  const logs = run(child(runs, 'logs', 'print what the jobs of a run printed'))
    .option('-j, --job <key>', 'only this job: build, or `build (18, linux)`')
    .action(async (id: string | undefined, options: object) => {
      const { printLogs } = await import('./runs-command.ts');
      exit(await printLogs(id, options, dependencies));
    });
  examples(logs, 'sallyport runs logs 42 --job test');
  const artifacts = run(child(runs, 'artifacts', 'the artifacts of a run'))
    .option('--download <dir>', 'fetch them as zip archives')
    .action(async (id: string | undefined, options: object) => {
      const { artifacts: show } = await import('./runs-command.ts');
      exit(await show(id, options, dependencies));
    });
  examples(artifacts, 'sallyport runs artifacts 42 --download out');
}

function addRunActions(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const runs = find(program, 'runs');
  const cancel = repository(child(runs, 'cancel', 'cancel a run'))
    .argument('<run>', 'its number')
    .option('--force', 'at once: steps with always() do not run')
    .action(async (id: string, options: object) => {
      const { cancelRun } = await import('./runs-command.ts');
      exit(await cancelRun(id, options, dependencies));
    });
  examples(cancel, 'sallyport runs cancel 42');
  const again = repository(child(runs, 'rerun', 'run it again as another attempt'))
    .argument('<run>', 'its number')
    .option('--failed', 'only what failed, and what needs it')
    .option('-j, --job <key>', 'only this job, and what needs it')
    .option('--watch', 'and follow it')
    .action(async (id: string, options: object) => {
      const { rerun } = await import('./runs-command.ts');
      exit(await rerun(id, options, dependencies));
    });
  examples(again, 'sallyport runs rerun 42 --failed --watch');
  const dispatch = repository(child(runs, 'dispatch', 'start a workflow that has workflow_dispatch'))
    .argument('<workflow>', 'its file: release.yml')
    .option('--ref <ref>', 'branch or tag (default: the default branch)')
    .option('--input <key=value>', 'an input', collect, [])
    .option('--watch', 'and follow it')
    .action(async (workflow: string, options: { input: string[] }) => {
      const { dispatch: start } = await import('./runs-command.ts');
      exit(await start(workflow, options, dependencies));
    });
  examples(dispatch, 'sallyport runs dispatch release.yml --input version=1.2.3 --watch');
}

function addTokens(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const token = child(program, 'token', 'tokens for programs');
  const create = server(child(token, 'create', 'make a token; it is printed once'))
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <verb>', 'what it may: see docs/reference/identity.md', collect, [])
    .option('--repository <owner/name>', 'only in this repository', collect, [])
    .option('--days <n>', 'days until it ends (default 30, at most 90)', wholeNumber(DAYS_MAX))
    .action(async (name: string, options: { scope: string[]; repository: string[] }) => {
      const { createToken } = await import('./people-command.ts');
      exit(await createToken(name, options, dependencies));
    });
  examples(create, 'sallyport token create deploy --scope run.dispatch --repository acme/app --days 7');
  const list = server(child(token, 'list', 'your tokens, newest first'))
    .option('--all', "everybody's: for owners and security")
    .action(async (options: object) => {
      const { listTokens } = await import('./people-command.ts');
      exit(await listTokens(options, dependencies));
    });
  examples(list, 'sallyport token list');
  const revoke = server(child(token, 'revoke', 'end a token and all that were made with it'))
    .argument('<id>', 'its number')
    .action(async (id: string, options: object) => {
      const { revokeToken } = await import('./people-command.ts');
      exit(await revokeToken(id, options, dependencies));
    });
  examples(revoke, 'sallyport token revoke 12');
}

function addMembers(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const member = child(program, 'member', 'people of the organisation');
  const list = server(child(member, 'list', 'the members')).action(async (options: object) => {
    const { listMembers } = await import('./people-command.ts');
    exit(await listMembers(options, dependencies));
  });
  examples(list, 'sallyport member list');
  const add = server(child(member, 'add', 'add somebody, and print the code with which they sign in'))
    .argument('<name>', 'what they are called')
    .addOption(new Option('--role <role>', 'in the organisation').choices(ROLES).default('member'))
    .option('--days <n>', 'with --role outside: days until they are gone (default 90)', wholeNumber(OUTSIDE_DAYS_MAX))
    .action(async (name: string, options: { role: string; days?: number }) => {
      const { addMember } = await import('./people-command.ts');
      exit(await addMember(name, options, dependencies));
    });
  examples(add, 'sallyport member add bob', 'sallyport member add eve --role outside --days 30');
  const code = server(child(member, 'code', 'another code for a member whose tokens are gone'))
    .argument('<name>', 'who')
    .action(async (name: string, options: object) => {
      const { memberCode } = await import('./people-command.ts');
      exit(await memberCode(name, options, dependencies));
    });
  examples(code, 'sallyport member code bob');
  const role = server(child(member, 'role', 'change what a member is in the organisation'))
    .argument('<name>', 'who')
    .argument('<role>', ROLES.join(', '))
    .option('--days <n>', 'with the role outside: days until they are gone (default 90)', wholeNumber(OUTSIDE_DAYS_MAX))
    .action(async (name: string, wanted: string, options: { days?: number }) => {
      const { setRole } = await import('./people-command.ts');
      exit(await setRole(name, wanted, options, dependencies));
    });
  examples(role, 'sallyport member role bob security');
  const remove = server(child(member, 'remove', 'remove a member with all tokens and roles'))
    .argument('<name>', 'who')
    .action(async (name: string, options: object) => {
      const { removeMember } = await import('./people-command.ts');
      exit(await removeMember(name, options, dependencies));
    });
  examples(remove, 'sallyport member remove bob');
  const stale = server(child(member, 'stale', 'members, tokens and passkeys that nobody used for long'))
    .option('--days <n>', 'without any use for so many days (default 90)', wholeNumber(STALE_DAYS_MAX))
    .action(async (options: { days?: number }) => {
      const { listStale } = await import('./review-command.ts');
      exit(await listStale(options, dependencies));
    });
  examples(stale, 'sallyport member stale --days 30');
}

function addRequests(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const request = child(program, 'request', 'what one person asked for and a second owner confirms');
  const list = server(child(request, 'list', 'those that wait, and the newest')).action(async (options: object) => {
    const { listRequests } = await import('./review-command.ts');
    exit(await listRequests(options, dependencies));
  });
  examples(list, 'sallyport request list');
  const cancel = server(child(request, 'cancel', 'take back what was asked for'))
    .argument('<id>', 'the number of the request')
    .action(async (id: string, options: object) => {
      const { cancelRequest } = await import('./review-command.ts');
      exit(await cancelRequest(id, options, dependencies));
    });
  examples(cancel, 'sallyport request cancel 3');
}

function addRunners(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const group = find(program, 'runner');
  const list = server(child(group, 'list', 'the runners of the server')).action(async (options: object) => {
    const { listRunners } = await import('./runners-command.ts');
    exit(await listRunners(options, dependencies));
  });
  examples(list, 'sallyport runner list');
  const invite = server(child(group, 'invite', 'print a token with which one runner joins, within the hour'))
    .option('--label <label>', 'what it may say of itself instead of its own words', collect, [])
    .option('--ephemeral', 'it ends after one job')
    .action(async (options: InviteOptions) => {
      const { inviteRunner } = await import('./runners-command.ts');
      exit(await inviteRunner(options, dependencies));
    });
  examples(invite, 'sallyport runner invite --label gpu');
  const drain = server(child(group, 'drain', 'let a runner end what it runs, and give it nothing more'))
    .argument('<runner>', 'its name or number')
    .action(async (named: string, options: object) => {
      const { drainRunner } = await import('./runners-command.ts');
      exit(await drainRunner(named, options, dependencies));
    });
  examples(drain, 'sallyport runner drain builder-1');
  const remove = server(child(group, 'remove', 'remove a runner; what it runs is lost'))
    .argument('<runner>', 'its name or number')
    .action(async (named: string, options: object) => {
      const { removeRunner } = await import('./runners-command.ts');
      exit(await removeRunner(named, options, dependencies));
    });
  examples(remove, 'sallyport runner remove builder-1');
}

function addAuditList(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const audit = program.commands.find((one) => one.name() === 'audit') ?? child(program, 'audit', 'the audit log');
  const list = server(child(audit, 'list', 'entries of the audit log, newest first'))
    .option('--action <verb>', 'only of this action: ref.update, token.create, …')
    .option('--actor <id>', 'only of this person, by their number')
    .option('--limit <n>', `at most so many (default ${ENTRIES_SHOWN})`, wholeNumber(SHOWN_MAX), ENTRIES_SHOWN)
    .action(async (options: { limit: number }) => {
      const { listAudit } = await import('./people-command.ts');
      exit(await listAudit(options, dependencies));
    });
  examples(list, 'sallyport audit list --action token.create --json');
  const proof = server(
    child(audit, 'proof', 'prove that one entry is in the log that was signed, by the public keys alone'),
  )
    .argument('[entry]', 'its number, as `audit list --json` tells')
    .requiredOption('--keys <file>', 'public keys of log and witness, from a place that the server can not write')
    .option('--save <file>', 'keep the proof: it holds without the server')
    .option('--from <file>', 'a proof that was kept; no server is asked')
    .action(async (entry: string | undefined, options: { keys: string }) => {
      const { auditProof } = await import('./audit-proof.ts');
      exit(await auditProof(entry, options, dependencies));
    });
  examples(proof, 'sallyport audit proof 42 --keys public-keys.json --save entry-42.json');
  const exported = server(child(audit, 'export', 'all entries for another system, newest first, a line each'))
    .addOption(
      new Option('--format <form>', 'ocsf: OCSF 1.6; json: as they are').choices(['ocsf', 'json']).default('ocsf'),
    )
    .action(async (options: { format: 'ocsf' | 'json' }) => {
      const { exportAudit } = await import('./audit-export.ts');
      exit(await exportAudit(options, dependencies));
    });
  examples(exported, 'sallyport audit export --format ocsf');
}

function addVariables(program: Command, dependencies: CliDependencies, exit: Exit): void {
  const group = child(program, 'var', 'variables of a repository or of the organisation');
  const org = (command: Command) => repository(command).option('--org', 'of the organisation, for every repository');
  const set = org(child(group, 'set', 'set variables'))
    .argument('<name=value...>', 'NAME=@FILE takes the value from a file')
    .action(async (pairs: string[], options: object) => {
      const { setVariables } = await import('./people-command.ts');
      exit(await setVariables(pairs, options, dependencies));
    });
  examples(set, 'sallyport var set STAGE=test', 'sallyport var set --org REGION=eu');
  const list = org(child(group, 'list', 'the variables and their values')).action(async (options: object) => {
    const { listVariables } = await import('./people-command.ts');
    exit(await listVariables(options, dependencies));
  });
  examples(list, 'sallyport var list');
  const remove = org(child(group, 'remove', 'remove variables'))
    .argument('<name...>', 'which')
    .action(async (names: string[], options: object) => {
      const { removeVariables } = await import('./people-command.ts');
      exit(await removeVariables(names, options, dependencies));
    });
  examples(remove, 'sallyport var remove STAGE');
}

function find(program: Command, name: string): Command {
  return program.commands.find((one) => one.name() === name) ?? child(program, name, '');
}

const json = (command: Command) => command.option('--json', 'for programs');

const server = (command: Command) =>
  json(command).option('--server <url>', 'instead of the one that a remote of this folder leads to, or the last one');

const repository = (command: Command) =>
  server(command).option('-R, --repository <owner/name>', 'instead of the one that a remote of this folder leads to');

const run = (command: Command) =>
  repository(command)
    .argument('[run]', 'its number; without it, the newest')
    .option('--attempt <n>', 'instead of the newest attempt');
