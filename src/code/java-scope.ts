import type { Expr, NameExpr, Span, Stmt } from './ir.ts';
import { isListedPackage, libraryOf } from './java-names.ts';
import { childAt, childrenAt, kindOf, namedChildren, textOf, type Tree } from './tree.ts';

type ClassScope = {
  readonly kind: 'class';
  readonly name: string;
  readonly fields: ReadonlySet<string>;
  readonly methods: ReadonlySet<string>;
};
type FunctionScope = { readonly kind: 'function'; readonly names: Set<string> };

/** The first words of names of packages; a variable is seldom called so. */
const PACKAGE_ROOTS =
  /^(?:java|javax|jakarta|org|com|net|io|edu|gov|de|ch|fr|uk|eu|dev|me|cn|jp|us|sun|hudson|jenkins)$/;

const CLASS_KINDS = new Set([
  'class_declaration',
  'interface_declaration',
  'enum_declaration',
  'record_declaration',
  'annotation_type_declaration',
]);

/**
 * What a plain name means in Java: a variable, a field of a class around, or a class. The engine knows variables and
 * properties only, so fields get their `this` here, and classes of the same package or of an import by a star get the
 * import that Java does not ask for.
 */
export class JavaScope {
  readonly package: string;
  readonly #tree: Tree;
  readonly #classes = new Set<string>();
  readonly #imported = new Map<string, { readonly module: string; readonly imported: string }>();
  readonly #stars: string[] = [];
  readonly #used = new Set<string>();
  readonly #packages = new Set<string>();
  readonly #scopes: (ClassScope | FunctionScope)[] = [];

  constructor(tree: Tree) {
    this.#tree = tree;
    let name = '';
    for (let node = 0; node < tree.size; node += 1) {
      const kind = kindOf(tree, node);
      if (CLASS_KINDS.has(kind)) this.#classes.add(textOf(tree, childAt(tree, node, 'name')));
      else if (kind === 'package_declaration') name = textOf(tree, namedChildren(tree, node).at(-1) ?? node);
      else if (kind === 'import_declaration') this.#import(node);
    }
    this.package = name.replaceAll(/\s/g, '');
  }

