/**
 * The way of a team: a server, two runners (one of them in a network of its own, over TLS), and git as it comes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Product, run, startProduct, until, type WorkTree } from '../product/product.ts';

const root = join(import.meta.dirname, '../..');
const MAIN = join(root, 'src/bin/main.ts');
const REPOSITORY = 'acme/app';

type Run = {
  readonly id: number;
  readonly state: string;
  readonly conclusion?: string;
  readonly event: string;
  readonly workflow: { readonly path: string };
  readonly attempt: number;
  readonly level: string;
};
type Job = { readonly key: string; readonly state: string; readonly conclusion?: string; readonly runner?: string };
type Way = {
  readonly product: Product;
  readonly tree: WorkTree;
  readonly env: { readonly [name: string]: string };
  remote: ChildProcess | undefined;
};

const WORKFLOWS = {
  '.github/workflows/ci.yml': `
name: ci
on: { push: { branches: [main] } }
jobs:
  build:
    strategy: { matrix: { n: [1, 2, 3, 4] } }
    runs-on: \${{ matrix.n > 2 && 'far' || 'ubuntu-latest' }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with: { path: kept, key: "kept-\${{ matrix.n }}" }
      - run: mkdir -p kept && date +%N >> kept/log && echo "made by \${{ matrix.n }}" > out.txt && cat README.md
      - uses: actions/upload-artifact@v4
        with: { name: "out-\${{ matrix.n }}", path: out.txt }
  join:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
      - run: cat out-*/out.txt | sort
`,
  '.github/workflows/slow.yml': `
name: slow
on: { workflow_dispatch: {} }
jobs:
  wait:
    runs-on: ubuntu-latest
    steps: [{ run: "echo waiting; sleep 120" }, { if: always(), run: "echo cleaned up" }]
`,
  '.github/workflows/hand.yml': `
name: hand
on: { workflow_dispatch: { inputs: { who: { required: true } } } }
jobs:
  greet:
    runs-on: ubuntu-latest
    steps: [{ env: { WHO: "\${{ inputs.who }}" }, run: 'echo "hello $WHO"' }]
`,
  '.github/workflows/flaky.yml': `
name: flaky
on: { push: { branches: [flaky] } }
jobs:
  good: { runs-on: ubuntu-latest, steps: [{ run: "echo good" }] }
  bad: { runs-on: ubuntu-latest, steps: [{ run: 'echo "attempt $GITHUB_RUN_ATTEMPT"; test "$GITHUB_RUN_ATTEMPT" -gt 1' }] }
`,
  '.github/workflows/after.yml': `
name: after
on: { workflow_run: { workflows: [hand], types: [completed] } }
jobs: { follow: { runs-on: ubuntu-latest, steps: [{ run: 'echo "after \${{ github.event.workflow_run.conclusion }}"' }] } }
`,
  '.github/workflows/often.yml': `
name: often
on: { schedule: [{ cron: "* * * * *" }] }
jobs: { tick: { runs-on: ubuntu-latest, steps: [{ run: "echo tick" }] } }
`,
  '.github/workflows/one.yml': `
