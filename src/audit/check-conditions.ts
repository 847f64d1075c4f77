import type { ExpressionTree } from '../workflow/index.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import { literalsOf, pathOf } from './guards.ts';
import type { AuditedWorkflow } from './model.ts';
import { at, type Scalar, scalarsOf } from './yaml-tree.ts';

export function checkConditions(context: AuditContext, workflow: AuditedWorkflow): void {
  for (const job of workflow.jobs) {
    const scope = `jobs.${job.id}`;
    if (job.if !== undefined) checkCondition(context, job.if, scope, workflow);
    for (const step of job.steps) if (step.if !== undefined) checkCondition(context, step.if, scope, workflow);
    for (const { value } of scalarsOf(job.body)) checkTernaries(context, value, scope);
  }
}

export function checkCondition(context: AuditContext, scalar: Scalar, scope: string, workflow?: AuditedWorkflow): void {
  checkSound(context, scalar, scope);
  const tree = context.reader.conditionOf(scalar);
  if (tree === undefined) return;
  checkContains(context, scalar, tree, scope);
  checkBots(context, scalar, { tree, scope, workflow });
}

/** Text around `${{ }}` makes the whole a text that is never empty: always true. */
function checkSound(context: AuditContext, scalar: Scalar, scope: string): void {
  if (!scalar.text.includes('${{')) return;
  const expressions = context.reader.expressionsOf(scalar);
  const literal = context.reader.piecesOf(scalar).flatMap((piece) => ('literal' in piece ? [piece.literal] : []));
  if (expressions.length === 0 || literal.length === 0) return;
  const isOnlySpace = literal.every((text) => text.trim() === '');
  const fix = isOnlySpace && expressions.length === 1 ? chompFix(context, scalar) : undefined;
  context.report({
    rule: 'unsound-condition',
    span: scalar,
    message: isOnlySpace
      ? 'The line break behind `}}` belongs to the condition, which makes it a text, and every text that is not empty is true'
      : 'Only a part of the condition is an expression; together with the rest it is a text, and every text that is not empty is true',
    scope,
    identity: scalar.text.trim(),
    fix:
      fix ??
      unfenced(context, scalar) ??
      none('it is not certain what was meant', 'Write the whole condition without `${{ }}`.'),
  });
}

/** `|` becomes `|-`: the line break goes. */
function chompFix(context: AuditContext, scalar: Scalar) {
  if (scalar.style !== 'literal' && scalar.style !== 'folded') return undefined;
  const { text, path } = context.file;
  const end = scalar.start + 1;
  const next = text[end] ?? '';
  if (next === '-' || /\d/.test(next)) return undefined;
  return {
    kind: 'edit' as const,
    title: 'Leave the line break out of the condition',
    edits: [{ file: path, start: end, end: next === '+' ? end + 1 : end, text: '-' }],
  };
}

