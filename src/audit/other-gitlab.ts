import { checkEnv } from './check-steps.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import {
  checkEvaluated,
  checkImageOf,
  checkOtherScript,
  checkPlainSecrets,
  checkSpliced,
  scriptsOf,
} from './other-shared.ts';
import { at, entriesOf, listOf, type Scalar, scalarAt, textOf, type YamlNode } from './yaml-tree.ts';

const KEYWORDS = new Set([
  'stages',
  'variables',
  'include',
  'image',
  'services',
  'cache',
  'before_script',
  'after_script',
  'workflow',
  'spec',
  'default',
  'pages',
]);
/** Variables that whoever opens a merge request, or pushes a commit, chooses. */
const CHOSEN =
  /\$\{?CI_(?:MERGE_REQUEST_(?:TITLE|DESCRIPTION|SOURCE_BRANCH_NAME|LABELS)|COMMIT_(?:TITLE|MESSAGE|DESCRIPTION|BRANCH|REF_NAME|AUTHOR|TAG_MESSAGE)|EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME)\b\}?/;

export function auditGitlab(context: AuditContext, root: YamlNode): void {
  checkIncludes(context, at(root, 'include'));
  checkImageOf(context, at(root, 'image'), 'default');
  checkServices(context, root, root, 'default');
  checkVariables(context, at(root, 'variables'), 'variables');
  checkImageOf(context, at(root, 'default', 'image'), 'default');
  checkServices(context, at(root, 'default'), root, 'default');
  for (const name of ['before_script', 'after_script'])
    checkScripts(context, [...scriptsOf(at(root, name)), ...scriptsOf(at(root, 'default', name))], 'default');
  for (const { key, value } of entriesOf(root)) {
    if (KEYWORDS.has(key.text) && key.text !== 'pages') continue;
    if (value.kind === 'mapping') auditJob(context, root, key, value);
  }
}

function auditJob(context: AuditContext, root: YamlNode, key: Scalar, job: YamlNode): void {
  const scope = `jobs.${key.text}`;
  checkImageOf(context, at(job, 'image'), scope);
  checkServices(context, job, root, scope);
  checkVariables(context, at(job, 'variables'), scope);
  checkScripts(
    context,
    ['before_script', 'script', 'after_script'].flatMap((name) => [...scriptsOf(at(job, name))]),
    scope,
  );
  checkDeployment(context, key, job, scope);
  const trigger = at(job, 'trigger', 'include');
  if (trigger !== undefined) checkIncludes(context, trigger);
}

function checkScripts(context: AuditContext, scripts: readonly Scalar[], scope: string): void {
  for (const run of scripts) {
    checkOtherScript(context, run, scope);
    checkEvaluated(context, run, { scope, variables: CHOSEN });
    checkSpliced(context, run, {
      scope,
      pattern: /\$\[\[\s*inputs\.[\w-]+\s*\|\s*expand_vars\b[^\]]*\]\]/,
      severity: 'medium',
    });
    checkPrinted(context, run, scope);
  }
}

