import type { Expression, ExpressionReader } from './expressions.ts';
import { highest, type Reached } from './guards.ts';
import { foreignOf, headOfScalar } from './foreign.ts';
import { type Head, type HeadScope, headOfScript } from './heads.ts';
import type { Foreign, ScriptView, StepView, UnitView } from './views.ts';
import { HEAD_OUTPUTS, OUTSIDE_OUTPUTS, PASSING_INPUTS, READING_ACTIONS } from './knowledge.ts';
import type { AuditedJob, AuditedStep, AuditedWorkflow } from './model.ts';
import { inputNode, inputOf } from './model.ts';
import { type JobReach, stepReach } from './reach.ts';
import { commandsOf, fileWritesOf } from './script.ts';
import { MARK_CLOSE, MARK_OPEN, readScript } from './script-taint.ts';
import { join, type Scope, type Source, type Taint, taintOfTree } from './taint.ts';
import { at, entriesOf, type Scalar, scalarsOf, type YamlNode } from './yaml-tree.ts';

export type Inputs = (name: string) => Taint;

type Outputs = Map<string, Map<string, Taint>>;

/** What the parts of one file hand each other. */
export type FlowContext = {
  readonly reader: ExpressionReader;
  readonly input: Inputs;
  readonly workflowEnv: ReadonlyMap<string, Taint>;
  /** Job id to its outputs, lower case. */
  readonly jobOutputs: Outputs;
  readonly jobHeads: Map<string, Head>;
  /** Inputs are taken for what callers may hand over: the head of a change. */
  readonly isCalled: boolean;
};

/** Levels of jobs that need each other; a longer chain is followed so far. */
const PASSES = 3;

/** Follows the texts of outsiders through all jobs. Jobs come in any order, so that it is done until nothing is new. */
export function analyseWorkflow(
  workflow: AuditedWorkflow,
  reader: ExpressionReader,
  options: { readonly input: Inputs; readonly reach: ReadonlyMap<string, JobReach>; readonly isCalled?: boolean },
): readonly UnitView[] {
  const context: FlowContext = {
    reader,
    input: options.input,
    workflowEnv: new Map(),
    jobOutputs: new Map(),
    jobHeads: new Map(),
    isCalled: options.isCalled ?? false,
  };
  const scope = scopeOf(context, { env: new Map(), steps: new Map() });
  const workflowEnv = envOf(workflow.env, new Map(), scope, reader);
  const needsOutputs = workflow.jobs.some(({ needs }) => needs.length > 0);
  let views: readonly UnitView[] = [];
  for (let pass = 0; pass < (needsOutputs ? PASSES : 1); pass += 1) {
    const before = sizeOf(context.jobOutputs) + context.jobHeads.size;
    views = workflow.jobs.map((job) =>
      analyseJob(job, { ...context, workflowEnv }, options.reach.get(job.id.toLowerCase())),
    );
    if (sizeOf(context.jobOutputs) + context.jobHeads.size === before) break;
  }
  return views;
}

function sizeOf(outputs: Outputs): number {
  let size = 0;
  for (const names of outputs.values()) for (const taint of names.values()) size += taint.length;
  return size;
}

function analyseJob(job: AuditedJob, context: FlowContext, reach: JobReach | undefined): UnitView {
  const state: StepsState = { env: new Map(), steps: new Map(), heads: new Map(), foreign: [] };
  const matrix = at(job.body, 'strategy', 'matrix');
  const base = scopeOf(context, { env: context.workflowEnv, steps: state.steps });
  const withMatrix: FlowContext & { matrix: (name: string) => Taint } = {
    ...context,
    matrix: (name) => taintOfMatrix(matrix, name, base, context.reader),
  };
  for (const [name, taint] of context.workflowEnv) state.env.set(name, taint);
  for (const [name, taint] of envOf(job.env, state.env, base, context.reader)) state.env.set(name, taint);
  const steps = analyseSteps(job.steps, job, withMatrix, { state, reach });
  const scope = scopeOf(withMatrix, { env: state.env, steps: state.steps });
  const outputs = new Map<string, Taint>();
  for (const { key, value } of entriesOf(at(job.body, 'outputs'))) {
    if (value.kind !== 'scalar') continue;
    const taint = taintOfScalar(value, scope, context.reader);
    if (taint.length > 0) outputs.set(key.text.toLowerCase(), taint);
    const head = headOfScalar(value, headScopeOf(context, state), context.reader);
    if (head !== undefined) context.jobHeads.set(`${job.id.toLowerCase()}.${key.text.toLowerCase()}`, head);
  }
  if (job.uses?.text.startsWith('./') === true) {
    const path = job.uses.text.slice(2).split('@')[0] ?? '';
    outputs.set('*', [{ kind: 'output', text: `outputs of ${path}`, name: '*', path, isMultiline: true }]);
  }
  context.jobOutputs.set(job.id.toLowerCase(), outputs);
  return { job, steps, after: scope };
}

