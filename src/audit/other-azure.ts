import { checkEnv } from './check-steps.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import {
  checkEvaluated,
  checkImageOf,
  checkOtherScript,
  checkPlainSecret,
  checkPlainSecrets,
  checkPrivileged,
  checkSpliced,
} from './other-shared.ts';
import { at, entriesOf, listOf, type Scalar, scalarAt, scalarsOf, textOf, type YamlNode } from './yaml-tree.ts';

/** Macros that whoever opens a pull request chooses. They are spliced before the script is run. */
const SPLICED =
  /\$\((?:Build\.(?:SourceBranchName|SourceBranch|SourceVersionMessage|SourceVersionAuthor|RequestedFor)|System\.PullRequest\.(?:SourceBranch|SourceBranchName)|System\.PullRequest\.SourceRepositoryURI|resources\.pipeline\.[\w.]*source(?:Branch|Commit)[\w.]*)\)|\$\{\{\s*variables\[?['".]+Build\.(?:SourceBranchName|SourceBranch|SourceVersionMessage)['"\]]*\s*\}\}/i;
const CHOSEN =
  /\$(?:\{|env:)?(?:BUILD_(?:SOURCEBRANCHNAME|SOURCEBRANCH|SOURCEVERSIONMESSAGE)|SYSTEM_PULLREQUEST_SOURCEBRANCH)\b\}?/;

export function auditAzure(context: AuditContext, root: YamlNode): void {
  checkResources(context, root);
  const parameters = stringParameters(root);
  visit(context, root, { scope: 'pipeline', parameters, depth: 0 });
}

/** Parameters that take any text; a list of values, numbers and booleans do not. */
function stringParameters(root: YamlNode): RegExp | undefined {
  const list = at(root, 'parameters');
  const names = listOf(list).flatMap((item) => {
    const name = textOf(at(item, 'name'));
    const type = textOf(at(item, 'type')) ?? 'string';
    return name === undefined || type !== 'string' || at(item, 'values') !== undefined ? [] : [name];
  });
  const words = names.filter((name) => /^[\w-]+$/.test(name)).slice(0, PARAMETERS_MAX);
  return words.length === 0 ? undefined : new RegExp(`\\$\\{\\{\\s*parameters\\.(?:${words.join('|')})\\s*\\}\\}`);
}

/** Parameters of one pipeline that are looked for. */
const PARAMETERS_MAX = 500;

/** Levels of stages, jobs, strategies and steps. */
const LEVELS_MAX = 12;

type Place = { readonly scope: string; readonly parameters: RegExp | undefined; readonly depth: number };

function visit(context: AuditContext, node: YamlNode, place: Place): void {
  if (place.depth > LEVELS_MAX) return;
  const deeper = { ...place, depth: place.depth + 1 };
  if (node.kind === 'sequence') for (const item of node.items) visit(context, item, deeper);
  if (node.kind !== 'mapping') return;
  const name = textOf(at(node, 'job')) ?? textOf(at(node, 'deployment')) ?? textOf(at(node, 'stage'));
  const scope = name === undefined ? place.scope : `jobs.${name}`;
  auditNode(context, node, { ...deeper, scope });
  for (const { key, value } of node.entries) {
    if (
      /^(?:stages|jobs|steps|strategy|runOnce|deploy|rolling|canary|preDeploy|postRouteTraffic|routeTraffic|on|success|failure)$/.test(
        key.text,
      ) ||
      /^\$\{\{\s*(?:if|else|elseif|each)\b/.test(key.text)
    ) {
      visit(context, value, { ...deeper, scope });
    }
  }
}

function auditNode(context: AuditContext, node: YamlNode, place: Place): void {
  const { scope } = place;
  for (const name of ['script', 'bash', 'pwsh', 'powershell']) {
    const run = scalarAt(node, name);
    if (run !== undefined) auditScript(context, run, place);
  }
  const inline =
    scalarAt(node, 'inputs', 'script') ??
    scalarAt(node, 'inputs', 'inlineScript') ??
    scalarAt(node, 'inputs', 'Inline');
  if (inline !== undefined && at(node, 'task') !== undefined) auditScript(context, inline, place);
  const container = at(node, 'container');
  if (container?.kind === 'mapping' || /[:/]/.test(textOf(container) ?? '')) checkImageOf(context, container, scope);
  checkPrivileged(context, scalarAt(container, 'options'), scope);
  checkVariables(context, at(node, 'variables'), scope);
  checkPlainSecrets(context, at(node, 'env'), scope);
  const persists = scalarAt(node, 'persistCredentials');
  if (at(node, 'checkout') !== undefined && persists?.text.toLowerCase() === 'true') {
    context.report({
      rule: 'over-broad-token',
      span: persists,
      message: 'The token of the pipeline stays in the git configuration for every later step',
      scope,
      identity: 'persistCredentials',
      fix: {
        kind: 'edit',
        title: 'Do not leave the token in the workspace',
        edits: [{ file: context.file.path, start: persists.start, end: persists.end, text: 'false' }],
      },
    });
  }
}

function auditScript(context: AuditContext, run: Scalar, { scope, parameters }: Place): void {
  checkOtherScript(context, run, scope);
  checkSpliced(context, run, { scope, pattern: SPLICED, severity: 'high' });
  checkEvaluated(context, run, { scope, variables: CHOSEN });
  if (parameters !== undefined) checkSpliced(context, run, { scope, pattern: parameters, severity: 'low' });
  const token = /\$\(System\.AccessToken\)/i.exec(run.text);
  if (token === null) return;
  const line = run.text.slice(0, token.index).split('\n').length - 1;
  context.report({
    rule: 'over-broad-token',
    span: context.reader.lineSpan(run, line),
    message:
      'The token of the pipeline is spliced into the script: it stands in the arguments of programs, where others see it',
    severity: 'low',
    scope,
    identity: 'System.AccessToken',
  });
}

function checkVariables(context: AuditContext, variables: YamlNode | undefined, scope: string): void {
  if (variables?.kind === 'mapping') {
    checkPlainSecrets(context, variables, scope);
    checkEnv(context, variables, scope);
    reportDebug(
      context,
      entriesOf(variables).find(({ key }) => key.text.toLowerCase() === 'system.debug')?.value,
      scope,
    );
  }
  for (const item of variables?.kind === 'sequence' ? variables.items : []) {
    const key = scalarAt(item, 'name');
    const value = at(item, 'value');
    if (key === undefined || value === undefined) continue;
    checkPlainSecret(context, { key, value }, scope);
    if (key.text.toLowerCase() === 'system.debug') reportDebug(context, value, scope);
  }
}

function reportDebug(context: AuditContext, value: YamlNode | undefined, scope: string): void {
  if (value === undefined || textOf(value)?.toLowerCase() !== 'true') return;
  context.report({
    rule: 'debug-enabled',
    span: value,
    message: '`system.debug` writes into the log what masks do not know',
    scope,
    identity: 'system.debug',
    fix: {
      kind: 'edit',
      title: 'Turn it off',
      edits: [{ file: context.file.path, start: value.start, end: value.end, text: 'false' }],
    },
  });
}

function checkResources(context: AuditContext, root: YamlNode): void {
  for (const repository of listOf(at(root, 'resources', 'repositories'))) {
    const name = scalarAt(repository, 'name') ?? scalarAt(repository, 'repository');
    const ref = textOf(at(repository, 'ref'));
    if (name === undefined || (ref !== undefined && (/^[0-9a-f]{40}$/.test(ref) || ref.includes('${{')))) continue;
    const alias = textOf(at(repository, 'repository')) ?? '';
    const isUsed = [...scalarsOf(root)].some(({ value }) => value.text.endsWith(`@${alias}`));
    const isTag = ref?.startsWith('refs/tags/') === true;
    context.report({
      rule: 'unpinned-includes',
      span: name,
      message: `Templates of \`${name.text}\` are taken from ${ref === undefined ? 'its default branch' : `\`${ref}\``}, which can change`,
      severity: isTag || !isUsed ? 'low' : 'medium',
      scope: 'resources',
      identity: name.text,
      fix: none('the commit has to be asked for', 'Name a commit in `ref:`.'),
    });
  }
  for (const container of listOf(at(root, 'resources', 'containers'))) {
    checkImageOf(context, container, 'resources');
    checkPrivileged(context, scalarAt(container, 'options'), 'resources');
  }
}
