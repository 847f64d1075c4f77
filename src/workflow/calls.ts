import { CALL_DEPTH_MAX, JOBS_MAX } from './limits.ts';
import type {
  CallJob,
  Diagnostic,
  InputDefinition,
  Job,
  Permissions,
  Reading,
  SecretDefinition,
  Tree,
  Workflow,
} from './model.ts';
import { defaultPermissions, narrowPermissions, permissionViolations } from './permissions.ts';
import { diagnosticOf, type ProblemCode } from './reader-problems.ts';
import { numberText } from './reader-tokens.ts';

/** Where a call stands. */
export type CallPlace = {
  /** Path of the file that holds the calling job, for diagnostics. */
  readonly callerPath: string;
  /** The most that the calling job may have. */
  readonly permissions: Permissions;
};

/**
 * What is wrong with a call: inputs and secrets that are missing, undefined or of another type, and permissions that
 * the called workflow asks for beyond those of the calling job. Places are in the calling file.
 */
export function checkCall(job: CallJob, called: Workflow, place: CallPlace): readonly Diagnostic[] {
  const trigger = called.on.find(({ event }) => event === 'workflow_call');
  if (trigger === undefined) {
    const message = 'workflow_call key is not defined in the referenced workflow.';
    return [diagnosticOf(place.callerPath, 'call-trigger-missing', job.usesAt, message)];
  }
  const call: Call = { job, called, ...place };
  return [
    ...checkInputs(call, trigger.inputs ?? []),
    ...checkSecrets(call, trigger.secrets ?? []),
    ...checkPermissions(call),
  ];
}

type Call = CallPlace & { readonly job: CallJob; readonly called: Workflow };
type Note = {
  readonly code: ProblemCode;
  readonly at: { readonly line: number; readonly column: number };
  readonly message: string;
  readonly remedy?: string;
};

function checkInputs(
  { callerPath, job, called }: Call,
  definitions: readonly InputDefinition[],
): readonly Diagnostic[] {
  const given = new Map(job.with.map((input) => [input.name.toLowerCase(), input] as const));
  const notes: Note[] = [];
  const wrongDefaults: Diagnostic[] = [];
  for (const definition of definitions) {
    const { name, type, required } = definition;
    const value = given.get(name.toLowerCase());
    if (definition.default !== undefined && !isOfType(definition.default, type)) {
      const message = `Unexpected value '${treeText(definition.default)}'`;
      wrongDefaults.push(diagnosticOf(called.path, 'call-input-type', definition.at, message, `Write a ${type}.`));
    }
    if (value === undefined) {
      if (required) {
        const message = `Input ${name} is required, but not provided while calling.`;
        notes.push({
          code: 'call-input-missing',
          at: job.usesAt,
          message,
          remedy: `Add \`${name}:\` under \`with:\`.`,
        });
      }
    } else if (!isOfType(value.value, type)) {
      const message = `Unexpected value '${treeText(value.value)}'`;
      notes.push({ code: 'call-input-type', at: value.at, message, remedy: `The input ${name} is a ${type}.` });
    }
  }
  const known = new Set(definitions.map(({ name }) => name.toLowerCase()));
  for (const { name, at } of job.with) {
    if (known.has(name.toLowerCase())) continue;
    const message = `Invalid input, ${name} is not defined in the referenced workflow.`;
    notes.push({ code: 'call-input-undefined', at, message });
  }
  return [...wrongDefaults, ...notesOf(callerPath, notes)];
}

function checkSecrets({ callerPath, job }: Call, definitions: readonly SecretDefinition[]): readonly Diagnostic[] {
  if (job.secrets === 'inherit') return [];
  const given = new Set(job.secrets.map(({ name }) => name.toLowerCase()));
  const known = new Set(definitions.map(({ name }) => name.toLowerCase()));
  const notes: Note[] = [];
  for (const { name, required } of definitions) {
    if (!required || given.has(name.toLowerCase())) continue;
    const message = `Secret ${name} is required, but not provided while calling.`;
    notes.push({ code: 'call-secret-missing', at: job.usesAt, message });
  }
  for (const { name, at } of job.secrets) {
    if (known.has(name.toLowerCase())) continue;
    const message = `Invalid secret, ${name} is not defined in the referenced workflow.`;
    notes.push({ code: 'call-secret-undefined', at, message });
  }
  return notesOf(callerPath, notes);
}

