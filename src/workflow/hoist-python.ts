import {
  type Analysis,
  type Edit,
  indexParts,
  isNameCharacter,
  isNameStart,
  NESTING_MAX,
  NotUnderstood,
  PART,
  type PartRefusal,
} from './hoist-parts.ts';

/**
 * Names that make a Python script evaluate text or start programs. A script that mentions one is refused as a whole:
 * there is no telling where its texts end.
 */
const EVALUATING = new Set(
  `eval exec compile execfile system popen popen2 popen3 popen4 Popen subprocess check_output check_call getoutput getstatusoutput
  spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe execl execle execlp execlpe execv execve execvp execvpe posix_spawn
  posix_spawnp startfile fork forkpty pty plumbum pexpect fabric invoke paramiko runpy run_path run_module importlib import_module
  __import__ __builtins__ builtins getattr globals locals pickle cPickle _pickle marshal shelve dill cloudpickle joblib jsonpickle
  yaml code codeop InteractiveInterpreter timeit cProfile profile pdb bdb ctypes cffi dlopen create_subprocess_shell
  create_subprocess_exec jinja2 mako Template Environment from_string render_template_string query numexpr sympify lambdify
  exec_module load_module loads_module input_ast types FunctionType CodeType sh commands os_system delegator envoy
  addpackage sitecustomize setprofile settrace putenv`.split(/\s+/),
);
const KEYWORDS = new Set(
  `and as assert async await break case class continue def del elif else except finally for from global if import in is lambda
  match nonlocal not or pass raise return try while with yield print`.split(/\s+/),
);

type Kind = 'start' | 'name' | 'keyword' | 'value' | 'sign' | 'newline' | 'part';
type Chunk = { readonly from: number; readonly to: number };

/** Python: a part in a text is joined to it with `+`, a part in the code becomes a text of its own. */
export function analysePython(text: string, names: readonly string[]): Analysis {
  return new PythonReader(text, names).read();
}

class PythonReader {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #edits: Edit[] = [];
  readonly #refusals: PartRefusal[] = [];
  readonly #indexes: ReadonlyMap<number, number>;
  #at = 0;
  #before: Kind = 'start';

  constructor(text: string, names: readonly string[]) {
    this.#text = text;
    this.#names = names;
    this.#indexes = indexParts(text);
  }

  read(): Analysis {
    if (/^(?:[^\n]*\n)?[ \t\f]*#[^\n]*coding[:=][ \t]*(?!utf-?8|ascii)/i.test(this.#text))
      this.#fail('an encoding other than UTF-8');
    while (this.#at < this.#text.length) this.#token();
    return { edits: this.#edits, refusals: this.#refusals, optionLike: new Set() };
  }

  #fail(reason: string): never {
    throw new NotUnderstood(reason, this.#at);
  }

  #char(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? '';
  }

  #partAt(at: number): number {
    return this.#indexes.get(at) ?? this.#fail('an expression at an unexpected place');
  }

  #refuse(at: number, reason: string): void {
    this.#refusals.push({ part: this.#partAt(at), reason });
  }

