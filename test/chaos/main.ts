/**
 * Breaks the real product at random moments and counts what that cost: processes are killed, the runner is cut off, the disk is full.
 * Seeded and bounded: the same seed disturbs in the same order.
 *
 *   npm run -s chaos
 *   npm run -s chaos -- --runs 20 --seed 7
 *
 * Lost: a job without an end after recovery. Doubled: two accepted ends of one attempt, or a job that ran twice at once. Log gap: an
 * acknowledged byte that is missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clockOf, freePort, type Product, run, startProduct, until, type WorkTree } from '../product/product.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
let token: string | undefined;
const RUNS = Number(values.runs);
const random = seeded(Number(values.seed));
const MAIN = join(import.meta.dirname, '../../src/bin/main.ts');
const REPOSITORY = 'acme/app';
const LINES = 40;
/** The whole test ends by itself. */
const WHOLE_MS_MAX = 55 * 60_000;
const SETTLE_MS_MAX = 240_000;
const DISK = '96m';
const MINUTE_MS = 60_000;
/** How far clocks jump: a correction, a wrong time zone, a day, a month. Milliseconds. */
const JUMPS_MS = [-30 * 24 * 60, -24 * 60, -60, -5, 5, 60, 24 * 60].map((minutes) => minutes * MINUTE_MS);

const WORKFLOW = `
name: work
on: push
jobs:
  first:
    strategy: { fail-fast: false, matrix: { n: [1, 2] } }
    runs-on: ubuntu-latest
    steps: [{ run: 'for i in $(seq 1 ${LINES}); do echo "line $i of ${LINES}"; sleep 0.02; done' }]
  second: { needs: first, if: always(), runs-on: ubuntu-latest, steps: [{ run: 'for i in $(seq 1 ${LINES}); do echo "line $i of ${LINES}"; done' }] }
`;

type Setting = {
  readonly product: Product;
  readonly tree: WorkTree;
  readonly wire: Wire;
  remote: ChildProcess;
  readonly disk: string | undefined;
  /** Files that set the clock of the server, and of the runner outside. */
  readonly clocks: { readonly server: string; readonly remote: string };
};

type Disturbance = { readonly name: string; readonly weight: number; act(setting: Setting): Promise<void> };

const DISTURBANCES: readonly Disturbance[] = [
  { name: 'nothing', weight: 4, act: async () => {} },
  {
    name: 'server killed',
    weight: 4,
    async act({ product }) {
      await product.end('SIGKILL');
      await sleep(random() * 400);
      await product.start();
    },
  },
  {
    name: 'server ended in order',
    weight: 1,
    async act({ product }) {
      await product.end('SIGTERM');
      await product.start();
    },
  },
  {
    name: 'database killed',
    weight: 2,
    async act({ product }) {
      kill((await product.pids()).postgres);
      await sleep(3000);
      await product.end('SIGKILL');
      await product.start();
    },
  },
  { name: 'runner inside killed', weight: 3, act: async ({ product }) => kill((await product.pids()).runner) },
  {
    name: 'runner outside killed',
    weight: 3,
    async act(setting) {
      setting.remote.kill('SIGKILL');
      await sleep(random() * 2000);
      setting.remote = rejoin(setting);
    },
  },
  { name: 'witness killed', weight: 2, act: async ({ product }) => kill((await product.pids()).witness) },
  { name: 'keeper killed', weight: 2, act: async ({ product }) => kill((await product.pids()).keeper) },
  {
    name: 'wire between runner and server cut',
    weight: 3,
    async act({ wire }) {
      wire.cut();
      await sleep(500 + random() * 6000);
      wire.mend();
    },
  },
  {
    name: 'disk full',
    weight: 1,
    async act({ disk }) {
      if (disk === undefined) return;
      await run('sh', ['-c', `dd if=/dev/zero of=${disk}/full bs=1M 2>/dev/null; true`], {
        cwd: '/',
        env: { PATH: process.env['PATH'] ?? '' },
      });
      await sleep(2000);
      await run('rm', ['-f', `${disk}/full`], { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } });
    },
  },
  { name: 'clock of the server jumps', weight: 3, act: ({ clocks }) => jump(clocks.server) },
  { name: 'clock of the runner outside jumps', weight: 2, act: ({ clocks }) => jump(clocks.remote) },
  {
    name: 'server killed while its clock is wrong',
    weight: 1,
    async act({ product, clocks }) {
      await jump(clocks.server, () => product.end('SIGKILL'));
      await product.start();
    },
  },
];

