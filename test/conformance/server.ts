import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { type Product, startProduct, until } from '../product/product.ts';
import { makeToolCache, missingIn, newestIn, PROOF, type Scenario, scenariosOf } from './mirror.ts';
import type { Check } from './official-actions.ts';

const run = promisify(execFile);

const RUN_MS_MAX = 180_000;
/** Where the official actions lie under another name, so that no built-in one stands in for them. */
const OWNER = 'unmodified';
const CLIENTS = '.github/actions/clients';

type Report = (check: Check) => void;

/** The official actions and their clients against the real server: pushed, queued, run by its runner. */
export async function checkServer(
  mirror: string | undefined,
  report: Report,
  skip: (name: string, why: string) => void,
): Promise<void> {
  const tools = await makeToolCache();
  const folder = `${tools}-mirror`;
  try {
    if (mirror !== undefined) await renamed(resolve(mirror), folder);
    await using product = await startProduct({
      args: [
        '--unsafe-direct-push',
        '--runner-jobs',
        '2',
        ...(mirror === undefined ? [] : ['--actions-mirror', folder]),
      ],
      env: { RUNNER_TOOL_CACHE: tools },
    });
    await tell(report, 'the clients of the official actions, in an action of the repository', () =>
      runClients(product, report),
    );
    await checkGit(product, report);
    if (mirror !== undefined) await checkActions(product, folder, { report, skip });
  } finally {
    await rm(tools, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

async function tell(report: Report, name: string, check: () => Promise<string | void>): Promise<void> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  report(
    await check().then(
      (detail) => ({ name, ok: true, detail: detail ?? seconds() }),
      (thrown: unknown) => ({ name, ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) }),
    ),
  );
}

/** The repositories of a mirror once more, below another owner. */
async function renamed(mirror: string, folder: string): Promise<void> {
  await mkdir(join(folder, OWNER), { recursive: true });
  for (const name of ['checkout', 'cache', 'setup-node', 'upload-artifact', 'download-artifact']) {
    const found = join(mirror, 'actions', `${name}.git`);
    await symlink(found, join(folder, OWNER, `${name}.git`));
  }
}

/** Pushes files to a new repository and waits for the run. Throws with its log when it did not succeed. */
async function ranWell(
  product: Product,
  repository: string,
  files: { readonly [path: string]: string },
): Promise<string> {
  await product.must(['repo', 'create', repository]);
  const tree = await product.tree(repository);
  await tree.push({ 'README.md': '# Sample\n', 'package.json': '{"name":"sample"}\n' });
  await writeFile(join(tree.folder, 'run.sh'), '#!/bin/sh\necho hi\n', { mode: 0o755 });
  await tree.push(files);
  const token = await product.token();
  const base = `/api/v1/repositories/${repository}/runs`;
  type Run = { readonly id: number; readonly state: string; readonly conclusion?: string };
  const ended = await until(RUN_MS_MAX, async () => {
    const page = (await (await product.fetch(base, { token })).json()) as { items?: readonly Run[] };
    return page.items?.find(({ state }) => state === 'finished');
  });
  const log = (await product.cli(['runs', 'logs', String(ended.id)], { cwd: tree.folder })).out;
  if (ended.conclusion !== 'success') {
    const view = (await product.cli(['runs', 'view', String(ended.id)], { cwd: tree.folder })).out;
    throw new Error(`it ended as ${ended.conclusion}\n${view.slice(-2000)}\n${log.slice(-4000)}`);
  }
  return log;
}

/** All of them in one file, as authors of actions publish it. */
async function bundleClients(): Promise<string> {
  const build = await rolldown({
    input: join(import.meta.dirname, 'clients.ts'),
    platform: 'node',
    logLevel: 'silent',
  });
  try {
    const { output } = await build.generate({ format: 'esm', codeSplitting: false });
    return output.flatMap((part) => (part.type === 'chunk' ? [part.code] : [])).join('\n');
  } finally {
    await build.close();
  }
}

async function runClients(product: Product, report: Report): Promise<void> {
  const log = await ranWell(product, 'conformance/clients', {
    [`${CLIENTS}/action.yml`]: 'name: clients\nruns: { using: node24, main: index.mjs }\n',
    [`${CLIENTS}/index.mjs`]: await bundleClients(),
    '.github/workflows/ci.yml': `on: push\njobs: { clients: { runs-on: ubuntu-latest, steps: [{ uses: actions/checkout@v4 }, { uses: ./${CLIENTS} }, { run: "echo ${PROOF}" }] } }\n`,
  });
  const parts = log.split(/^(?:.* \| )?(?=(?:pass|FAIL) {2})/m).slice(1);
  if (parts.length === 0) throw new Error(`no client said anything: ${log.slice(-3000)}`);
  for (const part of parts) {
    const [, state, name = ''] = /^(pass|FAIL) {2}(.*)$/m.exec(part) ?? [];
    report({ name: `server: ${name}`, ok: state === 'pass', detail: state === 'pass' ? '' : part.slice(0, 1500) });
  }
}

/** Git as it comes, with the token of a person, on the server itself. */
async function checkGit(product: Product, report: Report): Promise<void> {
  const repository = 'conformance/git';
  await product.must(['repo', 'create', repository]);
  const tree = await product.tree(repository);
  const commit = await tree.push({ 'data.txt': 'data\n'.repeat(10_000) });
  const basic = Buffer.from(`git:${await product.token()}`).toString('base64');
  const git = (...args: readonly string[]) =>
    run('git', ['-c', `http.extraheader=Authorization: Basic ${basic}`, ...args], {
      env: product.env,
      timeout: 30_000,
    });
  const url = `${product.url}/${repository}.git`;
  const into = (name: string) => join(product.folder, `clone-${name}`);
  for (const version of ['0', '2']) {
    await tell(report, `server: git clone, protocol ${version}`, async () => {
      await git('-c', `protocol.version=${version}`, 'clone', '-q', url, into(version));
      if (!(await readFile(join(into(version), 'data.txt'), 'utf8')).startsWith('data')) throw new Error('other data');
    });
    await tell(report, `server: git fetch of a commit by its id, depth 1, protocol ${version}`, async () => {
      await git('init', '-q', into(`id-${version}`));
      await git(
        '-C',
        into(`id-${version}`),
        '-c',
        `protocol.version=${version}`,
        'fetch',
        '-q',
        '--depth=1',
        url,
        commit,
      );
    });
    await tell(report, `server: git push, protocol ${version}`, async () => {
      const place = into(version);
      const who = ['-c', 'user.name=Octo', '-c', 'user.email=octo@example.org'];
      await git('-C', place, ...who, 'commit', '-q', '--allow-empty', '-m', `by ${version}`);
      await git('-C', place, '-c', `protocol.version=${version}`, 'push', '-q', url, `HEAD:refs/heads/by-${version}`);
    });
  }
  await tell(report, 'server: git partial clone', async () => {
    await git('clone', '-q', '--filter=blob:none', url, into('partial'));
  });
}

async function checkActions(
  product: Product,
  mirror: string,
  { report, skip }: { readonly report: Report; readonly skip: (name: string, why: string) => void },
): Promise<void> {
  const up = await newestIn(mirror, `${OWNER}/upload-artifact`);
  const down = await newestIn(mirror, `${OWNER}/download-artifact`);
  const scenarios = scenariosOf(up, down).map((scenario) => underOwner(scenario));
  for (const [index, scenario] of scenarios.entries()) {
    const name = `server: ${scenario.name}`;
    const missing = await missingIn(mirror, scenario.uses);
    if (missing.length > 0) {
      skip(name, missing.join(', '));
      continue;
    }
    await tell(report, name, async () => {
      const files = { '.github/workflows/ci.yml': `name: ci\non: push\njobs:${scenario.jobs}` };
      const log = await ranWell(product, `conformance/actions-${index}`, files);
      if (!log.includes(PROOF)) throw new Error(`it proved nothing: ${log.slice(-3000)}`);
    });
  }
}

function underOwner({ name, uses, jobs }: Scenario): Scenario {
  const move = (text: string) => text.replaceAll('actions/', `${OWNER}/`);
  return { name, uses: uses.map(move), jobs: jobs.replaceAll(/uses: actions\//g, `uses: ${OWNER}/`) };
}
