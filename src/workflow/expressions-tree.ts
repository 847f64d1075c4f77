import type { Expr } from '@actions/expressions';
import { parseExpression } from './expressions-parse.ts';
import { PLAIN_FUNCTIONS } from './influence.ts';
import type { Reference } from './expressions-references.ts';

/** An expression as a plain value, for those who judge it without evaluating it. Names are lower case. */
export type ExpressionTree =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly ExpressionTree[] }
  | { readonly kind: 'member'; readonly of: ExpressionTree; readonly path: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly ExpressionTree[] }
  | { readonly kind: 'not'; readonly operand: ExpressionTree }
  | {
      readonly kind: 'compare';
      readonly operator: string;
      readonly left: ExpressionTree;
      readonly right: ExpressionTree;
    };

const FUNCTIONS = ['always', 'success', 'failure', 'cancelled', 'hashFiles'].map((name) => ({
  name,
  minArgs: 0,
  maxArgs: Number.MAX_SAFE_INTEGER,
}));
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/g;

/** Reads an expression without `${{ }}`. Nothing when it can't be parsed, or is empty. */
export function expressionTree(expression: string): ExpressionTree | undefined {
  const contexts = [...new Set(expression.match(WORD) ?? [])];
  try {
    const parsed = parseExpression(expression, { contexts, functions: FUNCTIONS });
    return parsed.ok && parsed.tree !== undefined ? convert(parsed.tree) : undefined;
  } catch (thrown) {
    // A chain of thousands of operators overflows the stack: it is not read.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** What a node of the library's tree may have; it exports the types of the nodes only by deep paths. */
type Node = Expr & {
  readonly name?: { readonly lexeme: string };
  readonly functionName?: { readonly lexeme: string };
  readonly literal?: { readonly kind: number; readonly coerceString: () => string; readonly value?: unknown };
  readonly operator?: { readonly lexeme: string };
  readonly expr?: Node;
  readonly index?: Node;
  readonly group?: Node;
  readonly left?: Node;
  readonly right?: Node;
  readonly args?: readonly Node[];
};

function convert(tree: Expr): ExpressionTree {
  const node: Node = tree;
  if (node.functionName !== undefined) {
    return { kind: 'call', name: node.functionName.lexeme.toLowerCase(), args: (node.args ?? []).map(convert) };
  }
  if (node.literal !== undefined) return { kind: 'literal', value: literalOf(node.literal) };
  if (node.name !== undefined) {
    return { kind: 'reference', reference: { context: node.name.lexeme.toLowerCase(), path: [] } };
  }
  if (node.group !== undefined) return convert(node.group);
  if (node.index !== undefined && node.expr !== undefined) return memberOf(node);
  if (node.args !== undefined) {
    return { kind: node.operator?.lexeme === '||' ? 'or' : 'and', parts: node.args.map(convert) };
  }
  if (node.left !== undefined && node.right !== undefined) {
    return {
      kind: 'compare',
      operator: node.operator?.lexeme ?? '==',
      left: convert(node.left),
      right: convert(node.right),
    };
  }
  if (node.expr !== undefined) return { kind: 'not', operand: convert(node.expr) };
  return { kind: 'literal', value: null };
}

function literalOf(literal: NonNullable<Node['literal']>): string | number | boolean | null {
  const { value } = literal;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === undefined || value === null ? null : literal.coerceString();
}

function memberOf(node: Node): ExpressionTree {
  const path: string[] = [];
  let current: Node = node;
  while (current.index !== undefined && current.expr !== undefined) {
    const { index } = current;
    path.unshift(index.literal === undefined ? '*' : index.literal.coerceString().toLowerCase());
    current = current.expr;
    while (current.group !== undefined) current = current.group;
  }
  if (current.name !== undefined) {
    return { kind: 'reference', reference: { context: current.name.lexeme.toLowerCase(), path } };
  }
  return { kind: 'member', of: convert(current), path };
}

/**
 * The references whose text may come out of an expression, as K13 counts them: not those that are only compared, negated,
 * or looked at by functions that answer with a boolean or a digest.
 */
export function valueReferences(tree: ExpressionTree): readonly Reference[] {
  switch (tree.kind) {
    case 'literal':
    case 'compare':
    case 'not':
      return [];
    case 'reference':
      return [tree.reference];
    case 'member':
      return valueReferences(tree.of);
    case 'call':
      return PLAIN_FUNCTIONS.has(tree.name) ? [] : tree.args.flatMap(valueReferences);
    case 'and':
      // The last operand, or an earlier one that is false: '', 0, false or null.
      return tree.parts.slice(-1).flatMap(valueReferences);
    case 'or':
      return tree.parts.flatMap(valueReferences);
  }
}
