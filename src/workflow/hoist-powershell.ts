import {
  type Analysis,
  type Edit,
  indexParts,
  NESTING_MAX,
  NotUnderstood,
  PART,
  type PartRefusal,
} from './hoist-parts.ts';
import { EVALUATORS, INTERPRETERS } from './hoist-shell-commands.ts';

/** Commands, methods and members that evaluate text or start what a text names. Lower case. */
const EVALUATING = new Set(
  `invoke-expression iex invoke-command icm start-process saps start-job sajb start-threadjob new-pssession enter-pssession etsn nsn
  add-type new-object invoke-wmimethod invoke-cimmethod iwmi set-alias new-alias sal nal import-module ipmo using set-psbreakpoint
  register-scheduledjob register-scheduledtask register-objectevent register-engineevent new-scheduledtaskaction invoke-item ii
  scriptblock newscriptblock invokescript invokecommand executioncontext expandstring create invoke invokereturnasis powershell
  runspacefactory getsteppablepipeline process diagnostics invoke-sqlcmd invoke-build invoke-psake invoke-pester invoke-restart
  set-variable sv new-variable nv set-item si new-item ni function filter workflow configuration trap dynamicparam invokemember
  getmethod assembly activator codedom wscript.shell shell.application wsl msbuild rundll32 regsvr32 mshta cscript wscript
  certutil bitsadmin where-object_ update-typedata update-formatdata convert-string`.split(/\s+/),
);
/** Keywords that the shells' list of commands would refuse. */
const HARMLESS = new Set([
  'exit',
  'return',
  'break',
  'continue',
  'kill',
  'history',
  'wait',
  'let',
  'task',
  '.',
  'trap',
  'watch',
  'script',
  'r',
  'at',
  'just',
  'hash',
  'dlx',
]);
const SCRIPT_FILE = /\.(?:ps1|psm1|bat|cmd|sh|py|js|vbs|exe)$/i;
const WRITERS = /^(?:set-content|add-content|out-file|tee-object|sc|ac|tee|copy-item|move-item|cp|mv)$/;
/** Parameters whose argument is code, or the name of a member. */
const CODE_PARAMETER =
  /^-(?:c|command|e|ec|enc|encodedcommand|f|file|filepath|argumentlist|args|scriptblock|filterscript|process|begin|end|expression|script|membername|property)$/;

/**
 * PowerShell: in double quotes a part becomes `${env:NAME}`, whose text is not expanded again; texts in single quotes
 * are rewritten with double ones; an argument of its own is put into quotes.
 */
export function analysePowerShell(text: string, names: readonly string[]): Analysis {
  return new PowerShellReader(text, names).read();
}

type Before = 'start' | 'word' | 'value' | 'sign' | 'separator';

class PowerShellReader {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #edits: Edit[] = [];
  readonly #refusals: PartRefusal[] = [];
  readonly #indexes: ReadonlyMap<number, number>;
  #at = 0;
  #depth = 0;
  #before: Before = 'start';
  #beforeText = '';
  #hasScriptFile = false;
  #writes = false;

  constructor(text: string, names: readonly string[]) {
    this.#text = text;
    this.#names = names;
    this.#indexes = indexParts(text);
  }

  read(): Analysis {
    // PowerShell takes typographic quotes and dashes for plain ones, also inside of texts.
    const unusual = /[\u2010-\u2015\u2018-\u201f\u00ab\u00bb\u0085]/.exec(this.#text);
    if (unusual !== null) this.#fail('typographic quotes or dashes');
    this.#code(() => false);
    if (this.#hasScriptFile && this.#writes) this.#fail('files that are written and scripts that are run');
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

  #refuse(at: number, reason: string, fix?: string): void {
    this.#refusals.push({ part: this.#partAt(at), reason, ...(fix === undefined ? {} : { fix }) });
  }

  #reference(at: number): string {
    return `\${env:${this.#names[this.#partAt(at)] ?? ''}}`;
  }

  #after(before: Before, text: string): void {
    this.#before = before;
    this.#beforeText = text;
  }

  #code(isEnd: () => boolean): void {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) this.#fail('nesting that is too deep');
    while (this.#at < this.#text.length && !isEnd()) this.#token();
    this.#depth -= 1;
  }

