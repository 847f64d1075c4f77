import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import type { PostgresRuntime } from './postgres-runtime.ts';

/** Recovery after a crash may have to read a lot; without a word for this long something is wrong. */
const START_MS_MAX = 120_000;
const INIT_MS_MAX = 120_000;
/** A fast stop breaks off transactions and writes a checkpoint. */
const STOP_MS_MAX = 30_000;
const POLL_MS = 20;
const LOG_BYTES_KEPT = 8 * 1024;
/** A path of a Unix socket is at most 107 bytes; PostgreSQL adds `/.s.PGSQL.5432.lock`. */
const SOCKET_PATH_BYTES_MAX = 85;
const NAME = 'sallyport';

export type PostgresOptions = {
  readonly runtime: PostgresRuntime;
  /** Holds the data, the socket and the log. Made when it is not there. Only one server may use it. */
  readonly dir: string;
  /** Whom the server runs as; needed when this process is root, which PostgreSQL refuses. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The caller holds the folder: a server that an earlier one left running there is ended. */
  readonly takesOver?: boolean;
  /** For tests only: an answer is given before the disk has it. Named for what it is. */
  readonly unsafeNoSync?: boolean;
  readonly connectionsMax?: number;
};

/** How to connect: `pg` takes it as it is. */
export type Connection = {
  readonly host: string;
  readonly user: string;
  readonly database: string;
  readonly port: number;
};

export type Postgres = AsyncDisposable & {
  readonly connection: Connection;
  readonly pid: number;
  /** Settles when the server ends, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends it as an operator would. May be called twice. */
  stop(): Promise<void>;
};

/**
 * Starts PostgreSQL on a Unix socket that only its user and this process reach: no port is opened. A new folder is initialised first,
 * with the built-in locale `C.UTF-8`, so that the order of texts depends on no library of the machine. Faults: `database/postgres-version` (the data
 * are of another major version), `database/postgres-folder`, `database/postgres-broken`.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const data = join(options.dir, 'data');
  const socket = join(options.dir, 'socket');
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX) {
    throw fault('postgres-broken', `${socket} is too long for a Unix socket: at most ${SOCKET_PATH_BYTES_MAX} bytes`);
  }
  for (const [folder, mode] of [
    [options.dir, 0o711],
    [data, 0o700],
    [socket, 0o700],
  ] as const) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, mode);
    if (options.user !== undefined && folder !== options.dir) await chown(folder, options.user.uid, options.user.gid);
  }
  if (options.user !== undefined) await requirePassage(options.dir, options.user);
  await initialise(options, data);
  await endLeftover(data, options.takesOver === true);
  return launch(options, { data, socket });
}

/** A user of its own has to get through every folder above its data: the home of root lets nobody. */
async function requirePassage(dir: string, user: { readonly uid: number; readonly gid: number }): Promise<void> {
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const mayPass = (mode & (uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001)) !== 0;
    if (!mayPass) {
      throw fault('postgres-folder', `the database runs as user ${user.uid}, who can not pass through ${folder}`);
    }
    if (folder === dirname(folder)) return;
  }
}

async function initialise(options: PostgresOptions, data: string): Promise<void> {
  const found = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  const major = options.runtime.version.split('.')[0] ?? '';
  if (found !== undefined) {
    if (found.trim() === major) return;
    throw fault('postgres-version', `${data} is of PostgreSQL ${excerpt(found.trim(), 20)}, this is ${major}`);
  }
  const args = [
    `--pgdata=${data}`,
    `--username=${NAME}`,
    '--auth-local=trust',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--data-checksums',
    ...(options.unsafeNoSync === true ? ['--no-sync'] : []),
  ];
  const child = spawnAs(options, 'initdb', args);
  const output = keepOutput(child);
  const code = await exitOf(child, INIT_MS_MAX);
  if (code !== 0) throw fault('postgres-broken', `initdb ended with ${code}: ${excerpt(output().trim(), 500)}`);
}

