import { isNameStart, NotUnderstood, PART } from './hoist-parts.ts';
import type { Outer, ShellCursor } from './hoist-shell-cursor.ts';
import { fileKey, type Quoting, Refs, type Word } from './hoist-shell-facts.ts';

type WordParts = {
  literal: string;
  isLiteral: boolean;
  prefix: string;
  firstPart: number | undefined;
  unquoted: Set<string>;
  empty: boolean;
};

/** How the commands inside of words are read. */
export type Inner = {
  /** Commands up to the parenthesis that closes. */
  readonly list: () => void;
  /** The script of backticks, which is another text. */
  readonly script: (text: string, outer: Outer) => void;
};

/** Reads words: quotations, expansions, arithmetic and the commands in them. */
export class ShellWords {
  readonly #cursor: ShellCursor;
  readonly #inner: Inner;

  constructor(cursor: ShellCursor, inner: Inner) {
    this.#cursor = cursor;
    this.#inner = inner;
  }

  word(): Word {
    const start = this.#cursor.at;
    const word = newWord();
    const refs = this.#cursor.collect(() => {
      for (;;) {
        const character = this.#cursor.char();
        if (/^[ \t\n;|&()]?$/.test(character)) break;
        if (character === '<' || character === '>') {
          if (this.#cursor.char(1) !== '(' || this.#cursor.isPosix) break;
          if (this.#cursor.at !== start) this.#cursor.fail('a process substitution in the middle of a word');
        }
        this.piece(word);
      }
      const key = fileKey(this.#cursor.text.slice(start, this.#cursor.at));
      if (key !== undefined) for (const collector of this.#cursor.collectors) collector.names.add(key);
    });
    if (this.#cursor.at === start) this.#cursor.fail('no word where one is expected');
    const raw = this.#cursor.text.slice(start, this.#cursor.at);
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
  piece(word: WordParts): void {
    const character = this.#cursor.char();
    switch (character) {
      case PART:
        return this.#partOf(word, 'bare');
      case '\\':
        if (this.#cursor.sees('\\\n')) {
          this.#cursor.at += 2;
          return;
        }
        append(word, this.#cursor.char(1));
        return this.escape('bare');
      case "'":
        return this.#singleQuotes(word);
      case '"':
        return this.#doubleQuotes(word);
      case '$':
        return this.#computed(word, () => this.dollar({ isQuoted: false, word }));
      case '`':
        return this.#computed(word, () => this.backticks(false));
      case '<':
      case '>':
        return this.#computed(word, () => this.#processSubstitution(character));
      default:
        append(word, character);
        this.#cursor.at += 1;
    }
  }

  #computed(word: WordParts, read: () => void): void {
    word.isLiteral = false;
    word.empty = false;
    read();
  }

  #partOf(word: WordParts, quoting: Quoting): void {
    const part = this.#cursor.part(quoting);
    if (word.empty) word.firstPart = part;
    word.isLiteral = false;
    word.empty = false;
  }

  /** A backslash and what it quotes. */
  escape(quoting: Quoting): void {
    this.#cursor.at += 1;
    if (this.#cursor.char() === PART)
      return this.#cursor.refusePart(`a backslash stands right before it${quoting === 'bare' ? '' : ' in quotes'}`);
    if (this.#cursor.char() === '') this.#cursor.fail('a backslash at the end');
    this.#cursor.at += 1;
  }

  #singleQuotes(word: WordParts): void {
    this.#cursor.at += 1;
    while (this.#cursor.char() !== "'") {
      if (this.#cursor.char() === '') this.#cursor.fail('a single quote that is not closed');
      if (this.#cursor.char() === PART) this.#partOf(word, 'single');
      else {
        append(word, this.#cursor.char());
        this.#cursor.at += 1;
      }
    }
    this.#cursor.at += 1;
  }

  #doubleQuotes(word: WordParts): void {
    this.#cursor.nested(() => {
      this.#cursor.at += 1;
      for (;;) {
        const character = this.#cursor.char();
        if (character === '') this.#cursor.fail('a double quote that is not closed');
        if (character === '"') {
          this.#cursor.at += 1;
          return;
        }
        if (character === PART) this.#partOf(word, 'double');
        else if (character === '\\') {
          append(word, this.#cursor.char(1));
          this.escape('double');
        } else if (character === '$') this.#computed(word, () => this.dollar({ isQuoted: true }));
        else if (character === '`') this.#computed(word, () => this.backticks(true));
        else {
          append(word, character);
          this.#cursor.at += 1;
        }
      }
    });
  }

  #processSubstitution(direction: '<' | '>'): void {
    this.#cursor.at += 2;
    // What the command around writes is what a `>( )` reads.
    const around = this.#cursor.owners.at(-1) ?? this.#cursor.facts.all;
    this.#cursor.nested(() => {
      if (direction === '>') this.#cursor.withStdin(around, () => this.#inner.list());
      else this.#inner.list();
    });
  }

  /** Commands in backticks. Their own quoting is too strange to put anything into. */
  backticks(isQuoted: boolean): void {
    this.#cursor.at += 1;
    let inner = '';
    while (this.#cursor.char() !== '`') {
      const character = this.#cursor.char();
      if (character === '') this.#cursor.fail('a backtick that is not closed');
      if (character === PART) {
        this.#cursor.refusePart('it stands in backticks, which take quotes apart a second time');
        inner += 'x';
      } else if (
        character === '\\' &&
        (['$', '`', '\\'].includes(this.#cursor.char(1)) || (isQuoted && this.#cursor.char(1) === '"'))
      ) {
        inner += this.#cursor.char(1);
        this.#cursor.at += 2;
      } else {
        inner += character;
        this.#cursor.at += 1;
      }
    }
    this.#cursor.at += 1;
    const offset = this.#cursor.at;
    this.#cursor.nested(() => {
      try {
        this.#inner.script(inner, {
          facts: this.#cursor.facts,
          collectors: this.#cursor.collectors,
          stdin: this.#cursor.stdin,
          depth: this.#cursor.depth,
        });
      } catch (thrown) {
        if (thrown instanceof NotUnderstood) throw new NotUnderstood(`${thrown.message} in backticks`, offset);
        throw thrown;
      }
    });
  }