/** `${{ a }} && b` becomes `a && b`, where that parses. */
function unfenced(context: AuditContext, scalar: Scalar) {
  const { text, path } = context.file;
  const source = text.slice(scalar.start, scalar.end);
  if (scalar.style !== 'plain' || source.includes('\n') || source.startsWith('!')) return undefined;
  const plain = context.reader
    .piecesOf(scalar)
    .map((piece) => ('literal' in piece ? piece.literal : piece.expression.text))
    .join('')
    .trim();
  if (context.reader.parse(plain) === undefined || !/&&|\|\||==|!=/.test(plain) || /^[!&*'"[{%@`>|]|: | #/.test(plain))
    return undefined;
  return {
    kind: 'edit' as const,
    title: 'Make the whole condition one expression',
    edits: [{ file: path, start: scalar.start, end: scalar.end, text: plain }],
  };
}

function walk(tree: ExpressionTree, look: (node: ExpressionTree) => void): void {
  look(tree);
  if (tree.kind === 'and' || tree.kind === 'or') for (const part of tree.parts) walk(part, look);
  else if (tree.kind === 'call') for (const arg of tree.args) walk(arg, look);
  else if (tree.kind === 'not') walk(tree.operand, look);
  else if (tree.kind === 'member') walk(tree.of, look);
  else if (tree.kind === 'compare') {
    walk(tree.left, look);
    walk(tree.right, look);
  }
}

/** Contexts whose text someone chooses who wants to get through. */
const CHOSEN = /^(?:github\.(?:ref|ref_name|head_ref|base_ref|actor|triggering_actor|event\..+)|env\.|inputs\.)/;

/** `contains('a b', github.ref)`: part of a word is enough. */
function checkContains(context: AuditContext, scalar: Scalar, tree: ExpressionTree, scope: string): void {
  walk(tree, (node) => {
    if (node.kind !== 'call' || node.name !== 'contains') return;
    const [list, item] = node.args;
    if (list?.kind !== 'literal' || typeof list.value !== 'string' || item === undefined) return;
    const path = pathOf(item);
    if (!CHOSEN.test(path)) return;
    const values = list.value.split(/[\s,;|]+/).filter((word) => word !== '');
    context.report({
      rule: 'unsound-contains',
      span: scalar,
      message: `\`contains('${list.value.slice(0, 60)}', ${path})\` compares texts: every part of the list passes, a single letter, too`,
      scope,
      identity: `${list.value} ${path}`,
      fix:
        containsFix(context, scalar, { list: list.value, values }) ??
        none(
          'the list is not written as a plain text',
          `Compare with a list: \`contains(fromJSON('["a", "b"]'), ${path})\`.`,
        ),
    });
  });
}

function containsFix(
  context: AuditContext,
  scalar: Scalar,
  found: { readonly list: string; readonly values: readonly string[] },
) {
  const { text, path } = context.file;
  const literal = `'${found.list.replaceAll("'", "''")}'`;
  const start = text.indexOf(literal, scalar.start);
  const isPlain = scalar.style !== 'single' && scalar.style !== 'double';
  if (!isPlain || start < 0 || start >= scalar.end || found.values.some((value) => !/^[\w./-]+$/.test(value)))
    return undefined;
  const json = `fromJSON('[${found.values.map((value) => `"${value}"`).join(', ')}]')`;
  return {
    kind: 'edit' as const,
    title: 'Compare with a list of whole names',
    edits: [{ file: path, start, end: start + literal.length, text: json }],
  };
}

const ACTORS = /^github\.(?:actor|triggering_actor|event\.sender\.login|actor_id)$/;
/** Ids of dependabot, renovate and github-actions: `actor_id` is compared with them. */
const BOT_IDS = new Set(['49699333', '27856297', '29139614', '41898282']);

/** `github.actor == 'dependabot[bot]'`: the last one to act, not the author of what runs. */
function checkBots(
  context: AuditContext,
  scalar: Scalar,
  {
    tree,
    scope,
    workflow,
  }: { readonly tree: ExpressionTree; readonly scope: string; readonly workflow: AuditedWorkflow | undefined },
): void {
  const events = workflow?.triggers.map(({ event }) => event) ?? [];
  const isSpoofable = events.some((event) => /^pull_request(?:_target)?$|^workflow_run$|^issue_comment$/.test(event));
  if (!isSpoofable || !isDominant(tree)) return;
  const isPrivileged = events.some(
    (event) => event !== 'pull_request' && /^pull_request_target$|^workflow_run$|^issue_comment$/.test(event),
  );
  context.report({
    rule: 'bot-conditions',
    span: scalar,
    message: 'The name in `github.actor` is of whoever acted last: an outsider can have a bot act on their own change',
    severity: isPrivileged ? 'high' : 'medium',
    scope,
    identity: scalar.text.trim(),
    fix:
      botFix(context, scalar, events) ??
      none('it is not certain which author is meant', 'Compare `github.event.pull_request.user.login` instead.'),
  });
}

/** Whether being the bot is what lets the run through: not in a `!=`, not one of more things that must hold with an author. */
function isDominant(tree: ExpressionTree): boolean {
  if (tree.kind === 'and') return tree.parts.some(isDominant) && !tree.parts.some(isAuthorCheck);
  if (tree.kind === 'or') return tree.parts.some(isDominant);
  if (tree.kind === 'compare') {
    if (tree.operator !== '==') return false;
    const [path, literal] =
      tree.right.kind === 'literal' ? [pathOf(tree.left), tree.right] : [pathOf(tree.right), tree.left];
    const value = literal.kind === 'literal' ? String(literal.value) : '';
    return ACTORS.test(path) && (value.includes('[bot]') || BOT_IDS.has(value));
  }
  if (tree.kind === 'call' && tree.name === 'contains' && tree.args[0] !== undefined && tree.args[1] !== undefined) {
    const isActor = ACTORS.test(pathOf(tree.args[1])) || ACTORS.test(pathOf(tree.args[0]));
    const words = [...(literalsOf(tree.args[0]) ?? []), ...(literalsOf(tree.args[1]) ?? [])];
    return isActor && words.some((word) => word.includes('[bot]'));
  }
  if (
    tree.kind === 'call' &&
    (tree.name === 'endswith' || tree.name === 'startswith') &&
    tree.args[0] !== undefined &&
    tree.args[1]?.kind === 'literal'
  ) {
    return ACTORS.test(pathOf(tree.args[0])) && String(tree.args[1].value).includes('bot');
  }
  return false;
}

function isAuthorCheck(tree: ExpressionTree): boolean {
  if (tree.kind !== 'compare' || tree.operator !== '==') return false;
  return [tree.left, tree.right].some((side) =>
    /pull_request\.(?:user|head\.repo)\.|pull_request\.user\.login|head\.repo\.full_name/.test(pathOf(side)),
  );
}

function botFix(context: AuditContext, scalar: Scalar, events: readonly string[]) {
  if (!events.every((event) => event.startsWith('pull_request'))) return undefined;
  const { text, path } = context.file;
  const edits = [...text.slice(scalar.start, scalar.end).matchAll(/\bgithub\.(?:actor|triggering_actor)\b(?!_)/g)].map(
    (match) => ({
      file: path,
      start: scalar.start + match.index,
      end: scalar.start + match.index + match[0].length,
      text: 'github.event.pull_request.user.login',
    }),
  );
  return edits.length === 0 ? undefined : { kind: 'edit' as const, title: 'Compare the author of the change', edits };
}

/** `a && '' || b` always gives b. */
export function checkTernaries(context: AuditContext, scalar: Scalar, scope: string): void {
  for (const expression of context.reader.expressionsOf(scalar)) {
    if (expression.tree === undefined) continue;
    walk(expression.tree, (node) => {
      if (node.kind !== 'or') return;
      const [first] = node.parts;
      const middle = first?.kind === 'and' ? first.parts.at(-1) : undefined;
      if (middle?.kind !== 'literal' || node.parts.length < 2) return;
      if (middle.value !== '' && middle.value !== false && middle.value !== 0 && middle.value !== null) return;
      const last = node.parts.at(-1);
      // `a && false || b` as a condition says what it means.
      if (last?.kind === 'literal' && last.value === middle.value) return;
      context.report({
        rule: 'unsound-ternary',
        span: expression,
        message: `\`&& ${middle.value === '' ? "''" : String(middle.value)} ||\` never gives its middle value, which counts as false`,
        scope,
        identity: expression.text,
        fix: none('the condition has to be turned round', "Write `!a && b || ''`, or `case(a, x, b)`."),
      });
    });
  }
}

/** Names that belong to a workflow, and how many of its runs go at once. */
export function checkForm(context: AuditContext, workflow: AuditedWorkflow): void {
  const { root } = workflow;
  if (workflow.name === undefined) {
    const first = root.kind === 'mapping' ? root.entries[0]?.key : undefined;
    context.report({
      rule: 'anonymous-definition',
      span: first ?? { start: 0, end: 0 },
      message: 'The workflow has no `name:`',
      identity: 'workflow',
    });
  }
  const isOnlyCalled = workflow.triggers.every(
    ({ event }) => event === 'workflow_call' || event === 'workflow_dispatch',
  );
  const hasLimit =
    at(root, 'concurrency') !== undefined || workflow.jobs.some((job) => at(job.body, 'concurrency') !== undefined);
  const first = root.kind === 'mapping' ? root.entries.find(({ key }) => key.text === 'on')?.key : undefined;
  if (!isOnlyCalled && !hasLimit && first !== undefined) {
    context.report({
      rule: 'concurrency-limits',
      span: first,
      message: 'Runs of this workflow are not limited: each push starts another one beside those before',
      identity: 'concurrency',
    });
  }
}
