import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type SampleRun, sampleRepository } from '../sample.ts';
import type { Check } from './official-actions.ts';

const run = promisify(execFile);

/** One workflow that proves actions, in the versions that it names. */
export type Scenario = {
  readonly name: string;
  /** `owner/repo@ref`: all must be in the mirror. */
  readonly uses: readonly string[];
  /** Below `jobs:`, indented by two. */
  readonly jobs: string;
};

/** Each scenario prints it at its end, so that a run which did nothing does not pass. */
export const PROOF = 'conformance holds';

const checkout = (version: string): Scenario => ({
  name: `actions/checkout ${version}`,
  uses: [`actions/checkout@${version}`],
  jobs: `
  plain:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@${version}
      - run: |
          test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
          grep -q Sample README.md
          test "$(git rev-list --count HEAD)" = 1
      - uses: actions/checkout@${version}
        with: { path: whole, fetch-depth: 0, persist-credentials: false }
      - run: |
          cd whole
          test "$(git rev-list --count HEAD)" = 2
          test -x run.sh
          echo ${PROOF}
`,
});

const cache = (version: string): Scenario => ({
  name: `actions/cache ${version}`,
  uses: [`actions/cache@${version}`],
  jobs: `
  save:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache@${version}
        id: cache
        with: { path: deps, key: "deps-\${{ github.run_id }}" }
      - run: mkdir -p deps && echo content > deps/file
      - run: test '\${{ steps.cache.outputs.cache-hit }}' != true
  restore:
    runs-on: ubuntu-latest
    needs: save
    steps:
      - uses: actions/cache@${version}
        id: exact
        with: { path: deps, key: "deps-\${{ github.run_id }}" }
      - run: test '\${{ steps.exact.outputs.cache-hit }}' = true && grep -q content deps/file && rm -r deps
      - uses: actions/cache/restore@${version}
        id: prefix
        with: { path: deps, key: other, restore-keys: deps- }
      - run: test '\${{ steps.prefix.outputs.cache-matched-key }}' = 'deps-\${{ github.run_id }}' && grep -q content deps/file
      - run: echo ${PROOF}
`,
});

const setupNode = (version: string): Scenario => ({
  name: `actions/setup-node ${version}`,
  uses: [`actions/setup-node@${version}`],
  jobs: `
  node:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/setup-node@${version}
        with: { node-version: '${process.versions.node}' }
      - run: |
          test "$(node --version)" = "${process.version}"
          case "$(command -v node)" in "$RUNNER_TOOL_CACHE"/*) echo ${PROOF} ;; *) command -v node; exit 1 ;; esac
`,
});

const artifacts = (up: string, down: string): Scenario => ({
  name: `actions/upload-artifact ${up}, actions/download-artifact ${down}`,
  uses: [`actions/upload-artifact@${up}`, `actions/download-artifact@${down}`],
  jobs: `
  up:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir -p site/a && echo hello > site/a/index.html && head -c 3000000 /dev/urandom > site/blob
      - uses: actions/upload-artifact@${up}
        id: up
        with: { name: site, path: site, if-no-files-found: error }
      - uses: actions/upload-artifact@${up}
        with: { name: site, path: site, overwrite: true }
      - run: test -n '\${{ steps.up.outputs.artifact-id }}' && cp site/blob other
      - uses: actions/upload-artifact@${up}
        with: { name: other, path: other, compression-level: 0 }
  down:
    runs-on: ubuntu-latest
    needs: up
    steps:
      - uses: actions/download-artifact@${down}
        with: { name: site, path: one }
      - uses: actions/download-artifact@${down}
        with: { path: all }
      - run: |
          grep -q hello one/a/index.html
          cmp one/blob all/site/blob
          cmp one/blob all/other/other
          echo ${PROOF}
`,
});

/** Major versions are looked for up to it. */
const MAJOR_MAX = 12;

const SCENARIOS: readonly Scenario[] = [
  checkout('v4'),
  checkout('v7'),
  cache('v4'),
  cache('v5'),
  setupNode('v4'),
  setupNode('v7'),
  artifacts('v4', 'v4'),
];

/** With the newest of the mirror, when that is another one. */
export function scenariosOf(up: string, down: string): readonly Scenario[] {
  return up === 'v4' && down === 'v4' ? SCENARIOS : [...SCENARIOS, artifacts(up, down)];
}

