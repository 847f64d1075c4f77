import type { ExpressionTree } from '../workflow/index.ts';
import type { AuditContext } from './context.ts';
import type { Expression } from './expressions.ts';
import { none } from './fixes.ts';
import { type AuditedJob, type AuditedStep, type AuditedWorkflow, inputNode, titleOf } from './model.ts';
import { at, entriesOf, type Scalar, scalarsOf, textOf, type YamlNode } from './yaml-tree.ts';

export function checkSecrets(context: AuditContext, workflow: AuditedWorkflow): void {
  for (const { value } of scalarsOf(workflow.env)) checkExpressions(context, value, 'env');
  for (const job of workflow.jobs) {
    const scope = `jobs.${job.id}`;
    checkInherit(context, job);
    for (const { value } of scalarsOf(job.body)) checkExpressions(context, value, scope);
    checkEnvironment(context, workflow, job);
    checkSecretSteps(context, job.steps, scope);
  }
}

/** What a step does with secrets, in a job or in a composite action. */
export function checkSecretSteps(context: AuditContext, steps: readonly AuditedStep[], scope: string): void {
  for (const [index, step] of steps.entries()) {
    checkPrinted(context, step, scope);
    checkArtifact(context, steps.slice(0, index), step, scope);
    checkApp(context, step, scope);
  }
}

function checkInherit(context: AuditContext, job: AuditedJob): void {
  const secrets = at(job.body, 'secrets');
  if (job.uses === undefined || textOf(secrets) !== 'inherit' || secrets === undefined) return;
  // Local ones are reported by `finish`, which knows what they need.
  if (job.uses.text.startsWith('./') || job.uses.text.startsWith('$/')) return;
  context.report({
    rule: 'secrets-inherit',
    span: secrets,
    message: `Every secret of the repository is handed to \`${job.uses.text}\`, whatever it needs`,
    scope: `jobs.${job.id}`,
    identity: job.uses.text,
    fix: none(
      'the called workflow is elsewhere, and what it needs is not known here',
      'List the secrets that it declares under `secrets:`.',
    ),
  });
}

/** `toJSON(secrets)`, `secrets[…]`, `fromJSON(secrets.X).y`, wherever they stand. */
function checkExpressions(context: AuditContext, scalar: Scalar, scope: string): void {
  for (const expression of context.reader.expressionsOf(scalar)) {
    if (expression.tree !== undefined) checkTree(context, expression, expression.tree, scope);
  }
}

function checkTree(context: AuditContext, expression: Expression, tree: ExpressionTree, scope: string): void {
  visit(tree, (node) => {
    if (node.kind === 'reference' && node.reference.context === 'secrets') {
      const [name] = node.reference.path;
      if (name === undefined || name === '*') {
        context.report({
          rule: 'overprovisioned-secrets',
          span: expression,
          message:
            name === undefined
              ? 'All secrets are handed over at once'
              : 'Which secret is taken is computed: all of them are sent to the runner',
          ...(name === '*' ? { severity: 'low', confidence: 'medium' } : {}),
          scope,
          identity: expression.text,
        });
      }
    }
    if (node.kind === 'member' && node.of.kind === 'call' && node.of.name === 'fromjson' && isSecret(node.of.args[0])) {
      context.report({
        rule: 'unredacted-secrets',
        span: expression,
        message: 'A part of a secret is taken out: only the whole one is masked in logs',
        scope,
        identity: expression.text,
        fix: none('the parts have to be stored as secrets of their own', 'Store each part as a secret and name it.'),
      });
    }
  });
}

function isSecret(tree: ExpressionTree | undefined): boolean {
  return tree?.kind === 'reference' && tree.reference.context === 'secrets';
}

function visit(
  tree: ExpressionTree,
  look: (node: ExpressionTree, parent: ExpressionTree | undefined) => void,
  parent?: ExpressionTree,
): void {
  look(tree, parent);
  switch (tree.kind) {
    case 'and':
    case 'or':
      for (const part of tree.parts) visit(part, look, tree);
      break;
    case 'call':
      for (const arg of tree.args) visit(arg, look, tree);
      break;
    case 'not':
      visit(tree.operand, look, tree);
      break;
    case 'member':
      visit(tree.of, look, tree);
      break;
    case 'compare':
      visit(tree.left, look, tree);
      visit(tree.right, look, tree);
      break;
    default:
  }
}

/** Names of secrets that a value uses. The job's own token is none. */
export function secretsIn(
  context: AuditContext,
  node: YamlNode | undefined,
): readonly { readonly name: string; readonly expression: Expression }[] {
  const found: { name: string; expression: Expression }[] = [];
  for (const { value } of scalarsOf(node)) {
    if (!value.text.includes('secrets')) continue;
    for (const expression of context.reader.expressionsOf(value)) {
      if (expression.tree === undefined) continue;
      visit(expression.tree, (one) => {
        const name =
          one.kind === 'reference' && one.reference.context === 'secrets' ? one.reference.path[0] : undefined;
        if (name !== undefined && name !== '*' && name !== 'github_token') found.push({ name, expression });
      });
    }
  }
  return found;
}

function checkEnvironment(context: AuditContext, workflow: AuditedWorkflow, job: AuditedJob): void {
  if (job.environment !== undefined || job.uses !== undefined) return;
  if (workflow.triggers.every(({ event }) => event === 'workflow_call')) return;
  const [first] = secretsIn(context, job.body);
  if (first === undefined) return;
  context.report({
    rule: 'secrets-outside-env',
    span: first.expression,
    message: `The job \`${job.id}\` uses \`secrets.${first.name.toUpperCase()}\` without an environment: nobody has to approve its use`,
    scope: `jobs.${job.id}`,
    identity: first.name,
    fix: none(
      'an environment has to be made in the settings of the repository',
      'Make an environment with protection rules, move the secret into it and name it in `environment:`.',
    ),
  });
}

