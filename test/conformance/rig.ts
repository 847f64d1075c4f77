import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLog, systemClock, type TrustLevel } from '../../src/base/index.ts';
import { openLocalResults, type ResultsScope, type ResultsStore } from '../../src/results/index.ts';
import { createGateway, type Gateway } from '../../src/runner/gateway.ts';
import { openBlobStore } from '../../src/store/index.ts';

const GIB = 1024 ** 3;

export type Rig = AsyncDisposable & {
  readonly dir: string;
  readonly store: ResultsStore;
  readonly gateway: Gateway;
  readonly scope: ResultsScope;
  readonly commit: string;
  /** What the clients of the toolkit find in their environment. */
  readonly env: { readonly [name: string]: string };
  /** Drops that the job suffered. */
  readonly drops: { level: TrustLevel; source: string }[];
};

/** A gateway over a local store and a small repository, on a loopback port, for one job. */
export async function openRig(): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'));
  const blobs = await openBlobStore({ dir: join(dir, 'blobs'), bytesMax: 4 * GIB, clock: systemClock });
  const store = await openLocalResults({ blobs, dir: join(dir, 'results'), clock: systemClock });
  const drops: Rig['drops'] = [];
  const scope: ResultsScope = {
    repository: 'octo/sample',
    runId: 7,
    attempt: 1,
    jobId: 11,
    level: () => 'branch',
    ref: 'refs/heads/topic',
    readableRefs: ['refs/heads/main'],
    taint: (level, source) => drops.push({ level, source }),
  };
  const repository = await makeRepository(dir);

  const opened: { gateway?: Gateway } = {};
  const server = createServer((socket) => opened.gateway?.onConnection(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = createGateway({
    port,
    results: store,
    scope,
    git: repository,
    gitPath: 'git',
    repository: { owner: 'octo', name: 'sample', id: '5', ownerId: '6' },
    lease: {
      id: 'lease',
      runId: 7,
      attempt: 1,
      job: { id: 11 },
      permissions: { contents: 'read', 'id-token': 'write' },
    },
    clock: systemClock,
    random: randomBytes,
    log: jsonLog((line) => process.stderr.write(line), Date.now),
  });
  opened.gateway = gateway;
  return {
    dir,
    store,
    gateway,
    scope,
    drops,
    commit: repository.commit,
    env: {
      ...gateway.actionEnvironment(),
      GITHUB_SERVER_URL: gateway.serverUrl,
      GITHUB_API_URL: `${gateway.serverUrl}/api/v3`,
      GITHUB_REPOSITORY: 'octo/sample',
      GITHUB_RUN_ID: '7',
      GITHUB_WORKSPACE: join(dir, 'workspace'),
      RUNNER_TEMP: join(dir, 'temp'),
      GITHUB_TOKEN: gateway.jobToken.expose(),
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function makeRepository(dir: string): Promise<{ gitDir: string; commit: string }> {
  const work = join(dir, 'repository');
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', work, '-c', 'user.name=Octo', '-c', 'user.email=octo@example.org', ...args], {
      env: { PATH: process.env['PATH'], HOME: dir, GIT_CONFIG_NOSYSTEM: '1' },
      encoding: 'utf8',
    }).trim();
  execFileSync('git', ['init', '-q', '-b', 'main', work], { env: { PATH: process.env['PATH'], HOME: dir } });
  await writeFile(join(work, 'README.md'), '# Sample\n');
  git('add', '.');
  git('commit', '-qm', 'first');
  await writeFile(join(work, 'data.txt'), randomBytes(64 * 1024).toString('hex'));
  git('add', '.');
  git('commit', '-qm', 'second');
  return { gitDir: join(work, '.git'), commit: git('rev-parse', 'HEAD') };
}
