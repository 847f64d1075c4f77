import {
  type Analysis,
  type Edit,
  indexParts,
  NESTING_MAX,
  NotUnderstood,
  PART,
  type PartRefusal,
} from './hoist-parts.ts';

/** Names that make a script evaluate text or start programs: a script that mentions one is refused as a whole. */
const EVALUATING = new Set(
  `eval Function AsyncFunction GeneratorFunction constructor child_process execSync execFile execFileSync spawn spawnSync fork vm
  runInThisContext runInNewContext runInContext compileFunction Worker worker_threads getExecOutput importScripts dlopen binding
  Reflect Proxy __proto__ with document execa shelljs shell zx module createRequire addPath setPrototypeOf prototype __defineGetter__
  globalThis setTimeout_ Script SourceTextModule`.split(/\s+/),
);
/** Modules whose names count wherever a text is just that name. */
const MODULES =
  /^(?:node:)?(?:child_process|vm|worker_threads|module|repl|cluster|inspector|shelljs|execa|zx|cross-spawn|eval|vm2|sandboxjs|ejs|pug|handlebars|lodash)(?:\/.*)?$/;
const KEYWORDS = new Set(
  `await break case catch class const continue debugger default delete do else export extends finally for function if import in
  instanceof let new of return static switch throw try typeof var void while yield`.split(/\s+/),
);

type Kind = 'start' | 'name' | 'keyword' | 'value' | 'sign' | 'close' | 'part';
type Bracket = { readonly sign: string; readonly callee: string; readonly isMember: boolean };

/** The `script` of actions/github-script: a part in a text is joined to it, a part in the code becomes a text. */
export function analyseJavaScript(text: string, names: readonly string[], expressions: readonly string[]): Analysis {
  return new JavaScriptReader(text, names, expressions).read();
}

class JavaScriptReader {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #expressions: readonly string[];
  readonly #edits: Edit[] = [];
  readonly #refusals: PartRefusal[] = [];
  readonly #indexes: ReadonlyMap<number, number>;
  readonly #brackets: Bracket[] = [];
  #at = 0;
  #before: Kind = 'start';
  #beforeText = '';

  constructor(text: string, names: readonly string[], expressions: readonly string[]) {
    this.#text = text;
    this.#names = names;
    this.#expressions = expressions;
    this.#indexes = indexParts(text);
  }

  read(): Analysis {
    while (this.#at < this.#text.length) this.#token();
    if (this.#brackets.length > 0) this.#fail('a bracket that is not closed');
    return { edits: this.#edits, refusals: this.#refusals, optionLike: new Set() };
  }

  #fail(reason: string): never {
    throw new NotUnderstood(reason, this.#at);
  }

  #char(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? '';
  }

  #sees(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #partAt(at: number): number {
    return this.#indexes.get(at) ?? this.#fail('an expression at an unexpected place');
  }

  #refuse(at: number, reason: string): void {
    this.#refusals.push({ part: this.#partAt(at), reason });
  }

