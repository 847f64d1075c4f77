import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figure, median } from './measure.ts';
import { openGate } from '../src/scan/index.ts';
import { git, lockfile, sampleText, seeded, workflow, writeHistory, writeTree } from './scan-sample.ts';

/** What is measured is what people install: the built program, its compiled code kept as the launcher keeps it. */
const BUILD = new URL('../scripts/build.ts', import.meta.url).pathname;
const PROGRAM = new URL('../dist/bin/main.js', import.meta.url).pathname;
/** Prints the processor time of a command and its children, user and system, in seconds. */
const TIMED = 'TIMEFORMAT="%U %S"; time "$@" 2>/dev/null';
const ROUNDS = 3;
const MB = 1_000_000;
const SEED = 20_260_101;
const WORKFLOWS = 1000;
const PACKAGES = 2000;
const CHANGED_FILES = 50;
const PUSHES = 20;

export type ScanBenchOptions = {
  readonly tree?: string;
  readonly repository?: string;
  /** Of the tree and of the history that are made when none are given. */
  readonly megabytes: number;
  /** `NAME=PATH` of other tools. */
  readonly peers: readonly string[];
};

/** The form of the report is told by its name, else: `/dev/null` has none, and the tool would end at once. */
const LEAKS_OPTIONS = '--no-banner --exit-code 0 --report-format json --report-path /dev/null'.split(' ');

/** How other tools scan a folder, without a network. */
const PEERS: { readonly [name: string]: (path: string, folder: string) => readonly string[] } = {
  gitleaks: (path, folder) => [path, 'dir', ...LEAKS_OPTIONS, folder],
  betterleaks: (path, folder) => [path, 'dir', ...LEAKS_OPTIONS, folder],
  semgrep: (path, folder) => [
    path,
    'scan',
    '--quiet',
    '--metrics=off',
    '--disable-version-check',
    '--json',
    '--output',
    '/dev/null',
    folder,
  ],
  bandit: (path, folder) => [path, '-r', '-q', '--exit-zero', '-f', 'json', '-o', '/dev/null', folder],
  zizmor: (path, folder) => [path, '--offline', '--no-exit-codes', '--format', 'json', folder],
  checkov: (path, folder) => [path, '-d', folder, '--quiet', '--compact', '--soft-fail', '--skip-download'],
};
const HISTORY_PEERS: typeof PEERS = {
  gitleaks: (path, folder) => [path, 'git', ...LEAKS_OPTIONS, folder],
  betterleaks: (path, folder) => [path, 'git', ...LEAKS_OPTIONS, folder],
};

