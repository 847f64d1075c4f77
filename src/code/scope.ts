import type { ClassIr, Clause, Expr, FileIr, FunctionIr, NameExpr, Stmt, Target } from './ir.ts';

/** A variable that a slot stands for. */
export type Variable = { readonly name: string; readonly function: FunctionIr | undefined };

/**
 * Gives every name its slot: one number for each variable of the file, so that neither shadowing nor closures need a
 * thought later. Python's names without a declaration are declared by the front end (`declares: 'function'`).
 */
export function resolveScopes(file: FileIr): readonly Variable[] {
  const resolver = new Resolver();
  resolver.file(file);
  return resolver.variables;
}

type Scope = { readonly names: Map<string, number>; readonly parent: Scope | undefined; readonly isFunction: boolean };

class Resolver {
  readonly variables: Variable[] = [];
  #scope: Scope = { names: new Map(), parent: undefined, isFunction: true };
  #function: FunctionIr | undefined;

  file(file: FileIr): void {
    this.#hoist(file.body);
    this.#statements(file.body);
  }

  #declare(name: NameExpr, where: 'block' | 'function'): void {
    let scope = this.#scope;
    while (where === 'function' && !scope.isFunction && scope.parent !== undefined) scope = scope.parent;
    const known = scope.names.get(name.name);
    if (known !== undefined) {
      name.slot = known;
      return;
    }
    name.slot = this.variables.length;
    this.variables.push({ name: name.name, function: this.#function });
    scope.names.set(name.name, name.slot);
  }

  #use(name: NameExpr): void {
    for (let scope: Scope | undefined = this.#scope; scope !== undefined; scope = scope.parent) {
      const slot = scope.names.get(name.name);
      if (slot !== undefined) {
        name.slot = slot;
        return;
      }
    }
    name.slot = -1;
  }

