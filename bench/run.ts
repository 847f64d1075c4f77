import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planFiles } from '../src/engine/index.ts';
import { createReader } from '../src/workflow/index.ts';
import { benchMasks } from './masks.ts';
import { type Command, type Figure, median, timeInTurn } from './measure.ts';
import { benchNetwork } from './network.ts';
import { benchSandbox } from './sandbox.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const STEPS = 20;
const ROUNDS = 7;
/** A first installation fetches Node. */
const INSTALL_MS_MAX = 5 * 60_000;

export type RunBenchOptions = { readonly act?: string; readonly corpora?: string };

/** `npm run bench -- run`: everything that `sallyport run` is made of, beside a bare command or a peer. */
export async function benchRun(options: RunBenchOptions): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-package-'));
  try {
    const launcher = installPackage(folder);
    return [
      ...(await benchStart(launcher)),
      ...(await benchSandbox()),
      ...(await benchNetwork()),
      ...(await benchWorkflow(launcher, options)),
      ...(await benchPlan(options)),
      ...benchMasks(),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds, packs and installs the package into an empty folder: what is measured is what people have. */
function installPackage(folder: string): string {
  const run = (command: string, args: readonly string[], cwd: string) =>
    execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_MS_MAX });
  run(process.execPath, [join(ROOT, 'scripts/build.ts')], ROOT);
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  run('npm', ['install', '--silent', '--ignore-scripts', '--prefer-offline', join(folder, tarball)], folder);
  return join(folder, 'node_modules/.bin/sallyport');
}

async function benchStart(launcher: string): Promise<Figure[]> {
  const [own = [], bare = []] = await timeInTurn(
    [{ command: [launcher, '--version'] }, { command: [process.execPath, '-e', '0'] }],
    11,
  );
  return [
    { name: 'sallyport --version', value: median(own), unit: 'ms', judged: false },
    { name: 'sallyport --version / node -e 0', value: ratio(own, bare), unit: 'x', bar: { atMost: 2.5 }, judged: true },
  ];
}

/** The median of the ratios of each round. */
function ratio(own: readonly number[], other: readonly number[]): number {
  return median(own.map((value, index) => value / (other[index] ?? Number.NaN)));
}

/** A workflow of 20 trivial steps: sandboxed, the same scripts bare, and in a peer's host mode without a sandbox. */
async function benchWorkflow(launcher: string, options: RunBenchOptions): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  try {
    const repository = join(root, 'repository');
    mkdirSync(join(repository, '.github', 'workflows'), { recursive: true });
    const steps = Array.from({ length: STEPS }, (_, index) => `      - run: echo step ${index}\n`).join('');
    const workflow = `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;
    writeFileSync(join(repository, '.github', 'workflows', 'ci.yml'), workflow);
    const git = ['-C', repository, '-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
    execFileSync('git', [...git, 'init', '-q', '-b', 'main']);
    execFileSync('git', [...git, 'add', '-A']);
    execFileSync('git', [...git, 'commit', '-q', '-m', 'First']);
    const state = { HOME: root, XDG_STATE_HOME: join(root, 'state'), XDG_CACHE_HOME: join(root, 'cache') };
    const script = Array.from({ length: STEPS }, (_, index) => `bash -e -c 'echo step ${index}'`).join('\n');
    const commands: Command[] = [
      { command: [launcher, 'run', '--quiet'], cwd: repository, env: state },
      { command: ['sh', '-c', script], cwd: repository },
    ];
    if (options.act !== undefined) {
      commands.push({
        command: [options.act, 'push', '-P', 'ubuntu-latest=-self-hosted', '--quiet'],
        cwd: repository,
        env: { ...state, ACT_DISABLE_VERSION_CHECK: '1' },
      });
    }
    const [own = [], bare = [], peer = []] = await timeInTurn(commands, ROUNDS);
    return [
      { name: `workflow of ${STEPS} steps, sandboxed`, value: median(own), unit: 'ms', judged: false },
      { name: `the same ${STEPS} scripts bare`, value: median(bare), unit: 'ms', judged: false },
      { name: 'workflow / bare scripts', value: ratio(own, bare), unit: 'x', judged: false },
      {
        name: 'workflow, sandboxed / act without a sandbox',
        value: options.act === undefined ? undefined : ratio(own, peer),
        unit: 'x',
        bar: { atMost: 0.5 },
        judged: true,
        note: options.act === undefined ? 'give the program by --act PATH' : `act: ${median(peer).toFixed(0)} ms`,
      },
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Reading, checking and planning real workflow files: all of a corpus, after one uncounted round. */
async function benchPlan(options: RunBenchOptions): Promise<Figure[]> {
  const name = 'starter workflows read and planned';
  if (options.corpora === undefined) {
    const note = 'no corpora: --corpora DIR or SALLYPORT_CORPORA';
    return [{ name, value: undefined, unit: 'files/s', judged: false, note }];
  }
  const folder = join(options.corpora, 'starter-workflows');
  const reader = createReader();
  const speeds: number[] = [];
  let files = 0;
  try {
    for (let round = -1; round < ROUNDS; round += 1) {
      const started = performance.now();
      files = (await planFiles({ paths: [folder], folder, now: 0 }, { reader })).length;
      if (round >= 0) speeds.push(files / ((performance.now() - started) / 1000));
    }
  } finally {
    await reader.close();
  }
  return [{ name, value: median(speeds), unit: 'files/s', judged: false, note: `${files} files` }];
}