/**
 * What an earlier start left: a lock without a process when the machine went down; a server that still runs when only its parent was
 * killed. That one is ended in order, since nobody else uses this folder.
 */
async function endLeftover(data: string, takesOver: boolean): Promise<void> {
  const pid = await lockHolder(data);
  if (pid === undefined) return;
  const isOurs = async () => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.split('\0').includes(data) && command.split('\0')[0]?.endsWith('postgres') === true;
  };
  if (takesOver && (await isOurs())) {
    process.kill(pid, 'SIGINT');
    const deadline = performance.now() + STOP_MS_MAX;
    while (await isOurs()) {
      if (performance.now() > deadline) process.kill(pid, 'SIGQUIT');
      await sleep(POLL_MS);
    }
  }
  // PostgreSQL removes it itself but when it was killed; it refuses to start while another process has that number.
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (!name.startsWith('postgres')) await rm(join(data, 'postmaster.pid'), { force: true });
}

async function lockHolder(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const pid = Number(text?.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

async function launch(
  options: PostgresOptions,
  { data, socket }: { readonly data: string; readonly socket: string },
): Promise<Postgres> {
  await writeFile(join(data, 'pg_hba.conf'), `local all ${NAME} trust\n`);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    unix_socket_permissions: '0700',
    max_connections: String(options.connectionsMax ?? 60),
    shared_buffers: '64MB',
    log_min_messages: 'warning',
    logging_collector: 'off',
    timezone: 'UTC',
    // Nothing of a statement reaches the log: it may hold what people typed.
    log_min_error_statement: 'panic',
    ...(options.unsafeNoSync === true ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const child = spawnAs(options, 'postgres', args);
  const output = keepOutput(child);
  const exited = new Promise<void>((done) => {
    child.once('close', () => done());
  });
  const connection: Connection = { host: socket, user: NAME, database: 'postgres', port: 5432 };
  let hasEnded = false;
  void exited.then(() => {
    hasEnded = true;
  });
  const deadline = performance.now() + START_MS_MAX;
  // Another server may already answer on this socket: only what holds the lock of the data is ours.
  while ((await lockHolder(data)) !== child.pid || !(await answers(connection))) {
    if (hasEnded || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw fault('postgres-broken', `postgres did not start: ${excerpt(output().trim(), 500)}`);
    }
    await sleep(POLL_MS);
  }
  await ensureDatabase(connection);
  const stop = async () => {
    if (hasEnded) return;
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_MS_MAX);
    await exited;
    clearTimeout(timer);
  };
  return {
    connection: { ...connection, database: NAME },
    pid: child.pid ?? 0,
    exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function answers(connection: Connection): Promise<boolean> {
  if ((await stat(join(connection.host, `.s.PGSQL.${connection.port}`)).catch(() => undefined)) === undefined)
    return false;
  const client = new Client(connection);
  client.on('error', () => {
    // The server went away again: the next look tells.
  });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    // Not ready yet; a server that never will be is ended by the deadline.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(connection: Connection): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
  } finally {
    await client.end();
  }
}

function spawnAs({ runtime, user }: PostgresOptions, program: string, args: readonly string[]): ChildProcess {
  return spawn(join(runtime.bin, program), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    cwd: '/',
    // Ctrl-C at the terminal is for Sallyport, which then stops the database in order.
    detached: true,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
}

function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept = (kept + text).slice(-LOG_BYTES_KEPT);
    });
  }
  child.on('error', (error) => {
    kept += error.message;
  });
  return () => kept;
}

async function exitOf(child: ChildProcess, msMax: number): Promise<number | string> {
  const timer = setTimeout(() => child.kill('SIGKILL'), msMax);
  try {
    return await new Promise((done) => {
      child.once('error', (error) => done(error.message));
      child.once('close', (code, signal) => done(code ?? signal ?? 'nothing'));
    });
  } finally {
    clearTimeout(timer);
  }
}
