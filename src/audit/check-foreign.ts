import { reachAt } from './analysis.ts';
import type { Foreign, StepView, UnitView } from './views.ts';
import type { AuditContext } from './context.ts';
import { scopeOf } from './check-injection.ts';
import { matrixValues } from './check-uses.ts';
import { executionOf, executionOfAction } from './execution.ts';
import { none } from './fixes.ts';
import { type Reached, PRIVILEGED_EVENTS } from './guards.ts';
import type { JobReach } from './reach.ts';
import { type AuditedWorkflow, inputOf, titleOf } from './model.ts';
import { at, type Span, textsOf } from './yaml-tree.ts';

/** Everything about code and files of outsiders in runs that hold secrets. */
export function checkForeign(context: AuditContext, workflow: AuditedWorkflow, units: readonly UnitView[]): void {
  for (const unit of units) {
    const used = new Set<Foreign>();
    for (const view of unit.steps) {
      checkUse(context, workflow, view, used);
      checkCacheWrite(context, view);
    }
    for (const view of unit.steps) {
      if (view.brings?.kind === 'checkout') checkCheckout(context, workflow, view, view.brings);
    }
  }
}

/** The level at which an outsider's code comes there with the rights of the repository. */
function levelOf(
  foreign: Foreign,
  reach: ReadonlyMap<string, Reached>,
): { readonly level: Reached; readonly events: readonly string[] } {
  const events = [...foreign.reach.keys()].filter(
    (event) =>
      PRIVILEGED_EVENTS.has(event) && (foreign.head.events === undefined || foreign.head.events.includes(event)),
  );
  const reached = events.filter((event) => reachAt(foreign.reach, [event]) > 0 && reachAt(reach, [event]) > 0);
  const level = reached.some((event) => reachAt(foreign.reach, [event]) === 2 && reachAt(reach, [event]) === 2)
    ? 2
    : reached.length > 0
      ? 1
      : 0;
  return { level, events: reached };
}

/** Whether labels let a change in, and a later push keeps the label. */
function isLabelKept(workflow: AuditedWorkflow, view: StepView): boolean {
  const trigger = workflow.triggers.find(({ event }) => event === 'pull_request_target');
  if (trigger === undefined) return false;
  const types = at(trigger.body, 'types');
  const names = types === undefined ? ['synchronize'] : textsOf(types);
  const conditions = `${view.step.if?.text ?? ''} ${view.job?.if?.text ?? ''}`;
  return names.includes('synchronize') && /labels\.\*\.name|\.labels\b/.test(conditions);
}

function inputOfHead({ head }: Foreign): { readonly input?: string } {
  return head.input === undefined ? {} : { input: head.input };
}

const NO_CHECKOUT_FIX = none(
  'the workflow has to be split: what it does with the code, and what it does with its rights',
  'Run the code of the change under `pull_request`, without secrets; hand results on as artifacts that the privileged workflow treats as data.',
);

function checkCheckout(context: AuditContext, workflow: AuditedWorkflow, view: StepView, foreign: Foreign): void {
  const { level, events } = levelOf(foreign, view.reach);
  if (level === 0) return;
  const scope = scopeOf(view);
  const identity = `${titleOf(view.step)} ${foreign.head.text}`;
  if (level === 2) {
    context.report({
      rule: 'untrusted-checkout',
      span: foreign.span,
      message: `Code of an outsider (\`${foreign.head.text}\`) is checked out by \`${events.join('`, `')}\`, where the token may write and secrets are at hand`,
      scope,
      identity,
      ...inputOfHead(foreign),
      fix: NO_CHECKOUT_FIX,
    });
    return;
  }
  if (isLabelKept(workflow, view)) {
    context.report({
      rule: 'improper-access-control',
      span: foreign.span,
      message:
        'A label lets the change in, but it stays on when its author pushes again, and the push starts this workflow too',
      scope,
      identity,
      ...inputOfHead(foreign),
    });
  } else if (isMutable(foreign, events)) {
    context.report({
      rule: 'toctou-checkout',
      span: foreign.span,
      message: `A maintainer allows what they saw, but \`${foreign.head.text}\` is fetched afterwards: its author can push in between`,
      severity: foreign.head.kind === 'ref' ? 'high' : 'medium',
      scope,
      identity,
      ...inputOfHead(foreign),
    });
  }
}

/** Whether what is fetched may be newer than what the maintainer saw. */
function isMutable(foreign: Foreign, events: readonly string[]): boolean {
  if (foreign.head.kind === 'ref') return true;
  return events.some((event) => event === 'issue_comment') && foreign.head.events === undefined;
}

