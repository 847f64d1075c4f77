import type { Match } from '../finding/index.ts';
import { analyseAction, analyseWorkflow, type Inputs, taintOfScalar } from './analysis.ts';
import type { UnitView } from './views.ts';
import { checkCondition, checkConditions, checkForm, checkTernaries } from './check-conditions.ts';
import { checkForeign, checkTriggers } from './check-foreign.ts';
import { checkInjection, type OpenSink, scopeOf, weightOf, worstOf } from './check-injection.ts';
import { checkArtipacked, checkPermissions } from './check-permissions.ts';
import { checkRelease } from './check-release.ts';
import { checkSecrets, checkSecretSteps, secretsIn } from './check-secrets.ts';
import { checkEnv, checkShellName, checkSteps } from './check-steps.ts';
import {
  checkImages,
  checkUse,
  type Policy,
  repositoryOf,
  SHA,
  type Use,
  useOf,
  versionOfComment,
} from './check-uses.ts';
import { type AuditContext, createContext, type Draft } from './context.ts';
import { checkPlainSecrets } from './other-shared.ts';
import type { AuditFacts } from './facts.ts';
import { type AuditedJob, type AuditedWorkflow, stepsOf, workflowOf } from './model.ts';
import { headOfScalar } from './foreign.ts';
import { reachOfJobs } from './reach.ts';
import type { Source, Taint } from './taint.ts';
import { at, entriesOf, entryOf, type Scalar, scalarAt, scalarsOf, textOf, type YamlNode } from './yaml-tree.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
type Collected = Mutable<Omit<AuditFacts, 'secrets' | 'lock'>> & { secrets?: readonly string[] };

function collect(kind: AuditFacts['kind']): Collected {
  return {
    kind,
    sinks: [],
    passes: [],
    outputs: [],
    open: [],
    unlocked: [],
    pins: [],
    inherits: [],
    onCall: [],
    calls: [],
  };
}

export function auditWorkflow(context: AuditContext, root: YamlNode, policy: Policy): AuditFacts {
  const workflow = workflowOf(root);
  const facts = collect('workflow');
  const reach = reachOfJobs(workflow, context.reader);
  const input = inputsOf(workflow);
  const units = analyseWorkflow(workflow, context.reader, { input, reach });
  checkInjection(context, units, (sink) => openSink(context, facts, sink));
  checkForeign(context, workflow, units);
  checkTriggers(context, workflow, reach);
  checkPermissions(context, workflow);
  checkConditions(context, workflow);
  checkForm(context, workflow);
  checkSecrets(context, workflow);
  checkRelease(context, workflow, units, reach);
  checkEnv(context, workflow.env, 'env');
  checkPlainSecrets(context, workflow.env, 'env');
  checkShellName(context, at(root, 'defaults', 'run', 'shell'), 'defaults');
  for (const job of workflow.jobs) {
    checkEnv(context, job.env, `jobs.${job.id}`);
    for (const env of [job.env, ...job.steps.map((step) => step.env)])
      checkPlainSecrets(context, env, `jobs.${job.id}`);
    checkSteps(context, job.steps, { scope: `jobs.${job.id}` });
    checkShellName(context, at(job.body, 'defaults', 'run', 'shell'), `jobs.${job.id}`);
    checkArtipacked(context, job);
    checkImages(context, job);
  }
  const uses = usesOf(context, workflow);
  auditUses(context, uses, { facts, policy });
  for (const unit of units) collectCalls(context, unit, facts);
  collectJobCalls(context, workflow, { facts, input, units });
  collectOutputs(context, entriesOf(at(root, 'on', 'workflow_call', 'outputs')), { facts, units, input });
  auditCalled(context, workflow, { facts, input });
  const secrets = secretsOf(context, workflow);
  return secrets === undefined ? facts : { ...facts, secrets };
}

/**
 * A reusable workflow runs by the events of its callers, which other files say. What each event would bring is looked at,
 * and `finish` knows which of them come.
 */
function auditCalled(
  context: AuditContext,
  workflow: AuditedWorkflow,
  { facts, input }: { readonly facts: Collected; readonly input: Inputs },
): void {
  const call = workflow.triggers.find(({ event }) => event === 'workflow_call');
  if (call === undefined) return;
  for (const event of CALLING_EVENTS) {
    if (workflow.triggers.some((trigger) => trigger.event === event)) continue;
    const called: AuditedWorkflow = { ...workflow, triggers: [{ event, at: call.at, body: undefined }] };
    const reach = reachOfJobs(called, context.reader);
    const drafts: Draft[] = [];
    const units = analyseWorkflow(called, context.reader, { input, reach, isCalled: true });
    checkForeign({ ...context, report: (draft) => drafts.push(draft) }, called, units);
    for (const draft of drafts) {
      const match = matchOf(context, draft);
      if (match === undefined) continue;
      facts.onCall.push({ event, match, ...(draft.input === undefined ? {} : { input: draft.input }) });
    }
  }
}