function checkPermissions({ callerPath, job, called, permissions: max }: Call): readonly Diagnostic[] {
  const notes: Note[] = [];
  const add = (who: string, requested: Permissions) => {
    const violations = permissionViolations(max, requested);
    if (violations.length === 0) return;
    const wanted = violations.map((violation) => `${violation.scope}: ${violation.requested}`).join(', ');
    const allowed = violations.map((violation) => `${violation.scope}: ${violation.allowed}`).join(', ');
    const message = `Error calling workflow '${job.uses}'. The ${who} is requesting '${wanted}', but is only allowed '${allowed}'.`;
    notes.push({ code: 'call-permissions', at: job.at, message });
  };
  if (called.permissions !== undefined) add(`workflow '${job.uses}'`, called.permissions);
  for (const { id, name, permissions } of called.jobs) {
    const shown = typeof name === 'string' && name !== '' ? name : id;
    if (permissions !== undefined) add(`nested job '${shown}'`, permissions);
  }
  return notesOf(callerPath, notes);
}

function notesOf(path: string, notes: readonly Note[]): readonly Diagnostic[] {
  return notes.map(({ code, at, message, remedy }) => diagnosticOf(path, code, at, message, remedy));
}

/** Whether a value may be given for an input of this type: an expression may, texts are made of numbers and booleans. */
function isOfType(value: Tree, type: InputDefinition['type']): boolean {
  if (typeof value === 'object' && value !== null) return value.kind === 'template';
  if (type === 'boolean') return typeof value === 'boolean';
  if (type === 'number') return typeof value === 'number';
  return true;
}

function treeText(tree: Tree): string {
  if (tree === null) return '';
  if (typeof tree === 'number') return numberText(tree);
  return typeof tree === 'object' ? `a ${tree.kind}` : String(tree);
}

/**
 * What a job may do: its own permissions, else those of its workflow, else what the workflow was given: the most that
 * its caller allows, or the default (`contents: read`) when nobody called it. Never more than the caller allows.
 */
export function jobPermissions(job: Job, workflow: Workflow, max?: Permissions): Permissions {
  const own = job.permissions ?? workflow.permissions;
  if (max === undefined) return own ?? defaultPermissions();
  return own === undefined ? max : narrowPermissions(max, own);
}

/** A workflow with all that it calls. */
export type WorkflowTree = {
  readonly workflow: Workflow;
  /** The most that jobs here may have; nothing in a workflow that nobody called. */
  readonly max?: Permissions;
  /** By the id of the calling job. */
  readonly calls: ReadonlyMap<string, WorkflowTree>;
};

export type LoadCallsOptions = {
  /** Finds and reads the workflow that a job calls. An error names the calling place where the file was not found. */
  readonly resolve: (job: CallJob, from: Workflow) => Promise<Reading<Workflow>>;
  /** What a workflow without `permissions:` has; default `contents: read`. */
  readonly defaultPermissions?: Permissions;
  readonly depthMax?: number;
  readonly jobsMax?: number;
};

/** Loads all workflows that a workflow calls, at any depth, and checks each call. */
export async function loadCalls(workflow: Workflow, options: LoadCallsOptions): Promise<Reading<WorkflowTree>> {
  const loading: Loading = {
    ...options,
    depthMax: options.depthMax ?? CALL_DEPTH_MAX,
    jobsMax: options.jobsMax ?? JOBS_MAX,
    jobs: 0,
  };
  return loadLevel(workflow, undefined, 0, loading);
}

type Loading = LoadCallsOptions & { readonly depthMax: number; readonly jobsMax: number; jobs: number };

async function loadLevel(
  workflow: Workflow,
  max: Permissions | undefined,
  depth: number,
  loading: Loading,
): Promise<Reading<WorkflowTree>> {
  const calls = new Map<string, WorkflowTree>();
  loading.jobs += workflow.jobs.length;
  const last = workflow.jobs.at(-1);
  if (loading.jobs > loading.jobsMax && last !== undefined) {
    const message = `The workflow may not contain more than ${loading.jobsMax} jobs`;
    return { ok: false, errors: [diagnosticOf(workflow.path, 'call-jobs', last.at, message)] };
  }
  for (const job of workflow.jobs) {
    if (job.kind !== 'call') continue;
    if (depth >= loading.depthMax) {
      const message = `Nested reusable workflow depth exceeded ${loading.depthMax}.`;
      return { ok: false, errors: [diagnosticOf(workflow.path, 'call-depth', job.usesAt, message)] };
    }
    const called = await loading.resolve(job, workflow);
    if (!called.ok) return called;
    const own = job.permissions ?? workflow.permissions;
    const granted =
      own === undefined
        ? (max ?? loading.defaultPermissions ?? defaultPermissions())
        : max === undefined
          ? own
          : narrowPermissions(max, own);
    const errors = checkCall(job, called.value, { callerPath: workflow.path, permissions: granted });
    if (errors.length > 0) return { ok: false, errors };
    const inner = await loadLevel(called.value, granted, depth + 1, loading);
    if (!inner.ok) return inner;
    calls.set(job.id, inner.value);
  }
  return { ok: true, value: max === undefined ? { workflow, calls } : { workflow, max, calls } };
}
