import type { FrontEnd } from './front-end.ts';
import type { Argument, ClassIr, Expr, FunctionIr, NameExpr, Parameter, Span, Stmt, Target } from './ir.ts';
import { identifierOf, PythonExpressions } from './lower-python-expressions.ts';
import { childAt, childrenAt, childrenOf, fieldOf, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

export const python: FrontEnd = {
  language: 'python',
  grammars: { '.py': 'python', '.pyw': 'python', '.wsgi': 'python' },
  lower: (tree) => ({ language: 'python', body: new PythonLowering(tree).statementsOf(0), wildcards: [] }),
};

/** Statements. */
class PythonLowering {
  readonly #tree: Tree;
  readonly #expressions: PythonExpressions;
  /** Names that `global` and `nonlocal` took out of the function that is being lowered. */
  #outerNames = new Set<string>();

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#expressions = new PythonExpressions(tree, {
      target: (node) => this.#target(node, 'block'),
      parameters: (node) => this.#parameters(node),
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
    return { kind: 'name', name: identifierOf(this.#tree, node), slot: -1, ...this.#span(node) };
  }

  #block(node: number): Stmt[] {
    return node === -1 ? [] : this.statementsOf(node);
  }

  #statement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const kind = kindOf(tree, node);
    switch (kind) {
      case 'expression_statement':
        return namedChildren(tree, node).flatMap((child) => this.#expressionStatement(child));
      case 'if_statement':
        return [this.#if(node)];
      case 'for_statement':
      case 'while_statement':
        return [this.#loop(node)];
      case 'try_statement':
        return [this.#try(node)];
      case 'with_statement':
        return this.#with(node);
      case 'function_definition':
        return [this.#functionStatement(node, [])];
      case 'class_definition':
        return [this.#classStatement(node, [])];
      case 'decorated_definition':
        return this.#decorated(node);
      case 'return_statement': {
        const [value] = namedChildren(tree, node);
        return [{ kind: 'return', ...(value === undefined ? {} : { value: this.#expr(value) }), ...span }];
      }
      case 'raise_statement': {
        const [value] = namedChildren(tree, node);
        return [{ kind: 'throw', ...(value === undefined ? {} : { value: this.#expr(value) }), ...span }];
      }
      case 'break_statement':
        return [{ kind: 'break', ...span }];
      case 'continue_statement':
        return [{ kind: 'continue', ...span }];
      case 'global_statement':
      case 'nonlocal_statement':
        for (const name of namedChildren(tree, node)) this.#outerNames.add(identifierOf(tree, name));
        return [];
      case 'import_statement':
        return this.#import(node);
      case 'import_from_statement':
        return this.#importFrom(node);
      case 'match_statement':
        return [this.#match(node)];
      case 'assert_statement':
        return this.#assert(node);
      case 'block':
      case 'ERROR':
        return this.statementsOf(node);
      case 'delete_statement':
      case 'pass_statement':
      case 'future_import_statement':
      case 'type_alias_statement':
        return [];
      default:
        return [{ kind: 'expression', expr: this.#expr(node), ...span }];
    }
  }

  #expressionStatement(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const kind = kindOf(tree, node);
    if (kind === 'assignment') return this.#assignment(node);
    if (kind === 'augmented_assignment') {
      const operator = textOf(tree, childAt(tree, node, 'operator')).replace(/=$/, '');
      const target = this.#target(childAt(tree, node, 'left'), 'function');
      return [{ kind: 'assign', target, operator, value: this.#expr(childAt(tree, node, 'right')), ...span }];
    }
    return [{ kind: 'expression', expr: this.#expr(node), ...span }];
  }

  /** `a = b = value` assigns to each in turn. */
  #assignment(node: number): Stmt[] {
    const tree = this.#tree;
    const span = this.#span(node);
    const type = childAt(tree, node, 'type');
    const target = this.#target(
      childAt(tree, node, 'left'),
      'function',
      type === -1 ? undefined : typeName(tree, type),
    );
    const right = childAt(tree, node, 'right');
    if (right === -1) return [{ kind: 'declare', target, ...span }];
    if (kindOf(tree, right) === 'assignment') {
      const inner = this.#assignment(right);
      const last = inner.at(-1);
      return last?.kind === 'assign' ? [...inner, { ...last, target, ...span }] : inner;
    }
    return [{ kind: 'assign', target, value: this.#expr(right), ...span }];
  }

  #target(node: number, declares: 'block' | 'function', type?: string): Target {
    const tree = this.#tree;
    const kind = node === -1 ? '' : kindOf(tree, node);
    if (kind === 'identifier') {
      const name = this.#name(node);
      const isOuter = this.#outerNames.has(name.name);
      return { kind: 'variable', name, ...(isOuter ? {} : { declares }), ...(type === undefined ? {} : { type }) };
    }
    if (
      kind === 'pattern_list' ||
      kind === 'tuple_pattern' ||
      kind === 'list_pattern' ||
      kind === 'tuple' ||
      kind === 'list'
    ) {
      const nodes = namedChildren(tree, node);
      const splat = nodes.find((child) => kindOf(tree, child).startsWith('list_splat'));
      const [inner] = splat === undefined ? [] : namedChildren(tree, splat);
      return {
        kind: 'items',
        items: nodes.filter((child) => child !== splat).map((child) => this.#target(child, declares)),
        ...(inner === undefined ? {} : { rest: this.#target(inner, declares) }),
      };
    }
    if (kind === 'parenthesized_expression' || kind === 'as_pattern_target') {
      const [inner] = namedChildren(tree, node);
      if (inner !== undefined) return this.#target(inner, declares);
    }
    return { kind: 'place', place: this.#expr(node) };
  }

  #if(node: number): Stmt {
    const tree = this.#tree;
    const alternatives = childrenAt(tree, node, 'alternative');
    const build = (at: number): Stmt[] => {
      const clause = alternatives[at];
      if (clause === undefined) return [];
      if (kindOf(tree, clause) !== 'elif_clause') return this.#block(childAt(tree, clause, 'body'));
      return [
        {
          kind: 'if',
          test: this.#expr(childAt(tree, clause, 'condition')),
          body: this.#block(childAt(tree, clause, 'consequence')),
          otherwise: build(at + 1),
          ...this.#span(clause),
        },
      ];
    };
    return {
      kind: 'if',
      test: this.#expr(childAt(tree, node, 'condition')),
      body: this.#block(childAt(tree, node, 'consequence')),
      otherwise: build(0),
      ...this.#span(node),
    };
  }

  #loop(node: number): Stmt {
    const tree = this.#tree;
    const alternative = childAt(tree, node, 'alternative');
    const left = childAt(tree, node, 'left');
    const test = childAt(tree, node, 'condition');
    return {
      kind: 'loop',
      init: [],
      ...(test === -1 ? {} : { test: this.#expr(test) }),
      ...(left === -1
        ? {}
        : { each: { target: this.#target(left, 'function'), iterable: this.#expr(childAt(tree, node, 'right')) } }),
      body: this.#block(childAt(tree, node, 'body')),
      otherwise: alternative === -1 ? [] : this.#block(childAt(tree, alternative, 'body')),
      ...this.#span(node),
    };
  }

  #try(node: number): Stmt {
    const tree = this.#tree;
    const clauses = childrenOf(tree, node);
    const bodyOf = (clause: number | undefined): Stmt[] => {
      const block =
        clause === undefined ? undefined : childrenOf(tree, clause).find((child) => kindOf(tree, child) === 'block');
      return block === undefined ? [] : this.statementsOf(block);
    };
    return {
      kind: 'try',
      body: this.#block(childAt(tree, node, 'body')),
      catches: clauses
        .filter((clause) => kindOf(tree, clause).startsWith('except'))
        .map((clause) => {
          const named = namedChildren(tree, clause).find((child) => kindOf(tree, child) === 'as_pattern');
          const alias = named === undefined ? -1 : childAt(tree, named, 'alias');
          return { ...(alias === -1 ? {} : { target: this.#target(alias, 'function') }), body: bodyOf(clause) };
        }),
      otherwise: bodyOf(clauses.find((clause) => kindOf(tree, clause) === 'else_clause')),
      finally: bodyOf(clauses.find((clause) => kindOf(tree, clause) === 'finally_clause')),
      ...this.#span(node),
    };
  }

  /** What `with` binds is nearly always the value itself: a file, a connection, a cursor. */
  #with(node: number): Stmt[] {
    const tree = this.#tree;
    const items = namedChildren(tree, node)
      .filter((child) => kindOf(tree, child) === 'with_clause')
      .flatMap((clause) => namedChildren(tree, clause));
    const bound = items.map((item): Stmt => {
      const value = childAt(tree, item, 'value');
      const span = this.#span(item);
      if (value !== -1 && kindOf(tree, value) === 'as_pattern') {
        const [inner] = namedChildren(tree, value);
        const alias = childAt(tree, value, 'alias');
        if (inner !== undefined && alias !== -1) {
          return { kind: 'assign', target: this.#target(alias, 'function'), value: this.#expr(inner), ...span };
        }
      }
      return { kind: 'expression', expr: this.#expr(value === -1 ? item : value), ...span };
    });
    return [...bound, ...this.#block(childAt(tree, node, 'body'))];
  }

  #decorated(node: number): Stmt[] {
    const tree = this.#tree;
    const decorators = namedChildren(tree, node)
      .filter((child) => kindOf(tree, child) === 'decorator')
      .flatMap((child) => namedChildren(tree, child).map((inner) => this.#expr(inner)));
    const definition = childAt(tree, node, 'definition');
    if (definition === -1) return [];
    return kindOf(tree, definition) === 'class_definition'
      ? [this.#classStatement(definition, decorators)]
      : [this.#functionStatement(definition, decorators)];
  }

  #functionStatement(node: number, decorators: readonly Expr[]): Stmt {
    return {
      kind: 'function',
      name: this.#name(childAt(this.#tree, node, 'name')),
      function: this.#function(node, decorators, false),
      ...this.#span(node),
    };
  }

  #function(node: number, decorators: readonly Expr[], isMethod: boolean): FunctionIr {
    const tree = this.#tree;
    const outer = this.#outerNames;
    this.#outerNames = new Set();
    const name = identifierOf(tree, childAt(tree, node, 'name'));
    const returned = childAt(tree, node, 'return_type');
    const isStatic = decorators.some((decorator) => decorator.kind === 'name' && decorator.name === 'staticmethod');
    const params = this.#parameters(childAt(tree, node, 'parameters'));
    const body = this.#block(childAt(tree, node, 'body'));
    this.#outerNames = outer;
    return {
      name,
      params,
      body,
      decorators,
      ...(returned === -1 ? {} : { returnType: typeName(tree, returned) }),
      isAsync: kindOf(tree, node + 1) === 'async',
      isStatic,
      hasReceiver: isMethod && !isStatic,
      isConstructor: isMethod && name === '__init__',
      ...this.#span(node),
    };
  }

  #parameters(node: number): Parameter[] {
    const tree = this.#tree;
    if (node === -1) return [];
    return namedChildren(tree, node).flatMap((child): Parameter[] => {
      const kind = kindOf(tree, child);
      const typeNode = childAt(tree, child, 'type');
      const value = childAt(tree, child, 'value');
      const named = childAt(tree, child, 'name');
      let target = named === -1 ? (kind === 'identifier' ? child : namedChildren(tree, child)[0]) : named;
      if (target === undefined) return [];
      const splat = kindOf(tree, target).endsWith('splat_pattern') ? kindOf(tree, target) : kind;
      if (kindOf(tree, target).endsWith('splat_pattern')) target = namedChildren(tree, target)[0] ?? target;
      return [
        {
          target: this.#target(target, 'function'),
          name: identifierOf(tree, target),
          ...(typeNode === -1 ? {} : { type: typeName(tree, typeNode) }),
          ...(value === -1 ? {} : { fallback: this.#expr(value) }),
          ...(splat === 'list_splat_pattern' ? { isRest: true } : {}),
          ...(splat === 'dictionary_splat_pattern' ? { isKeywords: true } : {}),
          decorators: [],
        },
      ];
    });
  }

  #classStatement(node: number, decorators: readonly Expr[]): Stmt {
    return {
      kind: 'class',
      name: this.#name(childAt(this.#tree, node, 'name')),
      class: this.#class(node, decorators),
      ...this.#span(node),
    };
  }

  #class(node: number, decorators: readonly Expr[]): ClassIr {
    const tree = this.#tree;
    const superclasses = childAt(tree, node, 'superclasses');
    const methods: FunctionIr[] = [];
    const fields: ClassIr['fields'][number][] = [];
    const body = childAt(tree, node, 'body');
    for (const child of body === -1 ? [] : namedChildren(tree, body)) {
      const kind = kindOf(tree, child);
      const definition = kind === 'decorated_definition' ? childAt(tree, child, 'definition') : child;
      if (definition !== -1 && kindOf(tree, definition) === 'function_definition') {
        const own =
          kind === 'decorated_definition'
            ? namedChildren(tree, child)
                .filter((inner) => kindOf(tree, inner) === 'decorator')
                .flatMap((inner) => namedChildren(tree, inner).map((one) => this.#expr(one)))
            : [];
        methods.push(this.#function(definition, own, true));
      } else {
        for (const inner of kind === 'expression_statement' ? namedChildren(tree, child) : []) {
          if (kindOf(tree, inner) !== 'assignment') continue;
          const left = childAt(tree, inner, 'left');
          const right = childAt(tree, inner, 'right');
          const type = childAt(tree, inner, 'type');
          if (left === -1 || kindOf(tree, left) !== 'identifier') continue;
          fields.push({
            name: identifierOf(tree, left),
            ...(right === -1 ? {} : { value: this.#expr(right) }),
            ...(type === -1 ? {} : { type: typeName(tree, type) }),
            decorators: [],
          });
        }
      }
    }
    return {
      name: identifierOf(tree, childAt(tree, node, 'name')),
      bases:
        superclasses === -1
          ? []
          : this.#expressions
              .args(superclasses)
              .flatMap((arg: Argument) => (arg.name === undefined ? [arg.value] : [])),
      decorators,
      methods,
      fields,
      ...this.#span(node),
    };
  }

  #import(node: number): Stmt[] {
    const tree = this.#tree;
    return childrenAt(tree, node, 'name').map((child): Stmt => {
      const alias = childAt(tree, child, 'alias');
      const dotted = alias === -1 ? child : childAt(tree, child, 'name');
      const module = textOf(tree, dotted);
      const first = namedChildren(tree, dotted)[0] ?? dotted;
      const bound = alias === -1 ? first : alias;
      const span = this.#span(node);
      return alias === -1
        ? { kind: 'import', module: textOf(tree, first), names: [{ name: this.#name(bound), imported: '*' }], ...span }
        : { kind: 'import', module, names: [{ name: this.#name(bound), imported: '*' }], ...span };
    });
  }

  #importFrom(node: number): Stmt[] {
    const tree = this.#tree;
    const module = textOf(tree, childAt(tree, node, 'module_name'));
    const names = childrenAt(tree, node, 'name').map((child) => {
      const alias = childAt(tree, child, 'alias');
      const imported = identifierOf(tree, alias === -1 ? child : childAt(tree, child, 'name'));
      return { name: this.#name(alias === -1 ? child : alias), imported };
    });
    if (names.length > 0) return [{ kind: 'import', module, names, ...this.#span(node) }];
    return [];
  }

  #match(node: number): Stmt {
    const tree = this.#tree;
    const body = childAt(tree, node, 'body');
    const clauses = (body === -1 ? namedChildren(tree, node) : namedChildren(tree, body)).filter(
      (child) => kindOf(tree, child) === 'case_clause',
    );
    const subject = childAt(tree, node, 'subject');
    return {
      kind: 'switch',
      ...(subject === -1 ? {} : { subject: this.#expr(subject) }),
      cases: clauses.map((clause) => {
        const patterns = namedChildren(tree, clause).filter((child) => kindOf(tree, child) === 'case_pattern');
        const isDefault = patterns.some((pattern) => textOf(tree, pattern) === '_');
        const tests = patterns.flatMap((pattern) => namedChildren(tree, pattern).map((inner) => this.#expr(inner)));
        return { ...(isDefault ? {} : { tests }), body: this.#block(childAt(tree, clause, 'consequence')) };
      }),
      falls: false,
      ...this.#span(node),
    };
  }

  /** As a call: `assert` guards what comes behind, and rules may name it. */
  #assert(node: number): Stmt[] {
    const span = this.#span(node);
    const args = namedChildren(this.#tree, node).map((child): Argument => ({ value: this.#expr(child) }));
    const callee: NameExpr = { kind: 'name', name: 'assert', slot: -1, ...span };
    return [{ kind: 'expression', expr: { kind: 'call', callee, args, isNew: false, ...span }, ...span }];
  }
}

/** `Optional[models.User]` is `models.User`: what a value is matters, not whether it may be missing. */
export function typeName(tree: Tree, node: number): string {
  const text = textOf(tree, node)
    .replaceAll(/["'\s]/g, '')
    .slice(0, 200);
  const wrapped = /^(?:typing\.)?(?:Optional|Annotated|Final|ClassVar|Union)\[([\w.]+)/.exec(text)?.[1];
  if (wrapped !== undefined) return wrapped;
  return /^[\w.]+/.exec(text)?.[0] ?? fieldOf(tree, node);
}
