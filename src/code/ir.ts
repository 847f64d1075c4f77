/**
 * The intermediate form: what all languages are lowered to, and all that rules and the analysis know. It keeps the
 * structure of the source (statements within statements), since the analysis walks it as an interpreter would.
 *
 * A front end (`lower-<language>.ts`) makes it of a syntax tree. What it does not know it lowers to `unknown` with the
 * expressions inside, so that nothing that stands there is lost.
 */

/** Where in the text: offsets in UTF-16 code units, the end exclusive. */
export type Span = { readonly start: number; readonly end: number };

export type Constant = string | number | boolean | null;

export type Expr = Span &
  (
    | { readonly kind: 'literal'; readonly value: Constant }
    | { readonly kind: 'regex'; readonly source: string; readonly flags: string }
    | NameExpr
    | MemberExpr
    | { readonly kind: 'index'; readonly object: Expr; readonly index: Expr }
    | CallExpr
    /** `+` on strings, `%`, comparisons (`==`, `===`, `in`, `not in`, `instanceof`) and logic (`&&`, `||`, `??`) alike. */
    | { readonly kind: 'binary'; readonly operator: string; readonly left: Expr; readonly right: Expr }
    /** `!` (also for `not`), `-`, `+`, `~`, `typeof`, `delete`, `void`, `*`, `&`. */
    | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expr }
    /** Text pieces as literals between expressions. */
    | { readonly kind: 'template'; readonly parts: readonly Expr[] }
    | { readonly kind: 'conditional'; readonly test: Expr; readonly body: Expr; readonly otherwise: Expr }
    | { readonly kind: 'object'; readonly entries: readonly Entry[] }
    /** Arrays, lists, tuples, sets. */
    | { readonly kind: 'list'; readonly items: readonly Argument[] }
    | { readonly kind: 'function'; readonly function: FunctionIr }
    | { readonly kind: 'class'; readonly class: ClassIr }
    /** `operator` for compound assignment: `+` of `+=`. */
    | { readonly kind: 'assign'; readonly target: Target; readonly operator?: string; readonly value: Expr }
    | { readonly kind: 'await'; readonly operand: Expr }
    | { readonly kind: 'yield'; readonly operand?: Expr }
    /** `[element for target in iterable if test]`; maps have the value as element. */
    | { readonly kind: 'comprehension'; readonly clauses: readonly Clause[]; readonly element: Expr }
    | { readonly kind: 'sequence'; readonly items: readonly Expr[] }
    /** `(T) value`, `value as T`. The type as it is written, without its parameters. */
    | { readonly kind: 'cast'; readonly type: string; readonly operand: Expr }
    | { readonly kind: 'unknown'; readonly parts: readonly Expr[] }
  );

/** `slot` is set by `resolveScopes`: the number of a variable of the file, or -1 for a global name. */
export type NameExpr = Span & { readonly kind: 'name'; readonly name: string; slot: number };

/** `nameStart`: where the property's name begins. */
export type MemberExpr = Span & {
  readonly kind: 'member';
  readonly object: Expr;
  readonly property: string;
  readonly nameStart: number;
};

export type CallExpr = Span & {
  readonly kind: 'call';
  readonly callee: Expr;
  readonly args: readonly Argument[];
  /** `new C(…)`. In languages without `new`, never. */
  readonly isNew: boolean;
};

export type Argument = {
  /** Of a keyword argument. */
  readonly name?: string;
  readonly value: Expr;
  /** `...value`, `*value`; with `name` '**', a map of keyword arguments. */
  readonly isSpread?: boolean;
};

/** Without a key: `...value`. */
export type Entry = { readonly key?: string | Expr; readonly value: Expr };

export type Clause = { readonly target: Target; readonly iterable: Expr; readonly tests: readonly Expr[] };

/**
 * What is assigned to. `declares` says that a new variable begins: in the innermost block, or in the function.
 * `type` as it is written, without its parameters: `HttpServletRequest`, `express.Request`.
 */
export type Target =
  | {
      readonly kind: 'variable';
      readonly name: NameExpr;
      readonly declares?: 'block' | 'function';
      readonly type?: string;
    }
  | { readonly kind: 'place'; readonly place: Expr }
  /** `{ key: target = fallback, ...rest }`. */
  | {
      readonly kind: 'fields';
      readonly fields: readonly { readonly key: string; readonly target: Target; readonly fallback?: Expr }[];
      readonly rest?: Target;
    }
  /** `[a, b, ...rest]`; a hole is undefined. */
  | { readonly kind: 'items'; readonly items: readonly (Target | undefined)[]; readonly rest?: Target };

