import type { JobReach } from './reach.ts';
import type { StepView, UnitView } from './views.ts';
import type { AuditContext } from './context.ts';
import { scopeOf, worstOf } from './check-injection.ts';
import { none, setInput } from './fixes.ts';
import { PRIVILEGED_EVENTS } from './guards.ts';
import { type AuditedJob, type AuditedStep, type AuditedWorkflow, inputNode, inputOf, titleOf } from './model.ts';
import { taintOfTree } from './taint.ts';
import { at, entriesOf, type Span, textOf } from './yaml-tree.ts';

const PUBLISHING_ACTIONS =
  /^(?:softprops\/action-gh-release|goreleaser\/goreleaser-action|pypa\/gh-action-pypi-publish|ncipollo\/release-action|js-devtools\/npm-publish|changesets\/action|cycjimmy\/semantic-release-action|actions\/create-release|rubygems\/release-gem|actions\/attest.*|svenstaro\/upload-release-action|actions\/upload-release-asset|tauri-apps\/tauri-action|pascalgn\/npm-publish-action|katyo\/publish-crates|gradle-update\/.*|marvinpinto\/action-automatic-releases|peaceiris\/actions-gh-pages|actions\/deploy-pages)$/;
const PUBLISHING_COMMANDS =
  /\b(?:npm|pnpm|yarn|bun|cargo|poetry|uv|flit|hatch|pdm|lerna|vsce|ovsx)\s+(?:npm\s+|\+\w+\s+)?publish\b|\btwine\s+upload\b|\bgh\s+release\s+(?:create|upload)\b|\bgem\s+push\b|\bdocker\s+(?:buildx\s+build\b.*--push|push)\b|\bmvn\b.*\bdeploy\b|\bdotnet\s+nuget\s+push\b|\bnuget\s+push\b|\bgoreleaser\s+release\b|\bsemantic-release\b|\bhelm\s+push\b|\bgradlew?\s+(?:\S+\s+)*\S*[pP]ublish\S*/;

