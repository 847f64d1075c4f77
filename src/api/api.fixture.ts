import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditlogMigrations } from '../auditlog/index.ts';
import { silentLog } from '../base/index.ts';
import type { Migrations } from '../database/index.ts';
import { authoriseGit, identityMigrations, setGrant } from '../identity/index.ts';
import { type People, peopleIn, type Person } from '../identity/identity.fixture.ts';
import { openJobReports, runMigrations } from '../runs/index.ts';
import { repoMigrations, type RepositoryRow } from '../repo/index.ts';
import { type Served, serveRepositories } from '../repo/repo.fixture.ts';
import { checkMigrations } from '../check/index.ts';
import { findingMigrations } from '../findings/index.ts';
import { createDialer, notifyMigrations, sealerOf } from '../notify/index.ts';
import { variableMigrations } from '../variable/index.ts';
import type { TestPostgres } from '../database/postgres.fixture.ts';
import { type MemoryPorts, memoryPorts } from './memory-ports.fixture.ts';
import { createMetrics } from './metrics.ts';
import type { RunView } from './ports.ts';
import { type ApiOptions, createApi, HTTP_OPTIONS } from './server.ts';
import { apiMigrations } from './tables.ts';

const MIGRATIONS: Migrations = {
  ...auditlogMigrations,
  ...repoMigrations,
  ...identityMigrations,
  ...runMigrations,
  ...variableMigrations,
  ...checkMigrations,
  ...notifyMigrations,
  ...findingMigrations,
  ...apiMigrations,
};

/** Nobody waits in a test that is about something else. */
const NO_HASTE = { burst: 1_000_000, perSecond: 1_000_000 };
const FREE = {
  network: NO_HASTE,
  anonymous: NO_HASTE,
  'sign-in': NO_HASTE,
  read: NO_HASTE,
  write: NO_HASTE,
  git: NO_HASTE,
};

export type ServedApi = AsyncDisposable & {
  readonly people: People;
  readonly ports: MemoryPorts;
  readonly repositories: Served;
  readonly origin: string;
  readonly closing: AbortController;
  readonly logged: { readonly message: string; readonly fields: unknown }[];
  create(name: string): Promise<RepositoryRow>;
  grant(row: RepositoryRow, to: Person, role: 'read' | 'write' | 'maintain' | 'admin'): Promise<void>;
  /** One request. Without a token nobody asks. */
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>;
};

type AskOptions = {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: { readonly [name: string]: string };
};

type Asked = { readonly status: number; readonly body: { readonly [key: string]: unknown }; readonly headers: Headers };

/** The whole door on loopback: real database, real repositories, real people; engine, logs and runners in memory. */
export async function serveApi(
  postgres: TestPostgres,
  changes: Partial<ApiOptions> = {},
  /** Browsers have passkeys and cookies at `localhost` only. */
  host: '127.0.0.1' | 'localhost' = '127.0.0.1',
): Promise<ServedApi> {
  const db = await postgres.database(MIGRATIONS);
  const people = peopleIn(db);
  const ports = memoryPorts();
  const repositories = await serveRepositories(postgres, { db, authorise: authoriseGit(db) });
  const closing = new AbortController();
  const logged: { message: string; fields: unknown }[] = [];
  const http = createServer(HTTP_OPTIONS);
  const port = await new Promise<number>((resolve) => {
    http.listen(0, '127.0.0.1', () => {
      const address = http.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const origin = `http://${host}:${port}`;
  const api = createApi({
    db,
    now: () => people.now(),
    random: (bytes) => people.random(bytes),
    version: '0.0.0',
    origin,
    log: { ...silentLog, error: (message, fields) => void logged.push({ message, fields }) },
    repo: repositories.server,
    runs: ports.runs,
    engine: ports.engine,
    jobLogs: ports.jobLogs,
    reports: openJobReports(ports.jobLogs),
    runners: ports.runners,
    metrics: createMetrics(),
    outgoing: {
      sealer: sealerOf(Buffer.alloc(32, 1), (bytes) => people.random(bytes)),
      dialer: createDialer({ lookup: () => Promise.resolve(['192.0.2.1']), insideHosts: [] }),
      canMail: true,
    },
    installation: {
      settings: () => [{ name: 'listen', value: '127.0.0.1:1', source: 'default', isWeakening: false }],
      doctor: () => Promise.resolve([{ name: 'server', state: 'ok', text: 'here' }]),
      sizes: () => Promise.resolve([{ name: 'git', bytes: 1 }]),
      logKeys: { log: { name: 'log', key: 'AA==' }, witness: { name: 'witness', key: 'AA==' } },
      lesson: () => Promise.resolve('# A lesson'),
    },
    proxies: [],
    closing: closing.signal,
    rateLimits: FREE,
    ...changes,
  });
  http.on('request', (request, response) => api.listener(request, response));
  return {
    people,
    ports,
    repositories,
    origin,
    closing,
    logged,
    async create(name) {
      const { principal } = await people.owner();
      return repositories.server.create(principal, { owner: 'acme', name });
    },
    async grant(row, to, role) {
      const { principal } = await people.owner();
      await setGrant(people, principal, { repositoryId: row.id, to: { type: 'user', id: to.id }, role });
    },
    async ask(method, path, { token, body, headers = {} } = {}) {
      const response = await fetch(`${origin}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /[+/]json$/.test(response.headers.get('content-type') ?? '');
      return { status: response.status, body: isJson ? JSON.parse(text) : { text }, headers: response.headers };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      http.closeAllConnections();
      http.close();
      await repositories[Symbol.asyncDispose]();
      await sleep(1);
    },
  };
}

/** A run with one job, as a reader sees it. */
export function runView(id: number, more: Partial<RunView> = {}): RunView {
  const at = new Date(1_800_000_000_000);
  return {
    id,
    number: id,
    attempt: 1,
    workflow: { path: '.github/workflows/ci.yml', name: 'CI' },
    name: 'CI',
    event: 'push',
    ref: 'refs/heads/main',
    commit: 'a'.repeat(40),
    level: 'branch',
    state: 'running',
    actor: { type: 'user', id: '1', name: 'root' },
    createdAt: at,
    startedAt: at,
    jobs: [
      {
        id: id * 10,
        key: 'build',
        name: 'build',
        state: 'running',
        level: 'branch',
        taints: [],
        needs: [],
        startedAt: at,
      },
    ],
    notes: [],
    taints: [],
    diagnostics: [],
    lastEvent: 0,
    ...more,
  };
}
