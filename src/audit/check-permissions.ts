import type { Fix } from '../finding/index.ts';
import type { AuditContext } from './context.ts';
import { addPermissions, none, setInput } from './fixes.ts';
import { PRIVILEGED_EVENTS } from './guards.ts';
import { PERMISSIONS_NEEDED } from './knowledge.ts';
import { type AuditedJob, type AuditedStep, type AuditedWorkflow, inputOf } from './model.ts';
import { entriesOf, type Scalar, textOf, type YamlNode } from './yaml-tree.ts';

/** Scopes with which a leaked token does harm that lasts. */
const DANGEROUS: { readonly [scope: string]: 'high' | 'medium' } = {
  actions: 'high',
  attestations: 'high',
  contents: 'high',
  'id-token': 'high',
  packages: 'high',
  checks: 'medium',
  deployments: 'medium',
  discussions: 'medium',
  issues: 'medium',
  pages: 'medium',
  'pull-requests': 'medium',
  'repository-projects': 'medium',
  'security-events': 'medium',
  statuses: 'medium',
};

export function checkPermissions(context: AuditContext, workflow: AuditedWorkflow): void {
  checkTop(context, workflow);
  for (const job of workflow.jobs) checkJob(context, workflow, job);
  checkDocumented(context, workflow);
}

function isReusableOnly(workflow: AuditedWorkflow): boolean {
  return workflow.triggers.length > 0 && workflow.triggers.every(({ event }) => event === 'workflow_call');
}

function checkTop(context: AuditContext, workflow: AuditedWorkflow): void {
  const { permissions, permissionsKey } = workflow;
  if (permissions === undefined || permissionsKey === undefined) return;
  const text = textOf(permissions);
  if (text === 'write-all' || text === 'read-all') {
    reportAll(context, {
      node: permissions,
      text,
      scope: 'permissions',
      fix: replaceTop(context, workflow, permissions),
    });
  }
  const isAlone = workflow.jobs.length <= 1;
  for (const { key, value } of entriesOf(permissions)) {
    if (textOf(value) !== 'write') continue;
    const weight = DANGEROUS[key.text];
    if (weight === undefined) continue;
    // With one job it makes no difference where the scope stands.
    context.report({
      rule: 'excessive-permissions',
      span: key,
      message: `\`${key.text}: write\` at the top is given to every job of the workflow, also to those that do not need it`,
      severity: isAlone ? 'info' : weight === 'high' ? 'medium' : 'low',
      confidence: isAlone ? 'low' : 'high',
      scope: 'permissions',
      identity: key.text,
      fix: none(
        'which job needs the scope is not certain',
        'Set `permissions: {}` or `contents: read` at the top and give each job what it needs.',
      ),
    });
  }
}

function reportAll(
  context: AuditContext,
  place: { readonly node: YamlNode; readonly text: string; readonly scope: string; readonly fix: Fix },
): void {
  const isWrite = place.text === 'write-all';
  context.report({
    rule: 'excessive-permissions',
    span: place.node,
    message: isWrite
      ? '`write-all` lets everything that runs here change code, releases, packages and settings'
      : '`read-all` lets everything that runs here read every part of the repository',
    severity: isWrite ? 'high' : 'low',
    confidence: 'high',
    scope: place.scope,
    identity: place.text,
    fix: place.fix,
  });
}

