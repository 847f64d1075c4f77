import { fault } from './faults.ts';
import { FUNCTIONS, type FilterFunction, METHODS } from './filter-functions.ts';

/** What expressions compute with. */
export type FilterValue =
  | null
  | boolean
  | number
  | string
  | readonly FilterValue[]
  | { readonly [key: string]: FilterValue };

/** The names that an expression may use: `attributes`, and after a match also `finding`. */
export type FilterScope = {
  readonly attributes: { readonly [key: string]: string };
  readonly finding?: { readonly [key: string]: FilterValue };
  /** What `let` has named. */
  readonly names?: { readonly [name: string]: FilterValue };
};

/** True: the item is dropped. Anything that cannot be computed is false: a broken filter hides nothing. */
export type Filter = (scope: FilterScope) => boolean;

/** The longest expression that is read, in characters, and how deep it may nest. */
const EXPRESSION_LENGTH_MAX = 256 * 1024;
const DEPTH_MAX = 64;

type Token = { readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end'; readonly text: string; readonly at: number };
type Evaluate = (scope: FilterScope) => FilterValue;

/**
 * Compiles the subset of Expr and CEL in which filters are written: literals, lists, `&&`, `||`, `!`, `not`, `and`, `or`, `in`,
 * comparisons, `+`, `?:`, indexing (`a["k"]`, `a[?"k"]`, `a.k`, `a?.k`), functions and methods. What it does not know is
 * refused with line and column within the expression: `secrets/filter-invalid`.
 */
export function compileFilter(source: string): Filter {
  if (source.length > EXPRESSION_LENGTH_MAX)
    throw fault('filter-invalid', `it is longer than ${EXPRESSION_LENGTH_MAX}`);
  const evaluate = new FilterReader(source).read();
  return (scope) => evaluate(scope) === true;
}

const SIGNS = [
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '?.',
  '??',
  '[?',
  '(',
  ')',
  '[',
  ']',
  ',',
  '.',
  '!',
  '<',
  '>',
  '+',
  '-',
  '?',
  ':',
  '{',
  '}',
  '|',
  '=',
  ';',
];

function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const space = /^(?:\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/.exec(source.slice(at));
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const text = readText(source, at);
    if (text !== undefined) {
      tokens.push({ kind: 'text', text: text.value, at });
      at = text.end;
      continue;
    }
    const rest = source.slice(at, at + 200);
    const number = /^\d+(?:\.\d+)?/.exec(rest)?.[0];
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    const sign = SIGNS.find((one) => source.startsWith(one, at));
    const found = number ?? name ?? sign;
    if (found === undefined) throw refuse(source, at, `unexpected ${JSON.stringify(source[at])}`);
    tokens.push({ kind: number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign', text: found, at });
    at += found.length;
  }
  tokens.push({ kind: 'end', text: 'the end', at });
  return tokens;
}

/** `"…"`, `'…'`, `` `…` ``, `r"…"` and the forms with three quotes. */
function readText(source: string, at: number): { readonly value: string; readonly end: number } | undefined {
  const open = /^([rR]?)("""|'''|"|'|`)/.exec(source.slice(at, at + 4));
  if (open === null) return undefined;
  const [whole, raw = '', quote = ''] = open;
  const isRaw = raw !== '' || quote === '`';
  let value = '';
  for (let next = at + whole.length; next < source.length; next += 1) {
    if (source.startsWith(quote, next)) return { value, end: next + quote.length };
    if (source[next] === '\\' && !isRaw) {
      next += 1;
      const escapes: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', '0': '\0' };
      const letter = source[next] ?? '';
      value += Object.hasOwn(escapes, letter) ? (escapes[letter] ?? '') : letter;
    } else value += source[next] ?? '';
  }
  throw refuse(source, at, 'a text has no end');
}

function refuse(source: string, at: number, reason: string) {
  const before = source.slice(0, at).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return fault('filter-invalid', `${reason}, at line ${line}, column ${column} of the expression`, {
    at: { line, column },
  });
}

/** Guards the position among the tokens. */
class FilterReader {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #names = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokensOf(source);
  }

  read(): Evaluate {
    const evaluate = this.#block();
    if (this.#peek().kind !== 'end') this.#fail(`unexpected ${this.#peek().text}`);
    return evaluate;
  }

  /** `let name = value; …` */
  #block(): Evaluate {
    if (this.#peek().text !== 'let' || this.#peek().kind !== 'name') return this.#ternary();
    this.#at += 1;
    const name = this.#next();
    if (name.kind !== 'name') this.#fail('expected a name after let', name.at);
    this.#expect('=');
    const value = this.#ternary();
    this.#expect(';');
    this.#names.add(name.text);
    const rest = this.#block();
    return (scope) => rest({ ...scope, names: { ...scope.names, [name.text]: value(scope) } });
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end', at: this.#source.length };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #takes(...texts: readonly string[]): boolean {
    const token = this.#peek();
    if (token.kind === 'text' || !texts.includes(token.text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) this.#fail(`expected ${text} instead of ${this.#peek().text.slice(0, 40)}`);
  }

  #fail(reason: string, at: number = this.#peek().at): never {
    throw refuse(this.#source, at, reason);
  }

  #ternary(): Evaluate {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#fail('it nests too deep');
    const condition = this.#either();
    this.#depth -= 1;
    if (!this.#takes('?')) return condition;
    const yes = this.#ternary();
    this.#expect(':');
    const no = this.#ternary();
    return (scope) => (condition(scope) === true ? yes(scope) : no(scope));
  }

  #either(): Evaluate {
    let left = this.#both();
    while (this.#takes('||', 'or')) {
      const first = left;
      const second = this.#both();
      left = (scope) => first(scope) === true || second(scope) === true;
    }
    return left;
  }

  #both(): Evaluate {
    let left = this.#comparison();
    while (this.#takes('&&', 'and')) {
      const first = left;
      const second = this.#comparison();
      left = (scope) => first(scope) === true && second(scope) === true;
    }
    return left;
  }

  #comparison(): Evaluate {
    const left = this.#sum();
    const token = this.#peek();
    if (token.kind !== 'text') {
      if (token.text === 'not' && this.#tokens[this.#at + 1]?.text === 'in') {
        this.#at += 2;
        const right = this.#sum();
        return (scope) => !holds('in', left(scope), right(scope));
      }
      // Expr's operators between words: `path contains "x"`.
      if (this.#takes('==', '!=', '<', '<=', '>', '>=', 'in', 'contains', 'startsWith', 'endsWith')) {
        const right = this.#sum();
        return (scope) => holds(token.text, left(scope), right(scope));
      }
      if (this.#takes('matches')) {
        const pattern = this.#peek();
        if (pattern.kind !== 'text') this.#fail('expected a pattern in quotes');
        return this.#call('matches', [left, this.#sum()], [undefined, pattern.text], pattern.at);
      }
    }
    return left;
  }

  #sum(): Evaluate {
    let left = this.#unary();
    for (;;) {
      const isSum = this.#peek().kind === 'sign' && this.#peek().text === '+';
      if (!isSum && !(this.#peek().kind === 'sign' && this.#peek().text === '-')) return left;
      this.#at += 1;
      const first = left;
      const second = this.#unary();
      left = (scope) => {
        const [a, b] = [first(scope), second(scope)];
        if (typeof a === 'number' && typeof b === 'number') return isSum ? a + b : a - b;
        return isSum && typeof a === 'string' && typeof b === 'string' ? a + b : null;
      };
    }
  }

  #unary(): Evaluate {
    if (this.#takes('!', 'not')) {
      const inner = this.#unary();
      return (scope) => inner(scope) !== true;
    }
    if (this.#takes('-')) {
      const inner = this.#unary();
      return (scope) => {
        const value = inner(scope);
        return typeof value === 'number' ? -value : null;
      };
    }
    return this.#postfix(this.#primary());
  }

  #primary(): Evaluate {
    const token = this.#next();
    if (token.kind === 'text') return () => token.text;
    if (token.kind === 'number') return () => Number(token.text);
    if (token.text === '(') {
      const inner = this.#ternary();
      this.#expect(')');
      return inner;
    }
    if (token.text === '[') return this.#list().evaluate;
    if (token.kind === 'name') return this.#name(token);
    return this.#fail(`unexpected ${token.text}`, token.at);
  }

  #name(token: Token): Evaluate {
    if (token.text === 'true' || token.text === 'false') return () => token.text === 'true';
    if (token.text === 'nil' || token.text === 'null') return () => null;
    if (token.text === 'attributes') return (scope) => scope.attributes;
    if (token.text === 'finding') return (scope) => scope.finding ?? {};
    if (this.#names.has(token.text)) return (scope) => scope.names?.[token.text] ?? null;
    // `filter.entropy(…)` is `entropy(…)`: the name space came later.
    if (token.text === 'filter' && this.#takes('.')) return this.#name(this.#next());
    if (!Object.hasOwn(FUNCTIONS, token.text)) {
      this.#fail(this.#peek().text === '(' ? `unknown function ${token.text}` : `unknown name ${token.text}`, token.at);
    }
    this.#expect('(');
    const { evaluators, literals } = this.#list(')');
    return this.#call(token.text, evaluators, literals, token.at);
  }

  #list(close = ']'): {
    readonly evaluate: Evaluate;
    readonly evaluators: readonly Evaluate[];
    readonly literals: readonly unknown[];
  } {
    const evaluators: Evaluate[] = [];
    const literals: unknown[] = [];
    while (!this.#takes(close)) {
      if (evaluators.length > 0) {
        this.#expect(',');
        if (this.#takes(close)) break;
      }
      const [first, second] = [this.#peek(), this.#tokens[this.#at + 1]];
      const listStart = this.#at;
      evaluators.push(this.#ternary());
      if (first.kind === 'text' && (second?.text === ',' || second?.text === close)) literals.push(first.text);
      else if (first.text === '[')
        literals.push(
          this.#tokens
            .slice(listStart, this.#at)
            .filter(({ kind }) => kind === 'text')
            .map(({ text }) => text),
        );
      else literals.push(undefined);
    }
    return { evaluate: (scope) => evaluators.map((one) => one(scope)), evaluators, literals };
  }

  #call(name: string, evaluators: readonly Evaluate[], literals: readonly unknown[], at: number): Evaluate {
    const make: FilterFunction | undefined = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : METHODS[name];
    if (make === undefined) this.#fail(`unknown function ${name}`, at);
    try {
      const call = make(evaluators.length, literals);
      return (scope) => call(evaluators.map((one) => one(scope)));
    } catch (error) {
      return this.#fail(`${name}: ${error instanceof Error ? error.message : 'wrong arguments'}`, at);
    }
  }

  /** `[key]`, or a part of a text: `[from:to]`. */
  #index(inner: Evaluate): Evaluate {
    const from = this.#peek().text === ':' ? undefined : this.#ternary();
    if (!this.#takes(':')) {
      this.#expect(']');
      return (scope) => member(inner(scope), from?.(scope) ?? null);
    }
    const to = this.#peek().text === ']' ? undefined : this.#ternary();
    this.#expect(']');
    return (scope) => {
      const [whole, start, end] = [inner(scope), from?.(scope) ?? 0, to?.(scope) ?? undefined];
      if (typeof whole !== 'string' || typeof start !== 'number') return null;
      return whole.slice(Math.max(0, start), typeof end === 'number' ? Math.max(0, end) : undefined);
    };
  }

  #postfix(start: Evaluate): Evaluate {
    let value = start;
    for (;;) {
      const inner = value;
      if (this.#takes('[', '[?')) {
        value = this.#index(inner);
      } else if (this.#takes('.', '?.')) {
        this.#takes('?');
        const name = this.#next();
        if (name.kind !== 'name') this.#fail('expected a name', name.at);
        if (this.#takes('(')) {
          if (!Object.hasOwn(METHODS, name.text)) this.#fail(`unknown function ${name.text}`, name.at);
          const { evaluators, literals } = this.#list(')');
          value = this.#call(name.text, [inner, ...evaluators], [undefined, ...literals], name.at);
        } else value = (scope) => member(inner(scope), name.text);
      } else if (this.#takes('??')) {
        const other = this.#unary();
        value = (scope) => inner(scope) ?? other(scope);
      } else return value;
    }
  }
}

function member(value: FilterValue, key: FilterValue): FilterValue {
  if (Array.isArray(value)) return typeof key === 'number' ? (value[key] ?? null) : null;
  if (typeof value !== 'object' || value === null || typeof key !== 'string' || !Object.hasOwn(value, key)) return null;
  const found = Object.entries(value).find(([name]) => name === key);
  return found?.[1] ?? null;
}

function holds(operator: string, left: FilterValue, right: FilterValue): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === 'in') {
    if (Array.isArray(right)) return right.includes(left);
    return typeof right === 'object' && right !== null && typeof left === 'string' && Object.hasOwn(right, left);
  }
  if (typeof left === 'string' && typeof right === 'string') {
    if (operator === 'contains') return left.includes(right);
    if (operator === 'startsWith') return left.startsWith(right);
    if (operator === 'endsWith') return left.endsWith(right);
  }
  const isComparable =
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string');
  if (!isComparable || left === null || right === null) return false;
  return operator === '<'
    ? left < right
    : operator === '<='
      ? left <= right
      : operator === '>'
        ? left > right
        : left >= right;
}
