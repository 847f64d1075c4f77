import { type ExpressionTree, expressionTree } from '../workflow/index.ts';
import type { Scalar, Span } from './yaml-tree.ts';

/** One `${{ … }}` of a scalar. The span is from `$` to after the last `}`. */
export type Expression = Span & {
  /** Without `${{ }}`, trimmed. */
  readonly text: string;
  readonly tree: ExpressionTree | undefined;
};

/** A scalar in pieces: text as written, and expressions. */
export type Piece = { readonly literal: string } | { readonly expression: Expression };

const OPEN = '${{';
/** Different expressions of one file that are kept; more are parsed each time. */
const CACHE_MAX = 5_000;

/** Reads expressions and remembers them: workflows repeat the same few. */
export type ExpressionReader = {
  readonly piecesOf: (scalar: Scalar) => readonly Piece[];
  readonly expressionsOf: (scalar: Scalar) => readonly Expression[];
  /** The expression of an `if:`, with or without `${{ }}`. Nothing when it is a mixture or can't be parsed. */
  readonly conditionOf: (scalar: Scalar) => ExpressionTree | undefined;
  readonly parse: (text: string) => ExpressionTree | undefined;
  /** The place in the file of a line of a scalar's text, from 0, without its indentation. */
  readonly lineSpan: (scalar: Scalar, line: number) => Span;
};

export function createExpressionReader(source: string): ExpressionReader {
  const trees = new Map<string, ExpressionTree | undefined>();
  const parse = (text: string) => {
    if (trees.has(text)) return trees.get(text);
    const tree = expressionTree(text);
    if (trees.size < CACHE_MAX) trees.set(text, tree);
    return tree;
  };
  const pieces = new Map<Scalar, readonly Piece[]>();
  const piecesOf = (scalar: Scalar) => {
    const known = pieces.get(scalar);
    if (known !== undefined) return known;
    const found = split(scalar, source, parse);
    pieces.set(scalar, found);
    return found;
  };
  return {
    piecesOf,
    parse,
    lineSpan: (scalar, line) => lineSpan(scalar, line, source),
    expressionsOf: (scalar) => piecesOf(scalar).flatMap((piece) => ('expression' in piece ? [piece.expression] : [])),
    conditionOf(scalar) {
      const text = scalar.text.trim();
      if (!text.includes(OPEN)) return parse(text);
      const parts = piecesOf(scalar).filter((piece) => 'expression' in piece || piece.literal.trim() !== '');
      const [first] = parts;
      return parts.length === 1 && first !== undefined && 'expression' in first ? first.expression.tree : undefined;
    },
  };
}

function split(scalar: Scalar, source: string, parse: (text: string) => ExpressionTree | undefined): readonly Piece[] {
  const { text } = scalar;
  if (!text.includes(OPEN)) return text === '' ? [] : [{ literal: text }];
  const pieces: Piece[] = [];
  let at = 0;
  let sourceAt = scalar.start;
  for (;;) {
    const open = text.indexOf(OPEN, at);
    if (open < 0) break;
    const close = closeOf(text, open + OPEN.length, text.length);
    if (close < 0) break;
    if (open > at) pieces.push({ literal: text.slice(at, open) });
    // The same expression in the source: the next `${{` there. Escapes could hide it; then the scalar's own place counts.
    const found = source.indexOf(OPEN, sourceAt);
    const isThere = found >= 0 && found < scalar.end;
    const end = isThere ? closeOf(source, found + OPEN.length, scalar.end) : -1;
    const span = isThere && end >= 0 ? { start: found, end: end + 2 } : { start: scalar.start, end: scalar.end };
    if (isThere && end >= 0) sourceAt = end + 2;
    const inner = text.slice(open + OPEN.length, close).trim();
    pieces.push({ expression: { text: inner, tree: parse(inner), ...span } });
    at = close + 2;
  }
  if (at < text.length) pieces.push({ literal: text.slice(at) });
  return pieces;
}

/** Where the `}}` is that ends an expression; those in quotes do not. */
function closeOf(text: string, from: number, end: number): number {
  let isQuoted = false;
  for (let at = from; at < end; at += 1) {
    if (text[at] === "'") isQuoted = !isQuoted;
    else if (!isQuoted && text[at] === '}' && text[at + 1] === '}') return at;
  }
  return -1;
}

function lineSpan(scalar: Scalar, line: number, source: string): Span {
  if (scalar.style !== 'literal' && scalar.style !== 'folded') {
    const wanted = scalar.text.split('\n')[line]?.trim() ?? '';
    const found = wanted === '' ? -1 : source.indexOf(wanted, scalar.start);
    return found >= 0 && found < scalar.end ? { start: found, end: found + wanted.length } : scalar;
  }
  let start = scalar.start;
  // The line of `|` is not of the text.
  for (let skipped = 0; skipped <= line; skipped += 1) {
    const next = source.indexOf('\n', start);
    if (next < 0 || next >= scalar.end) return scalar;
    start = next + 1;
  }
  const next = source.indexOf('\n', start);
  const end = next < 0 ? scalar.end : next;
  const text = source.slice(start, end);
  return { start: start + text.length - text.trimStart().length, end: Math.max(start, start + text.trimEnd().length) };
}