export type Stmt = Span &
  (
    | { readonly kind: 'expression'; readonly expr: Expr }
    /** A declaration without a value gives the variable no value; one with a value is an `assign`. */
    | { readonly kind: 'declare'; readonly target: Target }
    | { readonly kind: 'assign'; readonly target: Target; readonly operator?: string; readonly value: Expr }
    | { readonly kind: 'block'; readonly body: readonly Stmt[] }
    | { readonly kind: 'if'; readonly test: Expr; readonly body: readonly Stmt[]; readonly otherwise: readonly Stmt[] }
    /** Every loop: `each` for those over a collection; `isPostTest` for `do … while`. `for … in` of JavaScript gives keys. */
    | {
        readonly kind: 'loop';
        readonly init: readonly Stmt[];
        readonly test?: Expr;
        readonly each?: { readonly target: Target; readonly iterable: Expr; readonly keys?: boolean };
        readonly body: readonly Stmt[];
        readonly update?: Expr;
        readonly otherwise: readonly Stmt[];
        readonly isPostTest?: boolean;
      }
    /** `tests` undefined is the default. `falls`: a case without a break goes on in the next. */
    | {
        readonly kind: 'switch';
        readonly subject?: Expr;
        readonly cases: readonly { readonly tests?: readonly Expr[]; readonly body: readonly Stmt[] }[];
        readonly falls: boolean;
      }
    | {
        readonly kind: 'try';
        readonly body: readonly Stmt[];
        readonly catches: readonly { readonly target?: Target; readonly body: readonly Stmt[] }[];
        readonly otherwise: readonly Stmt[];
        readonly finally: readonly Stmt[];
      }
    | { readonly kind: 'return'; readonly value?: Expr }
    | { readonly kind: 'throw'; readonly value?: Expr }
    | { readonly kind: 'break'; readonly label?: string }
    | { readonly kind: 'continue'; readonly label?: string }
    | { readonly kind: 'function'; readonly name: NameExpr; readonly function: FunctionIr }
    | { readonly kind: 'class'; readonly name: NameExpr; readonly class: ClassIr }
    /** Binds names of a module: `imported` is the name in there, `*` for the whole module, `default`. */
    | {
        readonly kind: 'import';
        readonly module: string;
        readonly names: readonly { readonly name: NameExpr; readonly imported: string }[];
      }
    /** Gives names to others. `from` re-exports; `exported` is `*` for all. */
    | {
        readonly kind: 'export';
        readonly names: readonly { readonly exported: string; readonly value?: Expr; readonly imported?: string }[];
        readonly from?: string;
      }
  );

export type Parameter = {
  readonly target: Target;
  /** As callers of keyword arguments write it. */
  readonly name: string;
  readonly type?: string;
  readonly fallback?: Expr;
  readonly isRest?: boolean;
  /** `*` for the rest of the positions, `**` for the rest of the keywords. */
  readonly isKeywords?: boolean;
  readonly decorators: readonly Expr[];
};

export type FunctionIr = Span & {
  readonly name: string;
  readonly params: readonly Parameter[];
  readonly body: readonly Stmt[];
  readonly decorators: readonly Expr[];
  readonly returnType?: string;
  readonly isAsync?: boolean;
  /** `this` is the one around: arrow functions. */
  readonly isArrow?: boolean;
  readonly isStatic?: boolean;
  /** A method whose first parameter is the receiver: Python, Go. */
  readonly hasReceiver?: boolean;
  readonly isConstructor?: boolean;
};

export type ClassIr = Span & {
  readonly name: string;
  readonly bases: readonly Expr[];
  readonly decorators: readonly Expr[];
  readonly methods: readonly FunctionIr[];
  /** `type` as it is written: what `this.name` is, where its value is not known. */
  readonly fields: readonly {
    readonly name: string;
    readonly value?: Expr;
    readonly type?: string;
    readonly isStatic?: boolean;
    /** It may be written again: its first value is not to be counted on. */
    readonly isMutable?: boolean;
    readonly decorators: readonly Expr[];
  }[];
};

export type FileIr = {
  readonly language: Language;
  /** The statements of the file itself, imports among them. */
  readonly body: readonly Stmt[];
  /** The package or module that the file says it is in: Java, Go. */
  readonly package?: string;
  /**
   * Names that types and calls of this file may be of, most likely first: `java.sql.*` of an import by a star gives
   * `java.sql`.
   */
  readonly wildcards: readonly string[];
  /** Comments that tools read, such as `// nosec`, are not here: suppressions are the matter of `scan`. */
};

export const LANGUAGES = ['javascript', 'python', 'java', 'go'] as const;
/** `javascript` is TypeScript too. */
export type Language = (typeof LANGUAGES)[number];