/** The steps of a composite action. */
export function analyseAction(steps: readonly AuditedStep[], context: FlowContext): UnitView {
  const state: StepsState = { env: new Map(), steps: new Map(), heads: new Map(), foreign: [] };
  const views = analyseSteps(steps, undefined, context, { state, reach: undefined });
  return { job: undefined, steps: views, after: scopeOf(context, { env: state.env, steps: state.steps }) };
}

function taintOfMatrix(matrix: YamlNode | undefined, name: string, scope: Scope, reader: ExpressionReader): Taint {
  if (matrix === undefined) return [];
  if (matrix.kind === 'scalar') return taintOfScalar(matrix, scope, reader);
  const own = at(matrix, name);
  const include = at(matrix, 'include');
  return join([
    ...[...scalarsOf(own)].map(({ value }) => taintOfScalar(value, scope, reader)),
    ...[...scalarsOf(include)].map(({ value }) => taintOfScalar(value, scope, reader)),
  ]);
}

type StepsState = {
  readonly env: Map<string, Taint>;
  readonly steps: Outputs;
  readonly heads: Map<string, Head>;
  readonly foreign: Foreign[];
};

function analyseSteps(
  steps: readonly AuditedStep[],
  job: AuditedJob | undefined,
  context: FlowContext & { readonly matrix?: (name: string) => Taint },
  options: { readonly state: StepsState; readonly reach: JobReach | undefined },
): readonly StepView[] {
  const { state } = options;
  const passed: AuditedStep[] = [];
  return steps.map((step) => {
    const reach = stepReach(step, passed, options.reach, context.reader);
    passed.push(step);
    const outer = scopeOf(context, { env: state.env, steps: state.steps });
    const env = new Map(state.env);
    for (const [name, taint] of envOf(step.env, state.env, outer, context.reader)) env.set(name, taint);
    const scope = scopeOf(context, { env, steps: state.steps });
    const foreign = [...state.foreign];
    const script =
      step.run === undefined ? undefined : scriptOf(step.run, step, { env, scope, foreign }, context.reader);
    const heads = headScopeOf(context, state, step, context.reader);
    const brings = foreignOf(step, script, { reach, heads, reader: context.reader });
    if (brings !== undefined) state.foreign.push(brings);
    rememberOutputs(step, script, { scope, state, context, foreign, env });
    return { step, job, reach, scope, env, script, foreign, brings };
  });
}

function scopeOf(
  context: FlowContext & { readonly matrix?: (name: string) => Taint },
  local: { readonly env: ReadonlyMap<string, Taint>; readonly steps: Outputs },
): Scope {
  return {
    env: local.env,
    input: context.input,
    matrix: context.matrix ?? (() => []),
    outputOf(kind, id, name) {
      const outputs = (kind === 'steps' ? local.steps : context.jobOutputs).get(id);
      if (outputs === undefined) return [];
      if (name === '*') return join([...outputs.values()]);
      const own = outputs.get(name);
      if (own !== undefined) return own;
      return (outputs.get('*') ?? [])
        .filter((source) => source.outputs?.test(name) ?? true)
        .map((source) => (source.kind === 'output' ? { ...source, name, text: `${source.text}: ${name}` } : source));
    },
  };
}

function headScopeOf(
  context: FlowContext,
  state: StepsState,
  step?: AuditedStep,
  reader?: ExpressionReader,
): HeadScope {
  const scope: HeadScope = {
    outputOf: (id, name) => state.heads.get(`${id}.${name}`) ?? state.heads.get(`${id}.*`),
    needOf: (id, name) => context.jobHeads.get(`${id}.${name}`),
    envOf: (name) => state.heads.get(`env.${name.toLowerCase()}`),
    inputOf: (name) =>
      context.isCalled && /ref|sha|branch|commit|head/.test(name)
        ? { kind: 'ref', text: `inputs.${name}`, input: name }
        : undefined,
  };
  if (step === undefined || reader === undefined) return scope;
  const own = new Map<string, Head>();
  for (const { key, value } of entriesOf(step.env)) {
    const head = value.kind === 'scalar' ? headOfScalar(value, scope, reader) : undefined;
    if (head !== undefined) own.set(key.text.toLowerCase(), head);
  }
  return { ...scope, envOf: (name) => own.get(name.toLowerCase()) ?? scope.envOf(name) };
}

