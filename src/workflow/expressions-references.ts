import type { Expr } from '@actions/expressions';
import { parseExpression } from './expressions-parse.ts';

/** What an expression reads: a context and the path into it, lower case; `*` stands for whatever. */
export type Reference = { readonly context: string; readonly path: readonly string[] };

const STATUS = ['always', 'success', 'failure', 'cancelled', 'hashFiles'].map((name) => ({
  name,
  minArgs: 0,
  maxArgs: Number.MAX_SAFE_INTEGER,
}));

/** Names that may stand where a context stands; a word that is none of ours still counts as one. */
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/g;

/**
 * All that an expression may read, whether or not it gets there: through functions, operators, filters and computed
 * indexes. An expression that can't be parsed reads everything: `{context: '*', path: []}`.
 */
export function expressionReferences(expression: string): readonly Reference[] {
  const contexts = [...new Set(expression.match(WORD) ?? [])];
  const parsed = parseExpression(expression, { contexts, functions: STATUS });
  if (!parsed.ok) return [{ context: '*', path: [] }];
  const found = new Map<string, Reference>();
  const add = (reference: Reference) => found.set(JSON.stringify(reference), reference);
  try {
    if (parsed.tree !== undefined) collect(parsed.tree, add);
  } catch (thrown) {
    // A chain of thousands of operators overflows the stack: nobody can say what it reads.
    if (thrown instanceof RangeError) return [{ context: '*', path: [] }];
    throw thrown;
  }
  return [...found.values()];
}

/** What a node of the library's tree may have; it exports the types of the nodes only by deep paths. */
type Node = {
  readonly name?: { readonly lexeme: string };
  readonly functionName?: { readonly lexeme: string };
  readonly literal?: { readonly coerceString: () => string };
  readonly expr?: Expr;
  readonly index?: Expr;
  readonly group?: Expr;
  readonly left?: Expr;
  readonly right?: Expr;
  readonly args?: readonly Expr[];
};

function collect(tree: Expr, add: (reference: Reference) => void): void {
  // The classes of the tree differ in the fields they have, which is all that we look at.
  const node: Expr & Node = tree;
  if (node.functionName !== undefined || (node.args !== undefined && node.name === undefined)) {
    for (const arg of node.args ?? []) collect(arg, add);
    return;
  }
  if (node.name !== undefined) {
    add({ context: node.name.lexeme.toLowerCase(), path: [] });
    return;
  }
  if (node.index !== undefined && node.expr !== undefined) {
    collectPath(tree, add);
    return;
  }
  for (const part of [node.expr, node.group, node.left, node.right]) if (part !== undefined) collect(part, add);
}

/** Follows `a.b['c'][d].*` down to what it starts with. */
function collectPath(tree: Expr, add: (reference: Reference) => void): void {
  const path: string[] = [];
  let current: Expr & Node = tree;
  while (current.index !== undefined && current.expr !== undefined) {
    const index: Expr & Node = current.index;
    path.unshift(index.literal === undefined ? '*' : index.literal.coerceString().toLowerCase());
    // A computed index reads what it is computed from, too.
    collect(index, add);
    current = unwrapped(current.expr);
  }
  if (current.name !== undefined) {
    add({ context: current.name.lexeme.toLowerCase(), path });
    return;
  }
  // `fromJSON(x).y`, `(a || b).c`: everything below may be reached.
  collect(current, add);
}

function unwrapped(tree: Expr): Expr & Node {
  let current: Expr & Node = tree;
  while (current.group !== undefined) current = current.group;
  return current;
}