  dollar(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean; readonly word?: WordParts }): void {
    this.#cursor.at += 1;
    const character = this.#cursor.char();
    const isPosix = this.#cursor.isPosix;
    if (character === PART) return this.#cursor.refusePart('a $ stands right before it');
    if (this.#cursor.sees('((')) {
      this.#cursor.at += 2;
      return this.arithmetic('))');
    }
    if (character === '(') {
      this.#cursor.at += 1;
      return this.#cursor.nested(() => this.#inner.list());
    }
    if (character === '{') return this.#cursor.nested(() => this.#braces(place));
    if (character === '[') {
      if (isPosix) this.#cursor.fail('$[, which not every sh knows');
      this.#cursor.at += 1;
      return this.arithmetic(']');
    }
    if (character === "'" && !place.isQuoted)
      return isPosix ? this.#cursor.fail("$', which not every sh knows") : this.#ansiQuotes();
    if (character === '"' && !place.isQuoted) this.#cursor.fail('$" before a text');
    if (this.#cursor.dialect === 'zsh' && /^[+^=~:]$/.test(character) && isNameStart(this.#cursor.char(1)))
      this.#cursor.fail('a special expansion of zsh');
    const name = isNameStart(character) ? this.#cursor.name() : '';
    if (name === '' && !/^[0-9@*#?$!-]$/.test(character)) return;
    if (name === '') this.#cursor.at += 1;
    if (this.#cursor.dialect === 'zsh' && this.#cursor.char() === '[')
      this.#cursor.fail('a subscript of zsh without braces');
    this.#cursor.mention(name === '' ? character : name);
    if (!place.isQuoted) place.word?.unquoted.add(name === '' ? '@' : name);
  }

  #ansiQuotes(): void {
    this.#cursor.at += 1;
    while (this.#cursor.char() !== "'") {
      if (this.#cursor.char() === '') this.#cursor.fail('a single quote that is not closed');
      if (this.#cursor.char() === PART) this.#cursor.refusePart("it stands in $'…', where the shell replaces nothing");
      else if (this.#cursor.char() === '\\') this.escape('single');
      else this.#cursor.at += 1;
    }
    this.#cursor.at += 1;
  }

  #braces(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean; readonly word?: WordParts }): void {
    this.#cursor.at += 1;
    if (this.#cursor.dialect === 'zsh' && /^[(^=~+:$"]$/.test(this.#cursor.char()))
      this.#cursor.fail('a special expansion of zsh');
    const isIndirect = this.#cursor.char() === '!' && this.#cursor.char(1) !== '}';
    const isLength = this.#cursor.char() === '#' && this.#cursor.char(1) !== '}';
    if (isIndirect || isLength) this.#cursor.at += 1;
    const isNamed = isNameStart(this.#cursor.char());
    const name = isNamed ? this.#cursor.name() : (this.#cursor.match(/\d+|[@*#?$!-]/y) ?? '');
    if (this.#cursor.char() === PART && name === '')
      return this.#cursor.refusePart('it is the name of a variable in ${ }');
    if (name === '') this.#cursor.fail('an expansion in braces of an unknown kind');
    if (!isNamed) this.#cursor.at += name.length;
    if (this.#cursor.char() === PART) return this.#cursor.refusePart('it is part of the name of a variable in ${ }');
    this.#cursor.mention(name);
    if (!place.isQuoted) place.word?.unquoted.add(/^[0-9@*]+$/.test(name) ? '@' : name);
    const own = new Refs();
    own.names.add(/^[0-9@*]+$/.test(name) ? '@' : name);
    let isKeys = false;
    if (this.#cursor.char() === '[') {
      isKeys = /\[[@*]\]/y.test(this.#cursor.text.slice(this.#cursor.at, this.#cursor.at + 3));
      const refs = this.#cursor.collect(() => this.subscript());
      this.#cursor.facts.sinks.push({
        refs,
        reason: 'it is the subscript of an array, which is computed and runs commands in it',
      });
    }
    if (isIndirect && !isKeys && !this.#cursor.sees('@}') && !this.#cursor.sees('*}')) {
      this.#cursor.facts.sinks.push({
        refs: own,
        reason: 'a variable with it is used as the name of another by ${!…}',
      });
    }
    this.#operator({ ...place, name, own });
    if (!this.#cursor.takes('}')) this.#cursor.fail('an expansion in braces of an unknown kind');
  }

  #operator(place: {
    readonly isQuoted: boolean;
    readonly isHeredoc?: boolean;
    readonly name: string;
    readonly own: Refs;
  }): void {
    if (this.#cursor.char() === '}') return;
    const operator = this.#cursor.match(/:?[-=+?]|##?|%%?|\/[/#%]?|\^\^?|,,?|@[A-Za-z]|@(?=\})|\*(?=\})|:/y);
    if (operator === undefined) this.#cursor.fail('an expansion in braces of an unknown kind');
    this.#cursor.at += operator.length;
    if (operator.startsWith('@') && operator.length === 2) {
      // `@P` expands the value as a prompt, with commands in it.
      this.#cursor.facts.sinks.push({
        refs: place.own,
        reason: `a variable with it is expanded a second time by ${operator}`,
      });
      return;
    }
    if (operator === ':') {
      const refs = this.#cursor.collect(() => this.#arithmeticUntil((character) => character === '}'));
      this.#cursor.facts.sinks.push({
        refs,
        reason: 'it is an offset or a length in ${ }, which is computed and runs commands in it',
      });
      return;
    }
    const refs = this.#cursor.collect(() => this.#operand(place));
    if (operator.endsWith('=')) this.#cursor.facts.assignments.push({ name: place.name, refs });
  }

  /** The text after an operator, up to the brace that closes. */
  #operand(place: { readonly isQuoted: boolean; readonly isHeredoc?: boolean }): void {
    const word = newWord();
    while (this.#cursor.char() !== '}') {
      const character = this.#cursor.char();
      if (character === '') this.#cursor.fail('a brace that is not closed');
      if (place.isQuoted && (character === "'" || (character === '"' && place.isHeredoc))) {
        this.#cursor.fail('quotes in braces, which shells read differently');
      }
      if (character === PART) this.#cursor.part(place.isQuoted ? 'double' : 'bare');
      else if (character === '$') this.dollar({ ...place, word });
      else if (character === '\\') this.escape(place.isQuoted ? 'double' : 'bare');
      else if (character === '"') this.#doubleQuotes(word);
      else if (character === '<' || character === '>') this.#cursor.at += 1;
      else if (character === '`') this.backticks(place.isQuoted);
      else if (character === "'") this.#singleQuotes(word);
      else this.#cursor.at += 1;
    }
  }

  /** `[…]`, with the brackets. */
  subscript(): void {
    this.#cursor.at += 1;
    if (this.#cursor.sees('@]') || this.#cursor.sees('*]')) this.#cursor.at += 1;
    else this.#arithmeticUntil((character) => character === ']');
    if (!this.#cursor.takes(']')) this.#cursor.fail('a subscript that is not closed');
  }

  /** Arithmetic up to `end`. Whatever is in it is computed: names are looked up, and their values computed again. */
  arithmetic(end: '))' | ']'): void {
    const refs = this.#cursor.collect(() => this.#arithmeticUntil(() => this.#cursor.sees(end)));
    if (!this.#cursor.takes(end)) this.#cursor.fail('arithmetic that is not closed');
    this.#cursor.facts.sinks.push({
      refs,
      reason: 'it stands in arithmetic, which computes values a second time and runs commands in them',
    });
  }

  #arithmeticUntil(isEnd: (character: string) => boolean): void {
    this.#cursor.nested(() => {
      let depth = 0;
      for (;;) {
        const character = this.#cursor.char();
        if (character === '') this.#cursor.fail('arithmetic that is not closed');
        if (depth === 0 && isEnd(character)) return;
        if (character === PART) this.#cursor.part('double');
        else if (isNameStart(character)) this.#cursor.mention(this.#cursor.name());
        else if (character === '$') this.dollar({ isQuoted: true });
        else if (character === '`') this.backticks(true);
        else if (character === '\\') this.escape('double');
        else if (character === '"') this.#doubleQuotes(newWord());
        else if (character === "'") this.#singleQuotes(newWord());
        else if (/^\d$/.test(character)) this.#cursor.at += this.#cursor.match(/\d[\w#]*/y)?.length ?? 1;
        else {
          if (character === '(' || character === '[') depth += 1;
          if (character === ')' || character === ']') depth -= 1;
          if (depth < 0) this.#cursor.fail('arithmetic with a bracket too many');
          this.#cursor.at += 1;
        }
      }
    });
  }
}

/** A word of which nothing was read yet. */
export function newWord(): WordParts {
  return { literal: '', isLiteral: true, prefix: '', firstPart: undefined, unquoted: new Set(), empty: true };
}

function append(word: WordParts, text: string): void {
  word.literal += text;
  if (word.isLiteral) word.prefix += text;
  word.empty = false;
}