  /** The value, as an expression. Texts of three lines and more know no import, so it brings its own. */
  #value(part: number, isBytes = false): string {
    const name = this.#names[part] ?? '';
    return isBytes ? `__import__("os").environb[b"${name}"]` : `__import__("os").environ["${name}"]`;
  }

  #token(): void {
    const character = this.#char();
    if (character === '#') return this.#comment();
    if (character === '\n') return this.#advance('newline', 1);
    if (/\s/.test(character)) {
      this.#at += 1;
      return;
    }
    if (character === PART) return this.#bare();
    if (isNameStart(character)) return this.#word();
    if (character === '"' || character === "'") return this.#string('');
    if (/^\d$/.test(character))
      return this.#advance('value', /^[\d\w.]*/.exec(this.#text.slice(this.#at, this.#at + 200))?.[0].length ?? 1);
    if (character === '\\') {
      if (this.#char(1) !== '\n') this.#fail('a backslash in the code');
      this.#at += 2;
      return;
    }
    // Other letters of names: nothing that evaluates is spelled with them, but Python folds some to plain letters.
    if (/[^\x20-\x7e]/.test(character)) this.#fail('an unusual character in the code');
    this.#advance(character === ')' || character === ']' || character === '}' ? 'value' : 'sign', 1);
  }

  #advance(kind: Kind, count: number): void {
    this.#before = kind;
    this.#at += count;
  }

  #comment(): void {
    while (this.#at < this.#text.length && this.#char() !== '\n') {
      if (this.#char() === '\r' && this.#char(1) !== '\n') this.#fail('a lone carriage return');
      if (this.#char() === PART)
        this.#edits.push({ from: this.#at, to: this.#at + 1, text: this.#names[this.#partAt(this.#at)] ?? '' });
      this.#at += 1;
    }
  }

  #word(): void {
    let end = this.#at;
    while (isNameCharacter(this.#text[end] ?? '')) end += 1;
    const word = this.#text.slice(this.#at, end);
    const quote = this.#text[end] ?? '';
    if ((quote === '"' || quote === "'") && /^(?:[rbuft]|br|rb|fr|rf|tr|rt)$/i.test(word)) {
      this.#at = end;
      return this.#string(word.toLowerCase());
    }
    this.#judgeName(word);
    this.#advance(KEYWORDS.has(word) ? 'keyword' : 'name', end - this.#at);
  }

  #judgeName(word: string): void {
    if (EVALUATING.has(word)) this.#fail(`the name ${word}, which can evaluate text or start programs`);
  }

  /** In the code: a text of its own, never adjacent to a name, so that it can't become a part or a call of one. */
  #bare(): void {
    const at = this.#at;
    const part = this.#partAt(at);
    const next = this.#text[at + 1] ?? '';
    const previous = this.#text[at - 1] ?? '';
    const isJoined =
      isNameCharacter(previous) || isNameCharacter(next) || previous === '.' || previous === '\\' || next === PART;
    if (
      isJoined ||
      this.#before === 'name' ||
      this.#before === 'value' ||
      this.#before === 'part' ||
      '"\'(['.includes(next || ' ')
    ) {
      this.#refuse(at, 'it stands in the code next to a name or a value, and would become part of it');
    } else this.#edits.push({ from: at, to: at + 1, text: `(${this.#value(part)})` });
    this.#advance('part', 1);
  }

  #string(prefix: string): void {
    const open = this.#at;
    const quote = this.#char();
    const isTriple = this.#text.startsWith(quote.repeat(3), open);
    const quotes = isTriple ? quote.repeat(3) : quote;
    const start = open - prefix.length;
    this.#at += quotes.length;
    if (prefix.includes('t')) this.#fail('a template string');
    const parts = this.#body({ prefix, quotes });
    const end = this.#at;
    const wasValue = this.#before === 'value' || this.#before === 'name' || this.#before === 'part';
    this.#before = 'value';
    if (parts.length === 0) return;
    if (prefix.includes('f')) return this.#formatted(parts, quote);
    this.#joined(parts, { start, end, prefix, quotes, wasValue });
  }

  /** Reads to the closing quotes; gives the places of the parts. */
  #body(form: { readonly prefix: string; readonly quotes: string }): number[] {
    const parts: number[] = [];
    for (;;) {
      const character = this.#char();
      if (character === '' || (character === '\n' && form.quotes.length === 1)) this.#fail('a text that is not closed');
      if (this.#text.startsWith(form.quotes, this.#at)) {
        this.#at += form.quotes.length;
        return parts;
      }
      if (character === PART) {
        parts.push(this.#at);
        this.#at += 1;
      } else if (character === '\\') {
        if (this.#char(1) === PART) this.#refuse(this.#at + 1, 'a backslash stands right before it');
        this.#at += 2;
      } else if (form.prefix.includes('f') && character === '{') {
        if (this.#char(1) === '{') this.#at += 2;
        else this.#replacement(form.quotes);
      } else this.#at += 1;
    }
  }

  /** `{…}` of an f-string: code. A part in it is refused, and names in it count like all others. */
  #replacement(quotes: string): void {
    let depth = 0;
    for (;;) {
      const character = this.#char();
      if (character === '' || character === '#' || character === '\\') this.#fail('an unusual f-string');
      // Quotes of the same kind inside are read differently by different versions.
      if (character === quotes[0]) this.#fail('quotes in the braces of an f-string');
      if (character === '"' || character === "'") {
        const end = this.#text.indexOf(character, this.#at + 1);
        const inner = end === -1 ? '' : this.#text.slice(this.#at + 1, end);
        if (end === -1 || /[\n\\{}]/.test(inner) || inner.includes(PART)) this.#fail('an unusual f-string');
        this.#at = end + 1;
        continue;
      }
      if (character === PART) this.#refuse(this.#at, 'it stands in the braces of an f-string, which are code');
      if (isNameStart(character)) {
        let word = '';
        while (isNameCharacter(this.#char())) {
          word += this.#char();
          this.#at += 1;
        }
        this.#judgeName(word);
        continue;
      }
      if (character === '{') depth += 1;
      if (depth > NESTING_MAX) this.#fail('an unusual f-string');
      this.#at += 1;
      if (character === '}') {
        depth -= 1;
        if (depth === 0) return;
      }
    }
  }

  /** In an f-string the value is one more replacement, with quotes of the other kind. */
  #formatted(parts: readonly number[], quote: string): void {
    const other = quote === '"' ? "'" : '"';
    for (const at of parts) {
      const value = this.#value(this.#partAt(at)).replaceAll('"', other);
      this.#edits.push({ from: at, to: at + 1, text: `{${value}}` });
    }
  }

  /** `'a ' + value + ' b'` in parentheses. */
  #joined(
    parts: readonly number[],
    form: {
      readonly start: number;
      readonly end: number;
      readonly prefix: string;
      readonly quotes: string;
      readonly wasValue: boolean;
    },
  ): void {
    const rest = this.#text.slice(form.end, form.end + 200).replace(/^(?:[ \t]|\\\n)+/, '');
    if (
      form.wasValue ||
      /^(?:['"]|[rbuft]{1,2}['"]|%|\.format|\.substitute|\.safe_substitute|[([])/i.test(rest) ||
      /^\s*['"]/.test(rest)
    ) {
      for (const at of parts)
        this.#refuse(at, 'it stands in a text that is joined or formatted with what is next to it');
      return;
    }
    const isBytes = form.prefix.includes('b');
    const isRaw = form.prefix.includes('r');
    this.#edits.push({ from: form.start, to: form.start, text: '(' });
    const chunks = this.#chunks(parts, form);
    for (const [index, at] of parts.entries()) {
      const chunk = chunks[index];
      // A text that ends in a quote before three closing ones would be closed too early.
      if (chunk !== undefined && form.quotes.length === 3 && this.#endsInQuote(chunk, form.quotes)) {
        if (isRaw) this.#refuse(at, 'it stands right behind a quote in a raw text');
        else this.#edits.push({ from: chunk.to - 1, to: chunk.to - 1, text: '\\' });
      }
      const value = this.#value(this.#partAt(at), isBytes);
      this.#edits.push({ from: at, to: at + 1, text: `${form.quotes} + ${value} + ${form.prefix}${form.quotes}` });
    }
    this.#edits.push({ from: form.end, to: form.end, text: ')' });
  }

  #endsInQuote(chunk: Chunk, quotes: string): boolean {
    if (chunk.to <= chunk.from || this.#text[chunk.to - 1] !== quotes[0]) return false;
    const slashes = /\\*$/.exec(this.#text.slice(chunk.from, chunk.to - 1))?.[0].length ?? 0;
    return slashes % 2 === 0;
  }

  #chunks(
    parts: readonly number[],
    form: { readonly start: number; readonly prefix: string; readonly quotes: string },
  ): Chunk[] {
    let from = form.start + form.prefix.length + form.quotes.length;
    return parts.map((at) => {
      const chunk = { from, to: at };
      from = at + 1;
      return chunk;
    });
  }
}