/** `npm run bench -- scan`: what a scan takes, beside the bars and each peer that is given. */
export async function benchScan(options: ScanBenchOptions): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-bench-scan-'));
  try {
    execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
    const tree = options.tree ?? join(root, 'tree');
    if (options.tree === undefined) writeTree(tree, options.megabytes * MB, SEED);
    const repository = options.repository ?? join(root, 'repository');
    if (options.repository === undefined) await writeHistory(repository, options.megabytes * MB, SEED + 1);
    const scanner = new Scanner(join(root, 'state'));
    return [
      ...(await benchTree(scanner, tree, options)),
      ...(await benchHistory(scanner, repository, options)),
      ...(await benchWorkflows(scanner, join(root, 'workflows'), options)),
      ...(await benchPackages(scanner, join(root, 'packages'))),
      ...(await benchChanges(scanner, join(root, 'change'))),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs the command as people do, with places of its own. */
class Scanner {
  readonly #env: { readonly [name: string]: string | undefined };

  constructor(state: string) {
    this.#env = {
      HOME: state,
      PATH: process.env['PATH'],
      XDG_STATE_HOME: join(state, 'state'),
      XDG_CACHE_HOME: join(state, 'cache'),
      NODE_COMPILE_CACHE: join(state, 'compiled'),
    };
  }

  /** Milliseconds. Findings and what is missing here are no failure; anything else is. */
  async time(folder: string, ...args: readonly string[]): Promise<number> {
    const started = performance.now();
    const code = await exitOf(scanOf(folder, args), this.#env);
    if (code !== 0 && code !== 1 && code !== 3) throw new Error(`scan ${args.join(' ')} ended with ${code}`);
    return performance.now() - started;
  }

  /** Milliseconds of processor time, the middle of some rounds: what else the machine does hardly shows in it. */
  cpu(folder: string, ...args: readonly string[]): number {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const command = ['-c', `{ ${TIMED}; } 2>&1 || true`, 'bash', ...scanOf(folder, args)];
      const text = execFileSync('bash', command, { env: this.#env, encoding: 'utf8' });
      const [user = Number.NaN, system = Number.NaN] = text.trim().split(/\s+/).slice(-2).map(Number);
      times.push((user + system) * 1000);
    }
    return median(times);
  }
}

function scanOf(folder: string, args: readonly string[]): readonly string[] {
  return [process.execPath, PROGRAM, 'scan', folder, '--json', '--output', '/dev/null', ...args];
}

async function exitOf(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

function bytesBelow(folder: string, wanted: RegExp): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && wanted.test(path) && !path.includes('/.git/')) bytes += statSync(path).size;
  }
  return bytes;
}

const speed = (bytes: number, ms: number) => bytes / MB / (ms / 1000);

async function benchTree(scanner: Scanner, tree: string, options: ScanBenchOptions): Promise<Figure[]> {
  const bytes = bytesBelow(tree, /./);
  const code = bytesBelow(tree, /\.(?:[cm]?[jt]sx?|py|go|java)$/);
  const note = `${(bytes / MB).toFixed(0)} MB`;
  await scanner.time(tree, '--only', 'secrets', '--no-cache');
  const one = scanner.cpu(tree, '--only', 'secrets', '--no-cache', '--threads', '1');
  const all = await scanner.time(tree, '--only', 'secrets', '--no-cache');
  const sources = await scanner.time(tree, '--only', 'code', '--no-cache');
  const infrastructure = await scanner.time(tree, '--only', 'infrastructure', '--no-cache');
  const cold = await scanner.time(tree);
  const warm = await scanner.time(tree);
  return [
    {
      name: 'secrets in files, one core, by processor time',
      value: speed(bytes, one),
      unit: 'MB/s',
      bar: { atLeast: 60 },
      judged: true,
      note,
    },
    {
      name: `secrets in files, ${availableParallelism()} cores`,
      value: speed(bytes, all),
      unit: 'MB/s',
      judged: false,
    },
    {
      name: 'code, whole tree',
      value: speed(code, sources),
      unit: 'MB/s',
      bar: { atLeast: 5 },
      judged: true,
      note: `${(code / MB).toFixed(0)} MB`,
    },
    { name: 'infrastructure, whole tree', value: infrastructure, unit: 'ms', judged: false },
    { name: 'everything, for the first time', value: cold, unit: 'ms', judged: false },
    { name: 'everything, again', value: warm, unit: 'ms', judged: false },
    ...(await peers(options.peers, PEERS, { folder: tree, what: 'files', bytes })),
  ];
}

async function benchHistory(scanner: Scanner, repository: string, options: ScanBenchOptions): Promise<Figure[]> {
  const bytes = Number(git(repository, 'rev-list', '--all', '--count')) === 0 ? 0 : addedBytes(repository);
  const first = await scanner.time(repository, '--only', 'secrets', '--history', '--no-cache');
  await scanner.time(repository, '--only', 'secrets', '--history');
  const again = await scanner.time(repository, '--only', 'secrets', '--history');
  const note = `${(bytes / MB).toFixed(0)} MB of added lines`;
  return [
    { name: 'secrets in the history', value: speed(bytes, first), unit: 'MB/s', judged: false, note },
    { name: 'secrets in the history, again', value: again, unit: 'ms', judged: false },
    ...(await peers(options.peers, HISTORY_PEERS, { folder: repository, what: 'history', bytes })),
  ];
}

/** What the commits added, by lines of 30 bytes: git counts lines. */
function addedBytes(repository: string): number {
  const lines = git(repository, 'log', '--all', '--numstat', '--format=').matchAll(/^(\d+)\t/gm);
  return [...lines].reduce((sum, [, added]) => sum + Number(added) * 30, 0);
}

async function peers(
  named: readonly string[],
  known: typeof PEERS,
  { folder, what, bytes }: { readonly folder: string; readonly what: string; readonly bytes: number },
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const peer of named) {
    const [name = '', path = ''] = peer.split('=');
    const command = known[name]?.(path, folder);
    if (command === undefined) continue;
    const started = performance.now();
    const code = await exitOf(command, { PATH: process.env['PATH'], HOME: process.env['HOME'] });
    const ms = performance.now() - started;
    const value = code === null || code > 1 ? undefined : speed(bytes, ms);
    const note = value === undefined ? `it ended with ${code}` : `${ms.toFixed(0)} ms`;
    figures.push({ name: `${name}, ${what}`, value, unit: 'MB/s', judged: false, note });
  }
  return figures;
}