  #import(node: number): void {
    const children = namedChildren(this.#tree, node);
    const path = textOf(this.#tree, children[0] ?? node).replaceAll(/\s/g, '');
    if (children.some((child) => kindOf(this.#tree, child) === 'asterisk')) {
      this.#stars.push(path);
      return;
    }
    const dot = path.lastIndexOf('.');
    const imported = path.slice(dot + 1);
    if (dot > 0) this.#imported.set(imported, { module: path.slice(0, dot), imported });
  }

  isOwnClass(name: string): boolean {
    return this.#classes.has(name);
  }

  declare(name: string): void {
    const top = this.#scopes.findLast((scope) => scope.kind === 'function');
    if (top?.kind === 'function') top.names.add(name);
  }

  inFunction<T>(run: () => T): T {
    this.#scopes.push({ kind: 'function', names: new Set() });
    const result = run();
    this.#scopes.pop();
    return result;
  }

  /** `body` is the node of the class's body, or -1. */
  inClass<T>(name: string, body: number, run: () => T): T {
    const tree = this.#tree;
    const fields = new Set<string>();
    const methods = new Set<string>();
    const members = body === -1 ? [] : namedChildren(tree, body);
    for (const member of members.flatMap((child) =>
      kindOf(tree, child) === 'enum_body_declarations' ? namedChildren(tree, child) : [child],
    )) {
      const kind = kindOf(tree, member);
      if (kind === 'method_declaration') methods.add(textOf(tree, childAt(tree, member, 'name')));
      else if (kind === 'field_declaration' || kind === 'constant_declaration') {
        for (const declarator of childrenAt(tree, member, 'declarator')) {
          fields.add(textOf(tree, childAt(tree, declarator, 'name')));
        }
      } else if (kind === 'enum_constant') fields.add(textOf(tree, childAt(tree, member, 'name')));
    }
    this.#scopes.push({ kind: 'class', name, fields, methods });
    const result = run();
    this.#scopes.pop();
    return result;
  }

  /** A plain name where a value is meant. */
  value(name: string, span: Span): Expr {
    let isInnermost = true;
    for (const scope of this.#scopes.toReversed()) {
      if (scope.kind === 'function') {
        if (scope.names.has(name)) return nameExpr(name, span);
      } else if (scope.fields.has(name)) return this.#member(scope, name, span, isInnermost);
      else isInnermost = false;
    }
    if (this.#imported.has(name) || this.#classes.has(name)) return nameExpr(name, span);
    if (/^[A-Z]/.test(name) && !/^[A-Z][A-Z0-9_]+$/.test(name)) return this.type(name, span);
    // A field of a class that this one extends, or a constant of an import by a star.
    return { kind: 'member', object: nameExpr('this', span), property: name, nameStart: span.start, ...span };
  }

  /** A method that is called by its plain name. */
  method(name: string, span: Span): Expr {
    let isInnermost = true;
    for (const scope of this.#scopes.toReversed()) {
      if (scope.kind === 'function') continue;
      if (scope.methods.has(name)) return this.#member(scope, name, span, isInnermost);
      isInnermost = false;
    }
    if (this.#imported.has(name)) return nameExpr(name, span);
    return { kind: 'member', object: nameExpr('this', span), property: name, nameStart: span.start, ...span };
  }

  #member(scope: ClassScope, name: string, span: Span, isInnermost: boolean): Expr {
    const owner = isInnermost || scope.name === '' ? 'this' : scope.name;
    return { kind: 'member', object: nameExpr(owner, span), property: name, nameStart: span.start, ...span };
  }

  /** A name of a class, with its package or without. */
  type(name: string, span: Span): Expr {
    const segments = name.split('.');
    const first = segments.findIndex((segment) => /^[A-Z]/.test(segment));
    if (first > 0 && PACKAGE_ROOTS.test(segments[0] ?? '')) {
      const inside = segments.slice(first);
      const own = inside.findLast((segment) => this.#classes.has(segment));
      const module = segments.slice(0, first).join('.');
      if (own !== undefined && module === this.package) return nameExpr(own, span);
      this.#packages.add(module);
      return inside.reduce<Expr>(
        (object, property) => ({ kind: 'member', object, property, nameStart: span.start, ...span }),
        nameExpr(module, span),
      );
    }
    // Classes within classes stand at the top.
    const own = segments.findLast((segment) => this.#classes.has(segment));
    if (own !== undefined && own === segments.at(-1)) return nameExpr(own, span);
    const [root = name, ...rest] = segments;
    this.#used.add(root);
    return rest.reduce<Expr>(
      (object, property) => ({ kind: 'member', object, property, nameStart: span.start, ...span }),
      nameExpr(root, span),
    );
  }

  /** The same as the engine's name of a type. */
  typeName(name: string): string {
    const plain = (expr: Expr): string =>
      expr.kind === 'member' ? `${plain(expr.object)}.${expr.property}` : expr.kind === 'name' ? expr.name : '';
    return plain(this.type(name, { start: 0, end: 0 }));
  }

  /** Whether a chain of names is one of packages: `java.io.File`. */
  isPackageRoot(name: string): boolean {
    return (
      PACKAGE_ROOTS.test(name) &&
      !this.#scopes.some((scope) => (scope.kind === 'function' ? scope.names : scope.fields).has(name))
    );
  }

  imports(): Stmt[] {
    const span = { start: 0, end: 0 };
    const statement = (name: string, module: string, imported: string): Stmt => ({
      kind: 'import',
      module,
      names: [{ name: nameExpr(name, span), imported }],
      ...span,
    });
    const written = [...this.#imported].map(([name, { module, imported }]) => statement(name, module, imported));
    const stars = this.#stars.map((module): Stmt => ({ kind: 'import', module, names: [], ...span }));
    const near = this.#stars.filter((star) => !isListedPackage(star));
    const implied = [...this.#used].flatMap((name) => {
      if (this.#imported.has(name) || this.#classes.has(name)) return [];
      const module = libraryOf(name, this.#stars) ?? [this.package, ...near].join('|');
      return [statement(name, module, name)];
    });
    const packages = [...this.#packages].map((module) => statement(module, module, '*'));
    return [...written, ...stars, ...implied, ...packages];
  }
}

export function nameExpr(name: string, span: Span): NameExpr {
  return { kind: 'name', name, slot: -1, start: span.start, end: span.end };
}