/** Sets a clock wrong for a while, and right again. */
async function jump(file: string, meanwhile?: () => Promise<void>): Promise<void> {
  await writeFile(file, String(JUMPS_MS[Math.floor(random() * JUMPS_MS.length)]));
  await sleep(1000 + random() * 4000);
  await meanwhile?.();
  await rm(file, { force: true });
  await sleep(200);
}

process.exitCode = await main();

async function main(): Promise<number> {
  const folder = join('/var/tmp', `sp-chaos-${process.pid}`);
  await mkdir(join(folder, 'data', 'logs'), { recursive: true, mode: 0o711 });
  const disk = await smallDisk(join(folder, 'data', 'logs'));
  const port = await freePort();
  const wire = await openWire(port);
  const product = await startProduct({
    folder,
    port,
    // Everybody comes over the wire, the runner inside as well.
    url: `http://localhost:${wire.port}`,
    args: ['--unsafe-direct-push', '--runner-jobs', '2'],
    env: clockOf(join(folder, 'server.clock')),
  });
  let setting: Setting | undefined;
  try {
    await product.must(['repo', 'create', REPOSITORY]);
    const made = JSON.parse(await product.must(['runner', 'invite', '--json'])) as { token: string };
    const tree = await product.tree(REPOSITORY);
    const clocks = { server: join(folder, 'server.clock'), remote: join(folder, 'remote.clock') };
    setting = { product, tree, wire, disk, clocks, remote: joinOutside(product, made.token) };
    const done = await disturb(setting);
    return await judge(setting, done);
  } finally {
    setting?.remote.kill('SIGKILL');
    wire.close();
    await product.end('SIGTERM');
    if (disk !== undefined) await run('umount', [disk], { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } });
    await product[Symbol.asyncDispose]();
  }
}

/** Pushes and disturbs. What a push that was cut answered is nobody's: the refs tell what was taken. */
async function disturb(setting: Setting): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const started = performance.now();
  await setting.tree.push({ '.github/workflows/work.yml': WORKFLOW, 'a.txt': '0' });
  for (let round = 1; round < RUNS && performance.now() - started < WHOLE_MS_MAX; round += 1) {
    const chosen = pick();
    counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
    const pushing = pushUntilTaken(setting, round);
    await sleep(random() * 1500);
    await chosen.act(setting);
    await pushing;
    if (round % 10 === 0) console.log(`  ${round} runs, ${Math.round((performance.now() - started) / 1000)} s`);
  }
  return counts;
}

async function pushUntilTaken({ tree }: Setting, round: number): Promise<void> {
  await until(120_000, async () => {
    try {
      await tree.push({ 'a.txt': String(round) }, { branch: round % 3 === 0 ? `topic-${round}` : 'main' });
      return true;
    } catch {
      // Cut in the middle: what was committed goes with the next push.
      await sleep(200);
      return false;
    }
  });
}

async function judge(setting: Setting, counts: ReadonlyMap<string, number>): Promise<number> {
  const { product, tree } = setting;
  await until(SETTLE_MS_MAX, async () => (await runsOf(setting)).every(({ state }) => state === 'finished')).catch(
    () => undefined,
  );
  const runs = await runsOf(setting);
  const judged = { runs: runs.length, lost: 0, doubled: 0, gaps: 0 };
  const ends: { [conclusion: string]: number } = {};
  for (const one of runs) {
    ends[one.conclusion ?? one.state] = (ends[one.conclusion ?? one.state] ?? 0) + 1;
    const view = JSON.parse(
      (await product.cli(['runs', 'view', String(one.id), '--json'], { cwd: tree.folder })).out,
    ) as {
      jobs: { key: string; id: number; state: string; conclusion?: string }[];
    };
    judged.lost += view.jobs.filter(({ state }) => state !== 'finished').length;
    for (const job of view.jobs) await judgeJob(setting, one.id, job, judged);
  }
  const told = JSON.parse(await product.must(['audit', 'verify', '--data', product.data, '--json'])) as {
    entries: number;
    deviations: { problem: string }[];
  };
  const ended = await endsTwice(setting);
  judged.doubled += ended;
  for (const [name, count] of counts) console.log(`  ${name}: ${count}`);
  console.log(`  conclusions: ${JSON.stringify(ends)}; audit log: ${told.entries} entries`);
  for (const { problem } of told.deviations) console.log(`  audit: ${problem}`);
  const audit = told.deviations.length === 0 ? 'audit verified' : `audit CHANGED (${told.deviations.length})`;
  console.log('  the clock of the database was not moved: it is that of this machine');
  if (setting.disk === undefined) console.log('  disk full: not run (needs root)');
  console.log(
    `chaos: ${judged.runs} runs, lost ${judged.lost}, doubled ${judged.doubled}, log gaps ${judged.gaps}, ${audit}`,
  );
  return judged.lost + judged.doubled + judged.gaps + told.deviations.length === 0 && judged.runs > 0 ? 0 : 1;
}