function replaceTop(context: AuditContext, workflow: AuditedWorkflow, node: YamlNode): Fix {
  const needed = permissionsNeeded(workflow.jobs.flatMap(({ steps }) => steps));
  if (needed === undefined || workflow.jobs.some(({ uses }) => uses !== undefined)) {
    return none('what the steps do with the token is not known', 'Write the scopes that each job needs.');
  }
  const plain = needed.map((line) => line.replace(/ #.*$/, ''));
  const text = plain.length === 0 ? '{}' : `{ ${plain.join(', ')} }`;
  return {
    kind: 'edit',
    title: `Give the token ${plain.join(', ') || 'no permission'}`,
    edits: [{ file: context.file.path, start: node.start, end: node.end, text }],
  };
}

/** What the steps need of the token, when all of them are known. Scripts with `gh` or the token are not. */
export function permissionsNeeded(steps: readonly AuditedStep[]): readonly string[] | undefined {
  const needed = new Map<string, { readonly access: 'read' | 'write'; readonly action: string }>();
  for (const step of steps) {
    if (step.uses === undefined) {
      if (
        /\bgh\s|git\s+push|GITHUB_TOKEN|GH_TOKEN|github\.token|\bhub\s|api\.github\.com|npm publish|docker push|ghcr\.io/.test(
          step.run?.text ?? '',
        )
      )
        return undefined;
      if (entriesOf(step.env).some(({ value }) => /github\.token|GITHUB_TOKEN/i.test(textOf(value) ?? '')))
        return undefined;
      continue;
    }
    if (!Object.hasOwn(PERMISSIONS_NEEDED, step.actionName)) return undefined;
    if (
      entriesOf(step.with).some(
        ({ key, value }) =>
          /github\.token|GITHUB_TOKEN/i.test(textOf(value) ?? '') &&
          !step.actionName.startsWith('actions/') &&
          key.text !== '',
      )
    )
      return undefined;
    for (const [scope, access] of PERMISSIONS_NEEDED[step.actionName] ?? []) {
      if (needed.get(scope)?.access !== 'write') needed.set(scope, { access, action: step.actionName });
    }
  }
  return [...needed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([scope, { access, action }]) => `${scope}: ${access}${access === 'write' ? ` # ${action}` : ''}`);
}

function checkJob(context: AuditContext, workflow: AuditedWorkflow, job: AuditedJob): void {
  const scope = `jobs.${job.id}`;
  const { permissions } = job;
  const text = textOf(permissions);
  if (permissions !== undefined && (text === 'write-all' || text === 'read-all')) {
    reportAll(context, {
      node: permissions,
      text,
      scope,
      fix: none('what the steps do with the token is not known', 'Write the scopes that the job needs.'),
    });
  }
  checkIdToken(context, workflow, job);
  if (permissions !== undefined || workflow.permissions !== undefined || isReusableOnly(workflow)) return;
  const risky = workflow.triggers.filter(
    ({ event }) => PRIVILEGED_EVENTS.has(event) && event !== 'fork' && event !== 'watch',
  );
  const isFirst = workflow.jobs.find((one) => one.permissions === undefined)?.id === job.id;
  if (risky.length > 0) {
    if (!isFirst) return;
    context.report({
      rule: 'default-permissions-on-risky-events',
      span: risky[0]?.at ?? job.key,
      message: `\`${risky.map(({ event }) => event).join('`, `')}\` can be started by outsiders, and the token has whatever the repository's settings say, often everything`,
      identity: 'permissions',
      fix: missingFix(context, workflow),
    });
  }
  context.report({
    rule: 'missing-permissions',
    span: job.key,
    message: `Nothing limits the token of the job \`${job.id}\`: it has whatever the settings of the repository say`,
    scope,
    identity: 'permissions',
    fix: missingFix(context, workflow),
  });
}

function missingFix(context: AuditContext, workflow: AuditedWorkflow): Fix {
  const needed = permissionsNeeded(workflow.jobs.flatMap(({ steps }) => steps));
  const isKnown = needed !== undefined && workflow.jobs.every(({ uses }) => uses === undefined);
  const fix = isKnown ? addPermissions(context, workflow.root, needed) : undefined;
  return (
    fix ??
    none(
      'what the steps do with the token is not known',
      'Start with `permissions: contents: read` at the top and add what fails.',
    )
  );
}

/** Actions and words that ask for an identity token. */
const TAKES_IDENTITY =
  /attest|cosign|sigstore|configure-aws-credentials|google-github-actions\/auth|azure\/login|gh-action-pypi-publish|vault-action|deploy-pages|scorecard|npm\s+publish|--provenance|id-token|oidc|ACTIONS_ID_TOKEN|getIDToken|slsa|trusted|goreleaser|configure-rubygems|release-gem|jfrog|setup-jfrog|octo-sts|login|publish|codecov|release|deploy|pulumi|terraform|claude/i;

function checkIdToken(context: AuditContext, workflow: AuditedWorkflow, job: AuditedJob): void {
  const own = entriesOf(job.permissions).find(({ key }) => key.text === 'id-token');
  const top = entriesOf(workflow.permissions).find(({ key }) => key.text === 'id-token');
  const entry = own ?? (job.permissions === undefined && workflow.jobs.length === 1 ? top : undefined);
  if (entry === undefined || textOf(entry.value) !== 'write' || job.uses !== undefined || job.steps.length === 0)
    return;
  const isUsed = job.steps.some(
    (step) =>
      TAKES_IDENTITY.test(context.file.text.slice(step.body.start, step.body.end)) ||
      step.action?.kind === 'local' ||
      (step.actionName !== '' && !Object.hasOwn(PERMISSIONS_NEEDED, step.actionName)) ||
      (step.run !== undefined && /\.\/|\bmake\b|\bnpm\b|\.sh\b/.test(step.run.text)),
  );
  if (isUsed) return;
  context.report({
    rule: 'unused-id-token',
    span: entry.key,
    message: `\`id-token: write\` lets everything in \`${job.id}\` sign in elsewhere as this repository, and nothing here does so`,
    scope: `jobs.${job.id}`,
    identity: 'id-token',
  });
}

function checkDocumented(context: AuditContext, workflow: AuditedWorkflow): void {
  const blocks = [
    { node: workflow.permissions, scope: 'permissions' },
    ...workflow.jobs.map((job) => ({ node: job.permissions, scope: `jobs.${job.id}` })),
  ];
  for (const { node, scope } of blocks) {
    for (const { key, value } of entriesOf(node)) {
      if (textOf(value) !== 'write' || hasComment(context, key)) continue;
      context.report({
        rule: 'undocumented-permissions',
        span: key,
        message: `Nothing says what \`${key.text}: write\` is for`,
        scope,
        identity: key.text,
      });
    }
  }
}

function hasComment({ file }: AuditContext, key: Scalar): boolean {
  const { line } = file.placeAt(key.start, key.end);
  return /\s#/.test(file.lineText(line)) || /^\s*#/.test(file.lineText(line - 1));
}

const UPLOADS = /^actions\/upload-artifact/;

/** The credential that a checkout leaves in `.git/config`, and what may carry it away. */
export function checkArtipacked(
  context: AuditContext,
  job: { readonly id: string; readonly steps: readonly AuditedStep[] },
): void {
  for (const [index, step] of job.steps.entries()) {
    if (step.actionName !== 'actions/checkout' || step.uses === undefined) continue;
    const persists = inputOf(step, 'persist-credentials');
    if (persists === 'false' || persists?.includes('${{') === true) continue;
    // From v6 on the credential lies outside of the workspace.
    const isOutside = step.action?.kind === 'remote' && /^v(?:[6-9]|\d\d)(?:\.|$)/.test(step.action.ref);
    const later = job.steps.slice(index + 1);
    const upload = later.find((one) => UPLOADS.test(one.actionName) && isWorkspace(inputOf(one, 'path')));
    const pushes = later.some(
      (one) =>
        /\bgit\s+(?:push|fetch|pull|clone|submodule|ls-remote|lfs)\b|gh\s+pr\s+checkout|semantic-release|lerna publish|npm version|changeset|standard-version|goreleaser|mike deploy|gh-deploy|gh-pages|cargo release|mvn release|gradle release|git-auto-commit/.test(
          one.run?.text ?? '',
        ) ||
        /auto-commit|push|release|gh-pages|create-pull-request|deploy|commit|tag|changesets|version|bump|publish|sync|mirror|goreleaser|git/.test(
          one.actionName.replace('github', ''),
        ),
    );
    if (pushes && upload === undefined) continue;
    const edits = setInput(context, step, { name: 'persist-credentials', value: 'false' });
    context.report({
      rule: 'artipacked',
      span: step.uses,
      message:
        upload === undefined
          ? 'The token stays in `.git/config` for every later step of the job, and nothing here pushes with it'
          : 'The token stays in `.git/config`, and a later step uploads the workspace with it',
      severity: upload === undefined ? 'info' : isOutside ? 'low' : 'high',
      confidence: upload === undefined ? 'low' : 'high',
      scope: `jobs.${job.id}`,
      identity: `${step.index} ${step.actionName}`,
      ...(upload?.uses === undefined
        ? {}
        : { trace: [{ span: upload.uses, message: 'the workspace is uploaded here' }] }),
      fix:
        edits === undefined || pushes
          ? none(
              'a later step needs the credential, or the step is written in a way that is not changed here',
              'Set `persist-credentials: false` and hand the token to the one step that needs it.',
            )
          : { kind: 'edit', title: 'Do not leave the token in the workspace', edits },
    });
  }
}

function isWorkspace(path: string | undefined): boolean {
  if (path === undefined) return false;
  return path
    .split('\n')
    .some((line) =>
      /^(?:\.|\.\/|\.\/\*|\*|\*\*|\*\*\/\*|\.\/\*\*(?:\/\*)?|\$\{\{\s*github\.workspace\s*\}\}\/?|\.git\/?.*|\$GITHUB_WORKSPACE|\.\.)$/.test(
        line.trim(),
      ),
    );
}