  #value(at: number): string {
    return `process.env["${this.#names[this.#partAt(at)] ?? ''}"]`;
  }

  #advance(kind: Kind, count: number): void {
    this.#beforeText = this.#text.slice(this.#at, this.#at + count);
    this.#before = kind;
    this.#at += count;
  }

  #token(): void {
    const character = this.#char();
    if (/\s/.test(character)) {
      this.#at += 1;
      return;
    }
    if (this.#sees('//')) return this.#comment();
    if (this.#sees('/*')) return this.#block();
    if (this.#sees('<!--') || this.#sees('-->')) this.#fail('a comment of HTML');
    if (character === PART) return this.#bare();
    if (/^[A-Za-z_$]$/.test(character)) return this.#word();
    if (/^\d$/.test(character))
      return this.#advance('value', /^\d[\w.]*/.exec(this.#text.slice(this.#at, this.#at + 200))?.[0].length ?? 1);
    if (character === '"' || character === "'") return this.#string(character);
    if (character === '`') return this.#template();
    if (character === '/') return this.#slash();
    // Escapes in names spell them differently; other letters are not worth the risk.
    if (/[^\x20-\x7e]|[\\@]/.test(character)) this.#fail('an unusual character in the code');
    if ('([{'.includes(character)) return this.#open(character);
    if (')]}'.includes(character)) return this.#close(character);
    this.#advance('sign', this.#sees('++') || this.#sees('--') || this.#sees('=>') ? 2 : 1);
  }

  #open(sign: string): void {
    const isMember = sign === '[' && this.#isValue();
    this.#brackets.push({ sign, callee: sign === '(' && this.#before === 'name' ? this.#beforeText : '', isMember });
    if (this.#brackets.length > NESTING_MAX) this.#fail('nesting that is too deep');
    this.#advance('sign', 1);
  }

  #close(sign: string): void {
    const open = this.#brackets.pop();
    if (open === undefined || '([{'.indexOf(open.sign) !== ')]}'.indexOf(sign))
      this.#fail('brackets that do not match');
    this.#advance('close', 1);
  }

  /** Whether what stands before is a value, so that `(` calls it, `[` takes a member, and a quote is a mistake. */
  #isValue(): boolean {
    return this.#before === 'name' || this.#before === 'value' || this.#before === 'close' || this.#before === 'part';
  }

  #word(): void {
    const word = /^[\w$]+/.exec(this.#text.slice(this.#at, this.#at + 1000))?.[0] ?? '';
    if (EVALUATING.has(word)) this.#fail(`the name ${word}, which can evaluate text or start programs`);
    const isMember = this.#beforeText === '.' || this.#beforeText === '?.';
    // `exec.exec(…)` of the toolkit, or a destructured one; `pattern.exec(…)` is a method of regular expressions.
    if (word === 'exec' && !isMember) this.#fail('the name exec, which can start programs');
    if (word === 'import' && /^import\s*\(/.test(this.#text.slice(this.#at)))
      this.#fail('import(), which can load what a text names');
    this.#advance(KEYWORDS.has(word) && !isMember ? 'keyword' : 'name', word.length);
  }

  #comment(): void {
    while (this.#at < this.#text.length && !/[\n\r\u2028\u2029]/.test(this.#char())) this.#commentCharacter();
  }

  #block(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    if (end === -1) this.#fail('a comment that is not closed');
    while (this.#at < end) this.#commentCharacter();
    this.#at = end + 2;
  }

  /** Values never come into a comment: they could end it. */
  #commentCharacter(): void {
    if (this.#char() === PART)
      this.#edits.push({ from: this.#at, to: this.#at + 1, text: this.#names[this.#partAt(this.#at)] ?? '' });
    this.#at += 1;
  }

  /** A slash begins a regular expression or divides: where that can't be told, what follows decides that it matters not. */
  #slash(): void {
    if (this.#before === 'name' || this.#before === 'value' || this.#before === 'part' || this.#beforeText === ']')
      return this.#advance('sign', 1);
    if (this.#before === 'close') {
      const rest = /^[^\n]*/.exec(this.#text.slice(this.#at + 1))?.[0] ?? '';
      if (/['"`/\\{}]/.test(rest) || rest.includes(PART))
        this.#fail('a slash that could divide or begin a regular expression');
      return this.#advance('sign', 1);
    }
    let isInClass = false;
    for (this.#at += 1; this.#char() !== '/' || isInClass; this.#at += 1) {
      const character = this.#char();
      if (character === '' || character === '\n') this.#fail('a regular expression that is not closed');
      if (character === PART) this.#refuse(this.#at, 'it stands in a regular expression');
      if (character === '\\') {
        this.#at += 1;
        if (this.#char() === PART) this.#refuse(this.#at, 'it stands in a regular expression');
      } else if (character === '[') isInClass = true;
      else if (character === ']') isInClass = false;
    }
    this.#at += 1;
    this.#beforeText = '/';
    this.#before = 'value';
    while (/^[a-z]$/.test(this.#char())) this.#at += 1;
  }

  /** A place in the code, or a text: not where it would name a member, a module, or be called. */
  #isPlaced(at: number): boolean {
    const around = this.#brackets.at(-1);
    if (around?.isMember === true) {
      this.#refuse(at, 'it would choose a member of an object');
      return false;
    }
    if (this.#brackets.some((bracket) => bracket.callee === 'require')) {
      this.#refuse(at, 'it would choose which module is loaded');
      return false;
    }
    return true;
  }

  #bare(): void {
    const at = this.#at;
    const next = this.#text.slice(at + 1, at + 200);
    const previous = this.#text[at - 1] ?? '';
    const isJoined =
      /[\w$.\\#@]/.test(previous) ||
      /^(?:[\w$\\`'"]|\s*(?:\(|\[|`|:|=(?!=)|\?\.\(|=>))/.test(next) ||
      next.startsWith(PART);
    if (isJoined || this.#isValue())
      this.#refuse(at, 'it stands in the code next to a name or a value, and would become part of it');
    else if (this.#isPlaced(at)) {
      // A dumped object is wanted as an object.
      const isJson = /^\s*tojson\s*\(/i.test(this.#expressions[this.#partAt(at)] ?? '');
      this.#edits.push({
        from: at,
        to: at + 1,
        text: isJson ? `(JSON.parse(${this.#value(at)}))` : `(${this.#value(at)})`,
      });
    }
    this.#advance('part', 1);
  }

  #string(quote: string): void {
    const start = this.#at;
    const wasValue = this.#isValue();
    const opener = this.#beforeText;
    const parts: number[] = [];
    for (this.#at += 1; this.#char() !== quote; this.#at += 1) {
      const character = this.#char();
      if (character === '' || character === '\n' || character === '\r') this.#fail('a text that is not closed');
      if (character === PART) parts.push(this.#at);
      if (character === '\\') {
        this.#at += 1;
        if (this.#char() === PART) this.#refuse(this.#at, 'a backslash stands right before it');
        if (this.#char() === '\r') this.#fail('a carriage return in a text');
      }
    }
    this.#at += 1;
    const end = this.#at;
    this.#before = 'value';
    this.#beforeText = quote;
    this.#judgeText(this.#text.slice(start + 1, end - 1));
    if (parts.length === 0) return;
    const rest = this.#text.slice(end, end + 200);
    const isKey = (opener === '{' || opener === ',') && /^\s*:/.test(rest);
    if (wasValue || isKey || /^\s*[([`]/.test(rest)) {
      for (const at of parts) this.#refuse(at, 'it stands in a text that is a key, or is joined to what is next to it');
      return;
    }
    if (!parts.every((at) => this.#isPlaced(at))) return;
    this.#edits.push({ from: start, to: start, text: '(' });
    for (const at of parts)
      this.#edits.push({ from: at, to: at + 1, text: `${quote} + ${this.#value(at)} + ${quote}` });
    this.#edits.push({ from: end, to: end, text: ')' });
  }

  #judgeText(content: string): void {
    if (MODULES.test(content))
      this.#fail(`the module ${content.slice(0, 40)}, which can evaluate text or start programs`);
    if (content === 'constructor' || content === 'eval' || content === 'Function')
      this.#fail(`the name ${content} as a text`);
  }

  #template(): void {
    if (this.#isValue()) this.#fail('a tagged template');
    this.#at += 1;
    const start = this.#at;
    if (this.#brackets.length > NESTING_MAX) this.#fail('nesting that is too deep');
    for (;;) {
      const character = this.#char();
      if (character === '') this.#fail('a template that is not closed');
      if (character === '`') break;
      if (character === '\\') {
        if (this.#char(1) === PART) this.#refuse(this.#at + 1, 'a backslash stands right before it');
        this.#at += 2;
      } else if (character === PART) {
        if (this.#isPlaced(this.#at))
          this.#edits.push({ from: this.#at, to: this.#at + 1, text: `\${${this.#value(this.#at)}}` });
        this.#at += 1;
      } else if (this.#sees('${')) this.#substitution();
      else this.#at += 1;
    }
    this.#judgeText(this.#text.slice(start, this.#at));
    this.#at += 1;
    this.#before = 'value';
    this.#beforeText = '`';
  }

  #substitution(): void {
    const depth = this.#brackets.length;
    this.#at += 2;
    this.#brackets.push({ sign: '${', callee: '', isMember: false });
    if (this.#brackets.length > NESTING_MAX) this.#fail('nesting that is too deep');
    this.#before = 'start';
    this.#beforeText = '';
    while (!(this.#char() === '}' && this.#brackets.length === depth + 1)) {
      if (this.#at >= this.#text.length) this.#fail('a template that is not closed');
      this.#token();
    }
    this.#brackets.pop();
    this.#at += 1;
  }
}