name: one
on: { workflow_dispatch: {} }
concurrency: { group: one, cancel-in-progress: true }
jobs: { hold: { runs-on: ubuntu-latest, steps: [{ run: "sleep 60" }] } }
`,
  'README.md': '# app\n',
};

const list = async ({ product, tree }: Way): Promise<readonly Run[]> => {
  const page = JSON.parse(await product.must(['runs', 'list', '--json'], { cwd: tree.folder })) as
    | Run[]
    | { items: Run[] };
  return Array.isArray(page) ? page : page.items;
};
const jobsOf = async ({ product, tree }: Way, id: number): Promise<readonly Job[]> =>
  (JSON.parse((await product.cli(['runs', 'view', String(id), '--json'], { cwd: tree.folder })).out) as { jobs: Job[] })
    .jobs;
const ended = (way: Way, wanted: (run: Run) => boolean, msMax = 60_000): Promise<Run> =>
  until(msMax, async () => (await list(way)).find((one) => wanted(one) && one.state === 'finished'));
const logOf = async ({ product, tree }: Way, id: number): Promise<string> =>
  (await product.cli(['runs', 'logs', String(id)], { cwd: tree.folder })).out;
const isOf = (file: string) => (one: Run) => one.workflow.path.endsWith(`/${file}.yml`);
function check(condition: unknown, what: string): asserts condition {
  if (condition === undefined || condition === false || condition === null) throw new Error(what);
}

const STEPS: readonly (readonly [string, (way: Way) => Promise<void>])[] = [
  ['a repository is made', async ({ product }) => void (await product.must(['repo', 'create', REPOSITORY]))],
  [
    'a runner in a network of its own joins over TLS',
    async (way) => {
      const made = JSON.parse(await way.product.must(['runner', 'invite', '--json'])) as { token: string };
      way.remote = await joinRemote(way.product, made.token);
      await until(30_000, async () => (await way.product.must(['runner', 'list'])).includes('remote'));
    },
  ],
  [
    'a push is taken, and cloned again as it was',
    async ({ product, tree }) => {
      const commit = await tree.push(WORKFLOWS);
      const other = await product.tree(REPOSITORY);
      check((await other.git('fetch', '-q', 'origin', 'main')).code === 0, 'the fetch failed');
      check((await other.git('rev-parse', 'FETCH_HEAD')).out.trim() === commit, 'another commit came back');
    },
  ],
  [
    'a matrix runs on both runners, and hands over artifacts and caches',
    async (way) => {
      const one = await ended(way, isOf('ci'), 120_000);
      check(one.conclusion === 'success', `ci ended with ${one.conclusion}: ${await logOf(way, one.id)}`);
      const runners = new Set((await jobsOf(way, one.id)).map(({ runner }) => runner));
      check(runners.has('inside') && runners.has('remote'), `it ran on ${[...runners].join(', ')}`);
      const log = await logOf(way, one.id);
      for (const n of [1, 2, 3, 4]) check(log.includes(`made by ${n}`), `what ${n} made did not come`);
      await way.tree.push({ 'README.md': '# again\n' });
      const again = await ended(way, (next) => isOf('ci')(next) && next.id > one.id, 120_000);
      check((await logOf(way, again.id)).includes('Cache restored'), 'no cache was restored');
    },
  ],
  [
    'a run is watched live to its end',
    async (way) => {
      const { product, tree } = way;
      await product.must(['runs', 'dispatch', 'hand.yml', '--input', 'who=world', '--ref', 'main'], {
        cwd: tree.folder,
      });
      const one = await until(20_000, async () => (await list(way)).find(isOf('hand')));
      const watched = await product.cli(['runs', 'watch', String(one.id)], { cwd: tree.folder });
      check(
        watched.code === 0 && watched.out.includes('hello world'),
        `watch ended with ${watched.code}: ${watched.out}${watched.err}`,
      );
    },
  ],
  [
    'workflow_run follows it',
    async (way) => {
      const one = await ended(way, isOf('after'));
      check((await logOf(way, one.id)).includes('after success'), 'it does not know how the other one ended');
    },
  ],
  [
    'a running job is cancelled, and cleans up',
    async (way) => {
      const { product, tree } = way;
      await product.must(['runs', 'dispatch', 'slow.yml', '--ref', 'main'], { cwd: tree.folder });
      const one = await until(20_000, async () => (await list(way)).find(isOf('slow')));
      await until(30_000, async () => (await logOf(way, one.id)).includes('waiting'));
      await product.must(['runs', 'cancel', String(one.id)], { cwd: tree.folder });
      const end = await ended(way, isOf('slow'));
      check(end.conclusion === 'cancelled', `it ended as ${end.conclusion}`);
      check((await logOf(way, one.id)).includes('cleaned up'), 'always() did not run');
    },
  ],
  [
    'what failed is run again, and what succeeded is not',
    async (way) => {
      const { product, tree } = way;
      await tree.push({ 'x.txt': 'x' }, { branch: 'flaky' });
      const one = await ended(way, isOf('flaky'));
      check(one.conclusion === 'failure', `it ended as ${one.conclusion}`);
      await product.must(['runs', 'rerun', String(one.id), '--failed'], { cwd: tree.folder });
      const again = await ended(way, (next) => isOf('flaky')(next) && next.attempt === 2);
      check(again.conclusion === 'success', `the second attempt ended as ${again.conclusion}`);
      check((await logOf(way, one.id)).includes('attempt 2'), 'its log is not that of the second attempt');
    },
  ],
  [
    'a concurrency group lets the newest go on',
    async (way) => {
      const { product, tree } = way;
      const dispatch = () => product.must(['runs', 'dispatch', 'one.yml', '--ref', 'main'], { cwd: tree.folder });
      await dispatch();
      const first = await until(20_000, async () =>
        (await list(way)).find((one) => isOf('one')(one) && one.state === 'running'),
      );
      await dispatch();
      const end = await ended(way, (one) => one.id === first.id);
      check(end.conclusion === 'cancelled', `the first one ended as ${end.conclusion}`);
      const second = (await list(way)).find((one) => isOf('one')(one) && one.id !== first.id);
      await product.must(['runs', 'cancel', String(second?.id ?? 0), '--force'], { cwd: tree.folder });
    },
  ],
  [
    'a schedule comes when it is due',
    async (way) => {
      const one = await ended(way, isOf('often'), 100_000);
      check(one.event === 'schedule' && one.conclusion === 'success', `${one.event} ended as ${one.conclusion}`);
    },
  ],
  [
    'the server is ended and started, and everything is there',
    async (way) => {
      const before = (await list(way)).length;
      await way.product.end('SIGTERM');
      await way.product.start();
      check((await list(way)).length >= before, 'runs are missing');
    },
  ],
  [
    'the audit log proves itself, and knows what was done',
    async ({ product }) => {
      const found = JSON.parse(await product.must(['audit', 'verify', '--data', product.data, '--json'])) as {
        entries: number;
        deviations: unknown[];
      };
      check(found.deviations.length === 0 && found.entries > 20, `${found.entries} entries`);
      const told = await product.must(['audit', 'list', '--json']);
      for (const action of ['run.start', 'runner.register', 'repository.create'])
        check(told.includes(action), `no ${action}`);
    },
  ],
];

/** `npm run -s journey -- server` */
export async function journeyServer(): Promise<number> {
  const far = await openNetwork();
  let done = 0;
  const product = await startProduct({
    args: ['--unsafe-direct-push', '--runner-jobs', '2'],
    ...(far === undefined ? {} : { tls: { address: far.address } }),
  });
  const way: Way = { product, tree: await product.tree(REPOSITORY), env: product.env, remote: undefined };
  try {
    for (const [name, step] of STEPS) {
      const started = performance.now();
      try {
        await step(way);
        done += 1;
        console.log(`✓ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
      } catch (thrown) {
        console.log(`✗ ${name}: ${thrown instanceof Error ? thrown.message.slice(0, 3000) : String(thrown)}`);
        if (process.env['KEEP'] !== undefined) break;
      }
    }
  } finally {
    way.remote?.kill('SIGTERM');
    await product[Symbol.asyncDispose]();
    await far?.close();
  }
  if (far === undefined) console.log('a network of its own for the remote runner: not run (needs root)');
  console.log(`journey: ${done}/${STEPS.length} steps`);
  return done === STEPS.length ? 0 : 1;
}

