import type { Argument, ClassIr, Entry, Expr, FunctionIr, Span } from './ir.ts';
import { keyText, lowerPattern, typeText } from './lower-javascript-patterns.ts';
import { childAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';
import { unescapeText } from './unescape.ts';

type Parts = { function(node: number): FunctionIr; class(node: number): ClassIr };

/** Expressions. */
export class JavaScriptExpressions {
  readonly #tree: Tree;
  readonly #parts: Parts;

  constructor(tree: Tree, parts: Parts) {
    this.#tree = tree;
    this.#parts = parts;
  }

  #span(node: number): Span {
    return { start: this.#tree.start[node] ?? 0, end: this.#tree.end[node] ?? 0 };
  }

  #at(node: number, field: string): Expr {
    return this.expr(childAt(this.#tree, node, field));
  }

  #first(node: number): Expr {
    return this.expr(namedChildren(this.#tree, node)[0] ?? -1);
  }

  #unknown(node: number): Expr {
    const parts = namedChildren(this.#tree, node).map((child) => this.expr(child));
    return { kind: 'unknown', parts, ...this.#span(node) };
  }

  expr(node: number): Expr {
    const tree = this.#tree;
    if (node === -1) return { kind: 'unknown', parts: [], start: 0, end: 0 };
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'identifier':
      case 'this':
      case 'super':
      case 'undefined':
      case 'shorthand_property_identifier':
      case 'import':
        return { kind: 'name', name: textOf(tree, node), slot: -1, ...span };
      case 'member_expression': {
        const property = childAt(tree, node, 'property');
        return {
          kind: 'member',
          object: this.#at(node, 'object'),
          property: textOf(tree, property),
          nameStart: tree.start[property] ?? span.start,
          ...span,
        };
      }
      case 'subscript_expression':
        return { kind: 'index', object: this.#at(node, 'object'), index: this.#at(node, 'index'), ...span };
      case 'call_expression':
        return this.#call(node);
      case 'new_expression':
        return {
          kind: 'call',
          callee: this.#at(node, 'constructor'),
          args: this.#args(childAt(tree, node, 'arguments')),
          isNew: true,
          ...span,
        };
      case 'parenthesized_expression':
      case 'non_null_expression':
      case 'instantiation_expression':
        return this.#first(node);
      case 'await_expression':
        return { kind: 'await', operand: this.#first(node), ...span };
      default:
        return this.#literal(node, span) ?? this.#operation(node, span);
    }
  }

  #literal(node: number, span: Span): Expr | undefined {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'string':
        return { kind: 'literal', value: unescapeText(textOf(tree, node).slice(1, -1)), ...span };
      case 'number':
        return { kind: 'literal', value: Number(textOf(tree, node).replaceAll('_', '').replace(/n$/, '')), ...span };
      case 'true':
        return { kind: 'literal', value: true, ...span };
      case 'false':
        return { kind: 'literal', value: false, ...span };
      case 'null':
        return { kind: 'literal', value: null, ...span };
      case 'template_string':
        return { kind: 'template', parts: this.#templateParts(node), ...span };
      case 'regex': {
        const pattern = childAt(tree, node, 'pattern');
        const flags = childAt(tree, node, 'flags');
        return {
          kind: 'regex',
          source: pattern === -1 ? '' : textOf(tree, pattern),
          flags: flags === -1 ? '' : textOf(tree, flags),
          ...span,
        };
      }
      default:
        return undefined;
    }
  }

  #operation(node: number, span: Span): Expr {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'binary_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        return { kind: 'binary', operator, left: this.#at(node, 'left'), right: this.#at(node, 'right'), ...span };
      }
      case 'unary_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        return { kind: 'unary', operator, operand: this.#at(node, 'argument'), ...span };
      }
      case 'update_expression': {
        const place = childAt(tree, node, 'argument');
        const target = lowerPattern(tree, place, { expr: (inner) => this.expr(inner), declares: undefined });
        const operator = textOf(tree, childAt(tree, node, 'operator')).slice(0, 1);
        return { kind: 'assign', target, operator, value: { kind: 'literal', value: 1, ...span }, ...span };
      }
      case 'assignment_expression':
      case 'augmented_assignment_expression':
        return this.#assignment(node);
      case 'ternary_expression':
        return {
          kind: 'conditional',
          test: this.#at(node, 'condition'),
          body: this.#at(node, 'consequence'),
          otherwise: this.#at(node, 'alternative'),
          ...span,
        };
      case 'arrow_function':
      case 'function_expression':
      case 'function':
      case 'generator_function':
        return { kind: 'function', function: this.#parts.function(node), ...span };
      case 'class':
        return { kind: 'class', class: this.#parts.class(node), ...span };
      case 'object':
        return this.#object(node);
      case 'array':
        return { kind: 'list', items: this.#args(node), ...span };
      case 'sequence_expression':
        return { kind: 'sequence', items: namedChildren(tree, node).map((child) => this.expr(child)), ...span };
      case 'yield_expression':
        return { kind: 'yield', operand: this.#first(node), ...span };
      case 'as_expression':
      case 'satisfies_expression': {
        const [value, type] = namedChildren(tree, node);
        if (type === undefined || textOf(tree, type) === 'const') return this.expr(value ?? -1);
        return { kind: 'cast', operand: this.expr(value ?? -1), type: typeText(tree, type), ...span };
      }
      case 'type_assertion': {
        const [type, value] = namedChildren(tree, node);
        return { kind: 'cast', operand: this.expr(value ?? -1), type: typeText(tree, type ?? -1), ...span };
      }
      case 'jsx_element':
      case 'jsx_self_closing_element':
        return this.#jsx(node);
      case 'jsx_expression':
        return this.#first(node);
      case 'type_arguments':
      case 'type_annotation':
      case 'jsx_text':
        return { kind: 'unknown', parts: [], ...span };
      default:
        return this.#unknown(node);
    }
  }

  #assignment(node: number): Expr {
    const tree = this.#tree;
    const target = lowerPattern(tree, childAt(tree, node, 'left'), {
      expr: (inner) => this.expr(inner),
      declares: undefined,
    });
    const operatorNode = childAt(tree, node, 'operator');
    const operator = operatorNode === -1 ? undefined : textOf(tree, operatorNode).replace(/=$/, '');
    return {
      kind: 'assign',
      target,
      ...(operator === undefined || operator === '' ? {} : { operator }),
      value: this.#at(node, 'right'),
      ...this.#span(node),
    };
  }

  #call(node: number): Expr {
    const tree = this.#tree;
    const args = childAt(tree, node, 'arguments');
    const span = this.#span(node);
    if (args === -1 || kindOf(tree, args) !== 'template_string') {
      return { kind: 'call', callee: this.#at(node, 'function'), args: this.#args(args), isNew: false, ...span };
    }
    // A tag gets the text pieces apart from the values: rules see the values behind a first list.
    const parts = this.#templateParts(args);
    const texts: Expr = {
      kind: 'list',
      items: parts.filter((part) => part.kind === 'literal').map((value) => ({ value })),
      ...this.#span(args),
    };
    const values = parts.filter((part) => part.kind !== 'literal').map((value) => ({ value }));
    const callee = this.#at(node, 'function');
    const tag: Expr = { kind: 'member', object: callee, property: 'tag`', nameStart: span.start, ...span };
    return { kind: 'call', callee: tag, args: [{ value: texts }, ...values], isNew: false, ...span };
  }

  #args(node: number): Argument[] {
    const tree = this.#tree;
    if (node === -1) return [];
    return namedChildren(tree, node).map((child): Argument => {
      if (kindOf(tree, child) !== 'spread_element') return { value: this.expr(child) };
      return { value: this.#first(child), isSpread: true };
    });
  }

  #templateParts(node: number): Expr[] {
    const tree = this.#tree;
    return childrenOf(tree, node).flatMap((child): Expr[] => {
      const kind = kindOf(tree, child);
      if (kind === 'template_substitution') return [this.#first(child)];
      if (kind !== 'string_fragment' && kind !== 'escape_sequence') return [];
      return [{ kind: 'literal', value: unescapeText(textOf(tree, child)), ...this.#span(child) }];
    });
  }

  #object(node: number): Expr {
    const tree = this.#tree;
    const entries = namedChildren(tree, node).flatMap((child): Entry[] => {
      switch (kindOf(tree, child)) {
        case 'pair': {
          const key = childAt(tree, child, 'key');
          const isComputed = key !== -1 && kindOf(tree, key) === 'computed_property_name';
          return [{ key: isComputed ? this.#first(key) : keyText(tree, key), value: this.#at(child, 'value') }];
        }
        case 'shorthand_property_identifier':
          return [{ key: textOf(tree, child), value: this.expr(child) }];
        case 'method_definition': {
          const span = this.#span(child);
          const fn: Expr = { kind: 'function', function: this.#parts.function(child), ...span };
          return [{ key: keyText(tree, childAt(tree, child, 'name')), value: fn }];
        }
        case 'spread_element':
          return [{ value: this.#first(child) }];
        default:
          return [];
      }
    });
    return { kind: 'object', entries, ...this.#span(node) };
  }

  /** A call of `jsx` with the tag, its attributes as keywords, and what stands inside. */
  #jsx(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const open = childAt(tree, node, 'open_tag');
    const head = open === -1 ? node : open;
    const name = childAt(tree, head, 'name');
    const args: Argument[] = [{ value: { kind: 'literal', value: name === -1 ? '' : textOf(tree, name), ...span } }];
    for (const child of namedChildren(tree, head)) {
      const kind = kindOf(tree, child);
      if (kind === 'jsx_attribute') {
        const [key, value] = namedChildren(tree, child);
        if (key !== undefined && value !== undefined) args.push({ name: textOf(tree, key), value: this.expr(value) });
      } else if (kind === 'jsx_expression') {
        const [spread] = namedChildren(tree, child);
        if (spread !== undefined && kindOf(tree, spread) === 'spread_element') {
          args.push({ name: '**', value: this.#first(spread), isSpread: true });
        }
      }
    }
    const inner = open === -1 ? [] : namedChildren(tree, node).filter((child) => child !== open);
    for (const child of inner) {
      if (kindOf(tree, child).startsWith('jsx_') && kindOf(tree, child) !== 'jsx_closing_element') {
        args.push({ name: 'children', value: this.expr(child) });
      }
    }
    const callee: Expr = { kind: 'name', name: 'jsx', slot: -1, start: span.start, end: span.start };
    return { kind: 'call', callee, args, isNew: false, ...span };
  }
}