function envOf(
  node: YamlNode | undefined,
  known: ReadonlyMap<string, Taint>,
  scope: Scope,
  reader: ExpressionReader,
): ReadonlyMap<string, Taint> {
  const env = new Map<string, Taint>();
  for (const { key, value } of entriesOf(node)) {
    if (value.kind !== 'scalar') continue;
    const taint = taintOfScalar(value, { ...scope, env: known }, reader);
    // An own value hides an outer one of the name, also when it is harmless.
    if (taint.length > 0 || known.has(key.text)) env.set(key.text, taint);
  }
  return env;
}

export function taintOfScalar(scalar: Scalar, scope: Scope, reader: ExpressionReader): Taint {
  return join(reader.expressionsOf(scalar).map(({ tree }) => taintOfTree(tree, scope)));
}

function scriptOf(
  run: Scalar,
  step: AuditedStep,
  state: { readonly env: ReadonlyMap<string, Taint>; readonly scope: Scope; readonly foreign: readonly Foreign[] },
  reader: ExpressionReader,
): ScriptView {
  const expressions: Expression[] = [];
  const text = reader
    .piecesOf(run)
    .map((piece) => {
      if ('literal' in piece) return piece.literal;
      expressions.push(piece.expression);
      return `${MARK_OPEN}${expressions.length - 1}${MARK_CLOSE}`;
    })
    .join('');
  const commands = commandsOf(text);
  const facts = readScript(commands, {
    env: state.env,
    expressions: expressions.map(({ tree }) => taintOfTree(tree, state.scope)),
    files: filesOf(state.foreign),
    isPowershell: /pwsh|powershell/.test(step.shell),
  });
  return { text, expressions, commands, writes: fileWritesOf(text, commands), facts };
}

/** The content of files that an outsider brought, as a source. */
function filesOf(foreign: readonly Foreign[]): Source | undefined {
  const [first] = foreign;
  if (first === undefined) return undefined;
  return {
    kind: 'file',
    text: first.kind === 'artifact' ? 'files of an artifact of another run' : 'files of the change',
    isMultiline: true,
    at: first.span,
    ...(first.head.events === undefined ? {} : { events: first.head.events }),
  };
}

function rememberOutputs(
  step: AuditedStep,
  script: ScriptView | undefined,
  context: {
    readonly scope: Scope;
    readonly state: StepsState;
    readonly context: FlowContext;
    readonly foreign: readonly Foreign[];
    readonly env: ReadonlyMap<string, Taint>;
  },
): void {
  const { state } = context;
  const outputs = new Map<string, Taint>();
  if (script !== undefined) rememberWrites(script, outputs, context, step);
  else if (step.uses !== undefined) rememberAction(step, outputs, context);
  if (step.id === undefined) return;
  if (outputs.size > 0) state.steps.set(step.id, outputs);
  const body = script?.text ?? inputOf(step, 'script');
  const head = HEAD_OUTPUTS.has(step.actionName)
    ? ({ kind: 'sha', text: step.actionName } as const)
    : body === undefined
      ? undefined
      : headOfScript(withTexts(body, script));
  if (head !== undefined) state.heads.set(`${step.id}.*`, head);
}

/** The script with its expressions as they are written, for patterns over the whole. */
function withTexts(text: string, script: ScriptView | undefined): string {
  if (script === undefined) return text;
  return text.replaceAll(/\ue000(\d+)\ue001/g, (_, index) => script.expressions[Number(index)]?.text ?? '');
}

function rememberWrites(
  script: ScriptView,
  outputs: Map<string, Taint>,
  { state, context }: { readonly state: StepsState; readonly context: FlowContext },
  step: AuditedStep,
): void {
  const { reader } = context;
  for (const write of script.writes) {
    const taint = script.facts.taintOf(write.text).map(
      (source): Source => ({
        ...source,
        at: source.at ?? (step.run === undefined ? { start: 0, end: 0 } : reader.lineSpan(step.run, write.line)),
      }),
    );
    const name = nameOfWrite(write.text) ?? '*';
    if (write.target === 'env' && name !== '*') {
      if (taint.length > 0) state.env.set(name, taint);
      else state.env.delete(name);
    }
    if (write.target === 'output' && taint.length > 0)
      outputs.set(name.toLowerCase(), join([outputs.get(name.toLowerCase()) ?? [], taint]));
  }
}