const NETWORK = 'sp-journey';

/** A network namespace that reaches this machine by one wire, and nothing else. */
async function openNetwork(): Promise<{ readonly address: string; close(): Promise<void> } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ip = (...args: readonly string[]) => run('ip', args, { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } });
  await ip('netns', 'del', NETWORK);
  const [here, there] = ['10.213.77.1', '10.213.77.2'];
  for (const args of [
    ['netns', 'add', NETWORK],
    ['link', 'add', 'spj0', 'type', 'veth', 'peer', 'name', 'spj1', 'netns', NETWORK],
    ['addr', 'add', `${here}/30`, 'dev', 'spj0'],
    ['link', 'set', 'spj0', 'up'],
    ['-n', NETWORK, 'addr', 'add', `${there}/30`, 'dev', 'spj1'],
    ['-n', NETWORK, 'link', 'set', 'spj1', 'up'],
    ['-n', NETWORK, 'link', 'set', 'lo', 'up'],
  ]) {
    const done = await ip(...args);
    if (done.code !== 0) throw new Error(`ip ${args.join(' ')}: ${done.err}`);
  }
  return {
    address: here,
    async close() {
      await ip('link', 'del', 'spj0');
      await ip('netns', 'del', NETWORK);
    },
  };
}

async function joinRemote(product: Product, token: string): Promise<ChildProcess> {
  const args = [
    'runner',
    'join',
    '--url',
    product.url,
    '--token',
    '-',
    '--name',
    'remote',
    '--label',
    'far',
    '--jobs',
    '2',
    '--folder',
    join(product.folder, 'remote'),
  ];
  const command = [process.execPath, MAIN, ...args, ...(product.ca === undefined ? [] : ['--ca', product.ca])];
  const whole = product.ca === undefined ? command : ['ip', 'netns', 'exec', NETWORK, ...command];
  const [program = '', ...rest] = whole;
  const child = spawn(program, rest, {
    env: { ...product.env, XDG_STATE_HOME: join(product.folder, 'remote-state') },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin.end(token);
  return child;
}
