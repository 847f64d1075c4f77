import type { Argument, Clause, Entry, Expr, FunctionIr, Parameter, Span, Target } from './ir.ts';
import { childAt, childrenAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';
import { unescapeText } from './unescape.ts';

type Parts = { target(node: number): Target; parameters(node: number): Parameter[] };

/** A name as Python reads it: letters of other alphabets that look the same are the same (NFKC). */
export function identifierOf(tree: Tree, node: number): string {
  const text = textOf(tree, node);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII.
  return /[^\0-\x7f]/.test(text) ? text.normalize('NFKC') : text;
}

/** Expressions of Python. */
export class PythonExpressions {
  readonly #tree: Tree;
  readonly #parts: Parts;

  constructor(tree: Tree, parts: Parts) {
    this.#tree = tree;
    this.#parts = parts;
  }

  #span(node: number): Span {
    return { start: this.#tree.start[node] ?? 0, end: this.#tree.end[node] ?? 0 };
  }

  #unknown(node: number): Expr {
    return {
      kind: 'unknown',
      parts: namedChildren(this.#tree, node).map((child) => this.expr(child)),
      ...this.#span(node),
    };
  }

  #at(node: number, field: string): Expr {
    const child = childAt(this.#tree, node, field);
    return child === -1 ? { kind: 'unknown', parts: [], ...this.#span(node) } : this.expr(child);
  }

  expr(node: number): Expr {
    const tree = this.#tree;
    if (node === -1) return { kind: 'unknown', parts: [], start: 0, end: 0 };
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'identifier':
        return { kind: 'name', name: identifierOf(tree, node), slot: -1, ...span };
      case 'attribute': {
        const property = childAt(tree, node, 'attribute');
        return {
          kind: 'member',
          object: this.#at(node, 'object'),
          property: identifierOf(tree, property),
          nameStart: tree.start[property] ?? span.start,
          ...span,
        };
      }
      case 'call':
        return {
          kind: 'call',
          callee: this.#at(node, 'function'),
          args: this.args(childAt(tree, node, 'arguments')),
          isNew: false,
          ...span,
        };
      case 'subscript':
        return this.#subscript(node);
      case 'string':
      case 'concatenated_string':
        return this.#string(node);
      case 'integer':
        return { kind: 'literal', value: Number(textOf(tree, node).replaceAll('_', '')), ...span };
      case 'float':
        return { kind: 'literal', value: Number.parseFloat(textOf(tree, node)), ...span };
      case 'true':
        return { kind: 'literal', value: true, ...span };
      case 'false':
        return { kind: 'literal', value: false, ...span };
      case 'none':
        return { kind: 'literal', value: null, ...span };
      default:
        return this.#operation(node, span);
    }
  }

  #operation(node: number, span: Span): Expr {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'binary_operator':
      case 'boolean_operator': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        const known = operator === 'and' ? '&&' : operator === 'or' ? '||' : operator;
        return {
          kind: 'binary',
          operator: known,
          left: this.#at(node, 'left'),
          right: this.#at(node, 'right'),
          ...span,
        };
      }
      case 'comparison_operator':
        return this.#comparison(node);
      case 'not_operator':
        return { kind: 'unary', operator: '!', operand: this.#at(node, 'argument'), ...span };
      case 'unary_operator':
        return {
          kind: 'unary',
          operator: textOf(tree, childAt(tree, node, 'operator')),
          operand: this.#at(node, 'argument'),
          ...span,
        };
      case 'conditional_expression': {
        const [then, test, otherwise] = namedChildren(tree, node);
        if (then === undefined || test === undefined || otherwise === undefined) return this.#unknown(node);
        return {
          kind: 'conditional',
          test: this.expr(test),
          body: this.expr(then),
          otherwise: this.expr(otherwise),
          ...span,
        };
      }
      case 'named_expression':
        return {
          kind: 'assign',
          target: this.#parts.target(childAt(tree, node, 'name')),
          value: this.#at(node, 'value'),
          ...span,
        };
      case 'parenthesized_expression':
      case 'type':
      case 'expression_list': {
        const inner = namedChildren(tree, node);
        const [only] = inner;
        return only !== undefined && inner.length === 1 ? this.expr(only) : this.#list(node);
      }
      case 'list':
      case 'tuple':
      case 'set':
        return this.#list(node);
      case 'dictionary':
        return this.#dictionary(node);
      case 'lambda':
        return { kind: 'function', function: this.#lambda(node), ...span };
      case 'await': {
        const [operand] = namedChildren(tree, node);
        return { kind: 'await', operand: this.expr(operand ?? -1), ...span };
      }
      case 'yield': {
        const [operand] = namedChildren(tree, node);
        return { kind: 'yield', ...(operand === undefined ? {} : { operand: this.expr(operand) }), ...span };
      }
      case 'list_comprehension':
      case 'set_comprehension':
      case 'dictionary_comprehension':
      case 'generator_expression':
        return this.#comprehension(node);
      default:
        return this.#unknown(node);
    }
  }

  args(node: number): Argument[] {
    const tree = this.#tree;
    if (node === -1) return [];
    if (kindOf(tree, node) === 'generator_expression') return [{ value: this.expr(node) }];
    return namedChildren(tree, node).map((child): Argument => {
      const kind = kindOf(tree, child);
      if (kind === 'keyword_argument') {
        return { name: identifierOf(tree, childAt(tree, child, 'name')), value: this.#at(child, 'value') };
      }
      if (kind === 'list_splat' || kind === 'dictionary_splat') {
        const value = this.expr(namedChildren(tree, child)[0] ?? -1);
        return kind === 'list_splat' ? { value, isSpread: true } : { name: '**', value, isSpread: true };
      }
      return { value: this.expr(child) };
    });
  }

  #list(node: number): Expr {
    return { kind: 'list', items: this.args(node), ...this.#span(node) };
  }

  #dictionary(node: number): Expr {
    const tree = this.#tree;
    const entries = namedChildren(tree, node).map((child): Entry => {
      if (kindOf(tree, child) !== 'pair') return { value: this.expr(namedChildren(tree, child)[0] ?? -1) };
      const key = this.#at(child, 'key');
      return { key: key.kind === 'literal' ? String(key.value) : key, value: this.#at(child, 'value') };
    });
    return { kind: 'object', entries, ...this.#span(node) };
  }

  /** A slice gives a part of the value. */
  #subscript(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const object = this.#at(node, 'value');
    const subscripts = childrenAt(tree, node, 'subscript');
    const [only] = subscripts;
    if (only === undefined || subscripts.length > 1) {
      return { kind: 'unknown', parts: [object, ...subscripts.map((child) => this.expr(child))], ...span };
    }
    if (kindOf(tree, only) === 'slice') {
      const callee: Expr = { kind: 'member', object, property: '__getslice__', nameStart: object.end, ...span };
      return {
        kind: 'call',
        callee,
        args: namedChildren(tree, only).map((child) => ({ value: this.expr(child) })),
        isNew: false,
        ...span,
      };
    }
    return { kind: 'index', object, index: this.expr(only), ...span };
  }

  /** `a < b < c` compares twice. */
  #comparison(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const operands = namedChildren(tree, node);
    const operators = childrenAt(tree, node, 'operators').map((child) => textOf(tree, child).replaceAll(/\s+/g, ' '));
    const pairs = operators.flatMap((operator, at): Expr[] => {
      const left = operands[at];
      const right = operands[at + 1];
      if (left === undefined || right === undefined) return [];
      const known = operator === 'is' ? '===' : operator === 'is not' ? '!==' : operator;
      return [{ kind: 'binary', operator: known, left: this.expr(left), right: this.expr(right), ...span }];
    });
    const [first, ...rest] = pairs;
    if (first === undefined) return this.#unknown(node);
    return rest.reduce<Expr>((left, right) => ({ kind: 'binary', operator: '&&', left, right, ...span }), first);
  }

  /** Text, or a template where it has parts. Neighbouring strings are one. Bytes are text as well. */
  #string(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const parts: Expr[] = [];
    const strings = kindOf(tree, node) === 'string' ? [node] : namedChildren(tree, node);
    for (const string of strings) {
      const isRaw = /^[a-zA-Z]*[rR]/.test(textOf(tree, string).slice(0, 3));
      for (const child of childrenOf(tree, string)) {
        const kind = kindOf(tree, child);
        if (kind === 'interpolation') parts.push(this.#at(child, 'expression'));
        else if (kind === 'string_content') {
          const text = textOf(tree, child);
          parts.push({ kind: 'literal', value: isRaw ? text : unescapeText(text), ...this.#span(child) });
        }
      }
    }
    if (parts.every((part) => part.kind === 'literal')) {
      return {
        kind: 'literal',
        value: parts.map((part) => (part.kind === 'literal' ? part.value : '')).join(''),
        ...span,
      };
    }
    return { kind: 'template', parts, ...span };
  }

  #lambda(node: number): FunctionIr {
    const tree = this.#tree;
    const body = this.#at(node, 'body');
    return {
      name: '',
      params: this.#parts.parameters(childAt(tree, node, 'parameters')),
      body: [{ kind: 'return', value: body, start: body.start, end: body.end }],
      decorators: [],
      isArrow: true,
      ...this.#span(node),
    };
  }

  #comprehension(node: number): Expr {
    const tree = this.#tree;
    const clauses: Clause[] = [];
    for (const child of namedChildren(tree, node)) {
      const kind = kindOf(tree, child);
      if (kind === 'for_in_clause') {
        clauses.push({
          target: this.#parts.target(childAt(tree, child, 'left')),
          iterable: this.#at(child, 'right'),
          tests: [],
        });
      } else if (kind === 'if_clause') {
        const last = clauses.pop();
        const [test] = namedChildren(tree, child);
        if (last !== undefined && test !== undefined)
          clauses.push({ ...last, tests: [...last.tests, this.expr(test)] });
      }
    }
    const body = childAt(tree, node, 'body');
    const element = body !== -1 && kindOf(tree, body) === 'pair' ? this.#at(body, 'value') : this.#at(node, 'body');
    return { kind: 'comprehension', clauses, element, ...this.#span(node) };
  }
}
