import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { type DataObject, excerpt, isFault, reasonOf, type TrustLevel } from '../base/index.ts';
import { type Event, githubContext, localEvent } from '../event/index.ts';
import {
  type PlannedInstance,
  type PlannedJob,
  type PlannedWorkflow,
  planWorkflow,
  type ReadWorkflow,
} from '../plan/index.ts';
import { type Diagnostic, type Maybe, type Step, type Workflow, type WorkflowReader } from '../workflow/index.ts';
import { fault } from './faults.ts';
import { SERVER_URL } from './options.ts';
import { naturalEvent } from './select.ts';

/** Files that are looked at in one tree. */
export const TREE_FILES_MAX = 20_000;
/** Folders below each other in one tree. */
const TREE_DEPTH_MAX = 32;
/** Larger files are no workflow files: the reader's own limit is lower. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** One workflow file as `sallyport plan --json` prints it. */
export type FilePlan = {
  /** Relative to the folder that the paths were given in, or as given. */
  readonly file: string;
  readonly ok: boolean;
  readonly name: string;
  readonly on: readonly string[];
  readonly jobs: readonly FilePlanJob[];
  readonly errors: readonly Diagnostic[];
  /** What a run would refuse on this machine: container work. */
  readonly refusedAtRun: readonly Diagnostic[];
  readonly digest?: string;
  readonly notes: readonly string[];
};

export type FilePlanJob = {
  /** `build`, `build (18, linux)`, `call / build`. */
  readonly id: string;
  readonly name: string;
  readonly needs: readonly string[];
  readonly runsOn: readonly string[];
  readonly matrix: DataObject | null;
  readonly permissions: { readonly [scope: string]: string };
  readonly environment: string | null;
  readonly level: TrustLevel;
  readonly steps: readonly FilePlanStep[];
  /** It becomes one or more jobs when outputs of others are known. */
  readonly deferred: boolean;
};

export type FilePlanStep = {
  readonly id: string;
  readonly kind: Step['kind'];
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
};

export type PlanFilesRequest = {
  /** Files and folders, absolute; none: the folder. */
  readonly paths: readonly string[];
  readonly folder: string;
  readonly eventName?: string;
  readonly payload?: DataObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Looks at every YAML file of a tree that has `on` and `jobs`, not only at `.github/workflows`. */
  readonly wholeTree?: boolean;
};

/**
 * Plans workflow files as they lie on the disk, without running anything and without fetching what is called from other
 * repositories. A file that is wrong gives its errors; no input makes it throw but a path that is not there.
 */
export async function planFiles(
  request: PlanFilesRequest,
  deps: { readonly reader: WorkflowReader },
): Promise<readonly FilePlan[]> {
  const files = await findFiles(request);
  const plans: FilePlan[] = [];
  for (const file of files) plans.push(await planFile(file, request, deps.reader));
  return plans;
}

async function findFiles({ paths, folder, wholeTree }: PlanFilesRequest): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths.length === 0 ? [folder] : paths) {
    const kind = await stat(path).catch(() => undefined);
    if (kind === undefined) throw fault('workflow-missing', `there is no ${excerpt(path)}`);
    if (!kind.isDirectory()) found.push(path);
    else found.push(...(await filesOfFolder(path, wholeTree === true)));
  }
  return [...new Set(found)];
}

/** `.github/workflows` of a folder; of another folder the workflow files directly in it; else those of the whole tree. */
async function filesOfFolder(folder: string, wholeTree: boolean): Promise<readonly string[]> {
  if (!wholeTree) {
    for (const place of [join(folder, '.github/workflows'), folder]) {
      const names = await readdir(place).catch(() => []);
      const files = names
        .filter(isYaml)
        .map((name) => join(place, name))
        .sort();
      const workflows = place === folder ? await filterWorkflows(files) : files;
      if (workflows.length > 0) return workflows;
    }
  }
  const files: string[] = [];
  await walk(folder, 0, files);
  return filterWorkflows(files.sort());
}

async function walk(folder: string, depth: number, files: string[]): Promise<void> {
  if (depth > TREE_DEPTH_MAX) return;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules') {
      await walk(join(folder, entry.name), depth + 1, files);
    } else if (entry.isFile() && isYaml(entry.name)) files.push(join(folder, entry.name));
    if (files.length > TREE_FILES_MAX) throw fault('snapshot-too-large', `more than ${TREE_FILES_MAX} YAML files`);
  }
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

