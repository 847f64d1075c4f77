import type { Confidence, Fix, Severity } from '../finding/index.ts';
import type { ScriptView, StepView, UnitView } from './views.ts';
import type { AuditContext } from './context.ts';
import { moveToEnv, none, shellKindOf } from './fixes.ts';
import { OUTSIDER_EVENTS, PRIVILEGED_EVENTS, type Reached } from './guards.ts';
import { SCRIPT_INPUTS } from './knowledge.ts';
import { titleOf } from './model.ts';
import { type Source, type Taint, taintOfTree } from './taint.ts';
import { entriesOf, type Scalar, type Span } from './yaml-tree.ts';

export type Weight = { readonly severity: Severity; readonly confidence: Confidence };

/** A place where text of a caller, or of an output of this tree, would do harm: `finish` knows whether it does. */
export type OpenSink = {
  readonly rule: string;
  readonly span: Span;
  readonly source: Source;
  readonly scope: string;
  readonly reach: ReadonlyMap<string, Reached>;
  /** The text that is reported, for evidence. */
  readonly fix: Fix;
};

/**
 * How bad it is that a source comes to a place, or nothing when it can't: no outsider gets there, or the event that has the
 * text does not start the workflow. Without triggers (a composite action) the caller is not known.
 */
export function weightOf(source: Source, reach: ReadonlyMap<string, Reached>): Weight | undefined {
  if (source.kind === 'input' || source.kind === 'output') return undefined;
  const isCallable = reach.size === 0 || reach.has('workflow_call');
  const events = [...reach].filter(([event]) => source.events === undefined || source.events.includes(event));
  if (source.kind === 'member') {
    return events.length > 0 || isCallable ? { severity: 'low', confidence: 'low' } : undefined;
  }
  const privileged = levelOf(events.filter(([event]) => PRIVILEGED_EVENTS.has(event)));
  if (privileged === 2) return { severity: 'high', confidence: 'high' };
  const changes = levelOf(
    events.filter(([event]) => event.startsWith('pull_request') && event !== 'pull_request_target'),
  );
  if (changes === 2) return { severity: 'medium', confidence: 'high' };
  if (events.some(([event]) => event === 'push' || event === 'merge_group'))
    return { severity: 'medium', confidence: 'medium' };
  if (privileged === 1) return { severity: 'medium', confidence: 'medium' };
  if (isCallable) return { severity: 'medium', confidence: 'medium' };
  // No event of this workflow has the text: it is empty today, and the next trigger that is added fills it.
  if (source.kind === 'outside' && events.length === 0 && source.events !== undefined)
    return isOpen(reach) ? { severity: 'low', confidence: 'low' } : undefined;
  if (changes === 1) return { severity: 'low', confidence: 'medium' };
  return undefined;
}

/** Whether any event leads there at all: a condition did not shut everyone out. */
function isOpen(reach: ReadonlyMap<string, Reached>): boolean {
  return [...reach].some(([event, level]) => level > 0 || !OUTSIDER_EVENTS.has(event));
}

function levelOf(events: readonly (readonly [string, Reached])[]): Reached {
  const levels = events.map(([, level]) => level);
  return levels.includes(2) ? 2 : levels.includes(1) ? 1 : 0;
}

const RANK: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** The worst source of a taint with its weight. */
export function worstOf(
  taint: Taint,
  reach: ReadonlyMap<string, Reached>,
): { readonly source: Source; readonly weight: Weight } | undefined {
  let worst: { source: Source; weight: Weight } | undefined;
  for (const source of taint) {
    const weight = weightOf(source, reach);
    if (weight === undefined) continue;
    if (worst === undefined || RANK.indexOf(weight.severity) < RANK.indexOf(worst.weight.severity))
      worst = { source, weight };
  }
  return worst;
}

type Open = (sink: OpenSink) => void;

export function checkInjection(context: AuditContext, units: readonly UnitView[], open: Open): void {
  for (const unit of units) {
    for (const view of unit.steps) {
      const scope = scopeOf(view);
      if (view.step.run !== undefined && view.script !== undefined) {
        checkScript(context, view, { scalar: view.step.run, key: 'run', shell: view.step.shell, scope, open });
        checkWrites(context, view, view.script, { scope, open });
        checkCommands(context, view, view.script, scope);
      }
      checkInputs(context, view, { scope, open });
    }
  }
}

export function scopeOf(view: Pick<StepView, 'job' | 'step'>): string {
  return view.job === undefined ? titleOf(view.step) : `jobs.${view.job.id}`;
}

