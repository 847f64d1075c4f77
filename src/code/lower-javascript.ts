import type { FrontEnd } from './front-end.ts';
import type { ClassIr, Expr, FunctionIr, NameExpr, Parameter, Span, Stmt, Target } from './ir.ts';
import { JavaScriptExpressions } from './lower-javascript-expressions.ts';
import { lowerPattern, typeText } from './lower-javascript-patterns.ts';
import { childAt, childrenAt, childrenOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

/** JavaScript and TypeScript, with and without JSX. */
export const javascript: FrontEnd = {
  language: 'javascript',
  grammars: {
    '.js': 'javascript',
    '.mjs': 'javascript',
    '.cjs': 'javascript',
    '.jsx': 'javascript',
    '.ts': 'typescript',
    '.mts': 'typescript',
    '.cts': 'typescript',
    '.tsx': 'tsx',
  },
  lower: (tree) => ({ language: 'javascript', body: new JavaScriptLowering(tree).statementsOf(0), wildcards: [] }),
};

/** Statements, functions and classes. */
class JavaScriptLowering {
  readonly #tree: Tree;
  readonly #expressions: JavaScriptExpressions;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#expressions = new JavaScriptExpressions(tree, {
      function: (node) => this.#function(node),
      class: (node) => this.#class(node),
    });
  }

  statementsOf(node: number): Stmt[] {
    return namedChildren(this.#tree, node).flatMap((child) => this.#statement(child));
  }

  #span(node: number): Span {
    return { start: this.#tree.start[node] ?? 0, end: this.#tree.end[node] ?? 0 };
  }

  #expr(node: number): Expr {
    return this.#expressions.expr(node);
  }

  #name(node: number): NameExpr {
    return { kind: 'name', name: textOf(this.#tree, node), slot: -1, ...this.#span(node) };
  }

  #pattern(node: number, declares?: 'block' | 'function', type?: string): Target {
    return lowerPattern(this.#tree, node, { expr: (inner) => this.#expr(inner), declares, type });
  }

  /** A block, or the one statement that stands in its place. */
  #body(node: number): Stmt[] {
    if (node === -1) return [];
    const kind = kindOf(this.#tree, node);
    if (kind === 'statement_block') return this.statementsOf(node);
    if (kind === 'else_clause' || kind === 'finally_clause') {
      return namedChildren(this.#tree, node).flatMap((child) => this.#body(child));
    }
    return this.#statement(node);
  }

  #statement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'expression_statement':
        return namedChildren(tree, node).map((child) => ({ kind: 'expression', expr: this.#expr(child), ...span }));
      case 'variable_declaration':
      case 'lexical_declaration':
        return this.#declaration(node);
      case 'function_declaration':
      case 'generator_function_declaration':
        return [
          { kind: 'function', name: this.#name(childAt(tree, node, 'name')), function: this.#function(node), ...span },
        ];
      case 'class_declaration':
      case 'abstract_class_declaration':
        return [{ kind: 'class', name: this.#name(childAt(tree, node, 'name')), class: this.#class(node), ...span }];
      case 'if_statement':
        return [
          {
            kind: 'if',
            test: this.#expr(childAt(tree, node, 'condition')),
            body: this.#body(childAt(tree, node, 'consequence')),
            otherwise: this.#body(childAt(tree, node, 'alternative')),
            ...span,
          },
        ];
      case 'for_statement':
      case 'for_in_statement':
      case 'while_statement':
      case 'do_statement':
        return [this.#loop(node)];
      case 'statement_block':
        return [{ kind: 'block', body: this.statementsOf(node), ...span }];
      case 'return_statement': {
        const [value] = namedChildren(tree, node);
        return [{ kind: 'return', ...(value === undefined ? {} : { value: this.#expr(value) }), ...span }];
      }
      case 'throw_statement': {
        const [value] = namedChildren(tree, node);
        return [{ kind: 'throw', ...(value === undefined ? {} : { value: this.#expr(value) }), ...span }];
      }
      default:
        return this.#rareStatement(node);
    }
  }

  #rareStatement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    switch (kindOf(tree, node)) {
      case 'switch_statement':
        return [this.#switch(node)];
      case 'try_statement':
        return [this.#try(node)];
      case 'break_statement':
        return [{ kind: 'break', ...span }];
      case 'continue_statement':
        return [{ kind: 'continue', ...span }];
      case 'labeled_statement':
        return this.#body(childAt(tree, node, 'body'));
      case 'import_statement':
        return this.#import(node);
      case 'export_statement':
        return this.#export(node);
      case 'ambient_declaration':
      case 'interface_declaration':
      case 'type_alias_declaration':
      case 'function_signature':
      case 'empty_statement':
      case 'hash_bang_line':
        return [];
      case 'enum_declaration':
        return [];
      case 'internal_module':
      case 'module':
        return this.#body(childAt(tree, node, 'body'));
      case 'ERROR':
        return this.statementsOf(node);
      default:
        return [{ kind: 'expression', expr: this.#expr(node), ...span }];
    }
  }

  #declaration(node: number): Stmt[] {
    const tree = this.#tree;
    const declares = kindOf(tree, node) === 'variable_declaration' ? 'function' : 'block';
    return namedChildren(tree, node)
      .filter((child) => kindOf(tree, child) === 'variable_declarator')
      .map((child): Stmt => {
        const value = childAt(tree, child, 'value');
        const type = childAt(tree, child, 'type');
        const name = childAt(tree, child, 'name');
        const target = this.#pattern(name, declares, type === -1 ? undefined : typeText(tree, type));
        const span = this.#span(child);
        return value === -1
          ? { kind: 'declare', target, ...span }
          : { kind: 'assign', target, value: this.#expr(value), ...span };
      });
  }

  #loop(node: number): Stmt {
    const tree = this.#tree;
    const body = this.#body(childAt(tree, node, 'body'));
    const span = this.#span(node);
    if (kindOf(tree, node) === 'for_in_statement') {
      const declared = childAt(tree, node, 'kind');
      const declares = declared === -1 ? undefined : textOf(tree, declared) === 'var' ? 'function' : 'block';
      return {
        kind: 'loop',
        init: [],
        each: {
          target: this.#pattern(childAt(tree, node, 'left'), declares),
          iterable: this.#expr(childAt(tree, node, 'right')),
          keys: textOf(tree, childAt(tree, node, 'operator')) === 'in',
        },
        body,
        otherwise: [],
        ...span,
      };
    }
    const initializer = childAt(tree, node, 'initializer');
    const condition = childAt(tree, node, 'condition');
    const increment = childAt(tree, node, 'increment');
    const isEndless = condition === -1 || kindOf(tree, condition) === 'empty_statement';
    return {
      kind: 'loop',
      init: initializer === -1 ? [] : this.#statement(initializer),
      ...(isEndless ? {} : { test: this.#expr(condition) }),
      body,
      ...(increment === -1 ? {} : { update: this.#expr(increment) }),
      otherwise: [],
      isPostTest: kindOf(tree, node) === 'do_statement',
      ...span,
    };
  }

  #switch(node: number): Stmt {
    const tree = this.#tree;
    const body = childAt(tree, node, 'body');
    return {
      kind: 'switch',
      subject: this.#expr(childAt(tree, node, 'value')),
      cases: (body === -1 ? [] : namedChildren(tree, body)).map((clause) => {
        const value = childAt(tree, clause, 'value');
        return {
          ...(value === -1 ? {} : { tests: [this.#expr(value)] }),
          body: childrenAt(tree, clause, 'body').flatMap((child) => this.#statement(child)),
        };
      }),
      falls: true,
      ...this.#span(node),
    };
  }

  #try(node: number): Stmt {
    const tree = this.#tree;
    const handler = childAt(tree, node, 'handler');
    const parameter = handler === -1 ? -1 : childAt(tree, handler, 'parameter');
    return {
      kind: 'try',
      body: this.#body(childAt(tree, node, 'body')),
      catches:
        handler === -1
          ? []
          : [
              {
                ...(parameter === -1 ? {} : { target: this.#pattern(parameter, 'block') }),
                body: this.#body(childAt(tree, handler, 'body')),
              },
            ],
      otherwise: [],
      finally: this.#body(childAt(tree, node, 'finalizer')),
      ...this.#span(node),
    };
  }

  #function(node: number, decorators: readonly Expr[] = []): FunctionIr {
    const tree = this.#tree;
    const kind = kindOf(tree, node);
    const nameNode = childAt(tree, node, 'name');
    const name = nameNode === -1 ? '' : textOf(tree, nameNode);
    const single = childAt(tree, node, 'parameter');
    const list = childAt(tree, node, 'parameters');
    const params = single === -1 ? this.#parameters(list) : [this.#plainParameter(single)];
    const bodyNode = childAt(tree, node, 'body');
    const isBlock = bodyNode !== -1 && kindOf(tree, bodyNode) === 'statement_block';
    const returned = isBlock || bodyNode === -1 ? undefined : this.#expr(bodyNode);
    const body: Stmt[] =
      returned === undefined
        ? this.#body(bodyNode)
        : [{ kind: 'return', value: returned, start: returned.start, end: returned.end }];
    const isConstructor = kind === 'method_definition' && name === 'constructor';
    const leading = childrenOf(tree, node).map((child) => kindOf(tree, child));
    return {
      name,
      params,
      body: isConstructor ? [...this.#parameterProperties(list), ...body] : body,
      decorators,
      isArrow: kind === 'arrow_function',
      isAsync: leading.includes('async'),
      isStatic: leading.includes('static'),
      isConstructor,
      ...this.#span(node),
    };
  }

  #parameters(node: number): Parameter[] {
    const tree = this.#tree;
    if (node === -1) return [];
    return namedChildren(tree, node)
      .filter((child) => kindOf(tree, child) !== 'decorator')
      .map((child): Parameter => {
        const kind = kindOf(tree, child);
        if (kind !== 'required_parameter' && kind !== 'optional_parameter') return this.#plainParameter(child);
        const pattern = childAt(tree, child, 'pattern');
        const typeNode = childAt(tree, child, 'type');
        const value = childAt(tree, child, 'value');
        const inner = this.#plainParameter(pattern === -1 ? (namedChildren(tree, child)[0] ?? child) : pattern);
        return {
          ...inner,
          ...(typeNode === -1 ? {} : { type: typeText(tree, typeNode) }),
          ...(value === -1 ? {} : { fallback: this.#expr(value) }),
          decorators: this.#decoratorsOf(child),
        };
      });
  }

  #plainParameter(node: number): Parameter {
    const tree = this.#tree;
    const kind = kindOf(tree, node);
    if (kind === 'assignment_pattern') {
      return {
        ...this.#plainParameter(childAt(tree, node, 'left')),
        fallback: this.#expr(childAt(tree, node, 'right')),
      };
    }
    const isRest = kind === 'rest_pattern';
    const inner = isRest ? (namedChildren(tree, node)[0] ?? node) : node;
    return {
      target: this.#pattern(inner, 'function'),
      name: kindOf(tree, inner) === 'identifier' ? textOf(tree, inner) : '',
      ...(isRest ? { isRest } : {}),
      decorators: [],
    };
  }

  /** `constructor(private db: Database)` also writes `this.db`. */
  #parameterProperties(node: number): Stmt[] {
    const tree = this.#tree;
    return (node === -1 ? [] : namedChildren(tree, node)).flatMap((child): Stmt[] => {
      const pattern = childAt(tree, child, 'pattern');
      const modifiers = childrenOf(tree, child).map((one) => kindOf(tree, one));
      if (pattern === -1 || !(modifiers.includes('accessibility_modifier') || modifiers.includes('readonly')))
        return [];
      const span = this.#span(pattern);
      const object: Expr = { kind: 'name', name: 'this', slot: -1, ...span };
      const property = textOf(tree, pattern);
      const place: Expr = { kind: 'member', object, property, nameStart: span.start, ...span };
      return [{ kind: 'assign', target: { kind: 'place', place }, value: this.#name(pattern), ...span }];
    });
  }

  #decoratorsOf(node: number): Expr[] {
    const tree = this.#tree;
    return childrenOf(tree, node)
      .filter((child) => kindOf(tree, child) === 'decorator')
      .flatMap((child) => namedChildren(tree, child).map((inner) => this.#expr(inner)));
  }

  #class(node: number): ClassIr {
    const tree = this.#tree;
    const nameNode = childAt(tree, node, 'name');
    const heritage = childrenOf(tree, node).find((child) => kindOf(tree, child) === 'class_heritage');
    const bases = (heritage === undefined ? [] : namedChildren(tree, heritage)).flatMap((child) => {
      if (kindOf(tree, child) === 'extends_clause') return [this.#expr(childAt(tree, child, 'value'))];
      return kindOf(tree, child) === 'implements_clause' ? [] : [this.#expr(child)];
    });
    const methods: FunctionIr[] = [];
    const fields: ClassIr['fields'][number][] = [];
    let decorators: Expr[] = [];
    const body = childAt(tree, node, 'body');
    for (const child of body === -1 ? [] : namedChildren(tree, body)) {
      const kind = kindOf(tree, child);
      if (kind === 'decorator') {
        decorators.push(...namedChildren(tree, child).map((inner) => this.#expr(inner)));
        continue;
      }
      const own = [...decorators, ...this.#decoratorsOf(child)];
      decorators = [];
      if (kind === 'method_definition') methods.push(this.#function(child, own));
      else if (kind.endsWith('field_definition')) fields.push(this.#field(child, own));
    }
    return {
      name: nameNode === -1 ? '' : textOf(tree, nameNode),
      bases,
      decorators: this.#decoratorsOf(node),
      methods,
      fields,
      ...this.#span(node),
    };
  }

  #field(node: number, decorators: readonly Expr[]): ClassIr['fields'][number] {
    const tree = this.#tree;
    const named = childAt(tree, node, 'name');
    const name = named === -1 ? childAt(tree, node, 'property') : named;
    const value = childAt(tree, node, 'value');
    const type = childAt(tree, node, 'type');
    return {
      name: name === -1 ? '' : textOf(tree, name),
      ...(value === -1 ? {} : { value: this.#expr(value) }),
      ...(type === -1 ? {} : { type: typeText(tree, type) }),
      decorators,
    };
  }

  #import(node: number): Stmt[] {
    const tree = this.#tree;
    const source = childAt(tree, node, 'source');
    const names: { name: NameExpr; imported: string }[] = [];
    let module = source === -1 ? '' : unquoted(textOf(tree, source));
    for (const clause of namedChildren(tree, node)) {
      const kind = kindOf(tree, clause);
      if (kind === 'import_require_clause') {
        const from = childAt(tree, clause, 'source');
        module = unquoted(textOf(tree, from));
        const [name] = namedChildren(tree, clause);
        if (name !== undefined) names.push({ name: this.#name(name), imported: '*' });
      }
      if (kind !== 'import_clause') continue;
      for (const child of namedChildren(tree, clause)) {
        const inner = kindOf(tree, child);
        if (inner === 'identifier') names.push({ name: this.#name(child), imported: 'default' });
        else if (inner === 'namespace_import') {
          const [name] = namedChildren(tree, child);
          if (name !== undefined) names.push({ name: this.#name(name), imported: '*' });
        } else if (inner === 'named_imports') {
          for (const specifier of namedChildren(tree, child)) {
            const name = childAt(tree, specifier, 'name');
            const alias = childAt(tree, specifier, 'alias');
            if (name !== -1)
              names.push({ name: this.#name(alias === -1 ? name : alias), imported: textOf(tree, name) });
          }
        }
      }
    }
    return [{ kind: 'import', module, names, ...this.#span(node) }];
  }

  #export(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const isDefault = childrenOf(tree, node).some((child) => kindOf(tree, child) === 'default');
    const source = childAt(tree, node, 'source');
    const declaration = childAt(tree, node, 'declaration');
    const value = childAt(tree, node, 'value');
    if (declaration !== -1) {
      const statements = this.#statement(declaration);
      const names = statements.flatMap((statement) => {
        if (statement.kind === 'function' || statement.kind === 'class') return [statement.name];
        if (statement.kind !== 'assign' || statement.target.kind !== 'variable') return [];
        return [statement.target.name];
      });
      const exported = names.map((name) => ({ exported: isDefault ? 'default' : name.name, value: { ...name } }));
      return [...statements, { kind: 'export', names: exported, ...span }];
    }
    if (value !== -1) {
      return [{ kind: 'export', names: [{ exported: 'default', value: this.#expr(value) }], ...span }];
    }
    const from = source === -1 ? undefined : unquoted(textOf(tree, source));
    const clause = namedChildren(tree, node).find((child) => kindOf(tree, child) === 'export_clause');
    if (clause === undefined) {
      return from === undefined ? [] : [{ kind: 'export', names: [{ exported: '*', imported: '*' }], from, ...span }];
    }
    const names = namedChildren(tree, clause).map((specifier) => {
      const name = childAt(tree, specifier, 'name');
      const alias = childAt(tree, specifier, 'alias');
      const exported = textOf(tree, alias === -1 ? name : alias);
      return from === undefined ? { exported, value: this.#name(name) } : { exported, imported: textOf(tree, name) };
    });
    return [{ kind: 'export', names, ...(from === undefined ? {} : { from }), ...span }];
  }
}

function unquoted(text: string): string {
  return text.replace(/^['"`]/, '').replace(/['"`]$/, '');
}
