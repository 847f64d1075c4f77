import { lstat, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openActionStore } from '../actions/index.ts';
import { reasonOf, silentLog, systemClock } from '../base/index.ts';
import type { FixReport, FixTests, Interrupt, ScanCommandRequest, ScanFixOptions } from '../cli/index.ts';
import type { Finding } from '../finding/index.ts';
import {
  detectTests,
  type FixResult,
  fixFindings,
  type FixTools,
  parseObjection,
  type TestCommand,
} from '../fix/index.ts';
import { openScan, type ScanSession } from '../scan/index.ts';
import type { Tree } from '../source/index.ts';
import type { Machine } from './commands.ts';
import { networkEnvironment } from './environment.ts';
import { findProgram } from './executor.ts';
import { fault } from './faults.ts';
import { createResolver } from './fix-resolve.ts';
import { abortOn, scanDeps, scanRequest } from './scan.ts';
import { runTask, type TaskResult } from './task.ts';

const MIB = 1024 ** 2;
/** A larger tree is not copied into a sandbox for its tests. */
const TEST_TREE_BYTES_MAX = 512 * MIB;
const TEST_MINUTES_MAX = 20;
/** How often tests are run at most: before, after, and to find the fixes that break them. */
const TEST_RUNS_MAX = 24;

/**
 * `sallyport scan --fix`: mends what can be mended and proves it by new scans and by the repository's own tests, before one file is
 * written. With `dryRun` nothing is written at all.
 */
export async function scanAndFix(
  machine: Machine,
  request: ScanCommandRequest,
  options: ScanFixOptions,
  interrupt: Interrupt,
): Promise<FixReport> {
  const { abort, stop } = abortOn(interrupt);
  const session = await openScan(
    scanRequest(request),
    scanDeps(machine, request, { signal: abort.signal, onProgress: options.onProgress }),
  );
  try {
    const tools = await toolsFor(machine, session, { options, interrupt });
    const first = { findings: session.result.findings, gaps: session.result.gaps };
    const refix: Refix = (leaveOut) => fixFindings(first, tools, leaveOut);
    const whole = await refix(() => undefined);
    const tests = new Tests(machine, { request, options, interrupt });
    const { result, outcome } = await tests.verify(whole, refix, session.tree);
    const changes = await changesOf(session, result);
    if (!options.dryRun) await writeChanges(request.root, changes);
    return { ...result, before: first, changes, tests: outcome };
  } finally {
    stop();
    await session.close();
  }
}

async function toolsFor(
  machine: Machine,
  session: ScanSession,
  { options, interrupt }: { readonly options: ScanFixOptions; readonly interrupt: Interrupt },
): Promise<FixTools> {
  const readText = (path: string) => session.readText(path);
  const actions = await openActionStore({
    dir: join(machine.places.cache, 'actions'),
    allowRemote: true,
    git: findProgram(machine.env, 'git'),
    clock: systemClock,
    log: silentLog,
    networkEnv: networkEnvironment(machine.env),
    ...(options.actionsMirror === undefined ? {} : { mirror: options.actionsMirror }),
  });
  return {
    readText,
    rescan: (overlay) => session.rescan(overlay),
    resolve: createResolver({ machine, actions, interrupt, request: fetch, readText }),
    objection: parseObjection,
    onProgress: ({ mended, open }) => options.onNote(`${mended} mended, ${open} open`),
  };
}

type Refix = (leaveOut: (finding: Finding) => string | undefined) => Promise<FixResult>;

/** Runs the tests of a repository with and without the fixes, each time in a sandbox of its own. */
class Tests {
  readonly #machine: Machine;
  readonly #request: ScanCommandRequest;
  readonly #options: ScanFixOptions;
  readonly #interrupt: Interrupt;
  #runs = 0;

  constructor(
    machine: Machine,
    {
      request,
      options,
      interrupt,
    }: { readonly request: ScanCommandRequest; readonly options: ScanFixOptions; readonly interrupt: Interrupt },
  ) {
    this.#machine = machine;
    this.#request = request;
    this.#options = options;
    this.#interrupt = interrupt;
  }