/** Events with which callers bring an outsider's code. */
const CALLING_EVENTS = ['pull_request_target', 'issue_comment', 'workflow_run'] as const;

const NO_HEADS = {
  outputOf: () => undefined,
  needOf: () => undefined,
  envOf: () => undefined,
  inputOf: () => undefined,
} as const;

/** What the inputs of a workflow are: those of callers, and those that whoever may start it writes. */
function inputsOf(workflow: AuditedWorkflow): Inputs {
  const declared = (event: string) => workflow.triggers.find((trigger) => trigger.event === event);
  const call = declared('workflow_call');
  const dispatch = declared('workflow_dispatch');
  const typeOf = (body: YamlNode | undefined, name: string) => {
    const entry = entriesOf(at(body, 'inputs')).find(({ key }) => key.text.toLowerCase() === name);
    return entry === undefined ? undefined : (textOf(at(entry.value, 'type')) ?? 'string');
  };
  return (name) => {
    const found: Source[] = [];
    if (call !== undefined && (name === '*' || typeOf(call.body, name) === 'string')) {
      found.push({ kind: 'input', text: `inputs.${name}`, name, isMultiline: true });
    }
    if (dispatch !== undefined && typeOf(dispatch.body, name) === 'string') {
      found.push({ kind: 'member', text: `inputs.${name}`, events: ['workflow_dispatch'], isMultiline: true });
    }
    return found;
  };
}

export function auditAction(context: AuditContext, root: YamlNode, policy: Policy): AuditFacts {
  const facts = collect('action');
  const using = textOf(at(root, 'runs', 'using'));
  if (scalarAt(root, 'name') === undefined) {
    const first = root.kind === 'mapping' ? root.entries[0]?.key : undefined;
    context.report({
      rule: 'anonymous-definition',
      span: first ?? { start: 0, end: 0 },
      message: 'The action has no `name:`',
      identity: 'action',
    });
  }
  if (using === 'docker') checkActionImage(context, root);
  if (using !== 'composite') return facts;
  const steps = stepsOf(at(root, 'runs', 'steps'), { shell: 'bash', folder: '' });
  const input: Inputs = (name) => [{ kind: 'input', text: `inputs.${name}`, name, isMultiline: true }];
  const flow = {
    reader: context.reader,
    input,
    workflowEnv: new Map(),
    jobOutputs: new Map(),
    jobHeads: new Map(),
    isCalled: false,
  };
  const unit: UnitView = analyseAction(steps, flow);
  checkInjection(context, [unit], (sink) => openSink(context, facts, sink));
  checkSteps(context, steps, { scope: 'runs' });
  checkSecretSteps(context, steps, 'runs');
  for (const step of steps) {
    if (step.if !== undefined) checkCondition(context, step.if, 'runs');
    for (const { value } of scalarsOf(step.body)) checkTernaries(context, value, 'runs');
  }
  const uses = steps.flatMap((step) =>
    step.uses === undefined ? [] : [useOf(context, step.uses, { with: step.with, scope: 'runs', isWorkflow: false })],
  );
  auditUses(context, uses, { facts, policy });
  collectCalls(context, unit, facts);
  collectOutputs(context, entriesOf(at(root, 'outputs')), { facts, units: [unit], input });
  return facts;
}

function checkActionImage(context: AuditContext, root: YamlNode): void {
  const image = scalarAt(root, 'runs', 'image');
  if (image === undefined || !image.text.startsWith('docker://') || /@sha256:/.test(image.text)) return;
  context.report({
    rule: 'unpinnable-action',
    span: image,
    message: `Who pins this action to a commit still runs whatever is behind \`${image.text}\` at the time`,
    identity: image.text,
    fix: {
      kind: 'request',
      title: `Pin ${image.text} to its digest`,
      request: { type: 'pin-image', file: context.file.path, start: image.start, end: image.end, image: image.text },
    },
  });
}

function usesOf(context: AuditContext, workflow: AuditedWorkflow): readonly Use[] {
  return workflow.jobs.flatMap((job) => {
    const scope = `jobs.${job.id}`;
    const called =
      job.uses === undefined ? [] : [useOf(context, job.uses, { with: at(job.body, 'with'), scope, isWorkflow: true })];
    const steps = job.steps.flatMap((step) =>
      step.uses === undefined ? [] : [useOf(context, step.uses, { with: step.with, scope, isWorkflow: false })],
    );
    return [...called, ...steps];
  });
}