/** A secret that a script prints, or that stands in the arguments of a program. */
function checkPrinted(context: AuditContext, step: AuditedStep, scope: string): void {
  const { run } = step;
  if (run === undefined || !/secrets\b/.test(context.file.text.slice(step.body.start, step.body.end))) return;
  const variables = new Set(
    entriesOf(step.env)
      .filter(({ value }) => /\bsecrets\./.test(textOf(value) ?? ''))
      .map(({ key }) => key.text),
  );
  for (const [index, line] of run.text.split('\n').entries()) {
    if (!isPrinting(line)) continue;
    const named = [...line.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? '').find((name) => variables.has(name));
    const spliced = /\$\{\{[^}]*\bsecrets\.(?!GITHUB_TOKEN)(\w+)/i.exec(line)?.[1];
    const secret = named ?? spliced;
    if (secret === undefined) continue;
    context.report({
      rule: 'secret-exposure',
      span: context.reader.lineSpan(run, index),
      message: `\`${secret}\` is printed: a mask hides it only as long as it is written exactly as it was stored`,
      ...(isEncoding(line) ? { severity: 'high', confidence: 'high' } : {}),
      scope,
      identity: `${titleOf(step)} ${secret}`,
    });
  }
}

function isPrinting(line: string): boolean {
  const text = line.trim();
  if (!/^(?:echo|printf|print|Write-(?:Host|Output)|cat\s*<<<)\b/.test(text)) return false;
  // What goes into a file, a variable or another program is not printed.
  if (/>{1,2}\s*(?!&|\/dev\/(?:stdout|stderr|tty))\S/.test(text)) return false;
  const last = text.split('|').at(-1)?.trim() ?? '';
  return !text.includes('|') || /^(?:tee\b|base64|rev|xxd|od|hexdump|sed|tr|fold|cut|cat|hex)/.test(last);
}

/** Changed before it is printed: no mask matches any more. */
function isEncoding(line: string): boolean {
  return /\|\s*(?:base64|rev|xxd|od|hexdump|sed|tr|fold|cut)\b/.test(line) && !/base64\s+(?:-d|--decode|-D)/.test(line);
}

/** Files with secrets that are uploaded: an env file, a key, what a step wrote a secret to. */
function checkArtifact(context: AuditContext, before: readonly AuditedStep[], step: AuditedStep, scope: string): void {
  const path = inputNode(step, 'path');
  const paths =
    textOf(path)
      ?.split('\n')
      .map((line) => line.trim()) ?? [];
  if (step.actionName !== 'actions/upload-artifact' || path === undefined) return;
  const written = new Map<string, string>();
  for (const earlier of before) {
    const secretNames = new Set(
      entriesOf(earlier.env)
        .filter(({ value }) => /\bsecrets\./.test(textOf(value) ?? ''))
        .map(({ key }) => key.text),
    );
    for (const line of earlier.run?.text.split('\n') ?? []) {
      const target = />{1,2}\s*["']?([\w./~-]+)["']?\s*$/.exec(line)?.[1];
      const isSecret =
        /\bsecrets\.(?!GITHUB_TOKEN)\w+/i.test(line) ||
        [...line.matchAll(/\$\{?(\w+)/g)].some((match) => secretNames.has(match[1] ?? ''));
      if (target !== undefined && isSecret) written.set(target.replace(/^\.\//, ''), line.trim());
    }
  }
  const leaked = [...written.keys()].find((file) => paths.some((one) => covers(one, file)));
  if (leaked === undefined || step.uses === undefined) return;
  context.report({
    rule: 'secrets-in-artifacts',
    span: path,
    message: `\`${leaked}\`, which a step wrote a secret to, is uploaded: whoever may read the run may read it`,
    scope,
    identity: leaked,
  });
}

function covers(pattern: string, file: string): boolean {
  const clean = pattern.replace(/^\.\//, '').replace(/\/\*{1,2}$|\/$/, '');
  return clean === file || clean === '.' || clean === '*' || clean === '**' || file.startsWith(`${clean}/`);
}

/** Tokens of an app that can do more, or last longer, than the job needs. */
function checkApp(context: AuditContext, step: AuditedStep, scope: string): void {
  if (step.uses === undefined) return;
  const isOfficial = step.actionName === 'actions/create-github-app-token';
  if (!isOfficial && step.actionName !== 'tibdex/github-app-token') return;
  const names = entriesOf(step.with).map(({ key }) => key.text.toLowerCase());
  const report = (message: string, severity: 'medium' | 'low', node: YamlNode) =>
    context.report({ rule: 'github-app', span: node, message, severity, scope, identity: message.slice(0, 40) });
  const revoke = inputNode(step, 'skip-token-revoke');
  if (revoke !== undefined && textOf(revoke) === 'true')
    report('The token stays valid after the job: it is not revoked', 'medium', revoke);
  const owner = inputNode(step, 'owner');
  if (owner !== undefined && !names.includes('repositories'))
    report('The token is good for every repository of the installation', 'medium', owner);
  if (isOfficial && !names.some((name) => name.startsWith('permission-')))
    report('The token has every permission of the app', 'low', step.uses);
}
