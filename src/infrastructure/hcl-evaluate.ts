import type { Body, Expression } from './hcl-model.ts';
import { readYaml } from './yaml-tree.ts';
import {
  DEPTH_MAX,
  derive,
  type Entry,
  entryOf,
  type ListTree,
  type MapTree,
  type ScalarTree,
  type Span,
  type Tree,
  UNKNOWN_PART,
  type UnknownTree,
} from './tree.ts';

/** A text that is put together longer than this counts as not known. Code units. */
const TEXT_LENGTH_MAX = 256 * 1024;

/** What names stand for in a module. Nothing: not known before it runs. */
export type Scope = {
  resolve(root: string, steps: readonly string[], depth: number): Tree | undefined;
};

/** Turns the body of a block into a tree: attributes with what is known of their values, blocks as maps, several of a kind as a list. */
export function bodyTree(
  body: Body,
  scope: Scope,
  place: Span & { readonly headEnd?: number; readonly inner: Span },
): MapTree {
  return bodyTreeAt(body, { scope, place, depth: 0 });
}

type BodyAt = {
  readonly scope: Scope;
  readonly place: Span & { readonly headEnd?: number; readonly inner: Span };
  readonly depth: number;
};

function bodyTreeAt(body: Body, at: BodyAt): MapTree {
  const entries: Entry[] = body.attributes.map(({ name, nameEnd, value, start, end }) => ({
    key: name,
    keyEnd: nameEnd,
    value: evaluate(value, at.scope),
    start,
    end,
  }));
  const groups = new Map<string, MapTree[]>();
  for (const block of body.blocks) {
    const content = block.type === 'dynamic' ? block.body.blocks.find(({ type }) => type === 'content') : block;
    if (content === undefined || at.depth > DEPTH_MAX) continue;
    const type = block.type === 'dynamic' ? (block.labels[0] ?? '') : block.type;
    const map = bodyTreeAt(content.body, {
      scope: at.scope,
      place: { start: block.start, end: block.end, headEnd: block.headEnd, inner: content.inner },
      depth: at.depth + 1,
    });
    groups.set(type, [...(groups.get(type) ?? []), map]);
  }
  for (const [key, [first, ...more]] of groups) {
    if (first === undefined) continue;
    const value: Tree =
      more.length === 0 ? first : { kind: 'list', items: [first, ...more], start: first.start, end: first.end };
    entries.push({ key, start: first.start, keyEnd: first.headEnd ?? first.end, end: first.end, value });
  }
  const { start, end, inner, headEnd } = at.place;
  return { kind: 'map', form: 'hcl-block', entries, start, end, inner, ...(headEnd === undefined ? {} : { headEnd }) };
}

export function evaluate(expression: Expression, scope: Scope, depth = 0): Tree {
  const span = { start: expression.start, end: expression.end };
  const unknown = (...of: readonly Expression[]): UnknownTree => ({
    kind: 'unknown',
    refs: of.flatMap(refsOf),
    ...span,
  });
  if (depth > DEPTH_MAX) return unknown();
  const inner = (part: Expression) => evaluate(part, scope, depth + 1);
  switch (expression.kind) {
    case 'literal':
      return { kind: 'scalar', value: expression.value, ...span };
    case 'template':
      return evaluateTemplate(expression.parts, span, inner);
    case 'list':
      return { kind: 'list', items: expression.items.map(inner), ...span };
    case 'object':
      return evaluateObject(expression, span, inner);
    case 'reference': {
      const value = scope.resolve(expression.root, expression.steps, depth + 1);
      return value === undefined ? unknown(expression) : derive(value, span);
    }
    case 'call':
      return evaluateCall(expression, span, inner) ?? unknown(...expression.parameters);
    case 'choice': {
      const [condition, yes, no] = expression.parts;
      const decided = inner(condition);
      if (decided.kind !== 'scalar') return unknown(yes, no);
      return derive(inner(isTrue(decided) ? yes : no), span);
    }
    case 'operation':
      return (
        evaluateOperation(expression.operator, expression.operands.map(inner), span) ?? unknown(...expression.operands)
      );
    default:
      return unknown(...expression.mentions);
  }
}

function isTrue(tree: ScalarTree): boolean {
  return tree.value === true || tree.value === 'true';
}

function evaluateTemplate(
  parts: readonly (string | Expression)[],
  span: Span,
  inner: (part: Expression) => Tree,
): Tree {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== 'string') return { ...inner(only), ...span };
  const texts: string[] = [];
  const refs: string[] = [];
  let isKnown = true;
  let isDerived = false;
  for (const part of parts) {
    if (typeof part === 'string') {
      texts.push(part);
      continue;
    }
    const value = inner(part);
    refs.push(...refsOf(part));
    isDerived ||= value.isDerived === true;
    if (value.kind === 'scalar') texts.push(String(value.value ?? ''));
    else {
      isKnown = false;
      texts.push((value.kind === 'unknown' ? value.partial : undefined) ?? UNKNOWN_PART);
    }
  }
  // Texts too double through names.
  const length = texts.reduce((sum, part) => sum + part.length, 0);
  if (length > TEXT_LENGTH_MAX) return { kind: 'unknown', refs, ...span };
  const text = texts.join('');
  return isKnown
    ? { kind: 'scalar', value: text, ...span, ...(isDerived ? { isDerived } : {}) }
    : { kind: 'unknown', partial: text, refs, ...span };
}