/** The unmodified official actions of a mirror, run by `sallyport run` with the built-in ones turned off. */
export async function checkMirror(
  mirror: string,
  report: (check: Check) => void,
  skip: (name: string, why: string) => void,
): Promise<void> {
  const tools = await makeToolCache();
  const up = await newestIn(resolve(mirror), 'actions/upload-artifact');
  const down = await newestIn(resolve(mirror), 'actions/download-artifact');
  try {
    for (const scenario of scenariosOf(up, down)) {
      const missing = await missingIn(resolve(mirror), scenario.uses);
      if (missing.length > 0) skip(scenario.name, missing.join(', '));
      else report(await checkScenario(scenario, resolve(mirror), tools));
    }
  } finally {
    await rm(tools, { recursive: true, force: true });
  }
}

async function checkScenario(scenario: Scenario, mirror: string, tools: string): Promise<Check> {
  const { name } = scenario;
  await using sample = await sampleRepository({
    'README.md': '# Sample\n',
    'run.sh': '#!/bin/sh\necho hi\n',
    'package.json': '{"name":"sample"}\n',
    '.github/workflows/ci.yml': `name: ci\non: push\njobs:${scenario.jobs}`,
  });
  await sample.commit('Second');
  const start = performance.now();
  const ran = await sample.run(['--no-builtin', '--actions-mirror', mirror], { env: { RUNNER_TOOL_CACHE: tools } });
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const isProved = ran.log().split('\n').includes(PROOF);
  if (ran.code === 0 && ran.conclusion() === 'success' && isProved) return { name, ok: true, detail: seconds };
  return { name, ok: false, detail: `exit ${ran.code}, ${seconds}\n${whatHappened(ran)}` };
}

function whatHappened(ran: SampleRun): string {
  return [ran.log().split('\n').slice(-40).join('\n'), ran.stderr.slice(-3_000)].join('\n').trim();
}

/** What of these references the mirror does not hold whole, with the reason. */
export async function missingIn(mirror: string, uses: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const reference of uses) {
    const [name = '', ref = ''] = reference.split('@');
    const found = await findRef(mirror, name, ref);
    if (found === undefined) missing.push(`${reference} is not in the mirror`);
    else if (!(await isWhole(found))) missing.push(`${reference} lacks files in the mirror`);
  }
  return missing;
}

type Found = { readonly gitDir: string; readonly ref: string };

async function findRef(mirror: string, name: string, ref: string): Promise<Found | undefined> {
  for (const folder of [`${name}.git`, name]) {
    for (const kind of ['tags', 'heads']) {
      const found = { gitDir: join(mirror, folder), ref: `refs/${kind}/${ref}` };
      const isThere = await run('git', ['-C', found.gitDir, 'rev-parse', '-q', '--verify', found.ref]).then(
        () => true,
        () => false,
      );
      if (isThere) return found;
    }
  }
  return undefined;
}

/** Some mirrors leave large files out; the action could not run from them. */
async function isWhole({ gitDir, ref }: Found): Promise<boolean> {
  const { stdout } = await run('git', ['-C', gitDir, 'ls-tree', '-r', '--format=%(objectname)', ref]);
  const check = run('git', ['-C', gitDir, 'cat-file', '--batch-check=%(objecttype)'], { maxBuffer: 64 * 1024 * 1024 });
  check.child.stdin?.end(stdout);
  return !(await check).stdout.includes(' missing');
}

/** The newest major version of an action in the mirror, `v4` when there is none. */
export async function newestIn(mirror: string, name: string): Promise<string> {
  for (let major = MAJOR_MAX; major > 4; major -= 1) {
    if ((await missingIn(mirror, [`${name}@v${major}`])).length === 0) return `v${major}`;
  }
  return 'v4';
}

/** A tool cache with the Node that runs this, in the layout that setup-node looks for. */
export async function makeToolCache(): Promise<string> {
  const tools = await mkdtemp(join(tmpdir(), 'sallyport-tools-'));
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const folder = join(tools, 'node', process.versions.node);
  await mkdir(join(folder, arch, 'bin'), { recursive: true });
  await copyFile(process.execPath, join(folder, arch, 'bin/node'));
  await writeFile(join(folder, `${arch}.complete`), '');
  await run('chmod', ['-R', 'a+rX', tools]);
  return tools;
}
