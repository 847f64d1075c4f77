import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openActionStore, openCommitContent } from '../actions/index.ts';
import { Secret, silentLog, systemClock, type TrustLevel } from '../base/index.ts';
import { openNetwork } from '../egress/index.ts';
import type { JobEvent, JobLease, JobOutcome } from '../protocol/index.ts';
import { openLocalResults } from '../results/index.ts';
import { createBubblewrapExecutor } from '../sandbox/index.ts';
import { openBlobStore } from '../store/index.ts';
import { createReader } from '../workflow/index.ts';
import { createRunner, type RunJob } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-runner-'));
chmodSync(root, 0o755);
const repository = join(root, 'repository');
const reader = createReader();
let runJob: RunJob;
let commit: string;
let close: () => Promise<void>;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
    encoding: 'utf8',
  }).trim();

beforeAll(async () => {
  mkdirSync(join(repository, 'action'), { recursive: true });
  git('init', '-q', '-b', 'main');
  writeFileSync(
    join(repository, 'action', 'action.yml'),
    'name: A\nruns: { using: composite, steps: [{ shell: bash, run: echo committed action }] }\n',
  );
  git('add', '-A');
  git('commit', '-q', '-m', 'First');
  commit = git('rev-parse', 'HEAD');
  const dir = (name: string) => join(root, name);
  const packageRoot = new URL('../../', import.meta.url).pathname;
  const executor = createBubblewrapExecutor({
    nodePath: process.execPath,
    stateDir: dir('state'),
    clock: systemClock,
    packageMounts: [
      { host: join(packageRoot, 'src'), inside: '/sallyport/src', writable: false },
      { host: join(packageRoot, 'package.json'), inside: '/sallyport/package.json', writable: false },
    ],
  });
  const blobs = await openBlobStore({ dir: dir('blobs'), bytesMax: 1 << 30, clock: systemClock });
  runJob = createRunner({
    executor,
    actions: await openActionStore({
      dir: dir('actions'),
      allowRemote: false,
      git: 'git',
      clock: systemClock,
      log: silentLog,
    }),
    commits: await openCommitContent({ dir: dir('commits'), git: 'git' }),
    results: await openLocalResults({ blobs, dir: dir('results'), clock: systemClock }),
    reader,
    openNetwork: (spec) => openNetwork(spec, { clock: systemClock, log: silentLog, nodePath: process.execPath }),
    clock: systemClock,
    log: silentLog,
    random: randomBytes,
    jobsDir: dir('jobs'),
    git: 'git',
    bounds: { memoryBytesMax: 2 ** 31, processesMax: 512, cpusMax: 2, diskBytesMax: 2 ** 31 },
    require: [],
    name: 'test',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    learn: false,
  });
  close = () => executor.close();
});

afterAll(async () => {
  await close();
  await reader.close();
  rmSync(root, { recursive: true, force: true });
});

type Ran = { readonly outcome: JobOutcome; readonly log: string; readonly events: readonly JobEvent[] };

let jobs = 0;

async function runSteps(
  steps: string,
  options: {
    readonly level?: TrustLevel;
    readonly event?: JobLease['contexts'];
    readonly secrets?: { readonly [name: string]: string };
  } = {},
): Promise<Ran> {
  const text = `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;
  const reading = await reader.readWorkflow('.github/workflows/ci.yml', text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
  const definition = reading.value.jobs[0];
  if (definition?.kind !== 'job') throw new Error('no job');
  jobs += 1;
  const lease: JobLease = {
    version: 1,
    id: `job-${jobs}`,
    runId: jobs,
    runNumber: jobs,
    attempt: 1,
    job: { id: jobs, key: 'build', definitionId: 'build', name: 'build', definition },
    level: options.level ?? 'branch',
    taints: [],
    workflowPath: reading.value.path,
    contexts: {
      github: {
        repository: 'local/sample',
        ref: 'refs/heads/main',
        ref_name: 'main',
        sha: commit,
        event_name: 'push',
        event: {},
        ...options.event?.['github'],
      },
      vars: {},
      needs: {},
      matrix: {},
      strategy: {},
      inputs: {},
    },
    permissions: { contents: 'read' },
    influenced: { inputs: [], needs: [], matrix: false },
    egress: { allow: [], allowPrivate: [] },
    isolation: 'per-job',
    git: { gitDir: join(repository, '.git'), commit },
    readableRefs: [],
    actions: {},
    locked: false,
    builtin: true,
    debug: false,
  };
  const events: JobEvent[] = [];
  const secrets = Object.fromEntries(
    Object.entries(options.secrets ?? {}).map(([name, value]) => [name, new Secret(value)]),
  );
  const outcome = await runJob(lease, secrets, (event) => events.push(event), {
    state: 'none',
    onChange: () => () => {},
  });
  const log = events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])).join('\n');
  return { outcome, log, events };
}

test('steps of a job run in one sandbox and hand values over', async () => {
  const { outcome, log } = await runSteps(`
      - { id: one, run: 'echo "word=hello" >> "$GITHUB_OUTPUT"; echo "NAME=Ada" >> "$GITHUB_ENV"' }
      - { run: 'echo "\${{ steps.one.outputs.word }} $NAME in $PWD as $(id -u)"; ls -la $HOME; env | sort' }
`);

  expect(outcome.conclusion, log).toBe('success');
  expect(log).toContain('hello Ada in /home/runner/work/sample/sample as 1000');
});

/** R25: a step clones or writes an action into the workspace, and a later step uses it as if it were reviewed. */
test('R25 at reviewed, a local action that the job wrote is refused, and a committed one runs as committed', async () => {
  const steps = `
      - uses: actions/checkout@v4
      - run: 'mkdir -p x && printf "name: X\\nruns: { using: composite, steps: [{ shell: bash, run: echo planted }] }\\n" | tee x/action.yml action/action.yml'
      - uses: ./action
      - { if: always(), uses: ./x }
`;

  const reviewed = await runSteps(steps, { level: 'reviewed' });
  const branch = await runSteps(steps, { level: 'branch' });

  expect(reviewed.log).toContain('committed action');
  expect(reviewed.log).not.toContain('\nplanted');
  expect(reviewed.log).toContain('runner/local-action-changed');
  expect(reviewed.outcome.conclusion).toBe('failure');
  expect(branch.log).toContain('\nplanted');
  expect(branch.log).toContain('is not what the commit of this run contains');
});