/** Findings about pins wait for the lock; the others stand. */
function auditUses(
  context: AuditContext,
  uses: readonly Use[],
  { facts, policy }: { readonly facts: Collected; readonly policy: Policy },
): void {
  const inner = createContext(context.file, context.reader, context.rules);
  for (const use of uses) {
    const from = inner.matches.length;
    checkUse(inner, use, policy);
    for (const match of inner.matches.slice(from)) {
      if (match.rule !== 'unpinned-uses' && match.rule !== 'ref-confusion') context.matches.push(match);
      else if (use.action?.kind === 'remote')
        facts.unlocked.push({ key: `${repositoryOf(use.action)}@${use.action.ref}`, match });
    }
    collectPin(context, use, facts);
  }
}

function collectPin(context: AuditContext, use: Use, facts: Collected): void {
  const { action } = use;
  if (action?.kind !== 'remote' || !SHA.test(action.ref)) return;
  const version = versionOfComment(use.comment);
  if (version === undefined) return;
  const match = matchOf(context, {
    rule: 'ref-version-mismatch',
    span: use.scalar,
    message: `The comment says ${version}, and elsewhere the same commit is said to be another release: one of them is wrong`,
    scope: use.scope,
    identity: use.scalar.text,
  });
  if (match !== undefined)
    facts.pins.push({ repository: repositoryOf(action), sha: action.ref.toLowerCase(), version, match });
}

/** A match that is kept for later. */
function matchOf(context: AuditContext, draft: Draft): Match | undefined {
  const one = createContext(context.file, context.reader, context.rules);
  one.report(draft);
  return one.matches[0];
}

/** A sink that an input or an output of this tree reaches. */
function openSink(context: AuditContext, facts: Collected, sink: OpenSink): void {
  const { source } = sink;
  const place = context.file.placeAt(sink.span.start, sink.span.end);
  if (source.kind === 'input' && source.name !== undefined) {
    facts.sinks.push({ input: source.name, rule: sink.rule, place });
    return;
  }
  if (source.path === undefined || source.name === undefined) return;
  const weight = weightOf({ kind: 'outside', text: source.text, isMultiline: true }, sink.reach);
  if (weight === undefined) return;
  const match = matchOf(context, {
    rule: sink.rule,
    span: sink.span,
    message: `\`${source.text}\` holds a text that anyone outside can write, and becomes part of a script`,
    ...weight,
    scope: sink.scope,
    fix: sink.fix,
  });
  if (match !== undefined)
    facts.open.push({
      match,
      on: { kind: 'output', path: source.path, name: source.name },
      tainted: source.tainted ?? [],
    });
}

/** Calls of local actions: what is handed to them. */
function collectCalls(context: AuditContext, unit: UnitView, facts: Collected): void {
  for (const view of unit.steps) {
    const { action } = view.step;
    if (action?.kind !== 'local' && action?.kind !== 'self') continue;
    for (const { key, value } of entriesOf(view.step.with)) {
      if (value.kind !== 'scalar') continue;
      const taint = taintOfScalar(value, view.scope, context.reader);
      collectArgument(context, {
        facts,
        taint,
        path: action.path,
        name: key.text.toLowerCase(),
        value,
        scope: scopeOf(view),
        reach: view.reach,
      });
    }
  }
}

function collectArgument(
  context: AuditContext,
  call: {
    readonly facts: Collected;
    readonly taint: Taint;
    readonly path: string;
    readonly name: string;
    readonly value: Scalar;
    readonly scope: string;
    readonly reach: ReadonlyMap<string, 0 | 1 | 2>;
  },
): void {
  const { facts, taint, path, name } = call;
  for (const source of taint) {
    if (source.kind === 'input' && source.name !== undefined) facts.passes.push({ input: source.name, path, to: name });
  }
  const worst = worstOf(taint, call.reach);
  if (worst === undefined) return;
  const [expression] = context.reader.expressionsOf(call.value);
  const match = matchOf(context, {
    rule: 'template-injection',
    span: expression ?? call.value,
    message: `\`${worst.source.text}\` is handed to \`${path}\`, which puts its input \`${name}\` into a script`,
    ...worst.weight,
    scope: call.scope,
    identity: `${path} ${name} ${worst.source.text}`,
  });
  if (match !== undefined) facts.open.push({ match, on: { kind: 'argument', path, name }, tainted: [] });
}