/** A step that runs what lies in the workspace, after an outsider put it there. */
function checkUse(context: AuditContext, workflow: AuditedWorkflow, view: StepView, used: Set<Foreign>): void {
  const own = view.brings?.pipeline === undefined ? [] : [view.brings];
  for (const foreign of [...view.foreign, ...own]) {
    if (foreign.folder === undefined && foreign.kind === 'artifact' && !runsOutside(view)) continue;
    const { level, events } = levelOf(foreign, view.reach);
    if (level === 0) continue;
    const execution = executionIn(context, view, foreign);
    if (execution === undefined) continue;
    used.add(foreign);
    reportUse(context, view, { foreign, level, events, execution, isLabelKept: isLabelKept(workflow, view) });
    return;
  }
}

function runsOutside(view: StepView): boolean {
  return /runner\.temp|RUNNER_TEMP|\/tmp\//.test(view.step.run?.text ?? '');
}

function reportUse(
  context: AuditContext,
  view: StepView,
  use: {
    readonly foreign: Foreign;
    readonly level: Reached;
    readonly events: readonly string[];
    readonly execution: { readonly span: Span; readonly what: string };
    readonly isLabelKept: boolean;
  },
): void {
  const { foreign, level, events, execution } = use;
  const scope = scopeOf(view);
  const trace = [
    {
      span: foreign.span,
      message:
        foreign.kind === 'artifact' ? 'the artifact is fetched here' : `\`${foreign.head.text}\` is checked out here`,
    },
  ];
  const identity = `${titleOf(view.step)} ${execution.what}`;
  const on = `\`${events.join('`, `')}\``;
  if (foreign.kind === 'artifact') {
    context.report({
      rule: 'artifact-poisoning',
      span: execution.span,
      message: `\`${execution.what}\` runs in a workspace with files of an artifact that a run for an outsider may have made`,
      ...(level === 2 ? {} : { severity: 'medium', confidence: 'medium' }),
      scope,
      identity,
      ...inputOfHead(foreign),
      trace,
    });
  } else if (level === 2) {
    context.report({
      rule: 'untrusted-checkout-exec',
      span: execution.span,
      message: `\`${execution.what}\` runs the code of an outsider's change on ${on}, with the rights of the repository`,
      scope,
      identity,
      ...inputOfHead(foreign),
      trace,
      fix: NO_CHECKOUT_FIX,
    });
  } else if (isMutable(foreign, events) && !use.isLabelKept) {
    context.report({
      rule: 'toctou-checkout',
      span: execution.span,
      message: `\`${execution.what}\` runs code that its author can change after a maintainer allowed it`,
      severity: foreign.head.kind === 'ref' ? 'critical' : 'high',
      scope,
      identity,
      ...inputOfHead(foreign),
      trace,
    });
  }
}

function executionIn(
  context: AuditContext,
  view: StepView,
  foreign: Foreign,
): { readonly span: Span; readonly what: string } | undefined {
  const { step } = view;
  const folder = foreign.folder ?? '';
  if (step.uses !== undefined) {
    const what = executionOfAction(step);
    if (what === undefined) return undefined;
    const isThere =
      step.action?.kind === 'local'
        ? folder === '' || step.action.path.startsWith(`${folder}/`) || step.action.path === folder
        : folder === '' || mentions(step, folder);
    return isThere ? { span: step.uses, what } : undefined;
  }
  if (step.run === undefined || view.script === undefined) return undefined;
  let isInside = folder === '' || isBelow(step.workingDirectory, folder);
  for (const command of view.script.commands) {
    if (view.brings === foreign && command.pipeline <= (foreign.pipeline ?? 0)) continue;
    if (command.words[0] === 'cd' || command.words[0] === 'pushd')
      isInside = folder === '' || isInside || isBelow(command.words[1] ?? '', folder);
    const what = executionOf(command);
    if (what === undefined) continue;
    const names = folder !== '' && command.raw.includes(folder);
    if (isInside || names) return { span: context.reader.lineSpan(step.run, command.line), what };
  }
  return undefined;
}

function mentions(step: StepView['step'], folder: string): boolean {
  return [
    'context',
    'working-directory',
    'path',
    'cwd',
    'workdir',
    'folder',
    'args',
    'project-path',
    'build-root-directory',
  ].some((name) => isBelow(inputOf(step, name) ?? '', folder));
}