function checkInputs(
  context: AuditContext,
  view: StepView,
  { scope, open }: { readonly scope: string; readonly open: Open },
): void {
  const inputs = Object.hasOwn(SCRIPT_INPUTS, view.step.actionName) ? SCRIPT_INPUTS[view.step.actionName] : undefined;
  for (const { key, value } of entriesOf(view.step.with)) {
    if (value.kind !== 'scalar') continue;
    const language = inputs?.[key.text.toLowerCase()];
    const isDocker = view.step.action?.kind === 'docker' && /^(?:args|entrypoint)$/.test(key.text);
    if (language === undefined && !isDocker) continue;
    const shell = language === 'javascript' ? 'javascript' : 'unknown';
    checkScript(context, view, { scalar: value, key: 'with', shell, scope, open });
  }
}

function checkScript(
  context: AuditContext,
  view: StepView,
  script: {
    readonly scalar: Scalar;
    readonly key: string;
    readonly shell: string;
    readonly scope: string;
    readonly open: Open;
  },
): void {
  const { scalar, scope } = script;
  const expressions = context.reader.expressionsOf(scalar);
  if (expressions.length === 0) return;
  const taints = new Map(expressions.map((expression) => [expression.start, taintOfTree(expression.tree, view.scope)]));
  if ([...taints.values()].every((taint) => taint.length === 0)) return;
  let fix: Fix | undefined;
  const fixOf = () => {
    fix ??= moveToEnv(context, view.step, {
      scalar,
      key: script.key,
      shell: script.shell === 'javascript' ? 'javascript' : shellKindOf(script.shell),
      isOutside: ({ start }) => (taints.get(start)?.length ?? 0) > 0,
    });
    return fix;
  };
  for (const expression of expressions) {
    const taint = taints.get(expression.start) ?? [];
    for (const source of taint) {
      if (source.kind === 'input' || source.kind === 'output') {
        script.open({ rule: 'template-injection', span: expression, source, scope, reach: view.reach, fix: fixOf() });
      }
    }
    const worst = worstOf(taint, view.reach) ?? inputWeight(taint, view);
    if (worst === undefined) continue;
    context.report({
      rule: 'template-injection',
      span: expression,
      message: `${sentence(worst.source)} becomes part of the script of ${titleOf(view.step)} before any shell can quote it`,
      ...worst.weight,
      scope,
      identity: `${titleOf(view.step)} ${expression.text}`,
      ...(worst.source.at === undefined
        ? {}
        : { trace: [{ span: worst.source.at, message: `${worst.source.text} comes in here` }] }),
      fix: fixOf(),
    });
  }
}

/** Inputs of an action: whoever uses it may hand anything over, and can't know that it is run. */
function inputWeight(taint: Taint, view: StepView): { readonly source: Source; readonly weight: Weight } | undefined {
  const source = taint.find(({ kind }) => kind === 'input');
  if (source === undefined) return undefined;
  return {
    source,
    weight:
      view.job === undefined ? { severity: 'medium', confidence: 'medium' } : { severity: 'low', confidence: 'low' },
  };
}

function sentence(source: Source): string {
  switch (source.kind) {
    case 'outside':
      return `\`${source.text}\`, which anyone outside can write,`;
    case 'member':
      return `\`${source.text}\`, which whoever may push or start this can choose,`;
    case 'file':
      return `Content of ${source.text}`;
    case 'input':
      return `The input \`${source.name ?? source.text}\`, which the caller chooses,`;
    case 'output':
      return `\`${source.text}\``;
  }
}

const LOADERS = /^(?:LD_|DYLD_|NODE_OPTIONS|BASH_ENV|PYTHON|PERL5|RUBYOPT|JAVA_TOOL_OPTIONS|GIT_|PATH$|ENV$)/;

function checkWrites(
  context: AuditContext,
  view: StepView,
  script: ScriptView,
  { scope, open }: { readonly scope: string; readonly open: Open },
): void {
  const run = view.step.run;
  if (run === undefined) return;
  for (const write of script.writes) {
    if (write.target !== 'env' && write.target !== 'path') {
      checkClobbering(context, view, script, { write, scope });
      continue;
    }
    const taint = script.facts.taintOf(write.text);
    const span = context.reader.lineSpan(run, write.line);
    for (const source of taint) {
      if (source.kind === 'input' || source.kind === 'output') {
        open({
          rule: 'github-env',
          span,
          source,
          scope,
          reach: view.reach,
          fix: none('what is written has to be checked'),
        });
      }
    }
    const worst = worstOf(taint, view.reach);
    if (worst === undefined || worst.source.kind === 'member') continue;
    const isWhole =
      worst.source.isMultiline ||
      LOADERS.test(/([A-Za-z_]\w*)=/.exec(write.text)?.[1] ?? '') ||
      write.target === 'path';
    context.report({
      rule: 'github-env',
      span,
      message: isWhole
        ? `${sentence(worst.source)} is written to ${write.target === 'env' ? 'GITHUB_ENV' : 'GITHUB_PATH'}: a line of it can set what later steps load and run`
        : `${sentence(worst.source)} becomes a variable of all later steps`,
      ...(isWhole ? worst.weight : { severity: 'low', confidence: 'low' }),
      scope,
      identity: `${titleOf(view.step)} ${write.target} ${worst.source.text}`,
      fix: none(
        'the value has to be checked, or not written at all',
        'Pass it on as a step output and name it under `env:` of the one step that needs it.',
      ),
    });
  }
}

