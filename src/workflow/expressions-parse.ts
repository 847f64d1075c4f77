import { type Expr, ExpressionError, Lexer, Parser } from '@actions/expressions';
import { reasonOf } from '../base/index.ts';
import { EXPRESSION_CHARACTERS_MAX } from './limits.ts';
import type { ProblemCode } from './reader-problems.ts';

/** A function besides the well-known ones, with the number of arguments that it takes. */
export type FunctionBounds = { readonly name: string; readonly minArgs: number; readonly maxArgs: number };
/** What an expression may use. */
export type Availability = { readonly contexts: readonly string[]; readonly functions: readonly FunctionBounds[] };

export type ParsedExpression =
  | { readonly ok: true; readonly tree: Expr | undefined }
  | { readonly ok: false; readonly code: ProblemCode; readonly message: string; readonly offset: number };

const NOT_FUNCTIONS = new Set(Object.getOwnPropertyNames(Object.prototype).map((name) => name.toLowerCase()));

/** Parses an expression without its `${{ }}` and looks at what it uses. An empty one has no tree. */
export function parseExpression(expression: string, available: Availability): ParsedExpression {
  if (expression.length > EXPRESSION_CHARACTERS_MAX) {
    return refused('expression-limit', `Exceeded max expression length ${EXPRESSION_CHARACTERS_MAX}`, 0);
  }
  try {
    const { tokens } = new Lexer(expression).lex();
    for (const [index, token] of tokens.entries()) {
      // The library looks functions up in a plain object, where `constructor` is found.
      if (
        NOT_FUNCTIONS.has(token.lexeme.toLowerCase()) &&
        tokens[index + 1]?.lexeme === '(' &&
        !isDereference(tokens[index - 1]?.lexeme)
      ) {
        const offset = offsetOf(expression, token.range.start);
        return refused(
          'function-unknown',
          located(`Unrecognized function: '${token.lexeme}'`, offset, expression),
          offset,
        );
      }
    }
    const tree = new Parser(tokens, [...available.contexts], [...available.functions]).parse() as Expr | undefined;
    return { ok: true, tree };
  } catch (thrown) {
    return explain(thrown, expression);
  }
}

function isDereference(lexeme: string | undefined): boolean {
  return lexeme === '.';
}

/** The library tells its kinds of error apart by a private number only; the words are as stable as GitHub's own. */
const KINDS: readonly (readonly [start: string, code: ProblemCode])[] = [
  ['Unrecognized named-value', 'context-unavailable'],
  ['Unrecognized function', 'function-unknown'],
  ['Too few parameters', 'function-arguments'],
  ['Too many parameters', 'function-arguments'],
  ['Even number of parameters', 'function-arguments'],
  ['Exceeded max', 'expression-limit'],
];

function explain(thrown: unknown, expression: string): ParsedExpression {
  if (!(thrown instanceof ExpressionError)) {
    // The lexer throws plain errors that name the place in words only.
    const message = reasonOf(thrown);
    const position = /Located at position (\d+) within/.exec(message)?.[1];
    return refused('expression-invalid', message, Math.max(0, Number(position ?? 1) - 1));
  }
  const code = KINDS.find(([start]) => thrown.message.startsWith(start))?.[1] ?? 'expression-invalid';
  const offset = offsetOf(expression, thrown.pos);
  if (thrown.message === "Unexpected symbol: 'EOF'") return endedEarly(expression);
  if (code === 'expression-limit') return refused(code, thrown.message.replace(/: '.*'$/s, ''), offset);
  return refused(code, located(thrown.message, offset, expression), offset);
}

/** The library calls the end a symbol where an operand or a bracket is missing; GitHub names the last word. */
function endedEarly(expression: string): ParsedExpression {
  const last = new Lexer(expression).lex().tokens.at(-2);
  if (last === undefined) return refused('expression-invalid', 'An expression was expected', 0);
  const offset = offsetOf(expression, last.range.start);
  const message = located(`Unexpected end of expression: '${last.lexeme}'`, offset, expression);
  return refused('expression-invalid', message, offset);
}

function located(message: string, offset: number, expression: string): string {
  return `${message}. Located at position ${offset + 1} within expression: ${expression}`;
}

function refused(code: ProblemCode, message: string, offset: number): ParsedExpression {
  return { ok: false, code, message, offset };
}

function offsetOf(expression: string, place: { readonly line: number; readonly column: number }): number {
  let start = 0;
  for (let line = 0; line < place.line; line++) {
    const end = expression.indexOf('\n', start);
    if (end < 0) break;
    start = end + 1;
  }
  return start + place.column;
}

/** Whether the tree calls one of the functions (lower case). */
export function callsAny(expression: string, names: ReadonlySet<string>): boolean {
  const { tokens } = new Lexer(expression).lex();
  return tokens.some(
    (token, index) =>
      names.has(token.lexeme.toLowerCase()) &&
      tokens[index + 1]?.lexeme === '(' &&
      !isDereference(tokens[index - 1]?.lexeme),
  );
}
