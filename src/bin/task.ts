import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Interrupt, RunRequest } from '../cli/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import { EGRESS_FILE, type PresetName } from '../egress/index.ts';
import type { Machine } from './commands.ts';
import { loadRun, startEarly } from './early.ts';

/** Lines of output that are kept for the person when a task fails. */
const TAIL_LINES_MAX = 40;

/** One script in a sandbox of its own, with files and an egress list of our making. */
export type TaskRequest = {
  /** Path below the workspace to content. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** For bash, in the workspace. */
  readonly script: string;
  readonly presets: readonly PresetName[];
  /** `host:port`, besides the sets. */
  readonly allow: readonly string[];
  readonly minutesMax: number;
  /** Files of the workspace that are wanted back when the script succeeded. */
  readonly collect: readonly string[];
};

export type TaskResult = {
  readonly ok: boolean;
  /** The last lines of the script's output. */
  readonly tail: readonly string[];
  /** Hosts that it wanted and that are not listed. */
  readonly refused: readonly string[];
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/**
 * Runs a script the way a job runs: the same engine, walls, gateway and limits. Nothing of the person's repository is its
 * workspace, only the given files, and no secret is in it.
 */
export async function runTask(machine: Machine, task: TaskRequest, interrupt: Interrupt): Promise<TaskResult> {
  await mkdir(machine.places.state, { recursive: true });
  const folder = await mkdtemp(join(machine.places.state, 'task-'));
  try {
    const work = join(folder, 'work');
    await writeAll(work, new Map([...withoutWorkflows(task.files), ...ownFiles(task)]));
    const own: Machine = { ...machine, places: { ...machine.places, state: join(folder, 'state') } };
    const tail: string[] = [];
    const refused = new Set<string>();
    const onEvent = (event: EngineEvent) => {
      if (event.kind !== 'job') return;
      const { event: inner } = event;
      if (inner.kind === 'log' && inner.step === 'task' && inner.style === undefined) {
        tail.push(inner.text);
        if (tail.length > TAIL_LINES_MAX) tail.shift();
      }
      if (inner.kind === 'egress' && inner.record.verdict === 'denied') refused.add(inner.record.host);
    };
    const artifactsTo = join(folder, 'collected');
    const request = requestFor(work, task.collect.length === 0 ? undefined : artifactsTo);
    const early = startEarly(own, request);
    try {
      const { run } = await loadRun();
      const result = await run(own, request, onEvent, interrupt, early);
      const ok = result.kind === 'finished' && result.conclusion === 'success';
      return {
        ok,
        tail,
        refused: [...refused].sort(),
        files: ok ? await collected(artifactsTo, task.collect) : new Map(),
      };
    } finally {
      await early.executor.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The workflows of the repository are not what is run, and its egress list is not what is allowed. */
function withoutWorkflows(files: TaskRequest['files']): TaskRequest['files'] {
  return new Map([...files].filter(([path]) => !path.startsWith('.github/workflows/') && path !== EGRESS_FILE));
}

function ownFiles({ script, presets, allow, minutesMax, collect }: TaskRequest): TaskRequest['files'] {
  const steps: unknown[] = [{ uses: 'actions/checkout@v4' }, { id: 'task', shell: 'bash', run: script }];
  if (collect.length > 0) {
    const path = collect.join('\n');
    steps.push({
      uses: 'actions/upload-artifact@v4',
      with: { name: 'collected', path, 'if-no-files-found': 'ignore', 'include-hidden-files': true },
    });
  }
  const workflow = {
    on: 'push',
    permissions: { contents: 'read' },
    jobs: { task: { 'runs-on': 'ubuntu-latest', 'timeout-minutes': minutesMax, steps } },
  };
  // JSON is YAML, and needs no quoting of our own.
  return new Map([
    ['.github/workflows/task.yml', JSON.stringify(workflow, null, 2)],
    [EGRESS_FILE, JSON.stringify({ presets, allow })],
  ]);
}

async function writeAll(root: string, files: TaskRequest['files']): Promise<void> {
  for (const [path, content] of files) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o755 });
  }
}

/** An artifact of one file keeps its name only; of several, the paths below what they share. */
async function collected(folder: string, wanted: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const path of wanted) {
    for (const name of [path, path.slice(path.lastIndexOf('/') + 1)]) {
      const content = await readFile(join(folder, 'collected', name)).catch(() => undefined);
      if (content !== undefined && !found.has(path)) found.set(path, content);
    }
  }
  return found;
}

function requestFor(directory: string, artifactsTo: string | undefined): RunRequest {
  return {
    directory,
    files: [],
    jobs: [],
    eventName: undefined,
    eventFile: undefined,
    matrix: {},
    inputs: {},
    vars: {},
    secrets: {},
    keep: false,
    shell: false,
    artifactsTo,
    failed: false,
    learn: false,
    require: [],
    actionsMirror: undefined,
    builtin: true,
    skipUnrunnable: false,
    allowPrivate: [],
    tools: [],
    jobsAtOnce: 1,
    debug: false,
  };
}