/** Of YAML files anywhere, those that have what only a workflow has at its top. */
async function filterWorkflows(files: readonly string[]): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const file of files) {
    const text = await textOf(file);
    if (text === undefined || (/^["']?on["']?\s*:/m.test(text) && /^["']?jobs["']?\s*:/m.test(text))) kept.push(file);
  }
  return kept;
}

/** The text of a file that is not too large. A pipe or a device is never opened: that could wait, or read, for ever. */
async function textOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true || found.size > FILE_BYTES_MAX) return undefined;
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Why `textOf` gave nothing. */
async function reasonWithoutText(file: string): Promise<{ readonly message: string; readonly remedy: string }> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return { message: 'the file is not there', remedy: 'Name a workflow file that exists.' };
  if (!found.isFile()) return { message: 'this is no regular file', remedy: 'Name a workflow file.' };
  if (found.size > FILE_BYTES_MAX) {
    const message = `the file has ${found.size} bytes, which is more than ${FILE_BYTES_MAX}`;
    return { message, remedy: 'Split it: move jobs into reusable workflows or scripts into files.' };
  }
  return { message: 'the file may not be read', remedy: 'Make it readable for you.' };
}

async function planFile(path: string, request: PlanFilesRequest, reader: WorkflowReader): Promise<FilePlan> {
  const file = shownPath(request.folder, path);
  const failed = (errors: readonly Diagnostic[]): FilePlan => ({
    file,
    ok: false,
    name: file,
    on: [],
    jobs: [],
    errors,
    refusedAtRun: [],
    notes: [],
  });
  const text = await textOf(path);
  if (text === undefined) {
    const { message, remedy } = await reasonWithoutText(path);
    return failed([{ file, line: 1, column: 1, code: 'plan/file-unreadable', message, remedy }]);
  }
  try {
    const reading = await reader.readWorkflow(file, text);
    if (!reading.ok) return failed(reading.errors);
    return await planRead(reading.value, path, request, reader);
  } catch (thrown) {
    // A fault names what is wrong with the file or the event; anything else is our own mistake and is not hidden.
    if (!isFault(thrown)) throw thrown;
    const { line, column } = thrown.at ?? { line: 1, column: 1 };
    return failed([{ file, line, column, code: thrown.code, message: reasonOf(thrown), remedy: thrown.help }]);
  }
}

async function planRead(
  workflow: Workflow,
  path: string,
  request: PlanFilesRequest,
  reader: WorkflowReader,
): Promise<FilePlan> {
  const event = eventOf(workflow, request);
  const root = await rootOf(path, request.folder);
  const planning = await planWorkflow({
    event,
    workflow,
    github: githubContext(event, {
      runId: 1,
      runNumber: 1,
      attempt: 1,
      workflowName: workflow.name ?? workflow.path,
      workflowPath: workflow.path,
      serverUrl: SERVER_URL,
      retentionDays: 90,
    }),
    vars: {},
    readWorkflow: diskWorkflows(root, reader),
    pins: {},
    locked: false,
    tentative: request.eventName === undefined && request.payload === undefined,
  });
  const shared = {
    file: workflow.path,
    name: workflow.name ?? workflow.path,
    on: workflow.on.map(({ event }) => event),
  };
  if (!planning.ok) {
    return { ...shared, ok: false, jobs: [], errors: planning.errors, refusedAtRun: [], notes: [] };
  }
  const { plan, digest, notes } = planning;
  return {
    ...shared,
    ok: true,
    jobs: jobsOf(plan.root, '', ''),
    errors: [],
    refusedAtRun: refusalsOf(plan.root),
    digest,
    notes,
  };
}

/** The event that was named; without one, a stand-in for the workflow's own first trigger. */
function eventOf(workflow: Workflow, request: PlanFilesRequest): Event {
  const zero = '0'.repeat(40);
  const facts = {
    owner: 'local',
    name: 'repository',
    repositoryId: 1,
    ownerId: 1,
    defaultBranch: 'main',
    branch: 'main',
    commit: zero,
    dirty: false,
    commits: {},
  };
  const name = request.eventName ?? (request.payload === undefined ? naturalEvent(workflow) : undefined);
  const event = localEvent({
    facts,
    actor: { login: 'local', id: 1 },
    ...(name === undefined && request.payload === undefined ? { eventName: 'push' } : {}),
    ...(name === undefined ? {} : { eventName: name }),
    ...(request.payload === undefined ? {} : { payload: request.payload }),
    serverUrl: SERVER_URL,
    now: request.now,
  });
  // A workflow that is only ever called has the inputs of its caller: they are text of whoever that is.
  return name === undefined && request.payload === undefined ? { ...event, name: 'workflow_call' } : event;
}