function isPublishing(step: AuditedStep): boolean {
  if (step.run !== undefined) return PUBLISHING_COMMANDS.test(step.run.text);
  if (/^actions\/deploy-pages$|^peaceiris\//.test(step.actionName)) return false;
  if (step.actionName === 'docker/build-push-action') return inputOf(step, 'push') === 'true';
  return PUBLISHING_ACTIONS.test(step.actionName);
}

function isReleaseTriggered(workflow: AuditedWorkflow): boolean {
  return workflow.triggers.some(
    ({ event, body }) =>
      event === 'release' || (event === 'push' && at(body, 'tags') !== undefined && at(body, 'branches') === undefined),
  );
}

export function checkRelease(
  context: AuditContext,
  workflow: AuditedWorkflow,
  units: readonly UnitView[],
  reach: ReadonlyMap<string, JobReach>,
): void {
  const isRelease = isReleaseTriggered(workflow);
  for (const job of workflow.jobs) {
    const publishes = job.steps.some(isPublishing);
    const onlyChanges = workflow.triggers.every(({ event }) => event === 'pull_request');
    if ((publishes || isRelease) && !onlyChanges)
      for (const step of job.steps) checkCache(context, job, step, isRelease);
    for (const step of job.steps) checkPublishing(context, workflow, job, step);
  }
  for (const unit of units) {
    for (const view of unit.steps) {
      checkMerge(context, view, reach);
      checkPrompt(context, view);
    }
  }
}

/** Why an action restores a cache here: by an input, or by itself. */
function cachingOf(
  step: AuditedStep,
):
  | { readonly node: Span | undefined; readonly isExplicit: boolean; readonly off?: readonly [string, string] }
  | undefined {
  const input = (name: string) => {
    const value = inputOf(step, name);
    return value !== undefined && value !== 'false' && value !== ''
      ? { node: inputNode(step, name), isExplicit: true }
      : undefined;
  };
  const { actionName: name } = step;
  if (/^actions\/cache(?:\/restore)?$/.test(name))
    return inputOf(step, 'lookup-only') === 'true' ? undefined : { node: undefined, isExplicit: true };
  if (/^actions\/setup-(?:node|java|python|dotnet)$/.test(name)) {
    const major = step.action?.kind === 'remote' ? /^v(\d+)/.exec(step.action.ref)?.[1] : undefined;
    const isByItself =
      name === 'actions/setup-node' &&
      major !== undefined &&
      Number(major) >= 5 &&
      inputOf(step, 'package-manager-cache') !== 'false';
    return (
      input('cache') ??
      (isByItself ? { node: undefined, isExplicit: false, off: ['package-manager-cache', 'false'] } : undefined)
    );
  }
  if (name === 'actions/setup-go') {
    if (inputOf(step, 'cache') === 'false') return undefined;
    const major = step.action?.kind === 'remote' ? /^v(\d+)/.exec(step.action.ref)?.[1] : undefined;
    return major !== undefined && Number(major) < 4
      ? input('cache')
      : { node: undefined, isExplicit: inputOf(step, 'cache') !== undefined, off: ['cache', 'false'] };
  }
  if (name === 'ruby/setup-ruby') return input('bundler-cache');
  if (name === 'swatinem/rust-cache')
    return inputOf(step, 'lookup-only') === 'true' ? undefined : { node: undefined, isExplicit: true };
  if (name === 'astral-sh/setup-uv') {
    return inputOf(step, 'enable-cache') === undefined
      ? { node: undefined, isExplicit: false, off: ['enable-cache', 'false'] }
      : input('enable-cache');
  }
  if (name === 'pyo3/maturin-action') return input('sccache');
  if (/^gradle\/(?:actions\/setup-gradle|gradle-build-action)$/.test(name))
    return inputOf(step, 'cache-disabled') === 'true'
      ? undefined
      : { node: undefined, isExplicit: false, off: ['cache-disabled', 'true'] };
  if (name === 'pnpm/action-setup') return input('cache');
  if (
    /^(?:mozilla-actions\/sccache-action|hendrikmuhs\/ccache-action|actions-rust-lang\/setup-rust-toolchain|moonrepo\/setup-rust)$/.test(
      name,
    )
  )
    return inputOf(step, 'cache') === 'false' ? undefined : { node: undefined, isExplicit: false };
  if (name === 'docker/build-push-action')
    return /type=gha/.test(inputOf(step, 'cache-from') ?? '')
      ? { node: inputNode(step, 'cache-from'), isExplicit: true }
      : undefined;
  return undefined;
}

function checkCache(context: AuditContext, job: AuditedJob, step: AuditedStep, isRelease: boolean): void {
  const caching = cachingOf(step);
  if (caching === undefined || step.uses === undefined) return;
  // With a condition on the event the cache is often meant for other runs.
  if (step.if !== undefined && /event_name|github\.ref|refs\/tags/.test(step.if.text)) return;
  const edits =
    caching.off === undefined ? undefined : setInput(context, step, { name: caching.off[0], value: caching.off[1] });
  context.report({
    rule: 'cache-poisoning',
    span: step.uses,
    message: `\`${job.id}\` publishes what it builds, and builds with a cache that other runs may have filled`,
    severity: caching.isExplicit ? (isRelease ? 'medium' : 'low') : 'low',
    confidence: caching.isExplicit ? 'medium' : 'low',
    scope: `jobs.${job.id}`,
    identity: `${step.index} ${step.actionName}`,
    fix:
      edits === undefined
        ? none('without the cache the build may take longer', 'Build releases without a cache.')
        : { kind: 'edit', title: 'Build this without a cache', edits },
  });
}

const TOKENS =
  /TWINE_PASSWORD|PYPI|NODE_AUTH_TOKEN|NPM_TOKEN|CARGO_REGISTRY_TOKEN|CRATES|GEM_HOST_API_KEY|RUBYGEMS|NUGET|UV_PUBLISH_TOKEN|POETRY_PYPI_TOKEN|FLIT_PASSWORD|HATCH_INDEX_AUTH/i;

function checkPublishing(context: AuditContext, workflow: AuditedWorkflow, job: AuditedJob, step: AuditedStep): void {
  const scope = `jobs.${job.id}`;
  const report = (span: Span, what: string, cwe?: number) =>
    context.report({
      rule: 'use-trusted-publishing',
      span,
      message: `${what} with a secret that lasts; the registry also takes a token that is made for this run`,
      scope,
      identity: `${titleOf(step)} ${what}`,
      ...(cwe === undefined ? {} : { cwe }),
      fix: none(
        'the registry has to be told first which workflow may publish',
        'Register this workflow as a trusted publisher, give the job `id-token: write`, and take the secret out.',
      ),
    });
  if (step.uses !== undefined) {
    const url = inputOf(step, 'repository-url') ?? inputOf(step, 'repository_url') ?? '';
    if (
      step.actionName === 'pypa/gh-action-pypi-publish' &&
      inputOf(step, 'password') !== undefined &&
      (url === '' || /pypi\.org/.test(url))
    ) {
      report(inputNode(step, 'password') ?? step.uses, 'Packages are published to PyPI');
    }
    if (step.actionName === 'rubygems/release-gem' && inputOf(step, 'setup-trusted-publisher') === 'false')
      report(step.uses, 'Packages are published to RubyGems');
    if (step.actionName === 'js-devtools/npm-publish' && inputOf(step, 'token') !== undefined)
      report(step.uses, 'Packages are published to npm', 798);
    return;
  }
  if (step.run === undefined) return;
  const env = [...entriesOf(step.env), ...entriesOf(job.env), ...entriesOf(workflow.env)];
  const token = env.find(
    ({ key, value }) => TOKENS.test(key.text) && /\bsecrets\.(?!GITHUB_TOKEN)/i.test(textOf(value) ?? ''),
  );
  const lines = step.run.text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (/^\s*#/.test(line)) continue;
    const span = context.reader.lineSpan(step.run, index);
    const registry = /\b(?:npm|pnpm|yarn(?:\s+npm)?|bun)\s+publish\b/.test(line)
      ? 'npm'
      : /\btwine\s+upload|\b(?:uv|poetry|flit|hatch|pdm)\s+publish\b/.test(line)
        ? 'PyPI'
        : /\bcargo\s+(?:\+\S+\s+)?publish\b/.test(line)
          ? 'crates.io'
          : /\bgem\s+push\b/.test(line)
            ? 'RubyGems'
            : /\bnuget\s+push\b/.test(line)
              ? 'NuGet'
              : undefined;
    if (
      registry === undefined ||
      /--dry-run|\s-n\b|--host[ =]|--repository[ =]|--registry[ =]|--index[ =]|testpypi/.test(line)
    )
      continue;
    const isPrivate =
      registry === 'npm' &&
      job.steps.some((one) =>
        /npm\.pkg\.github\.com/.test(`${inputOf(one, 'registry-url') ?? ''} ${one.run?.text ?? ''}`),
      );
    if (token !== undefined && !isPrivate && isOwnRegistry(registry, token.key.text))
      report(span, `Packages are published to ${registry}`, registry === 'npm' ? 798 : undefined);
    const hasProvenance =
      /--provenance\b/.test(step.run.text) ||
      env.some(({ key, value }) => /npm_config_provenance/i.test(key.text) && textOf(value) !== 'false');
    if (registry === 'npm' && token !== undefined && !hasProvenance && !isPrivate && /\bnpm\s+publish\b/.test(line)) {
      context.report({
        rule: 'missing-provenance-flag',
        span,
        message:
          'The package says nothing of where it was built: nobody can tell it from one that was published with a stolen token',
        scope,
        identity: `${titleOf(step)} provenance`,
        fix: none(
          'provenance needs `id-token: write` and a public repository',
          'Give the job `id-token: write` and publish with `--provenance`.',
        ),
      });
    }
  }
}

function isOwnRegistry(registry: string, variable: string): boolean {
  const wanted: { readonly [registry: string]: RegExp } = {
    npm: /NODE|NPM/i,
    PyPI: /TWINE|PYPI|UV|POETRY|FLIT|HATCH/i,
    'crates.io': /CARGO|CRATES/i,
    RubyGems: /GEM/i,
    NuGet: /NUGET/i,
  };
  return wanted[registry]?.test(variable) ?? false;
}

const MERGING_ACTIONS =
  /^(?:pascalgn\/automerge-action|hmarr\/auto-approve-action|peter-evans\/enable-pull-request-automerge|ahmadnassri\/action-dependabot-auto-merge|fastify\/github-action-merge-dependabot|juliangruber\/merge-pull-request-action|juliangruber\/approve-pull-request-action|sudo-bot\/action-pull-request-merge|plm\/merge-me-action|ridedott\/merge-me-action|reitermarkus\/automerge|tibdex\/auto-update|alexwilson\/enable-github-automerge-action)$/;

/** Approving or merging a change that nobody of the repository looked at. */
function checkMerge(context: AuditContext, view: StepView, reach: ReadonlyMap<string, JobReach>): void {
  const { step } = view;
  const command = view.script?.commands.find(({ raw }) =>
    /\bgh\s+pr\s+(?:merge|review\b.*(?:--approve|-a\b))/.test(raw),
  );
  const isAction = MERGING_ACTIONS.test(step.actionName);
  if (command === undefined && !isAction) return;
  const events = [...view.reach].filter(
    ([event, level]) => level > 0 && (event === 'pull_request_target' || event === 'workflow_run'),
  );
  const [first] = events;
  const condition = `${step.if?.text ?? ''} ${view.job?.if?.text ?? ''}`;
  const isByActor = /github\.(?:actor|triggering_actor)/.test(condition);
  if (first === undefined || (first[1] !== 2 && !isByActor) || reach.size === 0) return;
  const span =
    command !== undefined && step.run !== undefined ? context.reader.lineSpan(step.run, command.line) : step.uses;
  if (span === undefined) return;
  context.report({
    rule: 'confused-deputy-auto-merge',
    span,
    message:
      first[1] === 2
        ? `Any change is approved or merged by \`${first[0]}\` without a look`
        : 'A change is approved or merged because a bot acted last on it, which an outsider can bring about',
    scope: scopeOf(view),
    identity: titleOf(step),
  });
}

const AI_ACTIONS: { readonly [action: string]: RegExp } = {
  'actions/ai-inference': /^(?:prompt|system-prompt|input)$/,
  'anthropics/claude-code-action':
    /^(?:prompt|direct_prompt|override_prompt|custom_instructions|append_system_prompt)$/,
  'anthropics/claude-code-base-action': /^(?:prompt|system_prompt|append_system_prompt)$/,
  'google-github-actions/run-gemini-cli': /^prompt$/,
  'google-gemini/gemini-cli-action': /^prompt$/,
  'openai/codex-action': /^prompt$/,
  'github/copilot-cli-action': /^prompt$/,
};

/** Text of an outsider in the instructions of a model that has a token or tools. */
function checkPrompt(context: AuditContext, view: StepView): void {
  const inputs = AI_ACTIONS[view.step.actionName];
  if (inputs === undefined) {
    checkPromptCommand(context, view);
    return;
  }
  for (const { key, value } of entriesOf(view.step.with)) {
    if (!inputs.test(key.text) || value.kind !== 'scalar') continue;
    for (const expression of context.reader.expressionsOf(value)) {
      const worst = worstOf(taintOfTree(expression.tree, view.scope), view.reach);
      if (
        worst === undefined ||
        worst.source.kind === 'member' ||
        ![...view.reach.keys()].some((event) => PRIVILEGED_EVENTS.has(event))
      )
        continue;
      context.report({
        rule: 'prompt-injection',
        span: expression,
        message: `\`${worst.source.text}\` is part of the instructions of a model: what it says there may be followed with the rights of this job`,
        severity: isToolless(view.step) && worst.weight.severity !== 'low' ? 'medium' : worst.weight.severity,
        scope: scopeOf(view),
        identity: `${titleOf(view.step)} ${expression.text}`,
      });
    }
  }
}

/** A model that only answers does no more than what is made of its answer. */
function isToolless(step: AuditedStep): boolean {
  return step.actionName === 'actions/ai-inference' && (inputOf(step, 'enable-github-mcp') ?? 'false') === 'false';
}

function checkPromptCommand(context: AuditContext, view: StepView): void {
  if (view.script === undefined || view.step.run === undefined) return;
  for (const command of view.script.commands) {
    if (!/^(?:claude|codex|gemini|copilot|llm|aider|opencode)$/.test(command.words[0] ?? '')) continue;
    const worst = worstOf(view.script.facts.taintOf(command.raw), view.reach);
    if (worst === undefined || worst.source.kind === 'member' || worst.source.kind === 'file') continue;
    context.report({
      rule: 'prompt-injection',
      span: context.reader.lineSpan(view.step.run, command.line),
      message: `\`${worst.source.text}\` is part of the instructions of a model: what it says there may be followed with the rights of this job`,
      severity: worst.weight.severity,
      scope: scopeOf(view),
      identity: `${titleOf(view.step)} ${command.words[0]}`,
    });
  }
}
