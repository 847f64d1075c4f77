import { behindFixedStart } from './fixed-start.ts';
import type { Argument, Entry, Expr, FunctionIr, NameExpr, Parameter, Span, Stmt } from './ir.ts';
import { childAt, kindOf, namedChildren, textOf, type Tree } from './tree.ts';
import { unescapeText } from './unescape.ts';

type Parts = { function(node: number): FunctionIr };

/** Types that say nothing more than their values. */
const PLAIN_TYPES = /^(?:string|any|error|byte|rune|interface|struct|T|K|V)$/;

/** Expressions of Go. */
export class GoExpressions {
  readonly #tree: Tree;
  readonly #parts: Parts;
  /** Names that stand where functions, types and packages do. */
  readonly used = new Set<string>();

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

  #unknown(node: number): Expr {
    const parts = namedChildren(this.#tree, node).map((child) => this.expr(child));
    return { kind: 'unknown', parts, ...this.#span(node) };
  }

  name(node: number): NameExpr {
    return { kind: 'name', name: textOf(this.#tree, node), slot: -1, ...this.#span(node) };
  }

  expr(node: number): Expr {
    const tree = this.#tree;
    if (node === -1) return { kind: 'unknown', parts: [], start: 0, end: 0 };
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'identifier':
      case 'package_identifier':
      case 'type_identifier':
        return this.name(node);
      case 'selector_expression':
        return this.#selector(node, childAt(tree, node, 'operand'), childAt(tree, node, 'field'));
      case 'qualified_type':
        return this.#selector(node, childAt(tree, node, 'package'), childAt(tree, node, 'name'));
      case 'call_expression':
        return this.#call(node);
      case 'composite_literal':
        return this.#composite(node);
      case 'index_expression':
        return { kind: 'index', object: this.#at(node, 'operand'), index: this.#at(node, 'index'), ...span };
      case 'slice_expression':
        return this.#slice(node);
      case 'parenthesized_expression':
      case 'literal_element':
      case 'generic_type':
      case 'pointer_type':
        return this.expr(namedChildren(tree, node)[0] ?? -1);
      case 'func_literal':
        return { kind: 'function', function: this.#parts.function(node), ...span };
      case 'expression_list':
        return this.list(node);
      default:
        return this.#literal(node, span) ?? this.#operation(node, span);
    }
  }

  /** One expression as itself, several as a list: what functions give back, and what is assigned at once. */
  list(node: number): Expr {
    const items = namedChildren(this.#tree, node).map((child) => this.expr(child));
    const [only] = items;
    if (only !== undefined && items.length === 1) return only;
    return { kind: 'list', items: items.map((value) => ({ value })), ...this.#span(node) };
  }

  #literal(node: number, span: Span): Expr | undefined {
    const text = textOf(this.#tree, node);
    switch (kindOf(this.#tree, node)) {
      case 'interpreted_string_literal':
      case 'rune_literal':
        return { kind: 'literal', value: unescapeText(text.slice(1, -1)), ...span };
      case 'raw_string_literal':
        return { kind: 'literal', value: text.slice(1, -1), ...span };
      case 'int_literal': {
        const plain = text.replaceAll('_', '');
        return { kind: 'literal', value: /^0[0-7]+$/.test(plain) ? Number.parseInt(plain, 8) : Number(plain), ...span };
      }
      case 'float_literal':
        return { kind: 'literal', value: Number.parseFloat(text), ...span };
      case 'true':
      case 'false':
        return { kind: 'literal', value: text === 'true', ...span };
      case 'nil':
        return { kind: 'literal', value: null, ...span };
      default:
        return undefined;
    }
  }

  #operation(node: number, span: Span): Expr {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'binary_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        const isFloat = /\d\.\d/.test(textOf(tree, node));
        const left = this.#at(node, 'left');
        const right = this.#at(node, 'right');
        return {
          kind: 'binary',
          operator: operator === '/' && !isFloat ? '//' : operator,
          left,
          right: operator === '+' ? behindFixedStart(left, right) : right,
          ...span,
        };
      }
      case 'unary_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        const operand = this.#at(node, 'operand');
        // A pointer is as good as what it points to.
        return operator === '&' || operator === '*' ? operand : { kind: 'unary', operator, operand, ...span };
      }
      case 'type_assertion_expression': {
        const type = this.typeOf(childAt(tree, node, 'type'));
        const operand = this.#at(node, 'operand');
        return type === undefined ? operand : { kind: 'cast', type, operand, ...span };
      }
      case 'type_conversion_expression': {
        const type = this.typeOf(childAt(tree, node, 'type'));
        const operand = this.#at(node, 'operand');
        return type === undefined ? operand : { kind: 'cast', type, operand, ...span };
      }
      case 'literal_value':
        return this.#literalValue(node, false);
      default:
        return this.#unknown(node);
    }
  }

  #selector(node: number, operand: number, field: number): Expr {
    const tree = this.#tree;
    this.#note(operand);
    return {
      kind: 'member',
      object: this.expr(operand),
      property: textOf(tree, field),
      nameStart: tree.start[field] ?? 0,
      ...this.#span(node),
    };
  }

  #note(node: number): void {
    const kind = node === -1 ? '' : kindOf(this.#tree, node);
    if (kind === 'identifier' || kind === 'type_identifier') this.used.add(textOf(this.#tree, node));
  }

  args(node: number): Argument[] {
    if (node === -1) return [];
    return namedChildren(this.#tree, node).map((child): Argument => {
      const isSpread = kindOf(this.#tree, child) === 'variadic_argument';
      return isSpread
        ? { value: this.expr(namedChildren(this.#tree, child)[0] ?? -1), isSpread }
        : { value: this.expr(child) };
    });
  }

  #call(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    let callee = childAt(tree, node, 'function');
    while (kindOf(tree, callee) === 'parenthesized_expression') callee = namedChildren(tree, callee)[0] ?? callee;
    const list = childAt(tree, node, 'arguments');
    const args = this.args(list);
    const name = kindOf(tree, callee) === 'identifier' ? textOf(tree, callee) : '';
    const [first] = args;
    if (name === 'append' && first !== undefined) {
      const [, ...more] = args;
      return { kind: 'list', items: [{ value: first.value, isSpread: true }, ...more], ...span };
    }
    if ((name === 'string' || name === 'any') && first !== undefined) return first.value;
    if (name === 'new' || name === 'make') {
      const type = namedChildren(tree, list)[0] ?? -1;
      const kind = type === -1 ? '' : kindOf(tree, type);
      if (kind === 'map_type') return { kind: 'object', entries: [], ...span };
      if (name === 'make') return { kind: 'unknown', parts: [], ...span };
      this.#note(type);
      return { kind: 'call', callee: this.expr(type), args: [], isNew: true, ...span };
    }
    this.#note(callee);
    const call: Expr = { kind: 'call', callee: this.expr(callee), args, isNew: false, ...span };
    // A path that begins at the root has no `..` left at its beginning when it is clean.
    const isRooted =
      /^(?:path|filepath)\.(?:Clean|Join)$/.test(textOf(tree, callee)) &&
      /^\(\s*(?:"\/"|`\/`|string\(\w*\.?(?:Path)?Separator\))\s*[+,]/.test(textOf(tree, list));
    if (!isRooted) return call;
    const rooted: Expr = { kind: 'name', name: '~rooted-path', slot: -1, ...span };
    return { kind: 'call', callee: rooted, args: [{ value: call }], isNew: false, ...span };
  }

  #composite(node: number): Expr {
    const tree = this.#tree;
    const type = childAt(tree, node, 'type');
    const body = childAt(tree, node, 'body');
    const kind = type === -1 ? '' : kindOf(tree, type);
    if (
      kind === 'map_type' ||
      kind === 'slice_type' ||
      kind === 'array_type' ||
      kind === 'implicit_length_array_type'
    ) {
      return this.#literalValue(body, kind === 'map_type', this.#elementType(type));
    }
    if (kind === 'struct_type') return this.#literalValue(body, false);
    return this.#struct(node, type, body);
  }

  /** `T{A: x}` as a call with keywords: what it makes is an instance with these fields. */
  #struct(node: number, type: number, body: number): Expr {
    const tree = this.#tree;
    const named = kindOf(tree, type) === 'generic_type' ? (namedChildren(tree, type)[0] ?? type) : type;
    this.#note(named);
    const args = namedChildren(tree, body).map((child): Argument => {
      if (kindOf(tree, child) !== 'keyed_element') return { value: this.expr(child) };
      return { name: textOf(tree, childAt(tree, child, 'key')), value: this.#at(child, 'value') };
    });
    return { kind: 'call', callee: this.expr(named), args, isNew: true, ...this.#span(node) };
  }

  /** The type of the elements of a slice or map, where they may be written without it: -1 when it says nothing. */
  #elementType(type: number): number {
    const tree = this.#tree;
    let element = childAt(tree, type, kindOf(tree, type) === 'map_type' ? 'value' : 'element');
    if (element !== -1 && kindOf(tree, element) === 'pointer_type') element = namedChildren(tree, element)[0] ?? -1;
    return element !== -1 && /^(?:type_identifier|qualified_type)$/.test(kindOf(tree, element)) ? element : -1;
  }

  /** `isMap`: keys are expressions, else they are names of fields. */
  #literalValue(node: number, isMap: boolean, elementType = -1): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const children = node === -1 ? [] : namedChildren(tree, node);
    const element = (child: number): Expr => {
      const inner = kindOf(tree, child) === 'literal_element' ? (namedChildren(tree, child)[0] ?? child) : child;
      return elementType !== -1 && kindOf(tree, inner) === 'literal_value'
        ? this.#struct(inner, elementType, inner)
        : this.expr(inner);
    };
    const isKeyed = children.some((child) => kindOf(tree, child) === 'keyed_element');
    if (!isKeyed && !isMap)
      return { kind: 'list', items: children.map((child) => ({ value: element(child) })), ...span };
    const entries = children.map((child): Entry => {
      const key = childAt(tree, child, 'key');
      const value = childAt(tree, child, 'value');
      if (key === -1 || value === -1) return { value: element(child) };
      const known = this.expr(key);
      if (known.kind === 'literal') return { key: String(known.value), value: element(value) };
      return { key: isMap ? known : textOf(tree, key), value: element(value) };
    });
    return { kind: 'object', entries, ...span };
  }

  #slice(node: number): Expr {
    const span = this.#span(node);
    const object = this.#at(node, 'operand');
    const callee: Expr = { kind: 'member', object, property: '__getslice__', nameStart: object.end, ...span };
    return { kind: 'call', callee, args: [], isNew: false, ...span };
  }

  /** A name of a type without its stars; undefined for texts, slices, maps, functions. */
  typeOf(node: number): string | undefined {
    if (node === -1) return undefined;
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'pointer_type':
      case 'parenthesized_type':
      case 'generic_type':
        return this.typeOf(namedChildren(tree, node)[0] ?? -1);
      case 'type_identifier': {
        const name = textOf(tree, node);
        if (PLAIN_TYPES.test(name)) return undefined;
        this.used.add(name);
        return name;
      }
      case 'qualified_type':
        return textOf(tree, node).replaceAll(/\s/g, '');
      default:
        return undefined;
    }
  }

  parameters(node: number): Parameter[] {
    const tree = this.#tree;
    if (node === -1) return [];
    return namedChildren(tree, node).flatMap((child): Parameter[] => {
      const type = this.typeOf(childAt(tree, child, 'type'));
      const isRest = kindOf(tree, child) === 'variadic_parameter_declaration';
      const names = namedChildren(tree, child).filter((one) => kindOf(tree, one) === 'identifier');
      const spans = names.length === 0 ? [child] : names;
      return spans.map((one) => ({
        target: {
          kind: 'variable',
          name: names.length === 0 ? { ...this.name(one), name: '_' } : this.name(one),
          declares: 'function',
        },
        name: names.length === 0 ? '_' : textOf(tree, one),
        ...(type === undefined || isRest ? {} : { type }),
        ...(isRest ? { isRest: true } : {}),
        decorators: [],
      }));
    });
  }

  /** Statements that end a function with named results. */
  namedResults(node: number): readonly NameExpr[] {
    if (node === -1 || kindOf(this.#tree, node) !== 'parameter_list') return [];
    return namedChildren(this.#tree, node).flatMap((child) =>
      namedChildren(this.#tree, child)
        .filter((one) => kindOf(this.#tree, one) === 'identifier')
        .map((one) => this.name(one)),
    );
  }
}

export function blockOf(body: readonly Stmt[], span: Span): Stmt {
  return { kind: 'block', body, start: span.start, end: span.end };
}