/** The folder that `./` in `uses:` starts at: the repository around the file, or the folder that was given. */
async function rootOf(path: string, folder: string): Promise<string> {
  const parts = path.split('/.github/workflows/');
  if (parts.length > 1) return parts.slice(0, -1).join('/.github/workflows/');
  let place = dirname(path);
  for (let depth = 0; depth < TREE_DEPTH_MAX; depth += 1) {
    if (
      await stat(join(place, '.git')).then(
        () => true,
        () => false,
      )
    )
      return place;
    const parent = dirname(place);
    if (parent === place) break;
    place = parent;
  }
  return folder;
}

function diskWorkflows(root: string, reader: WorkflowReader): ReadWorkflow {
  return async (source, path) => {
    if (source.kind === 'remote') return 'unknown';
    const file = join(root, path);
    if (relative(root, file).startsWith('..')) return { missing: `${path} leaves the repository` };
    const text = await textOf(file);
    if (text === undefined) return { missing: `there is no file ${path}` };
    return { reading: await reader.readWorkflow(path, text), source };
  };
}

function shownPath(folder: string, path: string): string {
  const shown = isAbsolute(path) ? relative(folder, path) : path;
  return shown === '' || shown.startsWith('..') ? path : shown;
}

function jobsOf(workflow: PlannedWorkflow, prefix: string, namePrefix: string): readonly FilePlanJob[] {
  return workflow.jobs.flatMap((job): readonly FilePlanJob[] => {
    const instances: readonly (PlannedInstance | undefined)[] = job.expansion?.instances ?? [undefined];
    return instances.flatMap((instance): readonly FilePlanJob[] => {
      const key = `${prefix}${job.id}${instance?.suffix ?? ''}`;
      const name = `${namePrefix}${instance?.name ?? job.id}`;
      if (job.kind === 'call' && job.callee !== undefined) return jobsOf(job.callee, `${key} / `, `${name} / `);
      return [jobOf(job, instance, { key, name, prefix })];
    });
  });
}

function jobOf(
  job: PlannedJob,
  instance: PlannedInstance | undefined,
  { key, name, prefix }: { readonly key: string; readonly name: string; readonly prefix: string },
): FilePlanJob {
  const hasMatrix = job.definition.strategy?.matrix !== undefined;
  return {
    id: key,
    name,
    needs: job.needs.map((id) => `${prefix}${id}`),
    runsOn: instance?.runsOn.labels ?? [],
    matrix: hasMatrix && instance !== undefined ? instance.matrix : null,
    permissions: { ...job.permissions },
    environment: instance?.environment?.name ?? null,
    level: job.level,
    steps: job.kind === 'job' ? job.definition.steps.flatMap(stepsOf) : [],
    deferred: instance === undefined,
  };
}

function stepsOf(step: Step): readonly FilePlanStep[] {
  const inner = step.kind === 'parallel' ? step.steps.flatMap(stepsOf) : [];
  return [
    {
      id: step.id,
      kind: step.kind,
      ...(step.name === undefined ? {} : { name: sourceText(step.name) }),
      ...(step.kind === 'uses' ? { uses: step.uses } : {}),
      ...(step.kind === 'run' ? { run: sourceText(step.run) } : {}),
    },
    ...inner,
  ];
}

/** A template as it stands in the file. */
function sourceText(value: Maybe<string>): string {
  if (typeof value === 'string') return value;
  return value.parts.map((part) => ('literal' in part ? part.literal : `\${{ ${part.expression} }}`)).join('');
}

function refusalsOf(workflow: PlannedWorkflow): readonly Diagnostic[] {
  return workflow.jobs.flatMap((job) => {
    if (job.kind === 'job') return job.refusals;
    return job.callee === undefined ? [] : refusalsOf(job.callee);
  });
}