/** Calls of reusable workflows of this tree: what is handed to them, secrets too. */
function collectJobCalls(
  context: AuditContext,
  workflow: AuditedWorkflow,
  { facts, input, units }: { readonly facts: Collected; readonly input: Inputs; readonly units: readonly UnitView[] },
): void {
  for (const job of workflow.jobs) {
    if (job.uses === undefined || !/^(?:\.|\$)\//.test(job.uses.text)) continue;
    const path = job.uses.text.slice(2);
    const reach = reachOfJobs(workflow, context.reader).get(job.id.toLowerCase())?.events ?? new Map();
    const scope = callScope(units, job, input);
    for (const { key, value } of entriesOf(at(job.body, 'with'))) {
      if (value.kind !== 'scalar') continue;
      const taint = taintOfScalar(value, scope, context.reader);
      collectArgument(context, {
        facts,
        taint,
        path,
        name: key.text.toLowerCase(),
        value,
        scope: `jobs.${job.id}`,
        reach,
      });
    }
    const heads = entriesOf(at(job.body, 'with')).flatMap(({ key, value }) =>
      value.kind === 'scalar' && headOfScalar(value, NO_HEADS, context.reader) !== undefined
        ? [key.text.toLowerCase()]
        : [],
    );
    const events = [...reach].filter(([, level]) => level === 2).map(([event]) => event);
    facts.calls.push({ path, events, heads });
    collectInherit(context, job, path, facts);
  }
}

function callScope(units: readonly UnitView[], job: AuditedJob, input: Inputs) {
  const some = units.flatMap(({ steps }) => steps)[0]?.scope;
  return {
    env: new Map(),
    input,
    matrix: () => [],
    outputOf: (kind: 'steps' | 'needs', id: string, name: string): Taint =>
      kind === 'needs' && job.needs.some((need) => need.toLowerCase() === id)
        ? (some?.outputOf('needs', id, name) ?? [])
        : [],
  };
}

function collectInherit(context: AuditContext, job: AuditedJob, path: string, facts: Collected): void {
  const entry = entryOf(job.body, 'secrets');
  if (entry === undefined || textOf(entry.value) !== 'inherit' || job.body.isFlow) return;
  const match = matchOf(context, {
    rule: 'secrets-inherit',
    span: entry.value,
    message: `Every secret of the repository is handed to \`${job.uses?.text ?? path}\`, whatever it needs`,
    scope: `jobs.${job.id}`,
    identity: path,
  });
  if (match === undefined) return;
  const { file } = context;
  const edit = { file: file.path, start: entry.key.end + 1, end: entry.value.end };
  facts.inherits.push({ path, match, edit, indent: file.placeAt(entry.key.start, entry.key.end).column - 1 });
}

function collectOutputs(
  context: AuditContext,
  entries: ReturnType<typeof entriesOf>,
  { facts, units, input }: { readonly facts: Collected; readonly units: readonly UnitView[]; readonly input: Inputs },
): void {
  const last = units.flatMap(({ steps }) => steps).at(-1);
  for (const { key, value } of entries) {
    const node = scalarAt(value, 'value');
    if (node === undefined) continue;
    const scope = outputScope(units, last?.scope.env ?? new Map(), input);
    const taint = taintOfScalar(node, scope, context.reader);
    const isOutside = taint.some(({ kind }) => kind === 'outside' || kind === 'file');
    const inputs = taint.flatMap((source) =>
      source.kind === 'input' && source.name !== undefined ? [source.name] : [],
    );
    if (isOutside || inputs.length > 0) facts.outputs.push({ name: key.text.toLowerCase(), isOutside, inputs });
  }
}

/** Outputs see all steps of an action, or all jobs of a workflow. */
function outputScope(units: readonly UnitView[], env: ReadonlyMap<string, Taint>, input: Inputs) {
  return {
    env,
    input,
    matrix: () => [],
    outputOf(kind: 'steps' | 'needs', id: string, name: string): Taint {
      for (const unit of units) {
        // The scope of the last step knows what all before it gave; its own outputs come with the one behind it.
        const scope = unit.after ?? unit.steps.at(-1)?.scope;
        const taint = scope?.outputOf(kind, id, name) ?? [];
        if (taint.length > 0) return taint;
      }
      return [];
    },
  };
}

/** Secrets that a called workflow names, or declares. Nothing when it hands all of them on, or takes computed ones. */
function secretsOf(context: AuditContext, workflow: AuditedWorkflow): readonly string[] | undefined {
  if (!workflow.triggers.some(({ event }) => event === 'workflow_call')) return undefined;
  if (workflow.jobs.some((job) => textOf(at(job.body, 'secrets')) === 'inherit')) return undefined;
  if (/\bsecrets\s*[[)]|toJSON\(\s*secrets\s*\)/i.test(context.file.text)) return undefined;
  const call = workflow.triggers.find(({ event }) => event === 'workflow_call');
  const declared = entriesOf(at(call?.body, 'secrets')).map(({ key }) => key.text);
  const used = secretsIn(context, workflow.root).map(({ name }) => name.toUpperCase());
  const names = new Map([...used, ...declared].map((name) => [name.toLowerCase(), name]));
  return [...names.values()].sort();
}