  /** Writing to a name that nothing declares makes a global variable. */
  #useOrMake(name: NameExpr): void {
    this.#use(name);
    if (name.slot !== -1) return;
    name.slot = this.variables.length;
    this.variables.push({ name: name.name, function: undefined });
    let scope = this.#scope;
    while (scope.parent !== undefined) scope = scope.parent;
    scope.names.set(name.name, name.slot);
  }

  #inScope(isFunction: boolean, run: () => void): void {
    const outer = this.#scope;
    this.#scope = { names: new Map(), parent: outer, isFunction };
    run();
    this.#scope = outer;
  }

  /** Declares what is known in the whole block before it stands there: functions, classes, imports, `var`. */
  #hoist(body: readonly Stmt[]): void {
    for (const statement of body) {
      if (statement.kind === 'function' || statement.kind === 'class') this.#declare(statement.name, 'block');
      else if (statement.kind === 'import') for (const { name } of statement.names) this.#declare(name, 'block');
      else if (statement.kind === 'assign' || statement.kind === 'declare') this.#hoistTarget(statement.target);
    }
  }

  /** Closures that stand before the declaration mean the variable, too. */
  #hoistTarget(target: Target): void {
    if (target.kind === 'variable' && target.declares !== undefined) this.#declare(target.name, target.declares);
    else if (target.kind === 'fields') for (const field of target.fields) this.#hoistTarget(field.target);
    else if (target.kind === 'items') for (const item of target.items) if (item !== undefined) this.#hoistTarget(item);
  }

  #block(body: readonly Stmt[]): void {
    this.#inScope(false, () => {
      this.#hoist(body);
      this.#statements(body);
    });
  }

  #statements(body: readonly Stmt[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Stmt): void {
    switch (statement.kind) {
      case 'expression':
        return this.#expr(statement.expr);
      case 'declare':
        return this.#target(statement.target);
      case 'assign':
        this.#expr(statement.value);
        return this.#target(statement.target);
      case 'block':
        return this.#block(statement.body);
      case 'if':
        return this.#inScope(false, () => {
          this.#expr(statement.test);
          this.#block(statement.body);
          this.#block(statement.otherwise);
        });
      case 'loop':
        return this.#loop(statement);
      case 'switch':
        return this.#inScope(false, () => {
          this.#exprs([statement.subject]);
          for (const { body } of statement.cases) this.#hoist(body);
          for (const { tests, body } of statement.cases) {
            this.#exprs(tests ?? []);
            this.#statements(body);
          }
        });
      case 'try':
        this.#block(statement.body);
        for (const { target, body } of statement.catches) {
          this.#inScope(false, () => {
            if (target !== undefined) this.#target(target);
            this.#block(body);
          });
        }
        this.#block(statement.otherwise);
        return this.#block(statement.finally);
      case 'return':
      case 'throw':
        return this.#exprs([statement.value]);
      case 'function':
        this.#declare(statement.name, 'block');
        return this.#inFunction(statement.function);
      case 'class':
        this.#declare(statement.name, 'block');
        return this.#inClass(statement.class);
      case 'import':
        for (const { name } of statement.names) this.#declare(name, 'block');
        return;
      case 'export':
        return this.#exprs(statement.names.map(({ value }) => value));
      case 'break':
      case 'continue':
        return;
    }
  }

  #loop(loop: Extract<Stmt, { kind: 'loop' }>): void {
    this.#inScope(false, () => {
      this.#statements(loop.init);
      this.#exprs([loop.test, loop.each?.iterable]);
      if (loop.each !== undefined) this.#target(loop.each.target);
      this.#block(loop.body);
      this.#exprs([loop.update]);
      this.#block(loop.otherwise);
    });
  }

  #target(target: Target): void {
    switch (target.kind) {
      case 'variable':
        if (target.declares !== undefined) this.#declare(target.name, target.declares);
        else this.#useOrMake(target.name);
        return;
      case 'place':
        return this.#expr(target.place);
      case 'fields':
        for (const { target: inner, fallback } of target.fields) {
          this.#exprs([fallback]);
          this.#target(inner);
        }
        if (target.rest !== undefined) this.#target(target.rest);
        return;
      case 'items':
        for (const item of target.items) if (item !== undefined) this.#target(item);
        if (target.rest !== undefined) this.#target(target.rest);
        return;
    }
  }

  #exprs(exprs: readonly (Expr | undefined)[]): void {
    for (const expr of exprs) if (expr !== undefined) this.#expr(expr);
  }

  #expr(expr: Expr): void {
    switch (expr.kind) {
      case 'name':
        return this.#use(expr);
      case 'literal':
      case 'regex':
        return;
      case 'member':
        return this.#expr(expr.object);
      case 'index':
        return this.#exprs([expr.object, expr.index]);
      case 'call':
        this.#expr(expr.callee);
        return this.#exprs(expr.args.map(({ value }) => value));
      case 'binary':
        return this.#exprs([expr.left, expr.right]);
      case 'unary':
      case 'await':
      case 'cast':
        return this.#expr(expr.operand);
      case 'yield':
        return this.#exprs([expr.operand]);
      case 'template':
        return this.#exprs(expr.parts);
      case 'conditional':
        return this.#exprs([expr.test, expr.body, expr.otherwise]);
      case 'object':
        return this.#exprs(
          expr.entries.flatMap(({ key, value }) => (typeof key === 'object' ? [key, value] : [value])),
        );
      case 'list':
        return this.#exprs(expr.items.map(({ value }) => value));
      case 'function':
        return this.#inFunction(expr.function);
      case 'class':
        return this.#inClass(expr.class);
      case 'assign':
        this.#expr(expr.value);
        return this.#target(expr.target);
      case 'comprehension':
        return this.#inScope(false, () => this.#comprehension(expr.clauses, expr.element));
      case 'sequence':
        return this.#exprs(expr.items);
      case 'unknown':
        return this.#exprs(expr.parts);
    }
  }

  #comprehension(clauses: readonly Clause[], element: Expr): void {
    for (const { target, iterable, tests } of clauses) {
      this.#expr(iterable);
      this.#target(target);
      this.#exprs(tests);
    }
    this.#expr(element);
  }

  #inFunction(fn: FunctionIr): void {
    this.#exprs(fn.decorators);
    const outer = this.#function;
    this.#function = fn;
    this.#inScope(true, () => {
      for (const { target, fallback, decorators } of fn.params) {
        this.#exprs([fallback, ...decorators]);
        this.#target(target);
      }
      this.#hoist(fn.body);
      this.#statements(fn.body);
    });
    this.#function = outer;
  }

  #inClass(cls: ClassIr): void {
    this.#exprs([...cls.bases, ...cls.decorators]);
    for (const { value, decorators } of cls.fields) this.#exprs([value, ...decorators]);
    for (const method of cls.methods) this.#inFunction(method);
  }
}