function isBelow(path: string, folder: string): boolean {
  const clean = path.replace(
    /^(?:\$GITHUB_WORKSPACE|\$\{GITHUB_WORKSPACE\}|\$\{\{\s*github\.workspace\s*\}\})\/|^\.\//,
    '',
  );
  return clean === folder || clean.startsWith(`${folder}/`);
}

const CACHE_WRITERS =
  /^(?:actions\/cache(?:\/save)?|swatinem\/rust-cache|gradle\/actions\/setup-gradle|gradle\/gradle-build-action)$/;

/** What an outsider's code leaves in the cache of the default branch is what releases restore. */
function checkCacheWrite(context: AuditContext, view: StepView): void {
  const { step } = view;
  const cached = inputOf(step, 'cache');
  const isSetup =
    /^actions\/setup-(?:node|python|java|go|dotnet)$/.test(step.actionName) &&
    cached !== undefined &&
    cached !== 'false';
  const isBundler = step.actionName === 'ruby/setup-ruby' && inputOf(step, 'bundler-cache') === 'true';
  if (step.uses === undefined || !(CACHE_WRITERS.test(step.actionName) || isSetup || isBundler)) return;
  for (const foreign of view.foreign) {
    const { level } = levelOf(foreign, view.reach);
    if (level === 0 || foreign.kind !== 'checkout') continue;
    context.report({
      rule: 'cache-write-untrusted',
      span: step.uses,
      message: 'The job holds code of an outsider and writes the cache that trusted runs of the default branch restore',
      ...(level === 2 ? {} : { severity: 'medium', confidence: 'medium' }),
      scope: scopeOf(view),
      identity: titleOf(step),
      trace: [{ span: foreign.span, message: 'the code of the outsider comes in here' }],
    });
    return;
  }
}

/** Triggers with which mistakes are dear, self-hosted runners that outsiders reach, results merged without a look. */
export function checkTriggers(
  context: AuditContext,
  workflow: AuditedWorkflow,
  reach: ReadonlyMap<string, JobReach>,
): void {
  for (const trigger of workflow.triggers) {
    const isTarget = trigger.event === 'pull_request_target';
    if (!isTarget && trigger.event !== 'workflow_run' && trigger.event !== 'issue_comment') continue;
    const branches = textsOf(at(trigger.body, 'branches'));
    context.report({
      rule: 'dangerous-triggers',
      span: trigger.at,
      message: isTarget
        ? '`pull_request_target` runs for changes of outsiders with secrets and a token that may write'
        : `\`${trigger.event}\` runs with the rights of the default branch for what an outsider did`,
      severity: [...reach.values()].every(({ events }) => events.get(trigger.event) === 0)
        ? 'info'
        : isTarget
          ? 'medium'
          : 'low',
      confidence: branches.length > 0 && !isTarget ? 'low' : 'medium',
      identity: trigger.event,
    });
  }
  checkSelfHosted(context, workflow, reach);
}

function checkSelfHosted(context: AuditContext, workflow: AuditedWorkflow, reach: ReadonlyMap<string, JobReach>): void {
  const triggers = workflow.triggers.filter(({ event }) =>
    /^pull_request(?:_target)?$|^issue_comment$|^workflow_run$/.test(event),
  );
  for (const job of workflow.jobs) {
    const runsOn = at(job.body, 'runs-on');
    const written = textsOf(runsOn?.kind === 'mapping' ? at(runsOn, 'labels') : runsOn);
    const labels = written.flatMap((label) => {
      const name = /^\$\{\{\s*matrix\.([\w-]+)\s*\}\}$/.exec(label)?.[1];
      return name === undefined ? [label] : [label, ...matrixValues(at(job.body, 'strategy', 'matrix'), name)];
    });
    const isSelfHosted = labels.includes('self-hosted');
    if (!isSelfHosted || runsOn === undefined) continue;
    const levels = reach.get(job.id.toLowerCase())?.events;
    const outside = triggers.filter(({ event }) => (levels?.get(event) ?? 2) > 0);
    context.report({
      rule: outside.length > 0 ? 'pr-runs-on-self-hosted' : 'self-hosted-runner',
      span: runsOn,
      message:
        outside.length > 0
          ? `A change of an outsider (\`${outside.map(({ event }) => event).join('`, `')}\`) runs on a machine that keeps what it leaves`
          : 'The job runs on a machine of your own; unless it is made anew for each job, what one run leaves the next one finds',
      scope: `jobs.${job.id}`,
      identity: labels.join(' '),
    });
  }
}
