import { isNameCharacter, isNameStart, NESTING_MAX, NotUnderstood, PART } from './hoist-parts.ts';
import {
  type Assignment,
  Facts,
  fileKey,
  wordsOf,
  type Quoting,
  Refs,
  type ShellDialect,
  type Word,
} from './hoist-shell-facts.ts';

const KEYWORD =
  /(?:if|then|elif|else|fi|while|until|do|done|for|select|case|esac|in|function|time|coproc|repeat|foreach|always|nocorrect|end|\{|\}|!|\[\[)(?=[ \t\n;|&()<>]|$)/y;
const DECLARATIONS = new Set(['declare', 'typeset', 'local', 'readonly', 'export', 'integer', 'float']);
/** Operators of `[[` whose operands are computed: arithmetic, or the names of variables with their subscripts. */
const EVALUATED_TEST = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-v', '-R', '-t', '-o']);

type WordParts = {
  literal: string;
  isLiteral: boolean;
  prefix: string;
  firstPart: number | undefined;
  unquoted: Set<string>;
  empty: boolean;
};
/** The reader of the script around a script in backticks. */
type Outer = {
  readonly facts: Facts;
  readonly collectors: readonly Refs[];
  readonly stdin: readonly Refs[];
  readonly depth: number;
};
type Heredoc = {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  readonly strips: boolean;
  readonly into: readonly Refs[];
};

/**
 * Reads a shell script the way the shell does, but only as much of the syntax as it can be sure of: at anything else it
 * throws `NotUnderstood`. It never runs, expands or changes anything.
 */
export class ShellReader {
  readonly facts: Facts;
  readonly #text: string;
  readonly #dialect: ShellDialect;
  #at = 0;
  #limit: number;
  /** Which part stands where: here-documents are read later than they stand. */
  readonly #indexes = new Map<number, number>();
  readonly #owners: Refs[] = [];
  #depth: number;
  readonly #collectors: Refs[];
  readonly #stdin: Refs[];
  #heredocs: Heredoc[] = [];

  constructor(text: string, dialect: ShellDialect, outer?: Outer) {
    this.#text = text;
    this.#limit = text.length;
    this.#dialect = dialect;
    this.facts = outer?.facts ?? new Facts();
    this.#collectors = [this.facts.all, ...(outer?.collectors ?? [])];
    this.#depth = outer?.depth ?? 0;
    this.#stdin = [...(outer?.stdin ?? [])];
    for (let at = text.indexOf(PART); at !== -1; at = text.indexOf(PART, at + 1))
      this.#indexes.set(at, this.#indexes.size);
  }

  read(): Facts {
    this.#list(() => false);
    if (this.#at < this.#limit) this.#fail('something that does not belong here');
    if (this.#heredocs.length > 0) this.#fail('a here-document without its body');
    if (this.#indexes.size > 0 && this.facts.quoting.size !== this.#indexes.size)
      this.#fail('an expression at an unexpected place');
    return this.facts;
  }

  // --- small tools

  #fail(reason: string): never {
    throw new NotUnderstood(reason, this.#at);
  }

  #char(ahead = 0): string {
    const at = this.#at + ahead;
    return at < this.#limit ? (this.#text[at] ?? '') : '';
  }

  #sees(text: string): boolean {
    return this.#at + text.length <= this.#limit && this.#text.startsWith(text, this.#at);
  }

  #takes(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    return found !== undefined && this.#at + found.length <= this.#limit ? found : undefined;
  }

  #keyword(): string | undefined {
    return this.#match(KEYWORD);
  }

  #expectKeyword(word: string): void {
    if (this.#keyword() !== word) this.#fail(`no ${word} where one is expected`);
    this.#at += word.length;
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) this.#fail('nesting that is too deep');
    const result = read();
    this.#depth -= 1;
    return result;
  }

  /** Runs `read` and gives what it mentioned; everything around it mentions that too. */
  #collect(read: () => void, into = new Refs()): Refs {
    this.#collectors.push(into);
    read();
    this.#collectors.pop();
    return into;
  }

  #mention(name: string): void {
    const key = /^[0-9@*]+$/.test(name) ? '@' : name;
    for (const refs of this.#collectors) refs.names.add(key);
  }

  /** Takes the part that stands here. */
  #part(quoting: Quoting): number {
    const part = this.#indexes.get(this.#at);
    if (part === undefined) this.#fail('an expression at an unexpected place');
    this.facts.quoting.set(part, { at: this.#at, quoting });
    if (quoting !== 'comment') for (const refs of this.#collectors) refs.parts.add(part);
    this.#at += 1;
    return part;
  }

  /** Takes the part that stands here, at a place where no quoting helps. */
  #refusePart(reason: string): void {
    const part = this.#part('bare');
    const refs = new Refs();
    refs.parts.add(part);
    this.facts.sinks.push({ refs, reason });
  }

  #withStdin(refs: Refs, read: () => void): void {
    this.#stdin.push(refs);
    read();
    this.#stdin.pop();
  }

  // --- white space, comments, here-documents

  #blanks(): void {
    for (;;) {
      const character = this.#char();
      if (character === ' ' || character === '\t') this.#at += 1;
      else if (this.#sees('\\\n')) this.#at += 2;
      else if (character === '#') this.#comment();
      else return;
    }
  }

  /** To the end of the line. Values never come here: a line break in one would end the comment. */
  #comment(): void {
    while (this.#char() !== '' && this.#char() !== '\n') {
      if (this.#char() === PART) this.#part('comment');
      else this.#at += 1;
    }
  }

  #newline(): void {
    this.#at += 1;
    const waiting = this.#heredocs;
    this.#heredocs = [];
    for (const heredoc of waiting) this.#heredocBody(heredoc);
  }

  #separators(): void {
    for (;;) {
      this.#blanks();
      if (this.#char() === '\n') this.#newline();
      else if (this.#char() === ';' && this.#char(1) !== ';' && this.#char(1) !== '&') this.#at += 1;
      else return;
    }
  }

  #newlines(): void {
    for (;;) {
      this.#blanks();
      if (this.#char() !== '\n') return;
      this.#newline();
    }
  }

  #heredocBody(heredoc: Heredoc): void {
    const start = this.#at;
    let joins = false;
    for (;;) {
      if (this.#at >= this.#limit) this.#fail(`a here-document without its ${heredoc.delimiter}`);
      const found = this.#text.indexOf('\n', this.#at);
      const end = found === -1 || found > this.#limit ? this.#limit : found;
      const line = this.#text.slice(this.#at, end);
      const plain = heredoc.strips ? line.replace(/^\t+/, '') : line;
      if (!joins && plain === heredoc.delimiter) {
        this.#heredocText(heredoc, { start, end: this.#at });
        this.#at = Math.min(end + 1, this.#limit);
        return;
      }
      joins = !heredoc.isQuoted && /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
      this.#at = end + 1;
    }
  }

  #heredocText(heredoc: Heredoc, range: { readonly start: number; readonly end: number }): void {
    const limit = this.#limit;
    this.#at = range.start;
    this.#limit = range.end;
    const refs = this.#collect(() => {
      while (this.#at < this.#limit) {
        const character = this.#char();
        if (heredoc.isQuoted) {
          if (character === PART)
            this.#refusePart('it stands in a here-document with a quoted delimiter, where the shell replaces nothing');
          else this.#at += 1;
        } else if (character === PART) this.#part('double');
        else if (character === '\\') this.#escape('double');
        else if (character === '$') this.#dollar({ isQuoted: true, isHeredoc: true });
        else if (character === '`') this.#backticks(false);
        else this.#at += 1;
      }
    });
    if (this.#at > range.end) this.#fail('something that leads out of a here-document');
    // A program that reads this as code can use exported variables.
    for (const name of wordsOf(this.#text.slice(range.start, range.end))) heredoc.into[0]?.names.add(name);
    for (const into of heredoc.into) into.merge(refs);
    this.#limit = limit;
  }

  // --- lists, pipelines, commands

  #list(isEnd: () => boolean): void {
    this.#nested(() => {
      for (;;) {
        this.#separators();
        if (this.#char() === '' || isEnd()) return;
        this.#pipeline();
        this.#blanks();
        if (this.#takes('&&') || this.#takes('||')) {
          this.#newlines();
          if (this.#char() === '' || isEnd()) this.#fail('&& or || without a command');
        } else if (this.#char() === '&' && this.#char(1) !== '>') this.#at += 1;
        else if (this.#char() !== '\n' && this.#char() !== ';' && this.#char() !== '' && !isEnd()) {
          this.#fail('something after a command');
        }
      }
    });
  }

  #listUntil(...words: readonly string[]): string {
    this.#list(() => words.includes(this.#keyword() ?? ''));
    const word = this.#keyword();
    if (word === undefined || !words.includes(word)) this.#fail(`no ${words.join(' or ')}`);
    this.#at += word.length;
    return word;
  }

  /** Up to the parenthesis that closes. */
  #listInParentheses(): void {
    const outer = this.#heredocs;
    this.#heredocs = [];
    this.#list(() => this.#char() === ')');
    if (!this.#takes(')')) this.#fail('a parenthesis that is not closed');
    if (this.#heredocs.length > 0) this.#fail('a here-document whose body lies outside of its parentheses');
    this.#heredocs = outer;
  }

  #pipeline(): void {
    // What each command mentions. A here-document is read later than its command, so these are kept, not copied.
    const before: Refs[] = [];
    for (;;) {
      this.#blanks();
      while (this.#keyword() === '!' || this.#keyword() === 'time') {
        this.#at += this.#keyword()?.length ?? 0;
        this.#blanks();
        if (this.#match(/-p(?=\s)/y)) this.#at += 2;
        this.#blanks();
      }
      this.#stdin.push(...before);
      before.push(this.#collect(() => this.#command()));
      this.#stdin.length -= before.length - 1;
      this.#blanks();
      if (this.#sees('||') || this.#char() !== '|') return;
      this.#at += this.#sees('|&') && this.#dialect !== 'sh' && this.#dialect !== 'dash' ? 2 : 1;
      this.#newlines();
    }
  }

  #command(): void {
    if (this.#char() === '(') return this.#parenthesis();
    const keyword = this.#keyword();
    if (keyword === undefined) return this.#simple();
    this.#at += keyword.length;
    switch (keyword) {
      case '{':
        return this.#compound(() => this.#listUntil('}'));
      case 'if':
        return this.#compound(() => this.#if());
      case 'while':
      case 'until':
        return this.#compound(() => {
          this.#listUntil('do');
          this.#listUntil('done');
        });
      case 'for':
      case 'select':
        return this.#compound(() => this.#for());
      case 'case':
        return this.#compound(() => this.#case());
      case '[[':
        return this.#compound(() => this.#test());
      case 'function':
        return this.#function();
      default:
        this.#at -= keyword.length;
        return this.#fail(`the word ${keyword} where a command is expected`);
    }
  }

  #parenthesis(): void {
    if (!this.#sees('((')) {
      this.#at += 1;
      return this.#compound(() => this.#listInParentheses());
    }
    if (this.#dialect === 'sh' || this.#dialect === 'dash')
      this.#fail('two parentheses, which mean different things in different shells');
    this.#at += 2;
    this.#compound(() => this.#arithmetic('))'));
  }

  /** A compound command and its redirections, whose input reaches everything in it. */
  #compound(read: () => void): void {
    const input = new Refs();
    this.#withStdin(input, () => {
      const refs = this.#collect(read);
      const writes: Word[] = [];
      this.#owners.push(refs);
      const redirects = this.#collect(() => {
        this.#blanks();
        while (this.#redirect(input, writes)) this.#blanks();
      });
      this.#owners.pop();
      refs.merge(redirects);
      if (writes.length > 0 || redirects.parts.size > 0) {
        this.facts.commands.push({
          words: [],
          assignments: [],
          refs,
          stdin: [...this.#stdin],
          writes,
          hasRedirects: true,
        });
      }
    });
  }

  #if(): void {
    this.#listUntil('then');
    for (;;) {
      const word = this.#listUntil('elif', 'else', 'fi');
      if (word === 'fi') return;
      if (word === 'else') {
        this.#listUntil('fi');
        return;
      }
      this.#listUntil('then');
    }
  }

  #for(): void {
    this.#blanks();
    if (this.#sees('((') && this.#dialect !== 'sh' && this.#dialect !== 'dash') {
      this.#at += 2;
      this.#arithmetic('))');
    } else {
      const name = this.#name();
      if (name === '') this.#fail('for without the name of a variable');
      this.#newlines();
      const refs = this.#collect(() => {
        if (this.#keyword() !== 'in') return this.#mention('@');
        this.#at += 2;
        this.#blanks();
        while (!['', '\n', ';', '&', '|', ')', '(', '<', '>'].includes(this.#char())) {
          this.#word();
          this.#blanks();
        }
      });
      this.facts.assignments.push({ name, refs });
    }
    this.#separators();
    this.#expectKeyword('do');
    this.#listUntil('done');
  }

  #case(): void {
    this.#blanks();
    this.#word();
    this.#newlines();
    this.#expectKeyword('in');
    for (;;) {
      this.#newlines();
      if (this.#keyword() === 'esac') {
        this.#at += 4;
        return;
      }
      this.#takes('(');
      for (;;) {
        this.#blanks();
        this.#word();
        this.#blanks();
        if (!this.#takes('|')) break;
      }
      if (!this.#takes(')')) this.#fail('a pattern of case that is not closed');
      this.#list(() => this.#sees(';;') || this.#sees(';&') || this.#keyword() === 'esac');
      if (!this.#takes(';;&') && !this.#takes(';;') && !this.#takes(';&') && this.#keyword() !== 'esac') {
        this.#fail('case without esac');
      }
    }
  }

  #function(): void {
    if (this.#dialect === 'sh' || this.#dialect === 'dash') this.#fail('the word function, which not every sh knows');
    this.#blanks();
    const name = this.#match(/[A-Za-z0-9_.:+@-]+/y);
    if (name === undefined) this.#fail('a function without a plain name');
    this.#at += name.length;
    this.#blanks();
    if (this.#takes('(')) {
      this.#blanks();
      if (!this.#takes(')')) this.#fail('parentheses of a function with something in them');
    }
    this.#functionBody(name);
  }

  /** What a function reads from its input can come from anywhere that it is called. */
  #functionBody(name: string): void {
    this.facts.functions.add(name);
    this.#newlines();
    if (this.#char() !== '(' && !['{', 'if', 'while', 'until', 'for', 'case', '[['].includes(this.#keyword() ?? '')) {
      this.#fail('a function whose body is no block');
    }
    const refs = this.#collect(() => this.#withStdin(this.facts.all, () => this.#command()));
    this.facts.assignments.push({ name: `function:${name}`, refs });
  }

  /** `[[ … ]]`: its words are not split, but numeric operators compute their operands. */
  #test(): void {
    let isEvaluated = false;
    const refs = this.#collect(() => {
      for (;;) {
        this.#newlines();
        if (this.#sees(']]')) {
          this.#at += 2;
          return;
        }
        const character = this.#char();
        if (character === '') this.#fail('[[ without ]]');
        if (['&', '|', '(', ')', '<', '>', '!'].includes(character) && !(character === '!' && this.#char(1) === '=')) {
          if (this.#sees('<(') || this.#sees('>(')) this.#fail('a process substitution in [[');
          this.#at += 1;
          continue;
        }
        const word = this.#word();
        if (EVALUATED_TEST.has(word.literal ?? '')) isEvaluated = true;
        if (word.raw === '=~') this.#regex();
      }
    });
    if (isEvaluated) {
      const reason = 'it is compared as a number in [[ ]], which computes its operands and runs commands in them';
      this.facts.sinks.push({
        refs,
        reason,
        fix: 'Set a variable under `env:` and compare texts with = in [ ], or test with `[ "$NAME" -eq … ]`.',
      });
    }
  }

  /** The operand of `=~`: parentheses and bars belong to it. */
  #regex(): void {
    this.#blanks();
    let depth = 0;
    const word = newWord();
    for (;;) {
      const character = this.#char();
      if (character === '' || character === '\n') return;
      if ((character === ' ' || character === '\t') && depth === 0) return;
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      if (depth < 0) this.#fail('a regular expression with a parenthesis too many');
      if ('()|<>&; \t#'.includes(character)) this.#at += 1;
      else this.#piece(word);
    }
  }

  #simple(): void {
    const words: Word[] = [];
    const assignments: Assignment[] = [];
    const writes: Word[] = [];
    const input = new Refs();
    const start = this.#at;
    let isFunction = false;
    const refs = new Refs();
    this.#owners.push(refs);
    this.#withStdin(input, () =>
      this.#collect(() => {
        for (;;) {
          this.#blanks();
          if (this.#redirect(input, writes)) continue;
          const character = this.#char();
          if (['', '\n', ';', '|', ')', '&'].includes(character)) break;
          if (character === '(') {
            isFunction = words.length === 1 && assignments.length === 0;
            if (!isFunction) this.#fail('an opening parenthesis in the middle of a command');
            break;
          }
          if (character === '<' || character === '>') {
            if (!this.#sees('<(') && !this.#sees('>(')) this.#fail('a redirection of an unknown kind');
          }
          const isDeclaration = DECLARATIONS.has(words[0]?.literal ?? '');
          if ((words.length === 0 || isDeclaration) && this.#assignment(assignments, words.length > 0)) continue;
          words.push(this.#word());
        }
        // What a function prints depends on its body.
        const [called] = words;
        if (called?.literal !== undefined) this.#mention(`function:${called.literal}`);
      }, refs),
    );
    this.#owners.pop();
    if (this.#at === start) this.#fail('something that is no command');
    if (isFunction) {
      const name = words[0]?.literal;
      this.#at += 1;
      this.#blanks();
      if (name === undefined || !this.#takes(')')) this.#fail('an opening parenthesis after a word');
      return this.#functionBody(name);
    }
    this.facts.assignments.push(...assignments);
    this.facts.commands.push({
      words,
      assignments,
      refs,
      stdin: [input, ...this.#stdin],
      writes,
      hasRedirects: writes.length > 0 || input.parts.size > 0 || input.names.size > 0,
    });
  }

  /** `name=value`, `name+=value`, `name[i]=value`, `name=(…)`. Of declarations only arrays: the rest are their words. */
  #assignment(assignments: Assignment[], isDeclaration: boolean): boolean {
    const head = this.#match(/[A-Za-z_][A-Za-z0-9_]*(?=\+?=|\[)/y);
    if (head === undefined) return false;
    const start = this.#at;
    this.#at += head.length;
    const isSubscripted = this.#char() === '[';
    if (isSubscripted) {
      const subscript = this.#collect(() => this.#subscript());
      if (!this.#sees('=') && !this.#sees('+=')) {
        if (this.#dialect === 'zsh' || subscript.parts.size > 0) this.#fail('brackets after a name');
        // A word such as `file[0-9].txt`: read again as one.
        this.#at = start;
        return false;
      }
      this.facts.arrays.add(head);
      this.facts.sinks.push({
        refs: subscript,
        reason: 'it is the subscript of an array, which is computed and runs commands in it',
      });
    }
    const isArray = this.#sees('=(') || this.#sees('+=(');
    if (isDeclaration && !isArray) {
      this.#at = start;
      return false;
    }
    this.#takes('+');
    this.#at += 1;
    const refs = this.#collect(() => {
      if (isArray) this.#array(head);
      else if (!/^[ \t\n;|&()]?$/.test(this.#char()) && this.#match(/[<>](?!\()/y) === undefined) this.#word();
    });
    if (isSubscripted && this.#dialect === 'zsh') {
      this.facts.sinks.push({ refs, reason: 'zsh has arrays that define functions and aliases' });
    }
    assignments.push({ name: head, refs });
    return true;
  }

  #array(name: string): void {
    if (this.#dialect === 'sh' || this.#dialect === 'dash') this.#fail('an array, which not every sh knows');
    this.facts.arrays.add(name);
    this.#at += 1;
    for (;;) {
      this.#newlines();
      if (this.#takes(')')) return;
      if (/^[;|&(<>]?$/.test(this.#char())) this.#fail('an array that is not closed');
      const word = this.#word();
      if (word.raw.startsWith('[')) {
        this.facts.sinks.push({
          refs: word.refs,
          reason: 'it stands next to the subscript of an array, which is computed',
        });
      }
    }
  }

  #redirect(input: Refs, writes: Word[]): boolean {
    const operator = this.#match(/\d*(?:<<<|<<-|<<|<>|<&|<|>>|>&|>\||>|&>>|&>)/y);
    if (operator === undefined) return false;
    const plain = operator.replace(/^\d+/, '');
    if (operator.startsWith('&') && (this.#dialect === 'sh' || this.#dialect === 'dash'))
      this.#fail('&>, which not every sh knows');

    const after = this.#text[this.#at + operator.length];
    // A process substitution is a word.
    if (plain === operator && (plain === '<' || plain === '>') && after === '(') return false;
    this.#at += operator.length;
    this.#blanks();
    if (plain === '<<' || plain === '<<-') {
      this.#heredocStart(plain === '<<-', input);
      return true;
    }
    if (plain === '<<<' && (this.#dialect === 'sh' || this.#dialect === 'dash'))
      this.#fail('<<<, which not every sh knows');
    const isReading = plain === '<<<' || plain === '<' || plain === '<>';
    const word = this.#collectWord(isReading ? input : new Refs());
    if (!isReading && !/^(?:\d+|-)$/.test(word.raw)) writes.push(word);
    // A process substitution as target is a program that reads, not the name of a file.
    if (plain !== '<<<' && word.refs.parts.size > 0 && !/^[<>]\(/.test(word.raw)) {
      this.facts.sinks.push({
        refs: word.refs,
        reason: 'it names a file of a redirection: an outsider would choose which file is used',
      });
    }
    return true;
  }

  #collectWord(into: Refs): Word {
    this.#collectors.push(into);
    const word = this.#word();
    this.#collectors.pop();
    return word;
  }

  #heredocStart(strips: boolean, input: Refs): void {
    const word = this.#match(/(?:[^ \t\n;|&()<>'"\\$`\ue000]|'[^'\n\ue000]*'|"[^"\\$`\n\ue000]*"|\\[^\n\ue000])+/y);
    if (word === undefined) this.#fail('a here-document with an unusual delimiter');
    this.#at += word.length;
    if (!/^[ \t\n;|&()<>]?$/.test(this.#char())) this.#fail('a here-document with an unusual delimiter');
    const delimiter = word.replaceAll(/['"\\]/g, '');
    this.#heredocs.push({ delimiter, isQuoted: /['"\\]/.test(word), strips, into: [input, ...this.#collectors] });
  }

  // --- words

  #name(): string {
    let name = '';
    if (!isNameStart(this.#char())) return name;
    while (isNameCharacter(this.#char())) name += this.#text[this.#at++] ?? '';
    return name;
  }

  #word(): Word {
    const start = this.#at;
    const word = newWord();
    const refs = this.#collect(() => {
      for (;;) {
        const character = this.#char();
        if (/^[ \t\n;|&()]?$/.test(character)) break;
        if (character === '<' || character === '>') {
          if (this.#char(1) !== '(' || this.#dialect === 'sh' || this.#dialect === 'dash') break;
          if (this.#at !== start) this.#fail('a process substitution in the middle of a word');
        }
        this.#piece(word);
      }
      const key = fileKey(this.#text.slice(start, this.#at));
      if (key !== undefined) for (const collector of this.#collectors) collector.names.add(key);
    });
    if (this.#at === start) this.#fail('no word where one is expected');
    const raw = this.#text.slice(start, this.#at);
    return {
      raw,
      literal: word.isLiteral ? word.literal : undefined,
      prefix: word.prefix,
      refs,
      firstPart: word.firstPart,
      unquoted: word.unquoted,
    };
  }

  /** One character, quotation, expansion or part outside of quotes. */
  #piece(word: WordParts): void {
    const character = this.#char();
    switch (character) {
      case PART:
        return this.#partOf(word, 'bare');
      case '\\':
        if (this.#sees('\\\n')) {
          this.#at += 2;
          return;
        }
        append(word, this.#char(1));
        return this.#escape('bare');
      case "'":
        return this.#singleQuotes(word);
      case '"':
        return this.#doubleQuotes(word);
      case '$':
        return this.#computed(word, () => this.#dollar({ isQuoted: false, word }));
      case '`':
        return this.#computed(word, () => this.#backticks(false));
      case '<':
      case '>':
        return this.#computed(word, () => this.#processSubstitution(character));
      default:
        append(word, character);
        this.#at += 1;
    }
  }

  #computed(word: WordParts, read: () => void): void {
    word.isLiteral = false;
    word.empty = false;
    read();
  }

  #partOf(word: WordParts, quoting: Quoting): void {
    const part = this.#part(quoting);
    if (word.empty) word.firstPart = part;
    word.isLiteral = false;
    word.empty = false;
  }

  /** A backslash and what it quotes. */
  #escape(quoting: Quoting): void {
    this.#at += 1;
    if (this.#char() === PART)
      return this.#refusePart(`a backslash stands right before it${quoting === 'bare' ? '' : ' in quotes'}`);
    if (this.#char() === '') this.#fail('a backslash at the end');
    this.#at += 1;
  }

  #singleQuotes(word: WordParts): void {
    this.#at += 1;
    while (this.#char() !== "'") {
      if (this.#char() === '') this.#fail('a single quote that is not closed');
      if (this.#char() === PART) this.#partOf(word, 'single');
      else {
        append(word, this.#char());
        this.#at += 1;
      }
    }
    this.#at += 1;
  }

  #doubleQuotes(word: WordParts): void {
    this.#nested(() => {
      this.#at += 1;
      for (;;) {
        const character = this.#char();
        if (character === '') this.#fail('a double quote that is not closed');
        if (character === '"') {
          this.#at += 1;
          return;
        }
        if (character === PART) this.#partOf(word, 'double');
        else if (character === '\\') {
          append(word, this.#char(1));
          this.#escape('double');
        } else if (character === '$') this.#computed(word, () => this.#dollar({ isQuoted: true }));
        else if (character === '`') this.#computed(word, () => this.#backticks(true));
        else {
          append(word, character);
          this.#at += 1;
        }
      }
    });
  }

  #processSubstitution(direction: '<' | '>'): void {
    this.#at += 2;
    // What the command around writes is what a `>( )` reads.
    const around = this.#owners.at(-1) ?? this.facts.all;
    this.#nested(() => {
      if (direction === '>') this.#withStdin(around, () => this.#listInParentheses());
      else this.#listInParentheses();
    });
  }

  /** Commands in backticks. Their own quoting is too strange to put anything into. */
  #backticks(isQuoted: boolean): void {
    this.#at += 1;
    let inner = '';
    while (this.#char() !== '`') {
      const character = this.#char();
      if (character === '') this.#fail('a backtick that is not closed');
      if (character === PART) {
        this.#refusePart('it stands in backticks, which take quotes apart a second time');
        inner += 'x';
      } else if (
        character === '\\' &&
        (['$', '`', '\\'].includes(this.#char(1)) || (isQuoted && this.#char(1) === '"'))
      ) {
        inner += this.#char(1);
        this.#at += 2;
      } else {
        inner += character;
        this.#at += 1;
      }
    }
    this.#at += 1;
    const offset = this.#at;
    this.#nested(() => {
      try {
        new ShellReader(inner, this.#dialect, {
          facts: this.facts,
          collectors: this.#collectors,
          stdin: this.#stdin,
          depth: this.#depth,
        }).read();
      } catch (thrown) {
        if (thrown instanceof NotUnderstood) throw new NotUnderstood(`${thrown.message} in backticks`, offset);
        throw thrown;
      }
    });
  }

  // --- $

  #dollar(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean; readonly word?: WordParts }): void {
    this.#at += 1;
    const character = this.#char();
    const isPosix = this.#dialect === 'sh' || this.#dialect === 'dash';
    if (character === PART) return this.#refusePart('a $ stands right before it');
    if (this.#sees('((')) {
      this.#at += 2;
      return this.#arithmetic('))');
    }
    if (character === '(') {
      this.#at += 1;
      return this.#nested(() => this.#listInParentheses());
    }
    if (character === '{') return this.#nested(() => this.#braces(place));
    if (character === '[') {
      if (isPosix) this.#fail('$[, which not every sh knows');
      this.#at += 1;
      return this.#arithmetic(']');
    }
    if (character === "'" && !place.isQuoted)
      return isPosix ? this.#fail("$', which not every sh knows") : this.#ansiQuotes();
    if (character === '"' && !place.isQuoted) this.#fail('$" before a text');
    if (this.#dialect === 'zsh' && /^[+^=~:]$/.test(character) && isNameStart(this.#char(1)))
      this.#fail('a special expansion of zsh');
    const name = isNameStart(character) ? this.#name() : '';
    if (name === '' && !/^[0-9@*#?$!-]$/.test(character)) return;
    if (name === '') this.#at += 1;
    if (this.#dialect === 'zsh' && this.#char() === '[') this.#fail('a subscript of zsh without braces');
    this.#mention(name === '' ? character : name);
    if (!place.isQuoted) place.word?.unquoted.add(name === '' ? '@' : name);
  }

  #ansiQuotes(): void {
    this.#at += 1;
    while (this.#char() !== "'") {
      if (this.#char() === '') this.#fail('a single quote that is not closed');
      if (this.#char() === PART) this.#refusePart("it stands in $'…', where the shell replaces nothing");
      else if (this.#char() === '\\') this.#escape('single');
      else this.#at += 1;
    }
    this.#at += 1;
  }

  #braces(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean; readonly word?: WordParts }): void {
    this.#at += 1;
    if (this.#dialect === 'zsh' && /^[(^=~+:$"]$/.test(this.#char())) this.#fail('a special expansion of zsh');
    const isIndirect = this.#char() === '!' && this.#char(1) !== '}';
    const isLength = this.#char() === '#' && this.#char(1) !== '}';
    if (isIndirect || isLength) this.#at += 1;
    const isNamed = isNameStart(this.#char());
    const name = isNamed ? this.#name() : (this.#match(/\d+|[@*#?$!-]/y) ?? '');
    if (this.#char() === PART && name === '') return this.#refusePart('it is the name of a variable in ${ }');
    if (name === '') this.#fail('an expansion in braces of an unknown kind');
    if (!isNamed) this.#at += name.length;
    if (this.#char() === PART) return this.#refusePart('it is part of the name of a variable in ${ }');
    this.#mention(name);
    if (!place.isQuoted) place.word?.unquoted.add(/^[0-9@*]+$/.test(name) ? '@' : name);
    const own = new Refs();
    own.names.add(/^[0-9@*]+$/.test(name) ? '@' : name);
    let isKeys = false;
    if (this.#char() === '[') {
      isKeys = /\[[@*]\]/y.test(this.#text.slice(this.#at, this.#at + 3));
      const refs = this.#collect(() => this.#subscript());
      this.facts.sinks.push({
        refs,
        reason: 'it is the subscript of an array, which is computed and runs commands in it',
      });
    }
    if (isIndirect && !isKeys && !this.#sees('@}') && !this.#sees('*}')) {
      this.facts.sinks.push({ refs: own, reason: 'a variable with it is used as the name of another by ${!…}' });
    }
    this.#operator({ ...place, name, own });
    if (!this.#takes('}')) this.#fail('an expansion in braces of an unknown kind');
  }

  #operator(place: {
    readonly isQuoted: boolean;
    readonly isHeredoc?: boolean;
    readonly name: string;
    readonly own: Refs;
  }): void {
    if (this.#char() === '}') return;
    const operator = this.#match(/:?[-=+?]|##?|%%?|\/[/#%]?|\^\^?|,,?|@[A-Za-z]|@(?=\})|\*(?=\})|:/y);
    if (operator === undefined) this.#fail('an expansion in braces of an unknown kind');
    this.#at += operator.length;
    if (operator.startsWith('@') && operator.length === 2) {
      // `@P` expands the value as a prompt, with commands in it.
      this.facts.sinks.push({ refs: place.own, reason: `a variable with it is expanded a second time by ${operator}` });
      return;
    }
    if (operator === ':') {
      const refs = this.#collect(() => this.#arithmeticUntil((character) => character === '}'));
      this.facts.sinks.push({
        refs,
        reason: 'it is an offset or a length in ${ }, which is computed and runs commands in it',
      });
      return;
    }
    const refs = this.#collect(() => this.#operand(place));
    if (operator.endsWith('=')) this.facts.assignments.push({ name: place.name, refs });
  }

  /** The text after an operator, up to the brace that closes. */
  #operand(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean }): void {
    const word = newWord();
    while (this.#char() !== '}') {
      const character = this.#char();
      if (character === '') this.#fail('a brace that is not closed');
      if (place.isQuoted && (character === "'" || (character === '"' && place.isHeredoc))) {
        this.#fail('quotes in braces, which shells read differently');
      }
      if (character === PART) this.#part(place.isQuoted ? 'double' : 'bare');
      else if (character === '$') this.#dollar({ ...place, word });
      else if (character === '\\') this.#escape(place.isQuoted ? 'double' : 'bare');
      else if (character === '"') this.#doubleQuotes(word);
      else if (character === '<' || character === '>') this.#at += 1;
      else if (character === '`') this.#backticks(place.isQuoted);
      else if (character === "'") this.#singleQuotes(word);
      else this.#at += 1;
    }
  }

  /** `[…]`, with the brackets. */
  #subscript(): void {
    this.#at += 1;
    if (this.#sees('@]') || this.#sees('*]')) this.#at += 1;
    else this.#arithmeticUntil((character) => character === ']');
    if (!this.#takes(']')) this.#fail('a subscript that is not closed');
  }

  /** Arithmetic up to `end`. Whatever is in it is computed: names are looked up, and their values computed again. */
  #arithmetic(end: '))' | ']'): void {
    const refs = this.#collect(() => this.#arithmeticUntil(() => this.#sees(end)));
    if (!this.#takes(end)) this.#fail('arithmetic that is not closed');
    this.facts.sinks.push({
      refs,
      reason: 'it stands in arithmetic, which computes values a second time and runs commands in them',
    });
  }

  #arithmeticUntil(isEnd: (character: string) => boolean): void {
    this.#nested(() => {
      let depth = 0;
      for (;;) {
        const character = this.#char();
        if (character === '') this.#fail('arithmetic that is not closed');
        if (depth === 0 && isEnd(character)) return;
        if (character === PART) this.#part('double');
        else if (isNameStart(character)) this.#mention(this.#name());
        else if (character === '$') this.#dollar({ isQuoted: true });
        else if (character === '`') this.#backticks(true);
        else if (character === '\\') this.#escape('double');
        else if (character === '"') this.#doubleQuotes(newWord());
        else if (character === "'") this.#singleQuotes(newWord());
        else if (/^\d$/.test(character)) this.#at += this.#match(/\d[\w#]*/y)?.length ?? 1;
        else {
          if (character === '(' || character === '[') depth += 1;
          if (character === ')' || character === ']') depth -= 1;
          if (depth < 0) this.#fail('arithmetic with a bracket too many');
          this.#at += 1;
        }
      }
    });
  }
}

function newWord(): WordParts {
  return { literal: '', isLiteral: true, prefix: '', firstPart: undefined, unquoted: new Set(), empty: true };
}

function append(word: WordParts, text: string): void {
  word.literal += text;
  if (word.isLiteral) word.prefix += text;
  word.empty = false;
}