  async verify(
    whole: FixResult,
    refix: Refix,
    tree: Tree,
  ): Promise<{ readonly result: FixResult; readonly outcome: FixTests }> {
    if (whole.overlay.size === 0) return { result: whole, outcome: { kind: 'not-needed' } };
    if (!this.#options.runTests) return { result: whole, outcome: { kind: 'not-run', reason: '--no-tests was given' } };
    const commands = await this.#commands(tree);
    if (commands.length === 0) return { result: whole, outcome: { kind: 'none' } };
    const name = commands.map((command) => command.name).join(', ');
    const files = await readAll(tree);
    if (files === undefined) {
      const reason = `the tree has more than ${TEST_TREE_BYTES_MAX / MIB} MiB`;
      return { result: whole, outcome: { kind: 'not-run', reason } };
    }
    const run = (overlay: FixResult['overlay']) =>
      this.#run(commands, new Map<string, string | Uint8Array>([...files, ...overlay]));
    const before = await run(new Map());
    if (!before.ok) return { result: whole, outcome: { kind: 'failed-before', name, tail: before.tail } };
    const after = await run(whole.overlay);
    if (after.ok) return { result: whole, outcome: { kind: 'passed', name } };
    const kept = await this.#withoutBreaking(whole, refix, run);
    return { result: kept.result, outcome: { kind: 'passed', name, leftOut: kept.leftOut } };
  }

  /**
   * Splits the fixes until those are known that break the tests: by kind first, since a manifest for a cluster breaks other tests than a
   * raised package, then by rule and file. What can't be tried any more is left out.
   */
  async #withoutBreaking(
    whole: FixResult,
    refix: Refix,
    run: (overlay: FixResult['overlay']) => Promise<TaskResult>,
  ): Promise<{ readonly result: FixResult; readonly leftOut: readonly string[] }> {
    const open = [...Map.groupBy(whole.mended, ({ finding }) => finding.kind).values()].map((mended) => [
      ...new Set(mended.map(({ finding }) => unitOf(finding))),
    ]);
    const kept = new Set<string>();
    const leftOut = new Map<string, string>();
    let result = await refix(() => 'its fix was not tried');
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      const wanted = new Set([...kept, ...group]);
      if (this.#runs >= TEST_RUNS_MAX) {
        for (const unit of group)
          leftOut.set(unit, `the limit of ${TEST_RUNS_MAX} runs of the tests was reached before it`);
        continue;
      }
      const tried = await refix((finding) => (wanted.has(unitOf(finding)) ? undefined : 'its fix was not tried'));
      if ((await run(tried.overlay)).ok) {
        for (const unit of group) kept.add(unit);
        result = tried;
      } else if (group.length > 1) {
        open.push(...halves(group));
      } else {
        leftOut.set(group[0] ?? '', 'the tests fail with its fix');
      }
    }
    // The same texts once more, with the reasons that are known now.
    if (leftOut.size > 0) result = await refix((finding) => leftOut.get(unitOf(finding)));
    return { result, leftOut: [...leftOut.keys()].map((unit) => unit.replace('\n', ' in ')) };
  }

  async #run(commands: readonly TestCommand[], files: ReadonlyMap<string, string | Uint8Array>): Promise<TaskResult> {
    this.#runs += 1;
    this.#options.onNote(`running ${commands.map(({ name }) => name).join(', ')} in a sandbox (${this.#runs})`);
    const script = commands.map((command) => `(\n${command.script}\n)`).join('\n');
    const presets = [...new Set(commands.flatMap((command) => command.presets))];
    const task = { files, script, presets, allow: [], minutesMax: TEST_MINUTES_MAX, collect: [] };
    return runTask(this.#machine, task, this.#interrupt);
  }

  async #commands(tree: Tree): Promise<readonly TestCommand[]> {
    const { testCommand } = this.#options;
    if (testCommand !== undefined) {
      return [{ name: testCommand, script: testCommand, presets: ['npm', 'pypi', 'crates', 'go', 'maven'] }];
    }
    const paths = (await tree.list()).map(({ path }) => path);
    const known = new Set(paths);
    return detectTests({
      has: (path) => known.has(path),
      some: (pattern) => paths.some((path) => pattern.test(path)),
      text: async (path) => (known.has(path) ? readFile(join(this.#request.root, path), 'utf8') : undefined),
    });
  }
}

/** What is tried or left out as one. */
function unitOf({ rule, place }: Finding): string {
  return `${rule}\n${place.file}`;
}

function halves(list: readonly string[]): string[][] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(middle), list.slice(0, middle)].filter((half) => half.length > 0);
}

/** Every file of the tree, or nothing when they are too many bytes. */
async function readAll(tree: Tree): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const entry of await tree.list()) {
    if (entry.kind !== 'file') continue;
    bytes += entry.bytes;
    if (bytes > TEST_TREE_BYTES_MAX) return undefined;
    const reading = await tree.read(entry);
    if (reading.ok) files.set(entry.path, reading.bytes);
  }
  return files;
}

async function changesOf(session: ScanSession, { overlay }: FixResult): Promise<FixReport['changes']> {
  return Promise.all(
    [...overlay].map(async ([path, after]) => ({ path, before: (await session.readText(path)) ?? '', after })),
  );
}

/** Each file as a whole or not at all. One that changed since it was scanned, or is no plain file any more, stops everything. */
async function writeChanges(root: string, changes: FixReport['changes']): Promise<void> {
  for (const { path, before } of changes) {
    const found = await lstat(join(root, path)).catch(() => undefined);
    const text = found?.isFile() === true ? await readFile(join(root, path), 'utf8') : undefined;
    if (text !== before) throw fault('file-changed', `${path} changed while it was scanned; nothing was written`);
  }
  for (const { path, after } of changes) {
    const target = join(root, path);
    const draft = `${target}.sallyport-${process.pid}`;
    try {
      const { mode } = await stat(target);
      await writeFile(draft, after, { mode, flag: 'wx' });
      await rename(draft, target);
    } catch (thrown) {
      await rm(draft, { force: true });
      throw fault('file-unwritable', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
    }
  }
}