function nameOfWrite(text: string): string | undefined {
  const old = /::set-(?:output|env)\s+name=([\w-]+)/.exec(text);
  if (old?.[1] !== undefined) return old[1];
  const script = /^\s*['"]([\w-]+)['"]\s*,/.exec(text);
  if (script?.[1] !== undefined) return script[1];
  const names = [...text.matchAll(/(?:^|[\s"'`])([A-Za-z_][\w-]*)(?:=(?!=)|<<)/g)].map((match) => match[1]);
  return new Set(names).size === 1 ? names[0] : undefined;
}

function rememberAction(
  step: AuditedStep,
  outputs: Map<string, Taint>,
  {
    scope,
    foreign,
    context,
  }: { readonly scope: Scope; readonly foreign: readonly Foreign[]; readonly context: FlowContext },
): void {
  const span = step.uses;
  const known = Object.hasOwn(OUTSIDE_OUTPUTS, step.actionName) ? OUTSIDE_OUTPUTS[step.actionName] : undefined;
  if (known !== undefined && isUnescaped(step, known)) {
    const source: Source = {
      kind: 'outside',
      text: `${known.what} (${step.actionName})`,
      isMultiline: true,
      outputs: known.outputs,
      ...(span === undefined ? {} : { at: span }),
    };
    outputs.set('*', [source]);
  }
  const passing = PASSING_INPUTS[step.actionName];
  const passed = passing === undefined ? undefined : inputNode(step, passing);
  if (passed?.kind === 'scalar') outputs.set('*', taintOfScalar(passed, scope, context.reader));
  const files = filesOf(foreign);
  if (READING_ACTIONS.has(step.actionName) && files !== undefined) outputs.set('*', [files]);
  const script = step.actionName === 'actions/github-script' ? inputNode(step, 'script') : undefined;
  if (script?.kind === 'scalar') rememberJavaScript(script, outputs);
  if (step.action?.kind === 'local' || step.action?.kind === 'self') {
    const { path } = step.action;
    const tainted = entriesOf(step.with).flatMap(({ key, value }) =>
      value.kind === 'scalar' &&
      taintOfScalar(value, scope, context.reader).some(({ kind }) => kind === 'outside' || kind === 'file')
        ? [key.text.toLowerCase()]
        : [],
    );
    outputs.set('*', [{ kind: 'output', text: `output of ./${path}`, name: '*', path, isMultiline: true, tainted }]);
  }
}

function isUnescaped(step: AuditedStep, known: (typeof OUTSIDE_OUTPUTS)[string]): boolean {
  if (known.unescapedBy !== undefined) {
    const [name, value] = known.unescapedBy;
    if (value.test(inputOf(step, name) ?? '')) return true;
  }
  if (known.escapedFrom === undefined) return true;
  const major = step.action?.kind === 'remote' ? /^v?(\d+)/.exec(step.action.ref)?.[1] : undefined;
  // A commit says nothing of its version: it is taken as a new one.
  return major !== undefined && major.length < 4 && Number(major) < known.escapedFrom;
}

const JAVASCRIPT_TEXT =
  /context\.payload\.(?:pull_request|issue|comment|review|discussion|workflow_run|head_commit)\S*?\.(?:title|body|ref|label|message|head_branch)\b|(?:\bpr|\bissue|\bpull|\bdata|\bpullRequest|\bcomment)\.(?:title|body|head\.ref|head\.label)\b/;

function rememberJavaScript(script: Scalar, outputs: Map<string, Taint>): void {
  const source: Source = { kind: 'outside', text: 'a text of the change', isMultiline: true, at: script };
  for (const line of script.text.split('\n')) {
    const output = /core\.setOutput\(\s*['"]([\w-]+)['"]\s*,(.*)/.exec(line);
    if (output?.[1] !== undefined && JAVASCRIPT_TEXT.test(output[2] ?? ''))
      outputs.set(output[1].toLowerCase(), [source]);
    if (/^\s*return\b/.test(line) && JAVASCRIPT_TEXT.test(line)) outputs.set('result', [source]);
  }
}

/** How far an outsider gets at a step by one of these events. */
export function reachAt(reach: ReadonlyMap<string, Reached>, events: readonly string[] | undefined): Reached {
  const levels = [...reach]
    .filter(([event]) => events === undefined || events.includes(event))
    .map(([, level]) => level);
  return highest(levels);
}
