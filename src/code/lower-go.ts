import type { FrontEnd } from './front-end.ts';
import type { ClassIr, Expr, FileIr, FunctionIr, NameExpr, Span, Stmt, Target } from './ir.ts';
import { blockOf, GoExpressions } from './lower-go-expressions.ts';
import { childAt, childrenAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

export const go: FrontEnd = {
  language: 'go',
  grammars: { '.go': 'go' },
  lower: (tree) => new GoLowering(tree).file(),
};

type ClassField = ClassIr['fields'][number];

const BUILTINS = new Set(
  'append cap close complex copy delete imag len make max min new panic print println real recover clear string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 bool byte rune error any complex64 complex128 comparable true false nil iota _'.split(
    ' ',
  ),
);

/** Statements, types and functions. Pointers are what they point to; several results are a list. */
class GoLowering {
  readonly #tree: Tree;
  readonly #expressions: GoExpressions;
  readonly #declared = new Set<string>();
  /** Methods by the name of the type that they are of. */
  readonly #methods = new Map<string, FunctionIr[]>();
  readonly #results: (readonly NameExpr[])[] = [];

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#expressions = new GoExpressions(tree, { function: (node) => this.#function(node, '') });
  }

  file(): FileIr {
    const tree = this.#tree;
    const imports: Stmt[] = [];
    const types: Stmt[] = [];
    const rest: Stmt[] = [];
    let name = '';
    for (const node of namedChildren(tree, 0)) {
      const kind = kindOf(tree, node);
      if (kind === 'package_clause') name = textOf(tree, namedChildren(tree, node)[0] ?? node);
      else if (kind === 'import_declaration') imports.push(...this.#imports(node));
      else if (kind === 'type_declaration') types.push(...this.#types(node));
      else if (kind === 'method_declaration') this.#method(node);
      else if (kind === 'var_declaration') rest.push(...this.#variables(node, true));
      else rest.push(...this.#statement(node));
    }
    const classes = this.#withMethods(types);
    return {
      language: 'go',
      body: [...imports, ...this.#neighbours(), ...classes, ...rest],
      package: name,
      wildcards: [],
    };
  }

  /** Methods may stand in another file than the type that they are of. */
  #withMethods(types: readonly Stmt[]): Stmt[] {
    const classes = types.map((statement): Stmt => {
      if (statement.kind !== 'class') return statement;
      const methods = this.#methods.get(statement.name.name) ?? [];
      this.#methods.delete(statement.name.name);
      return { ...statement, class: { ...statement.class, methods: [...statement.class.methods, ...methods] } };
    });
    const others = [...this.#methods].map(([name, methods]): Stmt => {
      const span = { start: methods[0]?.start ?? 0, end: methods[0]?.end ?? 0 };
      this.#declared.add(name);
      return {
        kind: 'class',
        name: { kind: 'name', name, slot: -1, ...span },
        class: { name, bases: [], decorators: [], methods, fields: [], ...span },
        ...span,
      };
    });
    return [...classes, ...others];
  }

  /** Names of other files of the package need no import in Go; here they get one. */
  #neighbours(): Stmt[] {
    const span = { start: 0, end: 0 };
    const names = [...this.#expressions.used].filter((name) => !this.#declared.has(name) && !BUILTINS.has(name));
    if (names.length === 0) return [];
    const bound = names.map((name) => ({ name: { kind: 'name' as const, name, slot: -1, ...span }, imported: name }));
    return [{ kind: 'import', module: '.', names: bound, ...span }];
  }

  #span(node: number): Span {
    return { start: this.#tree.start[node] ?? 0, end: this.#tree.end[node] ?? 0 };
  }

  #expr(node: number): Expr {
    return this.#expressions.expr(node);
  }

  #declare(node: number): NameExpr {
    const name = this.#expressions.name(node);
    this.#declared.add(name.name);
    return name;
  }

  #imports(node: number): Stmt[] {
    const tree = this.#tree;
    const specs = namedChildren(tree, node).flatMap((child) =>
      kindOf(tree, child) === 'import_spec_list' ? namedChildren(tree, child) : [child],
    );
    return specs.map((spec): Stmt => {
      const module = textOf(tree, childAt(tree, spec, 'path'))
        .slice(1, -1)
        .replace(/(?:\/|\.)v\d+$/, '');
      const alias = childAt(tree, spec, 'name');
      const written = alias === -1 ? '' : textOf(tree, alias);
      const span = this.#span(spec);
      if (written === '_' || written === '.') {
        // What an import for its effects brings is known by its path alone.
        const name: NameExpr = { kind: 'name', name: `_${module}`, slot: -1, ...span };
        return { kind: 'import', module, names: [{ name, imported: '*' }], ...span };
      }
      const name = written === '' ? packageName(module) : written;
      this.#declared.add(name);
      return {
        kind: 'import',
        module,
        names: [{ name: { kind: 'name', name, slot: -1, ...span }, imported: '*' }],
        ...span,
      };
    });
  }

  #block(node: number): Stmt[] {
    if (node === -1) return [];
    const tree = this.#tree;
    return namedChildren(tree, node).flatMap((child) =>
      kindOf(tree, child) === 'statement_list' ? this.#block(child) : this.#statement(child),
    );
  }

  #statement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'short_var_declaration':
      case 'assignment_statement':
        return this.#assignment(node);
      case 'inc_statement':
      case 'dec_statement': {
        const operator = kindOf(tree, node) === 'inc_statement' ? '+' : '-';
        const target = this.#target(namedChildren(tree, node)[0] ?? -1, false);
        return [{ kind: 'assign', target, operator, value: { kind: 'literal', value: 1, ...span }, ...span }];
      }
      case 'var_declaration':
      case 'const_declaration':
        return this.#variables(node, false);
      case 'type_declaration':
        return this.#types(node);
      case 'function_declaration': {
        const name = childAt(tree, node, 'name');
        return [
          { kind: 'function', name: this.#declare(name), function: this.#function(node, textOf(tree, name)), ...span },
        ];
      }
      case 'if_statement':
        return [this.#if(node)];
      case 'for_statement':
        return [this.#loop(node)];
      case 'expression_switch_statement':
      case 'type_switch_statement':
      case 'select_statement':
        return [this.#switch(node)];
      case 'return_statement':
        return [this.#return(node)];
      case 'block':
        return [blockOf(this.#block(node), span)];
      case 'labeled_statement':
        return this.#statement(namedChildren(tree, node).at(-1) ?? -1);
      default:
        return this.#simple(node, span);
    }
  }

  #simple(node: number, span: Span): Stmt[] {
    const tree = this.#tree;
    const [first] = namedChildren(tree, node);
    switch (node === -1 ? '' : kindOf(tree, node)) {
      case 'expression_statement':
      case 'go_statement':
      case 'defer_statement':
        return first === undefined ? [] : [{ kind: 'expression', expr: this.#expr(first), ...span }];
      case 'break_statement':
        return [{ kind: 'break', ...span }];
      case 'continue_statement':
        return [{ kind: 'continue', ...span }];
      case 'send_statement': {
        const channel = this.#expr(childAt(tree, node, 'channel'));
        const value = this.#expr(childAt(tree, node, 'value'));
        return [{ kind: 'assign', target: { kind: 'place', place: channel }, value, ...span }];
      }
      case 'receive_statement': {
        const left = childAt(tree, node, 'left');
        const value = this.#expr(childAt(tree, node, 'right'));
        return left === -1
          ? [{ kind: 'expression', expr: value, ...span }]
          : [{ kind: 'assign', target: this.#targets(left, true), value, ...span }];
      }
      case 'statement_list':
      case 'ERROR':
        return this.#block(node);
      case '':
      case 'empty_statement':
      case 'fallthrough_statement':
      case 'goto_statement':
      case 'label_name':
        return [];
      default:
        return [{ kind: 'expression', expr: this.#expr(node), ...span }];
    }
  }

  #target(node: number, declares: boolean): Target {
    const tree = this.#tree;
    if (kindOf(tree, node) === 'identifier') {
      const name = declares ? this.#declare(node) : this.#expressions.name(node);
      return { kind: 'variable', name, ...(declares || name.name === '_' ? { declares: 'block' as const } : {}) };
    }
    const place = this.#expr(node);
    return place.kind === 'name' ? { kind: 'variable', name: place } : { kind: 'place', place };
  }

  #targets(list: number, declares: boolean): Target {
    const nodes = namedChildren(this.#tree, list);
    const [only] = nodes;
    if (only !== undefined && nodes.length === 1) return this.#target(only, declares);
    return { kind: 'items', items: nodes.map((node) => this.#target(node, declares)) };
  }

  #assignment(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const left = childAt(tree, node, 'left');
    const right = childAt(tree, node, 'right');
    const isShort = kindOf(tree, node) === 'short_var_declaration';
    const operator = isShort ? '' : textOf(tree, childAt(tree, node, 'operator')).slice(0, -1);
    const value = this.#expressions.list(right);
    const names = namedChildren(tree, left);
    const values = namedChildren(tree, right);
    if (isShort && names.length > 1 && values.length === names.length) {
      return names.map(
        (name, at): Stmt => ({
          kind: 'assign',
          target: this.#target(name, true),
          value: this.#expr(values[at] ?? -1),
          ...span,
        }),
      );
    }
    return [
      {
        kind: 'assign',
        target: this.#targets(left, isShort),
        ...(operator === '' ? {} : { operator }),
        value,
        ...span,
      },
    ];
  }

  /** `isGlobal`: what a variable of the package is first, it need not be later. */
  #variables(node: number, isGlobal: boolean): Stmt[] {
    const tree = this.#tree;
    const specs = namedChildren(tree, node).flatMap((child) =>
      kindOf(tree, child) === 'var_spec_list' ? namedChildren(tree, child) : [child],
    );
    return specs.flatMap((spec): Stmt[] => {
      const names = childrenAt(tree, spec, 'name').filter((child) => kindOf(tree, child) === 'identifier');
      const type = this.#expressions.typeOf(childAt(tree, spec, 'type'));
      const list = childAt(tree, spec, 'value');
      const values = list === -1 ? [] : namedChildren(tree, list);
      const span = this.#span(spec);
      const targets = names.map(
        (name): Target => ({
          kind: 'variable',
          name: this.#declare(name),
          declares: 'block',
          ...(type === undefined ? {} : { type }),
        }),
      );
      if (values.length === 1 && targets.length > 1) {
        return [
          { kind: 'assign', target: { kind: 'items', items: targets }, value: this.#expr(values[0] ?? -1), ...span },
        ];
      }
      return targets.flatMap((target, at): Stmt[] => {
        const value = values[at];
        if (value === undefined) return [{ kind: 'declare', target, ...span }];
        const assign: Stmt = { kind: 'assign', target, value: this.#expr(value), ...span };
        if (!isGlobal || assign.value.kind !== 'literal' || target.kind !== 'variable') return [assign];
        const name: NameExpr = { ...target.name };
        return [
          assign,
          {
            kind: 'assign',
            target: { kind: 'variable', name },
            value: { kind: 'unknown', parts: [], ...span },
            ...span,
          },
        ];
      });
    });
  }

  #types(node: number): Stmt[] {
    const tree = this.#tree;
    return namedChildren(tree, node).flatMap((spec): Stmt[] => {
      const name = childAt(tree, spec, 'name');
      const type = childAt(tree, spec, 'type');
      if (name === -1 || type === -1) return [];
      const kind = kindOf(tree, type);
      const span = this.#span(spec);
      const text = textOf(tree, name);
      const bound = this.#declare(name);
      if (kind === 'qualified_type' || kind === 'type_identifier') {
        // Another name for a type of elsewhere has its methods, too.
        const cls: ClassIr = {
          name: text,
          bases: [this.#expr(type)],
          decorators: [],
          methods: [],
          fields: [],
          ...span,
        };
        return [{ kind: 'class', name: bound, class: cls, ...span }];
      }
      const list =
        kind === 'struct_type'
          ? namedChildren(tree, type).find((child) => kindOf(tree, child) === 'field_declaration_list')
          : undefined;
      const { fields, bases } = this.#fields(list === undefined ? [] : namedChildren(tree, list));
      const marks: Expr[] = kind === 'interface_type' ? [{ kind: 'name', name: 'interface', slot: -1, ...span }] : [];
      return [
        {
          kind: 'class',
          name: bound,
          class: { name: text, bases: [...bases, ...marks], decorators: [], methods: [], fields, ...span },
          ...span,
        },
      ];
    });
  }

  /** A field without a name lends what it has. */
  #fields(nodes: readonly number[]): { fields: ClassField[]; bases: Expr[] } {
    const tree = this.#tree;
    const fields: ClassField[] = [];
    const bases: Expr[] = [];
    for (const node of nodes) {
      const typeNode = childAt(tree, node, 'type');
      const type = this.#expressions.typeOf(typeNode);
      const names = childrenAt(tree, node, 'name').filter((child) => kindOf(tree, child) === 'field_identifier');
      for (const name of names)
        fields.push({ name: textOf(tree, name), ...(type === undefined ? {} : { type }), decorators: [] });
      if (names.length === 0 && type !== undefined) {
        fields.push({ name: type.split('.').at(-1) ?? type, type, decorators: [] });
        bases.push(this.#expr(typeNode));
      }
    }
    return { fields, bases };
  }

  #method(node: number): void {
    const tree = this.#tree;
    const receiver = childAt(tree, node, 'receiver');
    const [own] = this.#expressions.parameters(receiver);
    if (own === undefined) return;
    const type = own.type ?? '';
    const fn = this.#function(node, textOf(tree, childAt(tree, node, 'name')));
    const method: FunctionIr = { ...fn, params: [own, ...fn.params], hasReceiver: true };
    const known = this.#methods.get(type);
    if (known === undefined) this.#methods.set(type, [method]);
    else known.push(method);
  }

  #function(node: number, name: string): FunctionIr {
    const tree = this.#tree;
    const result = childAt(tree, node, 'result');
    const params = this.#expressions.parameters(childAt(tree, node, 'parameters'));
    for (const param of params) this.#declared.add(param.name);
    const results = this.#expressions.namedResults(result);
    this.#results.push(results);
    const declared = results.map(
      (one): Stmt => ({
        kind: 'declare',
        target: { kind: 'variable', name: one, declares: 'function' },
        start: one.start,
        end: one.end,
      }),
    );
    for (const one of results) this.#declared.add(one.name);
    const body = [...declared, ...this.#block(childAt(tree, node, 'body'))];
    this.#results.pop();
    const first =
      result !== -1 && kindOf(tree, result) === 'parameter_list'
        ? childAt(tree, namedChildren(tree, result)[0] ?? -1, 'type')
        : result;
    const returnType = this.#expressions.typeOf(first);
    return {
      name,
      params,
      body,
      decorators: [],
      ...(returnType === undefined ? {} : { returnType }),
      ...(name === '' ? { isArrow: true } : {}),
      ...this.#span(node),
    };
  }

  #return(node: number): Stmt {
    const span = this.#span(node);
    const [list] = namedChildren(this.#tree, node);
    if (list !== undefined) return { kind: 'return', value: this.#expressions.list(list), ...span };
    const named = this.#results.at(-1) ?? [];
    const items = named.map((name) => ({ value: { ...name, start: span.start, end: span.end } }));
    const [only] = items;
    if (only === undefined) return { kind: 'return', ...span };
    return { kind: 'return', value: items.length === 1 ? only.value : { kind: 'list', items, ...span }, ...span };
  }

  #if(node: number): Stmt {
    const tree = this.#tree;
    const span = this.#span(node);
    const initializer = childAt(tree, node, 'initializer');
    const before = initializer === -1 ? [] : this.#statement(initializer);
    const alternative = childAt(tree, node, 'alternative');
    const otherwise =
      alternative === -1
        ? []
        : kindOf(tree, alternative) === 'if_statement'
          ? [this.#if(alternative)]
          : this.#block(alternative);
    const statement: Stmt = {
      kind: 'if',
      test: this.#expr(childAt(tree, node, 'condition')),
      body: this.#block(childAt(tree, node, 'consequence')),
      otherwise,
      ...span,
    };
    return before.length === 0 ? statement : blockOf([...before, statement], span);
  }

  #loop(node: number): Stmt {
    const tree = this.#tree;
    const span = this.#span(node);
    const body = childAt(tree, node, 'body');
    const head = namedChildren(tree, node).find((child) => child !== body);
    const kind = head === undefined ? '' : kindOf(tree, head);
    if (head !== undefined && kind === 'range_clause') return this.#range(node, head, body);
    if (head !== undefined && kind === 'for_clause') {
      const initializer = childAt(tree, head, 'initializer');
      const condition = childAt(tree, head, 'condition');
      const update = childAt(tree, head, 'update');
      const [step] = update === -1 ? [] : this.#statement(update);
      return {
        kind: 'loop',
        init: initializer === -1 ? [] : this.#statement(initializer),
        ...(condition === -1 ? {} : { test: this.#expr(condition) }),
        body: this.#block(body),
        ...(step?.kind === 'assign' ? { update: { ...step, kind: 'assign' as const } } : {}),
        otherwise: [],
        ...span,
      };
    }
    return {
      kind: 'loop',
      init: [],
      ...(head === undefined ? {} : { test: this.#expr(head) }),
      body: this.#block(body),
      otherwise: [],
      ...span,
    };
  }

  /** Keys of maps may be from outside; positions of slices are numbers, and are mostly called so. */
  #range(node: number, clause: number, body: number): Stmt {
    const tree = this.#tree;
    const span = this.#span(node);
    const left = childAt(tree, clause, 'left');
    const iterable = this.#expr(childAt(tree, clause, 'right'));
    const [key, value] = left === -1 ? [] : namedChildren(tree, left);
    const isShort = childrenOf(tree, clause).some((child) => textOf(tree, child) === ':=');
    if (key === undefined)
      return {
        kind: 'loop',
        init: [],
        each: { target: this.#unused(span), iterable },
        body: this.#block(body),
        otherwise: [],
        ...span,
      };
    const target = this.#target(value ?? key, isShort);
    const isPosition = /^(?:_|i|j|n|idx|index|pos)$/.test(textOf(tree, key));
    const bound: Stmt[] =
      value === undefined || isPosition
        ? []
        : [
            {
              kind: 'assign',
              target: this.#target(key, isShort),
              value: { kind: 'unknown', parts: [iterable], ...span },
              ...span,
            },
          ];
    return {
      kind: 'loop',
      init: [],
      each: { target, iterable, ...(value === undefined ? { keys: true } : {}) },
      body: [...bound, ...this.#block(body)],
      otherwise: [],
      ...span,
    };
  }

  #unused(span: Span): Target {
    return { kind: 'variable', name: { kind: 'name', name: '_', slot: -1, ...span }, declares: 'block' };
  }

  #switch(node: number): Stmt {
    const tree = this.#tree;
    const span = this.#span(node);
    const initializer = childAt(tree, node, 'initializer');
    const before = initializer === -1 ? [] : this.#statement(initializer);
    const subject = childAt(tree, node, 'value');
    const alias = childAt(tree, node, 'alias');
    const isType = kindOf(tree, node) === 'type_switch_statement';
    const bound: Stmt[] =
      alias === -1 || subject === -1
        ? []
        : [{ kind: 'assign', target: this.#targets(alias, true), value: this.#expr(subject), ...span }];
    const cases = namedChildren(tree, node)
      .filter((child) => kindOf(tree, child).endsWith('_case'))
      .map((child) => this.#case(child, isType));
    const statement: Stmt = {
      kind: 'switch',
      ...(subject === -1 || isType ? {} : { subject: this.#expr(subject) }),
      cases,
      falls: true,
      ...span,
    };
    return before.length + bound.length === 0 ? statement : blockOf([...before, ...bound, statement], span);
  }

  /** A case ends the statement, unless it says that it falls through. */
  #case(node: number, isType: boolean): { tests?: readonly Expr[]; body: Stmt[] } {
    const tree = this.#tree;
    const list = namedChildren(tree, node).find((child) => kindOf(tree, child) === 'statement_list');
    const communication = childAt(tree, node, 'communication');
    const values = childrenAt(tree, node, 'value').flatMap((child) => namedChildren(tree, child));
    const tests = values.map((child) => this.#expr(child));
    const received = communication === -1 ? [] : this.#statement(communication);
    const statements = list === undefined ? [] : this.#block(list);
    const falls = list !== undefined && /\bfallthrough\s*$/.test(textOf(tree, list));
    const body: Stmt[] = [
      ...received,
      ...statements,
      ...(falls ? [] : [{ kind: 'break' as const, ...this.#span(node) }]),
    ];
    return kindOf(tree, node) === 'default_case' ? { body } : { tests: isType ? [] : tests, body };
  }
}

/** `github.com/go-chi/chi` is `chi`, `gopkg.in/yaml` is `yaml`, `github.com/mattn/go-sqlite3` is `sqlite3`. */
function packageName(module: string): string {
  const last = module.split('/').at(-1) ?? module;
  return last
    .replace(/^go-/, '')
    .replace(/[-.]go$/, '')
    .replaceAll(/[^\w]/g, '_');
}
