import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditlogMigrations } from '../auditlog/index.ts';
import { silentLog } from '../base/index.ts';
import type { Database, Migrations } from '../database/index.ts';
import { openRepoServer, type RepoOptions, type RepoServer } from './open.ts';
import type { Authorise, Principal } from './principal.ts';
import { repoMigrations } from './tables.ts';

export const GIT = '/usr/bin/git';
export const MIGRATIONS = { ...auditlogMigrations, ...repoMigrations };

export const OWNER: Principal = { id: '1', name: 'owner', kind: 'user' };

/** By name: an owner may all, a member writes, a reader reads, everybody else nothing. */
export const byName: Authorise = ({ name }, _repository, verb) => {
  if (name === 'owner') return true;
  if (name === 'member') return verb === 'read' || verb === 'write';
  return name === 'reader' && verb === 'read';
};

export type Served = AsyncDisposable & {
  readonly server: RepoServer;
  readonly db: Database;
  readonly root: string;
  readonly port: number;
  url(path: string, user?: string): string;
};

export type ServeChanges = Partial<Omit<RepoOptions, 'db'>> & { readonly db?: Database };

/** Where each test gets a database of its own. */
type Databases = { database(migrations: Migrations): Promise<Database> };

/** A git server on loopback. Who asks is told by the user name of the address: the door with tokens is another part. */
export async function serveRepositories(postgres: Databases, changes: ServeChanges = {}): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'sp-repo-'));
  const root = changes.root ?? join(folder, 'git');
  const db = changes.db ?? (await postgres.database(MIGRATIONS));
  const server = await openRepoServer({
    gitPath: GIT,
    authorise: byName,
    unsafeDirectPush: true,
    now: Date.now,
    random: (bytes) => randomBytes(bytes),
    network: { lookup: async () => ['127.0.0.1'] },
    log: silentLog,
    ...changes,
    root,
    db,
  });
  const http = createServer({ requestTimeout: 0 }, (request, response) => {
    const [, basic = ''] = /^Basic (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const name = Buffer.from(basic, 'base64').toString('utf8').split(':')[0] ?? '';
    if (name === '') {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const principal: Principal = name === 'owner' ? OWNER : { id: `id-${name}`, name, kind: 'user' };
    void server.handle(request, response, { principal });
  });
  const port = await listen(http);
  return {
    server,
    db,
    root,
    port,
    url: (path, user = 'owner') => `http://${user}:x@127.0.0.1:${port}/${path}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listen(http: Server): Promise<number> {
  return new Promise((resolve) => {
    http.listen(0, '127.0.0.1', () => {
      const address = http.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

const CLIENT_MS_MAX = 90_000;

/** The stock client, as a person has it. */
export function git(cwd: string, args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<Ran> {
  const child = startGitClient(cwd, args, env);
  const timer = setTimeout(() => child.kill('SIGKILL'), CLIENT_MS_MAX);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 137, out, err });
    });
  });
}

export function startGitClient(
  cwd: string,
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
): ChildProcess {
  return spawn(GIT, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
      ...env,
    },
  });
}

/** A clone with one commit on `main`. */
export async function workTree(): Promise<
  AsyncDisposable & { readonly dir: string; commit(name: string, text?: string): Promise<string> }
> {
  const dir = await mkdtemp(join(tmpdir(), 'sp-work-'));
  await git(dir, ['init', '-q', '-b', 'main']);
  const commit = async (name: string, text = name) => {
    await writeFile(join(dir, name), text);
    await git(dir, ['add', '-A']);
    await git(dir, ['commit', '-q', '-m', `add ${name}`]);
    return (await git(dir, ['rev-parse', 'HEAD'])).out.trim();
  };
  await commit('a.txt');
  return {
    dir,
    commit,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}
