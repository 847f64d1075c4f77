import { behindFixedStart } from './fixed-start.ts';
import type { Argument, ClassIr, Expr, FunctionIr, Parameter, Span, Stmt, Target } from './ir.ts';
import { type JavaScope, nameExpr } from './java-scope.ts';
import { childAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';
import { unescapeText } from './unescape.ts';

type Parts = {
  block(node: number): Stmt[];
  switchOf(node: number): Stmt;
  parameters(node: number): Parameter[];
  anonymous(body: number, type: string): ClassIr;
};

/** Types of which a variable says nothing more than what its value says. */
const PLAIN_TYPES = /^(?:String|CharSequence|Object|var|T|E|K|V|R)$/;

/** Expressions of Java. */
export class JavaExpressions {
  readonly #tree: Tree;
  readonly #scope: JavaScope;
  readonly #parts: Parts;

  constructor(tree: Tree, scope: JavaScope, parts: Parts) {
    this.#tree = tree;
    this.#scope = scope;
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
        return this.#scope.value(textOf(tree, node), span);
      case 'this':
        return nameExpr('this', span);
      case 'super':
        return nameExpr('super', span);
      case 'field_access':
      case 'scoped_identifier':
        return this.#fieldAccess(node);
      case 'array_access':
        return { kind: 'index', object: this.#at(node, 'array'), index: this.#at(node, 'index'), ...span };
      case 'method_invocation':
        return this.#invocation(node);
      case 'object_creation_expression':
        return this.#creation(node);
      case 'parenthesized_expression':
      case 'condition':
        return this.#first(node);
      case 'type_identifier':
      case 'scoped_type_identifier':
      case 'generic_type':
        return this.#scope.type(this.typeText(node), span);
      case 'lambda_expression':
        return { kind: 'function', function: this.#lambda(node), ...span };
      case 'method_reference':
        return this.#reference(node);
      default:
        return this.#literal(node, span) ?? this.#operation(node, span);
    }
  }

  #literal(node: number, span: Span): Expr | undefined {
    const text = textOf(this.#tree, node);
    switch (kindOf(this.#tree, node)) {
      case 'string_literal': {
        const isBlock = text.startsWith('"""');
        const inner = isBlock
          ? text
              .slice(3, -3)
              .replace(/^[^\n]*\n/, '')
              .replaceAll(/^[ \t]+/gm, '')
          : text.slice(1, -1);
        return { kind: 'literal', value: unescapeText(inner), ...span };
      }
      case 'character_literal':
        return { kind: 'literal', value: unescapeText(text.slice(1, -1)), ...span };
      case 'decimal_integer_literal':
      case 'hex_integer_literal':
      case 'binary_integer_literal':
        return { kind: 'literal', value: Number(text.replaceAll('_', '').replace(/[lL]$/, '')), ...span };
      case 'octal_integer_literal':
        return { kind: 'literal', value: Number.parseInt(text.replaceAll('_', ''), 8), ...span };
      case 'decimal_floating_point_literal':
        return { kind: 'literal', value: Number.parseFloat(text), ...span };
      case 'true':
      case 'false':
        return { kind: 'literal', value: text === 'true', ...span };
      case 'null_literal':
        return { kind: 'literal', value: null, ...span };
      case 'class_literal':
        return {
          kind: 'member',
          object: this.#scope.type(this.typeText(namedChildren(this.#tree, node)[0] ?? node), span),
          property: 'class',
          nameStart: span.start,
          ...span,
        };
      default:
        return undefined;
    }
  }

  #operation(node: number, span: Span): Expr {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'binary_expression':
        return this.#binary(node);
      case 'unary_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator'));
        return { kind: 'unary', operator, operand: this.#at(node, 'operand'), ...span };
      }
      case 'update_expression': {
        const operand = namedChildren(tree, node)[0] ?? -1;
        const operator = textOf(tree, node).includes('--') ? '-' : '+';
        return {
          kind: 'assign',
          target: this.target(operand),
          operator,
          value: { kind: 'literal', value: 1, ...span },
          ...span,
        };
      }
      case 'ternary_expression':
        return {
          kind: 'conditional',
          test: this.#at(node, 'condition'),
          body: this.#at(node, 'consequence'),
          otherwise: this.#at(node, 'alternative'),
          ...span,
        };
      case 'assignment_expression': {
        const operator = textOf(tree, childAt(tree, node, 'operator')).slice(0, -1);
        return {
          kind: 'assign',
          target: this.target(childAt(tree, node, 'left')),
          ...(operator === '' ? {} : { operator }),
          value: this.#at(node, 'right'),
          ...span,
        };
      }
      case 'cast_expression': {
        const type = this.typeOf(childAt(tree, node, 'type'));
        const operand = this.#at(node, 'value');
        return type === undefined ? operand : { kind: 'cast', type, operand, ...span };
      }
      case 'instanceof_expression':
        return this.#instanceof(node);
      case 'array_creation_expression': {
        const value = childAt(tree, node, 'value');
        return value === -1 ? { kind: 'list', items: [], ...span } : this.expr(value);
      }
      case 'array_initializer':
      case 'element_value_array_initializer':
        return {
          kind: 'list',
          items: namedChildren(tree, node).map((child) => ({ value: this.expr(child) })),
          ...span,
        };
      case 'switch_expression':
        return this.#switch(node);
      default:
        return this.#unknown(node);
    }
  }

  /** Division of whole numbers, and names of views, are spelled out. */
  #binary(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const written = textOf(tree, childAt(tree, node, 'operator'));
    const left = this.#at(node, 'left');
    const operand = this.#at(node, 'right');
    const right = written === '+' ? behindFixedStart(left, operand) : operand;
    const isFloat = /\d\.\d|\d[fFdD]\b/.test(textOf(tree, node));
    const binary: Expr = {
      kind: 'binary',
      operator: written === '/' && !isFloat ? '//' : written,
      left,
      right,
      ...span,
    };
    const isView = left.kind === 'literal' && (left.value === 'redirect:' || left.value === 'forward:');
    if (!isView || written !== '+') return binary;
    return {
      kind: 'call',
      callee: nameExpr(`~view-${left.value}`.slice(0, -1), span),
      args: [{ value: right }],
      isNew: false,
      ...span,
    };
  }

  #instanceof(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const left = this.#at(node, 'left');
    const right = childAt(tree, node, 'right');
    const test: Expr = { kind: 'binary', operator: 'instanceof', left, right: this.expr(right), ...span };
    const name = childAt(tree, node, 'name');
    if (name === -1) return test;
    this.#scope.declare(textOf(tree, name));
    const type = this.typeOf(right);
    const target: Target = {
      kind: 'variable',
      name: nameExpr(textOf(tree, name), this.#span(name)),
      declares: 'function',
      ...(type === undefined ? {} : { type }),
    };
    const bound: Expr = { kind: 'assign', target, value: left, ...span };
    return { kind: 'binary', operator: '&&', left: test, right: { kind: 'unknown', parts: [bound], ...span }, ...span };
  }

  #fieldAccess(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const chain = textOf(tree, node);
    const packaged = /^([a-z]\w*)(?:\.[a-z]\w*)+\.[A-Z]\w*$/.exec(chain);
    if (packaged !== null && this.#scope.isPackageRoot(packaged[1] ?? '')) return this.#scope.type(chain, span);
    const object = childAt(tree, node, 'object');
    const field = childAt(tree, node, 'field');
    if (field === -1 || object === -1) {
      const parts = namedChildren(tree, node);
      const last = parts.at(-1);
      const first = parts[0];
      if (last === undefined || first === undefined || parts.length < 2) return this.#unknown(node);
      return {
        kind: 'member',
        object: this.expr(first),
        property: textOf(tree, last),
        nameStart: tree.start[last] ?? 0,
        ...span,
      };
    }
    // `Outer.this`.
    if (kindOf(tree, field) === 'this') return this.expr(object);
    return {
      kind: 'member',
      object: this.expr(object),
      property: textOf(tree, field),
      nameStart: tree.start[field] ?? span.start,
      ...span,
    };
  }

  #invocation(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const name = childAt(tree, node, 'name');
    const object = childAt(tree, node, 'object');
    const property = textOf(tree, name);
    const callee: Expr =
      object === -1
        ? this.#scope.method(property, this.#span(name))
        : {
            kind: 'member',
            object: this.expr(object),
            property,
            nameStart: tree.start[name] ?? span.start,
            start: span.start,
            end: tree.end[name] ?? span.end,
          };
    const args = this.args(childAt(tree, node, 'arguments'));
    const checked = property.endsWith('HostnameVerifier')
      ? args.map((arg) => ({ ...arg, value: verifier(arg.value) }))
      : args;
    return { kind: 'call', callee, args: checked, isNew: false, ...span };
  }

  args(node: number): Argument[] {
    if (node === -1) return [];
    return namedChildren(this.#tree, node).map((child): Argument => {
      if (kindOf(this.#tree, child) !== 'element_value_pair') return { value: this.expr(child) };
      return { name: textOf(this.#tree, childAt(this.#tree, child, 'key')), value: this.#at(child, 'value') };
    });
  }

  #creation(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const type = childAt(tree, node, 'type');
    const name = this.typeText(type);
    const body = namedChildren(tree, node).find((child) => kindOf(tree, child) === 'class_body');
    const args = this.args(childAt(tree, node, 'arguments'));
    const callee: Expr =
      body === undefined
        ? this.#scope.type(name, this.#span(type))
        : { kind: 'class', class: this.#parts.anonymous(body, name), ...span };
    return { kind: 'call', callee, args, isNew: true, ...span };
  }

  #lambda(node: number): FunctionIr {
    const tree = this.#tree;
    const parameters = childAt(tree, node, 'parameters');
    const body = childAt(tree, node, 'body');
    const span = this.#span(node);
    return this.#scope.inFunction(() => {
      const kind = parameters === -1 ? '' : kindOf(tree, parameters);
      const plain =
        kind === 'identifier' ? [parameters] : kind === 'inferred_parameters' ? namedChildren(tree, parameters) : [];
      const params =
        kind === 'formal_parameters'
          ? this.#parts.parameters(parameters)
          : plain.map((child): Parameter => {
              const name = textOf(tree, child);
              this.#scope.declare(name);
              return {
                target: { kind: 'variable', name: nameExpr(name, this.#span(child)), declares: 'function' },
                name,
                decorators: [],
              };
            });
      const isBlock = body !== -1 && kindOf(tree, body) === 'block';
      const statements: Stmt[] = isBlock
        ? this.#parts.block(body)
        : [{ kind: 'return', value: this.expr(body), ...this.#span(body) }];
      return { name: '', params, body: statements, decorators: [], isArrow: true, ...span };
    });
  }

  /** `this::find` is a function; `String::trim` is called on what it is given. */
  #reference(node: number): Expr {
    const tree = this.#tree;
    const span = this.#span(node);
    const children = namedChildren(tree, node);
    const [first] = children;
    const last = children.at(-1);
    const isNew = textOf(tree, node).endsWith('::new');
    if (first === undefined || last === undefined) return this.#unknown(node);
    const owner = textOf(tree, first);
    const it = nameExpr('~it', span);
    const wrap = (callee: Expr, args: readonly Argument[]): Expr => {
      const value: Expr = { kind: 'call', callee, args, isNew, ...span };
      const param: Parameter = {
        target: { kind: 'variable', name: nameExpr('~it', span), declares: 'function' },
        name: '~it',
        decorators: [],
      };
      const body: Stmt[] = [{ kind: 'return', value, ...span }];
      return {
        kind: 'function',
        function: { name: '', params: [param], body, decorators: [], isArrow: true, ...span },
        ...span,
      };
    };
    if (isNew) return wrap(this.#scope.type(this.typeText(first), span), [{ value: it }]);
    const property = textOf(tree, last);
    if (/^[a-z]/.test(owner) || this.#scope.isOwnClass(owner)) {
      return { kind: 'member', object: this.expr(first), property, nameStart: span.start, ...span };
    }
    // Of a class that is not at hand, either is possible: `Integer::parseInt`, `String::trim`.
    const isText = owner === 'String' || owner === 'Object';
    const object: Expr = isText ? it : this.#scope.type(this.typeText(first), span);
    return wrap({ kind: 'member', object, property, nameStart: span.start, ...span }, isText ? [] : [{ value: it }]);
  }

  /** With a value for each case, a chain of conditions; else the statement within a function. */
  #switch(node: number): Expr {
    const span = this.#span(node);
    const body: Stmt[] = [this.#parts.switchOf(node)];
    const fn: FunctionIr = { name: '', params: [], body, decorators: [], isArrow: true, ...span };
    return { kind: 'call', callee: { kind: 'function', function: fn, ...span }, args: [], isNew: false, ...span };
  }

  target(node: number): Target {
    const expr = this.expr(node);
    return expr.kind === 'name' && expr.name !== 'this'
      ? { kind: 'variable', name: expr }
      : { kind: 'place', place: expr };
  }

  /** A name of a type without its parameters. */
  typeText(node: number): string {
    if (node === -1) return '';
    const tree = this.#tree;
    if (kindOf(tree, node) === 'generic_type') return this.typeText(namedChildren(tree, node)[0] ?? -1);
    return textOf(tree, node)
      .replaceAll(/<[^<>]*>|@\w+|\s/g, '')
      .replaceAll(/[<>].*$/g, '');
  }

  /** The type of a variable, when it says more than its value: not for texts and arrays. */
  typeOf(node: number): string | undefined {
    if (node === -1) return undefined;
    const kind = kindOf(this.#tree, node);
    if (kind === 'array_type' || kind === 'void_type') return undefined;
    const name = this.typeText(node);
    if (PLAIN_TYPES.test(name) || name === '') return undefined;
    if (kind === 'integral_type' || kind === 'floating_point_type' || kind === 'boolean_type') return name;
    return this.#scope.typeName(name);
  }

  decorators(node: number): Expr[] {
    const tree = this.#tree;
    const modifiers = childrenOf(tree, node).find((child) => kindOf(tree, child) === 'modifiers');
    if (modifiers === undefined) return [];
    return namedChildren(tree, modifiers).flatMap((child): Expr[] => {
      const kind = kindOf(tree, child);
      if (kind !== 'annotation' && kind !== 'marker_annotation') return [];
      const span = this.#span(child);
      const name = this.#scope.type(textOf(tree, childAt(tree, child, 'name')), span);
      if (kind === 'marker_annotation') return [name];
      return [
        { kind: 'call', callee: name, args: this.args(childAt(tree, child, 'arguments')), isNew: false, ...span },
      ];
    });
  }
}

/** `(host, session) -> true`: a verifier of names that takes every one. */
function verifier(value: Expr): Expr {
  if (value.kind !== 'function') return value;
  const [only] = value.function.body;
  const isYes = only?.kind === 'return' && only.value?.kind === 'literal' && only.value.value === true;
  if (!isYes) return value;
  const span = { start: value.start, end: value.end };
  return { kind: 'call', callee: nameExpr('~trusts-all', span), args: [{ value }], isNew: false, ...span };
}
