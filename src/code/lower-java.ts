import type { FrontEnd } from './front-end.ts';
import type { ClassIr, Expr, FileIr, FunctionIr, NameExpr, Parameter, Span, Stmt, Target } from './ir.ts';
import { JavaScope, nameExpr } from './java-scope.ts';
import { JavaExpressions } from './lower-java-expressions.ts';
import { childAt, childrenAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

export const java: FrontEnd = {
  language: 'java',
  grammars: { '.java': 'java' },
  lower: (tree) => new JavaLowering(tree).file(),
};

type ClassField = ClassIr['fields'][number];

/** Types whose values are numbers or truths: a text does not come through them. */
const NUMBERS = /^(?:int|long|short|byte|char|float|double|boolean)$/;

/** Statements and classes. */
class JavaLowering {
  readonly #tree: Tree;
  readonly #scope: JavaScope;
  readonly #expressions: JavaExpressions;
  /** Classes within classes, which come to stand before the ones around them. */
  readonly #inner: Stmt[] = [];
  /** Annotations of the class that is being lowered, by name. */
  #classMarks: readonly string[] = [];

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#scope = new JavaScope(tree);
    this.#expressions = new JavaExpressions(tree, this.#scope, {
      block: (node) => this.#block(node),
      switchOf: (node) => this.#switch(node, true),
      parameters: (node) => this.#parameters(node),
      anonymous: (body, type) => this.#anonymous(body, type),
    });
  }

  file(): FileIr {
    const classes = namedChildren(this.#tree, 0).flatMap((node) => this.#statement(node));
    const body = [...this.#scope.imports(), ...this.#inner, ...classes];
    return { language: 'java', body, package: this.#scope.package, wildcards: [] };
  }

  #span(node: number): Span {
    return { start: this.#tree.start[node] ?? 0, end: this.#tree.end[node] ?? 0 };
  }

  #expr(node: number): Expr {
    return this.#expressions.expr(node);
  }

  #at(node: number, field: string): Expr {
    return this.#expr(childAt(this.#tree, node, field));
  }

  #name(node: number): NameExpr {
    return nameExpr(textOf(this.#tree, node), this.#span(node));
  }

  /** A block, or a single statement where one may stand in its place. */
  #block(node: number): Stmt[] {
    if (node === -1) return [];
    const kind = kindOf(this.#tree, node);
    return kind === 'block' || kind === 'constructor_body'
      ? namedChildren(this.#tree, node).flatMap((child) => this.#statement(child))
      : this.#statement(node);
  }

  #statement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const [first] = namedChildren(tree, node);
    switch (kindOf(tree, node)) {
      case 'local_variable_declaration':
        return this.#declaration(node);
      case 'expression_statement': {
        if (first === undefined) return [];
        if (kindOf(tree, first) === 'switch_expression') return [this.#switch(first, false)];
        const expr = this.#expr(first);
        return expr.kind === 'assign'
          ? [{ ...expr, kind: 'assign', ...span }]
          : [{ kind: 'expression', expr, ...span }];
      }
      case 'if_statement':
        return [
          {
            kind: 'if',
            test: this.#at(node, 'condition'),
            body: this.#block(childAt(tree, node, 'consequence')),
            otherwise: this.#block(childAt(tree, node, 'alternative')),
            ...span,
          },
        ];
      case 'for_statement':
      case 'while_statement':
      case 'do_statement':
      case 'enhanced_for_statement':
        return this.#loop(node);
      case 'switch_expression':
        return [this.#switch(node, false)];
      case 'try_statement':
      case 'try_with_resources_statement':
        return [this.#try(node)];
      case 'return_statement':
      case 'yield_statement':
        return [{ kind: 'return', ...(first === undefined ? {} : { value: this.#expr(first) }), ...span }];
      case 'throw_statement':
        return [{ kind: 'throw', ...(first === undefined ? {} : { value: this.#expr(first) }), ...span }];
      case 'break_statement':
        return [{ kind: 'break', ...span }];
      case 'continue_statement':
        return [{ kind: 'continue', ...span }];
      default:
        return this.#otherStatement(node, span);
    }
  }

  #otherStatement(node: number, span: Span): Stmt[] {
    const tree = this.#tree;
    switch (kindOf(tree, node)) {
      case 'block':
      case 'constructor_body':
      case 'ERROR':
        return [{ kind: 'block', body: namedChildren(tree, node).flatMap((child) => this.#statement(child)), ...span }];
      case 'labeled_statement':
        return this.#statement(namedChildren(tree, node).at(-1) ?? -1);
      case 'synchronized_statement':
        return this.#block(childAt(tree, node, 'body'));
      case 'class_declaration':
      case 'interface_declaration':
      case 'enum_declaration':
      case 'record_declaration':
        return [this.#class(node)];
      case 'explicit_constructor_invocation': {
        const args = this.#expressions.args(childAt(tree, node, 'arguments'));
        return [
          { kind: 'expression', expr: { kind: 'unknown', parts: args.map(({ value }) => value), ...span }, ...span },
        ];
      }
      case 'package_declaration':
      case 'import_declaration':
      case 'assert_statement':
      case 'annotation_type_declaration':
      case 'module_declaration':
        return [];
      default:
        return node === -1 ? [] : [{ kind: 'expression', expr: this.#expr(node), ...span }];
    }
  }

  /** A number does not carry text, but its own value counts. */
  #initial(value: Expr, type: string | undefined): Expr {
    if (type === undefined || !NUMBERS.test(type) || value.kind === 'literal') return value;
    return { kind: 'cast', type, operand: value, start: value.start, end: value.end };
  }

  #declaration(node: number): Stmt[] {
    const tree = this.#tree;
    const typeNode = childAt(tree, node, 'type');
    return childrenAt(tree, node, 'declarator').map((declarator): Stmt => {
      const name = childAt(tree, declarator, 'name');
      const isArray = childAt(tree, declarator, 'dimensions') !== -1;
      const type = isArray ? undefined : this.#expressions.typeOf(typeNode);
      const value = childAt(tree, declarator, 'value');
      const initial = value === -1 ? undefined : this.#initial(this.#expr(value), type);
      this.#scope.declare(textOf(tree, name));
      const target = this.#variable(name, type);
      const span = this.#span(declarator);
      return initial === undefined
        ? { kind: 'declare', target, ...span }
        : { kind: 'assign', target, value: initial, ...span };
    });
  }

  #variable(name: number, type: string | undefined): Target {
    const typed = type === undefined || NUMBERS.test(type) ? {} : { type };
    return { kind: 'variable', name: this.#name(name), declares: 'block', ...typed };
  }

  #loop(node: number): Stmt[] {
    const tree = this.#tree;
    const kind = kindOf(tree, node);
    const body = childAt(tree, node, 'body');
    const span = this.#span(node);
    if (kind === 'enhanced_for_statement') {
      const name = childAt(tree, node, 'name');
      const type = this.#expressions.typeOf(childAt(tree, node, 'type'));
      const iterable = this.#at(node, 'value');
      this.#scope.declare(textOf(tree, name));
      const each = { target: this.#variable(name, type), iterable };
      return [{ kind: 'loop', init: [], each, body: this.#block(body), otherwise: [], ...span }];
    }
    const init = childrenAt(tree, node, 'init').flatMap((child) => this.#statement(child));
    const condition = childAt(tree, node, 'condition');
    const updates = childrenAt(tree, node, 'update').map((child) => this.#expr(child));
    const test = condition === -1 ? undefined : this.#expr(condition);
    return [
      {
        kind: 'loop',
        init,
        ...(test === undefined ? {} : { test }),
        body: this.#block(body),
        ...(updates.length === 0 ? {} : { update: { kind: 'sequence' as const, items: updates, ...span } }),
        otherwise: [],
        ...(kind === 'do_statement' ? { isPostTest: true } : {}),
        ...span,
      },
    ];
  }

  /** `isValue`: the cases give values, as those of a function that is called at once. */
  #switch(node: number, isValue: boolean): Stmt {
    const tree = this.#tree;
    const groups = namedChildren(tree, childAt(tree, node, 'body'));
    const cases = groups.map((group) => {
      const children = namedChildren(tree, group);
      const labels = children.filter((child) => kindOf(tree, child) === 'switch_label');
      const isDefault = labels.some((label) => textOf(tree, label).includes('default'));
      const tests = labels.flatMap((label) => namedChildren(tree, label).map((child) => this.#expr(child)));
      const statements = children
        .filter((child) => !labels.includes(child))
        .flatMap((child): Stmt[] => {
          const isArrow = kindOf(tree, group) === 'switch_rule';
          const inner = namedChildren(tree, child)[0];
          if (isArrow && isValue && kindOf(tree, child) === 'expression_statement' && inner !== undefined) {
            return [{ kind: 'return', value: this.#expr(inner), ...this.#span(child) }];
          }
          return [...this.#statement(child), ...(isArrow ? [{ kind: 'break' as const, ...this.#span(child) }] : [])];
        });
      return { ...(isDefault ? {} : { tests }), body: statements };
    });
    return { kind: 'switch', subject: this.#at(node, 'condition'), cases, falls: true, ...this.#span(node) };
  }

  #try(node: number): Stmt {
    const tree = this.#tree;
    const resources = childAt(tree, node, 'resources');
    const opened = (resources === -1 ? [] : namedChildren(tree, resources)).flatMap((resource): Stmt[] => {
      const value = childAt(tree, resource, 'value');
      const name = childAt(tree, resource, 'name');
      if (value === -1 || name === -1) return [];
      const type = this.#expressions.typeOf(childAt(tree, resource, 'type'));
      const initial = this.#expr(value);
      this.#scope.declare(textOf(tree, name));
      return [{ kind: 'assign', target: this.#variable(name, type), value: initial, ...this.#span(resource) }];
    });
    const children = childrenOf(tree, node);
    return {
      kind: 'try',
      body: [...opened, ...this.#block(childAt(tree, node, 'body'))],
      catches: children
        .filter((child) => kindOf(tree, child) === 'catch_clause')
        .map((clause) => {
          const parameter = namedChildren(tree, clause).find(
            (child) => kindOf(tree, child) === 'catch_formal_parameter',
          );
          const name = parameter === undefined ? -1 : childAt(tree, parameter, 'name');
          if (name !== -1) this.#scope.declare(textOf(tree, name));
          const target = name === -1 ? {} : { target: this.#variable(name, undefined) };
          return { ...target, body: this.#block(childAt(tree, clause, 'body')) };
        }),
      otherwise: [],
      finally: children
        .filter((child) => kindOf(tree, child) === 'finally_clause')
        .flatMap((clause) => namedChildren(tree, clause).flatMap((child) => this.#block(child))),
      ...this.#span(node),
    };
  }

  #parameters(node: number): Parameter[] {
    const tree = this.#tree;
    if (node === -1) return [];
    return namedChildren(tree, node).flatMap((child): Parameter[] => {
      const kind = kindOf(tree, child);
      if (kind !== 'formal_parameter' && kind !== 'spread_parameter') return [];
      const isRest = kind === 'spread_parameter';
      const declarator = namedChildren(tree, child).find((one) => kindOf(tree, one) === 'variable_declarator');
      const name = childAt(tree, declarator ?? child, 'name');
      if (name === -1) return [];
      const type = isRest ? undefined : this.#expressions.typeOf(childAt(tree, child, 'type'));
      const text = textOf(tree, name);
      this.#scope.declare(text);
      return [
        {
          target: { kind: 'variable', name: this.#name(name), declares: 'function' },
          name: text,
          ...(type === undefined ? {} : { type }),
          ...(isRest ? { isRest: true } : {}),
          decorators: this.#expressions.decorators(child),
        },
      ];
    });
  }

  #class(node: number): Stmt {
    const tree = this.#tree;
    const kind = kindOf(tree, node);
    const name = childAt(tree, node, 'name');
    const text = textOf(tree, name);
    const body = childAt(tree, node, 'body');
    const decorators = this.#expressions.decorators(node);
    const outer = this.#classMarks;
    this.#classMarks = decorators.map(lastName);
    const bases = childrenOf(tree, node)
      .filter((child) => /^(?:superclass|super_interfaces|extends_interfaces)$/.test(kindOf(tree, child)))
      .flatMap((child) => namedChildren(tree, child))
      .flatMap((child) => (kindOf(tree, child) === 'type_list' ? namedChildren(tree, child) : [child]))
      .map((child) => this.#expr(child));
    const cls = this.#scope.inClass(text, body, () => {
      const members = this.#members(body, text);
      const parts = kind === 'record_declaration' ? this.#recordParts(childAt(tree, node, 'parameters'), text) : [];
      const written = new Set(members.methods.map((method) => method.name));
      const accessors = this.#accessors(members.fields, written);
      return {
        name: text,
        bases,
        decorators,
        methods: [...members.methods, ...parts.filter((part) => !written.has(part.name)), ...accessors],
        fields: members.fields,
        ...this.#span(node),
      };
    });
    this.#classMarks = outer;
    return { kind: 'class', name: this.#name(name), class: cls, ...this.#span(node) };
  }

  #anonymous(body: number, type: string): ClassIr {
    const outer = this.#classMarks;
    this.#classMarks = [];
    const span = this.#span(body);
    const cls = this.#scope.inClass('', body, () => {
      const { methods, fields } = this.#members(body, '');
      return { name: '', bases: [this.#scope.type(type, span)], decorators: [], methods, fields, ...span };
    });
    this.#classMarks = outer;
    return cls;
  }

  #members(body: number, name: string): { methods: FunctionIr[]; fields: ClassField[] } {
    const tree = this.#tree;
    const methods: FunctionIr[] = [];
    const fields: ClassField[] = [];
    const members = body === -1 ? [] : namedChildren(tree, body);
    for (const member of members.flatMap((child) =>
      kindOf(tree, child) === 'enum_body_declarations' ? namedChildren(tree, child) : [child],
    )) {
      const kind = kindOf(tree, member);
      if (kind === 'method_declaration' && childAt(tree, member, 'body') !== -1)
        methods.push(this.#method(member, false));
      else if (kind === 'constructor_declaration' || kind === 'compact_constructor_declaration') {
        methods.push(this.#method(member, true));
      } else if (kind === 'field_declaration' || kind === 'constant_declaration') fields.push(...this.#fields(member));
      else if (kind === 'static_initializer' || kind === 'block') methods.push(this.#initializer(member, name));
      else if (/^(?:class|interface|enum|record)_declaration$/.test(kind)) {
        const inner = this.#class(member);
        this.#inner.push(inner);
      }
    }
    return { methods, fields };
  }

  #initializer(node: number, name: string): FunctionIr {
    const body = this.#scope.inFunction(() =>
      namedChildren(this.#tree, node).flatMap((child) =>
        kindOf(this.#tree, node) === 'block' ? this.#statement(child) : this.#block(child),
      ),
    );
    return { name: `<${name}>`, params: [], body, decorators: [], ...this.#span(node) };
  }

  #method(node: number, isConstructor: boolean): FunctionIr {
    const tree = this.#tree;
    const decorators = this.#expressions.decorators(node);
    const type = childAt(tree, node, 'type');
    const returnType = type === -1 ? undefined : this.#expressions.typeOf(type);
    const isText = type !== -1 && this.#expressions.typeText(type) === 'String';
    const modifiers = childrenOf(tree, node).find((child) => kindOf(tree, child) === 'modifiers');
    const marks = [...this.#classMarks, ...decorators.map(lastName)];
    const isPage =
      isText &&
      !isOtherContent(tree, modifiers) &&
      marks.some((mark) => /^(?:RestController|ResponseBody)$/.test(mark));
    const marked = trustsAll(tree, node)
      ? [
          {
            kind: 'call' as const,
            callee: nameExpr('~trusts-all', this.#span(node)),
            args: [],
            isNew: false,
            ...this.#span(node),
          },
        ]
      : [];
    return this.#scope.inFunction(() => ({
      name: textOf(tree, childAt(tree, node, 'name')),
      params: this.#parameters(childAt(tree, node, 'parameters')),
      body: this.#block(childAt(tree, node, 'body')),
      decorators: isPage
        ? [nameExpr('SpringPage', this.#span(node)), ...decorators, ...marked]
        : [...decorators, ...marked],
      ...(returnType === undefined ? {} : { returnType }),
      isStatic: modifiers !== undefined && /\bstatic\b/.test(textOf(tree, modifiers)),
      ...(isConstructor ? { isConstructor: true } : {}),
      ...this.#span(node),
    }));
  }

  #fields(node: number): ClassField[] {
    const tree = this.#tree;
    const modifiers = childrenOf(tree, node).find((child) => kindOf(tree, child) === 'modifiers');
    const words = modifiers === undefined ? '' : textOf(tree, modifiers);
    const type = this.#expressions.typeOf(childAt(tree, node, 'type'));
    const decorators = this.#expressions.decorators(node);
    const isFinal = /\bfinal\b/.test(words) || kindOf(tree, node) === 'constant_declaration';
    return childrenAt(tree, node, 'declarator').map((declarator) => {
      const value = childAt(tree, declarator, 'value');
      return {
        name: textOf(tree, childAt(tree, declarator, 'name')),
        ...(value === -1 ? {} : { value: this.#scope.inFunction(() => this.#expr(value)) }),
        ...(type === undefined ? {} : { type }),
        isStatic: /\bstatic\b/.test(words),
        ...(isFinal ? {} : { isMutable: true as const }),
        decorators,
      };
    });
  }

  /** What a record has without its being written. */
  #recordParts(parameters: number, name: string): FunctionIr[] {
    const params = this.#scope.inFunction(() => this.#parameters(parameters));
    const span = this.#span(parameters);
    const own = (property: string): Expr => ({
      kind: 'member',
      object: nameExpr('this', span),
      property,
      nameStart: span.start,
      ...span,
    });
    const body = params.map(
      (param): Stmt => ({
        kind: 'assign',
        target: { kind: 'place', place: own(param.name) },
        value: nameExpr(param.name, span),
        ...span,
      }),
    );
    const constructor: FunctionIr = { name, params, body, decorators: [], isConstructor: true, ...span };
    return [constructor, ...params.map((param) => getter(param.name, own(param.name), span))];
  }

  /** What Lombok writes. */
  #accessors(fields: readonly ClassField[], written: ReadonlySet<string>): FunctionIr[] {
    const marks = this.#classMarks;
    const span = { start: 0, end: 0 };
    const hasGetters = marks.some((mark) => /^(?:Data|Getter|Value)$/.test(mark));
    const hasSetters = marks.some((mark) => /^(?:Data|Setter)$/.test(mark));
    return fields
      .filter(({ isStatic }) => isStatic !== true)
      .flatMap((field): FunctionIr[] => {
        const name = field.name.slice(0, 1).toUpperCase() + field.name.slice(1);
        const place: Expr = {
          kind: 'member',
          object: nameExpr('this', span),
          property: field.name,
          nameStart: 0,
          ...span,
        };
        const param: Parameter = {
          target: { kind: 'variable', name: nameExpr(field.name, span), declares: 'function' },
          name: field.name,
          decorators: [],
        };
        const body: Stmt[] = [
          { kind: 'assign', target: { kind: 'place', place }, value: nameExpr(field.name, span), ...span },
        ];
        return [
          ...(hasGetters && !written.has(`get${name}`) ? [getter(`get${name}`, place, span)] : []),
          ...(hasSetters && !written.has(`set${name}`)
            ? [{ name: `set${name}`, params: [param], body, decorators: [], ...span }]
            : []),
        ];
      });
  }
}

function getter(name: string, value: Expr, span: Span): FunctionIr {
  return { name, params: [], body: [{ kind: 'return', value, ...span }], decorators: [], ...span };
}

function lastName(decorator: Expr): string {
  const callee = decorator.kind === 'call' ? decorator.callee : decorator;
  return callee.kind === 'name' ? callee.name : callee.kind === 'member' ? callee.property : '';
}

/** Whether a method of a controller says that its answer is no page. */
function isOtherContent(tree: Tree, modifiers: number | undefined): boolean {
  return (
    modifiers !== undefined &&
    /produces\s*=[^)]*(?:json|plain|JSON|PLAIN|xml|XML|octet|OCTET)/.test(textOf(tree, modifiers))
  );
}

/** A check of certificates or names of hosts with nothing in it. */
function trustsAll(tree: Tree, node: number): boolean {
  const name = textOf(tree, childAt(tree, node, 'name'));
  if (name !== 'checkServerTrusted' && name !== 'verify') return false;
  const body = childAt(tree, node, 'body');
  const statements = body === -1 ? [] : namedChildren(tree, body).map((child) => textOf(tree, child));
  if (name === 'checkServerTrusted') return statements.length === 0 || statements.join('') === 'return;';
  const params = textOf(tree, childAt(tree, node, 'parameters'));
  return params.includes('SSLSession') && statements.join('').replaceAll(/\s/g, '') === 'returntrue;';
}
