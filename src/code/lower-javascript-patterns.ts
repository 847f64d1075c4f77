import type { Expr, Span, Target } from './ir.ts';
import { childAt, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

type PatternOptions = {
  readonly expr: (node: number) => Expr;
  readonly declares: 'block' | 'function' | undefined;
  readonly type?: string | undefined;
};

/** What a declaration, a parameter or an assignment writes to. */
export function lowerPattern(tree: Tree, node: number, options: PatternOptions): Target {
  const { declares, type } = options;
  const span: Span = { start: tree.start[node] ?? 0, end: tree.end[node] ?? 0 };
  switch (node === -1 ? '' : kindOf(tree, node)) {
    case 'identifier':
    case 'shorthand_property_identifier_pattern':
    case 'this':
      return {
        kind: 'variable',
        name: { kind: 'name', name: textOf(tree, node), slot: -1, ...span },
        ...(declares === undefined ? {} : { declares }),
        ...(type === undefined ? {} : { type }),
      };
    case 'object_pattern':
    case 'object':
      return objectPattern(tree, node, options);
    case 'array_pattern':
    case 'array':
      return arrayPattern(tree, node, options);
    case 'assignment_pattern':
    case 'object_assignment_pattern':
      return lowerPattern(tree, childAt(tree, node, 'left'), options);
    case 'rest_pattern':
    case 'parenthesized_expression':
    case 'non_null_expression': {
      const [inner] = namedChildren(tree, node);
      return inner === undefined ? { kind: 'place', place: options.expr(node) } : lowerPattern(tree, inner, options);
    }
    default:
      return { kind: 'place', place: options.expr(node) };
  }
}

function objectPattern(tree: Tree, node: number, options: PatternOptions): Target {
  const inner = { expr: options.expr, declares: options.declares };
  const fields: { key: string; target: Target; fallback?: Expr }[] = [];
  let rest: Target | undefined;
  for (const child of namedChildren(tree, node)) {
    const kind = kindOf(tree, child);
    if (kind === 'rest_pattern' || kind === 'spread_element') rest = lowerPattern(tree, child, inner);
    else if (kind === 'pair_pattern' || kind === 'pair') {
      const value = childAt(tree, child, 'value');
      fields.push({
        key: keyText(tree, childAt(tree, child, 'key')),
        target: lowerPattern(tree, value, inner),
        ...fallbackOf(tree, value, options),
      });
    } else if (kind === 'object_assignment_pattern') {
      const left = childAt(tree, child, 'left');
      fields.push({
        key: textOf(tree, left),
        target: lowerPattern(tree, left, inner),
        ...fallbackOf(tree, child, options),
      });
    } else if (kind.startsWith('shorthand_property_identifier')) {
      const span = { start: tree.start[child] ?? 0, end: tree.end[child] ?? 0 };
      const name = textOf(tree, child);
      const { declares } = options;
      fields.push({
        key: name,
        target: {
          kind: 'variable',
          name: { kind: 'name', name, slot: -1, ...span },
          ...(declares === undefined ? {} : { declares }),
        },
      });
    }
  }
  return { kind: 'fields', fields, ...(rest === undefined ? {} : { rest }) };
}

function fallbackOf(tree: Tree, node: number, options: PatternOptions): { fallback?: Expr } {
  if (node === -1 || !kindOf(tree, node).endsWith('assignment_pattern')) return {};
  const right = childAt(tree, node, 'right');
  return right === -1 ? {} : { fallback: options.expr(right) };
}

function arrayPattern(tree: Tree, node: number, options: PatternOptions): Target {
  const inner = { expr: options.expr, declares: options.declares };
  const items: Target[] = [];
  let rest: Target | undefined;
  for (const child of namedChildren(tree, node)) {
    const kind = kindOf(tree, child);
    if (kind === 'rest_pattern' || kind === 'spread_element') rest = lowerPattern(tree, child, inner);
    else items.push(lowerPattern(tree, child, inner));
  }
  return { kind: 'items', items, ...(rest === undefined ? {} : { rest }) };
}

export function keyText(tree: Tree, node: number): string {
  return node === -1
    ? ''
    : textOf(tree, node)
        .replace(/^['"`]/, '')
        .replace(/['"`]$/, '');
}

/** The name of a type without its parameters; `Promise<T>` is what it promises. */
export function typeText(tree: Tree, node: number): string {
  const text = textOf(tree, node)
    .replace(/^:?\s*/, '')
    .slice(0, 300);
  const inner = /^(?:Promise|Readonly|Partial|Awaited)<\s*([\w.$]+)/.exec(text)?.[1];
  return inner ?? /^[\w.$]+/.exec(text)?.[0] ?? '';
}
