import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { POSTGRES_PACKAGE, POSTGRES_USER } from './postgres.fixture.ts';
import { prepareRuntime } from './postgres-runtime.ts';

/** A PostgreSQL as somebody else runs it: on TCP, with passwords, with a role for Sallyport that may as little as the docs say. */
export type ExternalPostgres = AsyncDisposable & {
  /** Of the role that the docs tell to make, and its database. */
  readonly url: string;
  /** Of an administrator. */
  readonly adminUrl: string;
};

const READY_MS_MAX = 30_000;

export async function openExternalPostgres(): Promise<ExternalPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'sp-external-'));
  await chmod(folder, 0o711);
  const { bin } = await prepareRuntime(POSTGRES_PACKAGE, join(folder, 'runtime'));
  const data = join(folder, 'data');
  const passwords = { admin: randomBytes(12).toString('hex'), ci: randomBytes(12).toString('hex') };
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(folder, 'password'), passwords.admin);
  const { user } = POSTGRES_USER;
  for (const path of user === undefined ? [] : [data, join(folder, 'password')])
    await chown(path, user?.uid ?? 0, user?.gid ?? 0);
  const start = (program: string, args: readonly string[]) =>
    spawn(join(bin, program), args, {
      stdio: 'ignore',
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...user,
    });
  const auth = ['--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`];
  await ended(
    start('initdb', [`--pgdata=${data}`, '--username=admin', '--encoding=UTF8', '--locale=C', '--no-sync', ...auth]),
  );
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const server = start('postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]);
  const url = (name: string, password: string, database: string) =>
    `postgres://${name}:${password}@127.0.0.1:${port}/${database}`;
  const adminUrl = url('admin', passwords.admin, 'postgres');
  await prepare(adminUrl, url('admin', passwords.admin, 'ci'), passwords.ci);
  return {
    url: url('ci', passwords.ci, 'ci'),
    adminUrl,
    async [Symbol.asyncDispose]() {
      server.kill('SIGQUIT');
      await ended(server).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The statements of docs/operate/server.md. */
async function prepare(adminUrl: string, databaseUrl: string, password: string): Promise<void> {
  for (const [at, statements] of [
    [
      adminUrl,
      [
        `create role ci login nosuperuser nocreatedb nocreaterole noreplication password '${password}'`,
        "create database ci encoding 'UTF8' locale 'C' template template0",
        'revoke all on database ci from public',
        'grant connect on database ci to ci',
      ],
    ],
    [databaseUrl, ['revoke all on schema public from public', 'grant usage, create on schema public to ci']],
  ] as const) {
    const client = await connected(at);
    for (const statement of statements) await client.query(statement);
    await client.end();
  }
}

async function connected(url: string): Promise<Client> {
  for (const end = performance.now() + READY_MS_MAX; ; await sleep(50)) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (thrown) {
      if (performance.now() > end) throw thrown;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => (code === 0 ? done() : failed(new Error(`it ended with ${code}`))));
  });
}