/** What a thousand take more than one does: the start is in both. */
async function benchWorkflows(scanner: Scanner, folder: string, options: ScanBenchOptions): Promise<Figure[]> {
  const few = join(folder, 'few');
  const many = join(folder, 'many');
  for (const [root, count] of [
    [few, 1],
    [many, WORKFLOWS],
  ] as const) {
    mkdirSync(join(root, '.github/workflows'), { recursive: true });
    for (let at = 0; at < count; at += 1) writeFileSync(join(root, `.github/workflows/w${at}.yml`), workflow(at, SEED));
  }
  const run = (root: string) => scanner.time(root, '--only', 'workflows', '--no-cache', '--threads', '1');
  await run(few);
  const start = await run(few);
  const whole = await run(many);
  return [
    { name: `audit of ${WORKFLOWS} workflows`, value: whole, unit: 'ms', judged: false },
    {
      name: 'audit of one workflow, warm',
      value: (whole - start) / (WORKFLOWS - 1),
      unit: 'ms',
      bar: { atMost: 5 },
      judged: true,
    },
    ...(await peers(
      options.peers,
      { zizmor: PEERS['zizmor'] ?? (() => []) },
      { folder: many, what: 'workflows', bytes: bytesBelow(many, /./) },
    )),
  ];
}

async function benchPackages(scanner: Scanner, folder: string): Promise<Figure[]> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name": "bench", "dependencies": {"package-0": "^1.0.0"}}');
  writeFileSync(join(folder, 'package-lock.json'), lockfile(PACKAGES, SEED));
  const run = () => scanner.time(folder, '--only', 'dependencies', '--no-cache');
  await run();
  const times = [await run(), await run(), await run()];
  return [{ name: `${PACKAGES} packages`, value: median(times), unit: 'ms', bar: { atMost: 1000 }, judged: true }];
}

/** A change request of 50 files, and pushes of a megabyte through the gate. */
async function benchChanges(scanner: Scanner, folder: string): Promise<Figure[]> {
  const random = seeded(SEED + 2);
  writeTree(folder, 20 * MB, SEED + 2);
  git('/', 'init', '-q', '-b', 'main', folder);
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'First');
  const base = git(folder, 'rev-parse', 'HEAD');
  const files = git(folder, 'ls-files')
    .split('\n')
    .filter((path) => /\.(?:js|py)$/.test(path))
    .slice(0, CHANGED_FILES);
  for (const path of files)
    appendFileSync(join(folder, path), sampleText(path.split('.').at(-1) ?? 'js', 2000, random));
  git(folder, 'commit', '-q', '-am', 'Change');
  const change = () => scanner.time(folder, '--change', `${base}..HEAD`, '--no-cache');
  await change();
  const changes = [await change(), await change(), await change()];
  const resident = openResidentGate(folder);
  const cold: number[] = [];
  const pushes: number[] = [];
  let first: number | undefined;
  for (let push = 0; push < PUSHES; push += 1) {
    const before = git(folder, 'rev-parse', 'HEAD');
    const target = join(folder, `push-${push}`);
    mkdirSync(target);
    for (let at = 0; at < 20; at += 1) writeFileSync(join(target, `${at}.js`), sampleText('js', MB / 20, random));
    git(folder, 'add', '-A');
    git(folder, 'commit', '-q', '-m', 'Push');
    const ms = await resident(before);
    // The first one loads the scanners, as a server does at its start.
    if (first === undefined) first = ms;
    else pushes.push(ms);
    cold.push(
      await scanner.time(
        folder,
        '--change',
        `${before}..HEAD`,
        '--gate',
        before,
        '--only',
        'secrets',
        '--history',
        '--no-cache',
      ),
    );
  }
  return [
    {
      name: `change request of ${CHANGED_FILES} files`,
      value: median(changes),
      unit: 'ms',
      bar: { atMost: 2000 },
      judged: true,
    },
    {
      name: 'push gate of 1 MB in a server that stays, p95',
      value: p95(pushes),
      unit: 'ms',
      bar: { atMost: 300 },
      judged: true,
      note: `median ${median(pushes).toFixed(0)} ms, the first ${(first ?? Number.NaN).toFixed(0)} ms`,
    },
    {
      name: 'push gate of 1 MB by a command of its own, p95',
      value: p95(cold),
      unit: 'ms',
      judged: false,
      note: `median ${median(cold).toFixed(0)} ms: each starts the program and loads the rules`,
    },
  ];
}

function p95(times: readonly number[]): number | undefined {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1];
}

/** Judges pushes as a server does that keeps its scanners: one process, one gate. Answers the milliseconds of each. */
function openResidentGate(folder: string): (base: string) => Promise<number> {
  const path = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const env = { PATH: process.env['PATH'] ?? '' };
  const gate = openGate({ kinds: ['secrets'], history: true, deps: { git: { path, env }, threads: 1 } });
  return async (base) => {
    const started = performance.now();
    const { gaps, commits } = await gate.scan({
      root: folder,
      base,
      head: 'HEAD',
      today: '2026-01-01',
      machine: { advisoriesFolder: undefined, now: 0 },
      signal: new AbortController().signal,
    });
    if (gaps.length > 0 || commits !== 1) throw new Error('the gate did not look at the push');
    return performance.now() - started;
  };
}