async function judgeJob(
  { product }: Setting,
  runId: number,
  job: { readonly key: string; readonly id: number; readonly conclusion?: string },
  judged: { doubled: number; gaps: number },
): Promise<void> {
  if (job.id === 0) return;
  const token = await tokenOf(product);
  const answer = await product.fetch(`/api/v1/repositories/${REPOSITORY}/runs/${runId}/jobs/${job.id}/log`, { token });
  const text = answer.ok ? await answer.text() : '';
  const lines = [...text.matchAll(/line (\d+) of/g)]
    .map(([, n]) => Number(n))
    .filter((n, at, all) => all.indexOf(n) === at);
  const isInOrder = lines.every((n, at) => n === at + 1);
  const isWhole = job.conclusion !== 'success' || lines.length === LINES;
  if (!isInOrder || !isWhole) {
    judged.gaps += 1;
    console.log(`  gap: run ${runId} ${job.key} (${job.conclusion}): ${lines.length} lines`);
  }
  if ((text.match(/"kind":"job-finished"/g)?.length ?? 0) > 1) {
    judged.doubled += 1;
    console.log(`  doubled: run ${runId} ${job.key}`);
  }
}

async function tokenOf(product: Product): Promise<string> {
  token ??= await product.token();
  return token;
}

/** Ends of one run that the audit log has twice. */
async function endsTwice({ product }: Setting): Promise<number> {
  const told = JSON.parse(
    await product.must(['audit', 'list', '--action', 'run.end', '--limit', '10000', '--json']),
  ) as { body: { resource: { id: string }; detail: { attempt?: number } } }[];
  const ids = told.map(({ body: { resource, detail } }) => `${resource.id} ${detail.attempt ?? 1}`);
  return ids.length - new Set(ids).size;
}

type Run = { readonly id: number; readonly state: string; readonly conclusion?: string };
async function runsOf({ product, tree }: Setting): Promise<readonly Run[]> {
  const told = JSON.parse(await product.must(['runs', 'list', '--limit', '1000', '--json'], { cwd: tree.folder })) as
    | Run[]
    | { items: Run[] };
  return Array.isArray(told) ? told : told.items;
}

function kill(pid: number | undefined): void {
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

function pick(): Disturbance {
  let left = random() * DISTURBANCES.reduce((sum, { weight }) => sum + weight, 0);
  for (const one of DISTURBANCES) {
    left -= one.weight;
    if (left < 0) return one;
  }
  return DISTURBANCES[0] as Disturbance;
}

/** Numbers from 0 to 1 that follow from a seed. Mulberry32, public domain. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function smallDisk(folder: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const done = await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', folder], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '' },
  });
  return done.code === 0 ? folder : undefined;
}

type Wire = { readonly port: number; cut(): void; mend(): void; close(): void };

/** A wire to the server that can be cut: what goes over it stops without a word. */
async function openWire(to: number): Promise<Wire> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const other = connect(to, '127.0.0.1');
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => two.destroy());
      one.on('close', () => {
        sockets.delete(one);
        two.destroy();
      });
    }
    socket.pipe(other);
    other.pipe(socket);
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    port,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause().destroy();
    },
    mend() {
      isCut = false;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function joinOutside(product: Product, registration: string): ChildProcess {
  return startRunner(product, ['--url', product.url, '--token', '-', '--name', 'outside'], registration);
}

function rejoin({ product }: Setting): ChildProcess {
  return startRunner(product, [], '');
}

function startRunner(product: Product, args: readonly string[], input: string): ChildProcess {
  const all = [MAIN, 'runner', 'join', ...args, '--jobs', '2', '--folder', join(product.folder, 'outside'), '--json'];
  const child = spawn(process.execPath, all, {
    env: {
      ...product.env,
      ...clockOf(join(product.folder, 'remote.clock')),
      XDG_STATE_HOME: join(product.folder, 'outside-state'),
    },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return child;
}