/** A text with line breaks in `GITHUB_OUTPUT` can set other outputs of the step. */
function checkClobbering(
  context: AuditContext,
  view: StepView,
  script: ScriptView,
  { write, scope }: { readonly write: ScriptView['writes'][number]; readonly scope: string },
): void {
  const run = view.step.run;
  if (run === undefined || write.target !== 'output') return;
  const worst = worstOf(script.facts.taintOf(write.text), view.reach);
  if (worst === undefined || !worst.source.isMultiline || worst.source.kind === 'member') return;
  const outputs = script.writes.filter(({ target }) => target === 'output').length;
  // Between unguessable marks a line break does no harm; one output alone has none to be changed.
  const isDelimited = /<<\s*['"]?(?:\$|\{|\ue000)|uuidgen|openssl rand|random/i.test(script.text);
  if (outputs < 2 || isDelimited) return;
  context.report({
    rule: 'output-clobbering',
    span: context.reader.lineSpan(run, write.line),
    message: `${sentence(worst.source)} may hold line breaks: a line \`name=value\` of it sets another output of this step`,
    severity: worst.weight.severity === 'high' ? 'medium' : 'low',
    confidence: worst.weight.confidence,
    scope,
    identity: `${titleOf(view.step)} ${worst.source.text}`,
  });
}

const EVALUATES = /^(?:eval|Invoke-Expression|iex)$/i;
const INTERPRETERS = /^(?:bash|sh|zsh|dash|ksh|pwsh|powershell|python[\d.]*|node|perl|ruby|php)$/;
/** Programs with an option or a language of their own that runs commands. */
const ARGUMENT_SINKS: readonly (readonly [RegExp, string])[] = [
  [/^(?:sed|gsed)$/, 'sed runs the command `e` of its script'],
  [/^(?:awk|gawk|mawk)$/, 'awk can start commands'],
  [/^find$/, 'find runs `-exec`'],
  [/^(?:tar)$/, 'tar runs `--checkpoint-action`'],
  [/^(?:xargs|parallel)$/, 'it makes commands of its input'],
];

function checkCommands(context: AuditContext, view: StepView, script: ScriptView, scope: string): void {
  const run = view.step.run;
  if (run === undefined) return;
  for (const command of script.commands) {
    const [program = '', ...args] = command.words;
    const isEvaluated =
      EVALUATES.test(program) || (INTERPRETERS.test(program) && args.some((arg) => /^-[a-z]*[ce]$/i.test(arg)));
    const sink = isEvaluated ? undefined : ARGUMENT_SINKS.find(([pattern]) => pattern.test(program));
    if (!isEvaluated && sink === undefined) continue;
    // What is spliced by an expression is reported as such; this is about variables.
    const raw = command.raw.replaceAll(/\ue000\d+\ue001/g, '');
    const worst = worstOf(script.facts.taintOf(sink === undefined ? raw : scriptArgument(raw)), view.reach);
    if (worst === undefined || worst.source.kind === 'member' || worst.source.kind === 'file') continue;
    context.report({
      rule: isEvaluated ? 'command-injection' : 'argument-injection',
      span: context.reader.lineSpan(run, command.line),
      message: `${sentence(worst.source)} is ${isEvaluated ? `run as a command by \`${program}\`` : `an argument of \`${program}\`: ${sink?.[1] ?? ''}`}`,
      severity: isEvaluated ? worst.weight.severity : worst.weight.severity === 'high' ? 'medium' : 'low',
      confidence: isEvaluated ? worst.weight.confidence : 'medium',
      scope,
      identity: `${titleOf(view.step)} ${program} ${worst.source.text}`,
    });
  }
}

/** The part of `sed "s/a/$X/"` that is a program: not what is read, behind `<<<`, nor what is a file. */
function scriptArgument(raw: string): string {
  return raw.replace(/<<<.*$/s, '').replace(/\s--\s.*$/s, '');
}