  #token(): void {
    const character = this.#char();
    if (character === '\n' || character === ';') {
      this.#at += 1;
      return this.#after('separator', character);
    }
    if (/\s/.test(character)) {
      this.#at += 1;
      return;
    }
    if (this.#sees('<#')) return this.#comment('#>');
    if (character === '#') return this.#comment('\n');
    if (this.#sees("@'") || this.#sees('@"')) return this.#hereString(this.#char(1));
    if (character === "'") return this.#single();
    if (character === '"') return this.#double();
    if (character === '$') return this.#dollar();
    if (character === '`') return this.#backtick();
    if (character === PART) return this.#bare();
    if (character === '(' || character === '{') return this.#group(character === '(' ? ')' : '}');
    if (character === ')' || character === '}') this.#fail('a bracket too many');
    if (/[A-Za-z0-9_./\\:*?~+%!-]/.test(character)) return this.#word();
    this.#sign(character);
  }

  #sign(character: string): void {
    if (/[^\x20-\x7e]/.test(character)) this.#fail('an unusual character in the code');
    const isStatement = this.#before === 'start' || this.#before === 'separator';
    if (
      character === '&' &&
      this.#char(1) !== '&' &&
      (isStatement || /^&\s*[$("'{]/.test(this.#text.slice(this.#at, this.#at + 200)))
    ) {
      this.#fail('the operator &, which runs what a text names');
    }
    const isDouble = this.#sees('&&') || this.#sees('||');
    if (character === '>') this.#writes = true;
    this.#at += isDouble ? 2 : 1;
    this.#after(isDouble || character === '|' ? 'separator' : 'sign', character);
  }

  #group(end: ')' | '}'): void {
    const before = this.#char();
    this.#at += 1;
    this.#after(before === '{' ? 'separator' : 'sign', before);
    this.#code(() => this.#char() === end);
    if (this.#char() !== end) this.#fail('a bracket that is not closed');
    this.#at += 1;
    this.#after('value', end);
  }

  #comment(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    const to = found === -1 ? this.#text.length : found;
    if (found === -1 && end === '#>') this.#fail('a comment that is not closed');
    for (; this.#at < to; this.#at += 1) {
      if (this.#char() === '\r' && this.#char(1) !== '\n' && end === '\n') this.#fail('a lone carriage return');
      if (this.#char() === PART)
        this.#edits.push({ from: this.#at, to: this.#at + 1, text: this.#names[this.#partAt(this.#at)] ?? '' });
    }
    if (end === '#>') this.#at += 2;
  }

  #word(): void {
    const word = /^[A-Za-z0-9_./\\:*?~+%!#-]+/.exec(this.#text.slice(this.#at, this.#at + 1000))?.[0] ?? '';
    const lower = word.toLowerCase();
    const isStatement = this.#before === 'start' || this.#before === 'separator' || this.#beforeText === '(';
    for (const name of [lower, ...lower.split(/[.:/\\]+/)]) {
      const plain = name.replace(/\.exe$/, '');
      const isCommand = (EVALUATORS.has(plain) || INTERPRETERS.has(plain)) && !HARMLESS.has(plain);
      if (EVALUATING.has(plain) || isCommand)
        this.#fail(`the name ${plain}, which can evaluate text or start programs`);
    }
    if (word === '.' && isStatement) this.#fail('the operator ., which runs what a text names');
    if (SCRIPT_FILE.test(word)) this.#hasScriptFile = true;
    if (WRITERS.test(lower)) this.#writes = true;
    this.#at += word.length;
    this.#after('word', lower);
  }

  #backtick(): void {
    if (this.#char(1) === PART) this.#refuse(this.#at + 1, 'a backtick stands right before it');
    if (this.#char(1) !== '\n' && !(this.#char(1) === '\r' && this.#char(2) === '\n'))
      this.#fail('a backtick in the code');
    this.#at += 2;
  }

  /** An argument or a value of its own. Glued to other text it would need quotes around the whole. */
  #bare(): void {
    const at = this.#at;
    const previous = this.#text[at - 1] ?? ' ';
    const next = this.#text[at + 1] ?? ' ';
    const isGlued = !/[\s=,(]/.test(previous) || !/[\s,;)}|]/.test(next);
    if (isGlued)
      this.#refuse(at, 'it is joined to other text outside of quotes', 'Write the whole argument in double quotes.');
    else if (this.#before === 'start' || this.#before === 'separator')
      this.#refuse(at, 'it would name the command that is run');
    else if (this.#isCode()) this.#refuse(at, `it would be taken as code or as a name by ${this.#beforeText}`);
    else this.#edits.push({ from: at, to: at + 1, text: `"${this.#reference(at)}"` });
    this.#at += 1;
    this.#after('value', '');
  }

  #isCode(): boolean {
    return (
      CODE_PARAMETER.test(this.#beforeText) ||
      ['%', 'foreach-object', '?', 'where-object', '.', '::'].includes(this.#beforeText)
    );
  }

  #dollar(): void {
    this.#at += 1;
    if (this.#char() === PART) {
      this.#refuse(this.#at, 'a $ stands right before it');
      this.#at += 1;
    } else if (this.#char() === '(') return this.#group(')');
    else if (this.#char() === '{') this.#braced();
    else {
      const name = /^(?:[A-Za-z0-9_:?]+|[$^])/.exec(this.#text.slice(this.#at, this.#at + 300))?.[0] ?? '';
      if (EVALUATING.has(name.toLowerCase())) this.#fail(`the name ${name}, which can evaluate text or start programs`);
      this.#at += name.length;
      if (this.#char() === PART) this.#refuse(this.#at, 'it would be part of the name of a variable');
    }
    this.#after('value', '$');
  }

  #braced(): void {
    for (; this.#char() !== '}'; this.#at += 1) {
      if (this.#char() === '' || this.#char() === '`') this.#fail('an unusual name of a variable');
      if (this.#char() === PART) this.#refuse(this.#at, 'it would be part of the name of a variable');
    }
    this.#at += 1;
  }

  #double(): void {
    if (this.#isCode()) this.#refuseText('"');
    this.#at += 1;
    for (;;) {
      const character = this.#char();
      if (character === '') this.#fail('a text that is not closed');
      if (character === '"' && this.#char(1) !== '"') break;
      if (character === '"') this.#at += 2;
      else this.#expandable(character);
    }
    this.#at += 1;
    this.#after('value', '"');
  }

  /** One character or expansion of a text in double quotes. */
  #expandable(character: string): void {
    if (character === '`') {
      if (this.#char(1) === PART) this.#refuse(this.#at + 1, 'a backtick stands right before it');
      this.#at += 2;
    } else if (character === PART) {
      this.#edits.push({ from: this.#at, to: this.#at + 1, text: this.#reference(this.#at) });
      this.#at += 1;
    } else if (character === '$') this.#dollar();
    else this.#at += 1;
  }

  #refuseText(quote: string): void {
    const end = this.#text.indexOf(quote, this.#at + 1);
    for (let at = this.#at; at < (end === -1 ? this.#text.length : end); at++) {
      if (this.#text[at] === PART) this.#refuse(at, `it would be taken as code or as a name by ${this.#beforeText}`);
    }
  }

  /** Without a part it stays; with one it is written anew in double quotes, with everything that those expand escaped. */
  #single(): void {
    if (this.#isCode()) this.#refuseText("'");
    const start = this.#at;
    const edits: Edit[] = [{ from: start, to: start + 1, text: '"' }];
    let hasPart = false;
    this.#at += 1;
    for (;;) {
      const character = this.#char();
      if (character === '') this.#fail('a text that is not closed');
      if (character === "'" && this.#char(1) !== "'") break;
      if (character === "'") {
        edits.push({ from: this.#at, to: this.#at + 2, text: "'" });
        this.#at += 2;
        continue;
      }
      if (character === PART) {
        hasPart = true;
        edits.push({ from: this.#at, to: this.#at + 1, text: this.#reference(this.#at) });
      } else if (/[`$"]/.test(character)) edits.push({ from: this.#at, to: this.#at, text: '`' });
      this.#at += 1;
    }
    edits.push({ from: this.#at, to: this.#at + 1, text: '"' });
    this.#at += 1;
    if (hasPart) this.#edits.push(...edits);
    this.#after('value', "'");
  }

  #hereString(quote: string): void {
    const head = /^@['"][ \t]*\r?\n/.exec(this.#text.slice(this.#at, this.#at + 200))?.[0];
    if (head === undefined) this.#fail('an @ before a quote');
    const start = this.#at;
    const end = this.#text.indexOf(`\n${quote}@`, start + head.length - 1);
    if (end === -1) this.#fail('a here-string that is not closed');
    this.#at += head.length;
    const isSingle = quote === "'";
    const edits: Edit[] = [];
    let hasPart = false;
    while (this.#at < end) {
      const character = this.#char();
      if (!isSingle) {
        if (character === '`' && this.#char(1) === '"') this.#fail('an escaped quote in a here-string');
        this.#expandable(character);
        continue;
      }
      if (character === PART) {
        hasPart = true;
        edits.push({ from: this.#at, to: this.#at + 1, text: this.#reference(this.#at) });
      } else if (/[`$]/.test(character)) edits.push({ from: this.#at, to: this.#at, text: '`' });
      this.#at += 1;
    }
    if (this.#at > end && !isSingle) this.#fail('something that leads out of a here-string');
    this.#at = end + 3;
    this.#after('value', quote);
    if (!hasPart) return;
    if (this.#text.slice(start, end).includes('\n"@')) this.#fail('a here-string with "@ in it');
    this.#edits.push({ from: start + 1, to: start + 2, text: '"' }, ...edits, {
      from: end + 1,
      to: end + 2,
      text: '"',
    });
  }
}