function evaluateObject(
  expression: Extract<Expression, { kind: 'object' }>,
  span: Span,
  inner: (part: Expression) => Tree,
): MapTree {
  let isOpen = false;
  const entries: Entry[] = [];
  for (const item of expression.items) {
    const key = keyOf(item.key, inner);
    if (key === undefined) isOpen = true;
    else entries.push({ key, start: item.start, keyEnd: item.key.end, end: item.end, value: inner(item.value) });
  }
  return { kind: 'map', form: 'hcl-object', entries, inner: expression.inner, ...span, ...(isOpen ? { isOpen } : {}) };
}

/** A bare word is a key, not a reference. */
function keyOf(key: Expression, inner: (part: Expression) => Tree): string | undefined {
  if (key.kind === 'reference' && key.steps.length === 0) return key.root;
  const value = inner(key);
  return value.kind === 'scalar' ? String(value.value) : undefined;
}

function evaluateCall(
  call: Extract<Expression, { kind: 'call' }>,
  span: Span,
  inner: (part: Expression) => Tree,
): Tree | undefined {
  const values = call.parameters.map(inner);
  const [first] = values;
  if (first === undefined) return undefined;
  switch (call.name) {
    case 'jsonencode':
    case 'yamlencode':
    case 'sensitive':
    case 'nonsensitive':
    case 'tostring':
    case 'tobool':
    case 'tonumber':
    case 'tolist':
    case 'toset':
    case 'tomap':
    case 'chomp':
    case 'trimspace':
      return first.kind === 'unknown' ? undefined : first;
    case 'base64encode':
      return first;
    case 'lower':
    case 'upper':
      if (first.kind !== 'scalar') return undefined;
      return {
        ...first,
        value: call.name === 'lower' ? String(first.value).toLowerCase() : String(first.value).toUpperCase(),
      };
    case 'concat':
    case 'flatten':
    case 'compact':
    case 'distinct':
    case 'setunion':
      return { kind: 'list', items: values.flatMap(flat), ...span };
    case 'merge':
      return merged(values, span);
    case 'jsondecode':
      return typeof valueOf(first) === 'string' ? jsonOf(String(valueOf(first)), span) : undefined;
    default:
      return undefined;
  }
}

function flat(tree: Tree): readonly Tree[] {
  return tree.kind === 'list' ? tree.items.flatMap(flat) : [tree];
}

function merged(values: readonly Tree[], span: Span): MapTree {
  const entries = new Map<string, Entry>();
  let isOpen = false;
  for (const value of values) {
    if (value.kind !== 'map') isOpen = true;
    else for (const entry of value.entries) entries.set(entry.key, entry);
  }
  return {
    kind: 'map',
    form: 'hcl-object',
    entries: [...entries.values()],
    ...span,
    isDerived: true,
    ...(isOpen ? { isOpen } : {}),
  };
}

/** JSON that stands in a text, placed where the text stands. */
export function jsonOf(text: string, span: Span): Tree | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return undefined;
  const root = readYaml(trimmed.replaceAll('\t', ' '), () => true).documents[0]?.root;
  return root === undefined ? undefined : derive(root, span);
}

function evaluateOperation(operator: string, values: readonly Tree[], span: Span): ScalarTree | undefined {
  const [left, right] = values;
  const scalar = (value: boolean | number): ScalarTree => ({ kind: 'scalar', value, isDerived: true, ...span });
  if (operator === '!') return left?.kind === 'scalar' ? scalar(!isTrue(left)) : undefined;
  if (operator === '-' && values.length === 1) {
    return left?.kind === 'scalar' && typeof left.value === 'number'
      ? { ...scalar(-left.value), isDerived: false }
      : undefined;
  }
  // One known side may decide alone.
  if (operator === '&&' || operator === '||') {
    const decisive = operator === '||';
    const known = values.filter((value) => value.kind === 'scalar');
    if (known.some((value) => isTrue(value) === decisive)) return scalar(decisive);
    return known.length === values.length ? scalar(!decisive) : undefined;
  }
  if (left?.kind !== 'scalar' || right?.kind !== 'scalar') return undefined;
  if (operator === '==') return scalar(String(left.value) === String(right.value));
  if (operator === '!=') return scalar(String(left.value) !== String(right.value));
  return undefined;
}

function valueOf(tree: Tree): unknown {
  return tree.kind === 'scalar' ? tree.value : undefined;
}

/** What an expression refers to, as written: `aws_s3_bucket.logs`, `var.name`, `data.aws_iam_policy_document.x`. */
export function refsOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'reference':
      return [[expression.root, ...expression.steps].join('.')];
    case 'template':
      return expression.parts.flatMap((part) => (typeof part === 'string' ? [] : refsOf(part)));
    case 'list':
      return expression.items.flatMap(refsOf);
    case 'object':
      return expression.items.flatMap(({ value }) => refsOf(value));
    case 'call':
      return expression.parameters.flatMap(refsOf);
    case 'choice':
      return expression.parts.flatMap(refsOf);
    case 'operation':
      return expression.operands.flatMap(refsOf);
    case 'computed':
      return expression.mentions.flatMap(refsOf);
    default:
      return [];
  }
}

/** Follows names into a known value; nothing when a step leads nowhere that is known. */
export function follow(tree: Tree, steps: readonly string[]): Tree | undefined {
  let at: Tree | undefined = tree;
  for (const step of steps) {
    if (at?.kind === 'map') at = entryOf(at, step)?.value;
    else if (at?.kind === 'list' && /^\d+$/.test(step)) at = (at satisfies ListTree).items[Number(step)];
    else return undefined;
  }
  return at;
}
