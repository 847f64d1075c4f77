import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import { checkEvaluated, checkImageOf, checkOtherScript, checkPlainSecrets, checkSpliced } from './other-shared.ts';
import { at, entriesOf, listOf, type Scalar, scalarAt, textOf, textsOf, type YamlNode } from './yaml-tree.ts';

/** What CircleCI splices into scripts and whoever pushes or triggers chooses. */
const SPLICED =
  /<<\s*pipeline\.(?:git\.(?:branch|tag)|trigger_parameters\.[\w.]*(?:branch|ref|title|message|description|author|login|name)[\w.]*|event\.[\w.]*(?:title|message|branch|ref|body|name)[\w.]*)\s*>>/;
const CHOSEN = /\$\{?CIRCLE_(?:BRANCH|TAG|PR_USERNAME|PR_REPONAME|USERNAME)\b\}?/;

export function auditCircle(context: AuditContext, root: YamlNode): void {
  for (const { key, value } of entriesOf(at(root, 'orbs'))) {
    if (value.kind === 'scalar') checkOrb(context, key, value);
  }
  for (const group of ['executors', 'jobs']) {
    for (const { key, value } of entriesOf(at(root, group))) auditJob(context, value, `${group}.${key.text}`);
  }
  for (const { key, value } of entriesOf(at(root, 'workflows')))
    checkDeployments(context, value, `workflows.${key.text}`);
  for (const { key, value } of entriesOf(at(root, 'commands')))
    auditSteps(context, value, { scope: `commands.${key.text}`, parameters: stringParameters(value) });
}

function checkOrb(context: AuditContext, key: Scalar, orb: Scalar): void {
  const version = /@(.+)$/.exec(orb.text)?.[1];
  const isExact = version !== undefined && /^\d+\.\d+\.\d+$/.test(version);
  if (isExact || orb.text.includes('<<')) return;
  const isLoose = version === undefined || /^(?:volatile|dev:.*)$/.test(version);
  context.report({
    rule: 'unpinned-includes',
    span: orb,
    message: isLoose
      ? `The orb \`${orb.text}\` is whatever was published last`
      : `The orb \`${orb.text}\` takes every newer release of that line by itself`,
    severity: isLoose ? 'high' : 'medium',
    scope: 'orbs',
    identity: key.text,
    fix: none('the exact release has to be asked for', 'Name the full version, as `@1.2.3`.'),
  });
}

function stringParameters(node: YamlNode | undefined): readonly string[] {
  return entriesOf(at(node, 'parameters'))
    .filter(({ value }) => textOf(at(value, 'type')) === 'string')
    .map(({ key }) => key.text);
}

function auditJob(context: AuditContext, job: YamlNode, scope: string): void {
  for (const image of listOf(at(job, 'docker'))) {
    checkImageOf(context, image, scope);
    checkPlainSecrets(context, at(image, 'environment'), scope);
    const password = scalarAt(image, 'auth', 'password');
    if (password !== undefined && !password.text.startsWith('$')) {
      context.report({
        rule: 'hardcoded-container-credentials',
        span: password,
        message: 'The password of a registry is written in the file',
        scope,
        identity: 'password',
        fix: none('the password has to be changed first'),
      });
    }
  }
  checkPlainSecrets(context, at(job, 'environment'), scope);
  auditSteps(context, job, { scope, parameters: stringParameters(job) });
}

/** Jobs for production that every branch starts, and that nobody has to approve. */
function checkDeployments(context: AuditContext, workflow: YamlNode, scope: string): void {
  if (['when', 'unless', 'triggers'].some((word) => at(workflow, word) !== undefined)) return;
  const jobs = listOf(at(workflow, 'jobs')).map((item) => {
    const entry = entriesOf(item)[0];
    const settings = entry?.value;
    const name = entry === undefined ? (item.kind === 'scalar' ? item : undefined) : entry.key;
    return { name, settings, shown: textOf(at(settings, 'name')) ?? name?.text ?? '' };
  });
  const asked = new Set(
    jobs.flatMap(({ settings, shown }) => (textOf(at(settings, 'type')) === 'approval' ? [shown] : [])),
  );
  // What waits for a job that is asked for, or that only some branches have, waits as well.
  const limited = new Set(asked);
  for (let before = -1; before < limited.size; ) {
    before = limited.size;
    for (const { settings, shown } of jobs) {
      const waits = textsOf(at(settings, 'requires')).some((one) => limited.has(one));
      if (waits || at(settings, 'filters') !== undefined) limited.add(shown);
    }
  }
  for (const { name, shown } of jobs) {
    if (name === undefined || limited.has(shown) || !isForProduction(shown)) continue;
    context.report({
      rule: 'unprotected-deployment',
      span: name,
      message: `\`${shown}\` runs in every workflow, of every branch, and nobody has to approve it`,
      scope,
      identity: shown,
    });
  }
}

function isForProduction(name: string): boolean {
  return /deploy|release|publish|promote|rollout/i.test(name) && /(?:^|[-_ /])prod(?:uction)?(?:$|[-_ /])/i.test(name);
}

function auditSteps(
  context: AuditContext,
  node: YamlNode,
  place: { readonly scope: string; readonly parameters: readonly string[] },
): void {
  const { scope } = place;
  for (const step of listOf(at(node, 'steps'))) {
    const run = scalarAt(step, 'run') ?? scalarAt(step, 'run', 'command');
    checkPlainSecrets(context, at(step, 'run', 'environment'), scope);
    for (const kind of ['when', 'unless']) {
      const inner = at(step, kind);
      if (inner?.kind === 'mapping') auditSteps(context, inner, place);
    }
    if (run === undefined) continue;
    checkOtherScript(context, run, scope);
    checkEvaluated(context, run, { scope, variables: CHOSEN });
    checkSpliced(context, run, { scope, pattern: SPLICED, severity: 'high' });
    checkSpliced(context, run, { scope, pattern: /<<\s*pipeline\.parameters\.[\w-]+\s*>>/, severity: 'low' });
  }
}