const SECRET_VARIABLE = /^\s*(?:echo|printf)\s[^|>]*\$\{?(\w*(?:PASSWORD|TOKEN|SECRET|PRIVATE_KEY|API_KEY)\w*)\b/;

function checkPrinted(context: AuditContext, run: Scalar, scope: string): void {
  for (const [index, line] of run.text.split('\n').entries()) {
    if (/\||>|&&/.test(line)) continue;
    const name = SECRET_VARIABLE.exec(line)?.[1];
    if (name === undefined || /\$\{\w+:[+?]/.test(line)) continue;
    context.report({
      rule: 'secret-exposure',
      span: context.reader.lineSpan(run, index),
      message: `\`${name}\` is printed into the log`,
      scope,
      identity: name,
    });
  }
}

function checkVariables(context: AuditContext, variables: YamlNode | undefined, scope: string): void {
  checkPlainSecrets(context, variables, scope);
  checkEnv(context, variables, scope);
}

function checkIncludes(context: AuditContext, node: YamlNode | undefined): void {
  for (const include of listOf(node)) {
    const remote = include.kind === 'scalar' && /^https?:/.test(include.text) ? include : scalarAt(include, 'remote');
    if (remote !== undefined && scalarAt(include, 'integrity') === undefined && !/\/[0-9a-f]{40}\//.test(remote.text)) {
      report(
        context,
        remote,
        `\`${remote.text.slice(0, 120)}\` is taken as it is at the time, and runs with the variables of this project`,
        'high',
      );
    }
    const project = scalarAt(include, 'project');
    const ref = textOf(at(include, 'ref'));
    if (project !== undefined && (ref === undefined || !/^[0-9a-f]{40}$/.test(ref))) {
      const isBranch = ref === undefined || /^(?:main|master|develop|HEAD|trunk)$/.test(ref);
      report(
        context,
        project,
        `The configuration of \`${project.text}\` is taken from ${ref === undefined ? 'the head of its default branch' : `\`${ref}\``}, which can change`,
        isBranch ? 'medium' : 'low',
      );
    }
    const component = scalarAt(include, 'component');
    const version = component === undefined ? undefined : /@([^@]+)$/.exec(component.text)?.[1];
    if (
      component !== undefined &&
      (version === undefined || !/^[0-9a-f]{40}$/.test(version)) &&
      !(version ?? '').includes('$')
    ) {
      const isLoose = version === undefined || /^(?:~latest|main|master|\d+|\d+\.\d+)$/.test(version);
      report(
        context,
        component,
        `The component \`${component.text.slice(0, 120)}\` is not pinned to a commit`,
        isLoose ? 'medium' : 'info',
      );
    }
  }
}

function report(
  context: AuditContext,
  span: Scalar,
  message: string,
  severity: 'high' | 'medium' | 'low' | 'info',
): void {
  context.report({
    rule: 'unpinned-includes',
    span,
    message,
    severity,
    scope: 'include',
    identity: span.text,
    fix: none('the commit has to be asked for', 'Name a commit in `ref:`, or copy the file.'),
  });
}

function checkServices(context: AuditContext, node: YamlNode | undefined, root: YamlNode, scope: string): void {
  for (const service of listOf(at(node, 'services'))) {
    checkImageOf(context, service, scope);
    const name = service.kind === 'scalar' ? service : scalarAt(service, 'name');
    if (name === undefined || !/(?:^|\/)docker:[\w.-]*dind/.test(name.text)) continue;
    const variables = [...entriesOf(at(node, 'variables')), ...entriesOf(at(root, 'variables'))];
    const isPlain = variables.some(
      ({ key, value }) =>
        (key.text === 'DOCKER_TLS_CERTDIR' && value.kind === 'scalar' && value.text === '') ||
        (key.text === 'DOCKER_HOST' && /:2375/.test(textOf(value) ?? '')),
    );
    context.report({
      rule: 'privileged-container',
      span: name,
      message: `Docker in Docker needs a privileged runner: what the job runs can take over the machine${isPlain ? ', and the daemon listens without TLS' : ''}`,
      severity: isPlain ? 'medium' : 'low',
      scope,
      identity: name.text,
    });
  }
}

const PRODUCTION = /^(?:prod|production|live)\b|(?:^|[/_-])(?:prod|production|live)$/i;

/** A job that deploys to production from wherever the pipeline runs. */
function checkDeployment(context: AuditContext, key: Scalar, job: YamlNode, scope: string): void {
  const environment = at(job, 'environment');
  const name = environment?.kind === 'scalar' ? environment : scalarAt(environment, 'name');
  if (name === undefined || !PRODUCTION.test(name.text) || key.text.startsWith('.')) return;
  const limits = ['rules', 'only', 'except', 'when', 'extends'].some((word) => at(job, word) !== undefined);
  if (limits || textOf(at(environment, 'action')) === 'stop') return;
  context.report({
    rule: 'unprotected-deployment',
    span: name,
    message: `\`${key.text}\` deploys to \`${name.text}\` in every pipeline, of every branch`,
    scope,
    identity: key.text,
  });
}
