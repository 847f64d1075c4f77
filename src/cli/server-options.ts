import type { Command } from 'commander';
import type { AuditVerifyOptions } from './audit-verify.ts';
import type { BackupOptions, RestoreOptions } from './backup-command.ts';
import type { CliDependencies } from './door.ts';
import type { RunnerJoinOptions } from './runner-command.ts';
import type { UpOptions } from './up-command.ts';
import { child, collect, wholeNumber } from './options.ts';

/** Adds `sallyport up` and what an operator does beside it. */
export function addServer(program: Command, dependencies: CliDependencies, exit: (code: number) => void): void {
  const up = child(program, 'up', 'start a server here: git, runs, keeper, database and a runner')
    .option('--data <dir>', 'folder of everything that the server keeps (default: its state folder)')
    .option('--listen <host:port>', 'where it listens (default: 127.0.0.1:8470)')
    .option('--url <url>', 'how people and runners reach it (default: http://localhost and the port)')
    .option('--config <file>', 'settings as YAML (default: sallyport.yml in the folder of the data)')
    .option('--database-url <url>', 'a PostgreSQL of your own, 15 or later, instead of the one that comes along')
    .option('--tls-certificate <file>', 'certificate chain, PEM')
    .option('--tls-key <file>', 'its private key, PEM')
    .option(
      '--trust-proxy <address>',
      'a proxy in front that ends TLS: what it says of addresses is believed',
      collect,
      [],
    )
    .option('--no-runner', 'start no runner: others join from elsewhere')
    .option('--runner-jobs <n>', 'jobs at once of the runner inside (default: processors)', wholeNumber())
    .option('--actions-mirror <dir>', 'take actions from bare repositories in this folder')
    .option('--unsafe-direct-push', 'owners may push to the default branch without review')
    .option('--setup', 'print a new one-time code for an administrator')
    .option('--json', 'one event a line: starting, ready, stopping')
    .action(async (options: UpOptions) => {
      const { up: start } = await import('./up-command.ts');
      exit(await start({ ...program.opts(), ...options }, dependencies));
    });
  up.addHelpText(
    'after',
    '\nExamples:\n  $ sallyport up                                              on this machine, for this machine\n' +
      '  $ sallyport up --listen 0.0.0.0:443 --url https://ci.example.org --tls-certificate c.pem --tls-key k.pem',
  );
}

/** Adds `sallyport backup` and `sallyport restore`. */
export function addBackup(program: Command, dependencies: CliDependencies, exit: (code: number) => void): void {
  child(program, 'backup', 'write everything of a server into one encrypted file, while it goes on')
    .requiredOption('-o, --output <file>', 'the file to write')
    .requiredOption('-r, --recipient <age1…>', 'who can restore it: a recipient of age', collect, [])
    .option('--data <dir>', "folder of the server's data (default: that of this machine)")
    .option('--database-url <url>', 'the PostgreSQL of the server, when it is not the embedded one')
    .option('--json', 'the result as one object')
    .action(async (options: BackupOptions) => {
      const { backup } = await import('./backup-command.ts');
      exit(await backup(options, dependencies));
    })
    .addHelpText('after', '\nExample:\n  $ sallyport backup --output ci.age --recipient age1...');
  child(program, 'restore', 'put a backup in place, once its audit log has proved itself')
    .argument('<file>', 'what sallyport backup wrote')
    .requiredOption('-i, --identity <file>', 'file with the identity of age (AGE-SECRET-KEY-1…)')
    .option('--data <dir>', 'where to; it must not be there yet (default: that of this machine)')
    .option('--database-url <url>', 'an empty PostgreSQL, instead of the embedded one')
    .option('--json', 'the result as one object')
    .action(async (file: string, options: RestoreOptions) => {
      const { restore } = await import('./backup-command.ts');
      exit(await restore(file, options, dependencies));
    })
    .addHelpText('after', '\nExample:\n  $ sallyport restore ci.age --identity key.txt');
}

/** Adds `join` to the group `sallyport runner`. */
export function addRunnerJoin(runner: Command, dependencies: CliDependencies, exit: (code: number) => void): void {
  child(runner, 'join', 'join a server from this machine, and run its jobs until you end it')
    .option('--url <url>', 'address of the server')
    .option('--token <token>', 'registration token, works once; `-` reads it from standard input')
    .option('--name <name>', 'of this runner (default: the name of the machine)')
    .option('--label <label>', 'a further label', collect, [])
    .option('--ephemeral', 'end after one job')
    .option('--ca <file>', 'certificate of the server, PEM, when no system knows who signed it')
    .option('--folder <dir>', 'where it keeps its key and caches (default: in the state folder)')
    .option('--jobs <n>', 'jobs at once (default: processors)', wholeNumber())
    .option('--actions-mirror <dir>', 'take actions from bare repositories in this folder')
    .option('--replace', 'join anew, though the folder has joined before')
    .option('--json', 'one event a line: joined, draining, ended')
    .action(async (options: RunnerJoinOptions) => {
      const { runnerJoin } = await import('./runner-command.ts');
      exit(await runnerJoin(options, dependencies));
    })
    .addHelpText('after', '\nExample:\n  $ sallyport runner join --url https://ci.example.org --token spr_...');
}

/** Adds `verify` to the group `sallyport audit`. */
export function addAuditVerify(audit: Command, dependencies: CliDependencies, exit: (code: number) => void): void {
  child(audit, 'verify', 'prove the audit log whole, or name where it was changed; the server may run or not')
    .option('--data <dir>', "folder of the server's data (default: that of this machine)")
    .option('--database-url <url>', 'the PostgreSQL that holds the log, when it is not the embedded one')
    .option('--keys <file>', 'public keys of log and witness, from a place that the server can not write')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere', collect, [])
    .option('--json', 'the result as one object')
    .action(async (options: AuditVerifyOptions) => {
      const { auditVerify } = await import('./audit-verify.ts');
      exit(await auditVerify(options, dependencies));
    })
    .addHelpText('after', '\nExample:\n  $ sallyport audit verify --keys /media/safe/public-keys.json');
}
