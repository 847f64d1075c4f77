import { PART } from './hoist-parts.ts';
import type { ShellCursor } from './hoist-shell-cursor.ts';
import { Refs, type Word, wordsOf } from './hoist-shell-facts.ts';
import type { ShellWords } from './hoist-shell-words.ts';

type Heredoc = {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  readonly strips: boolean;
  readonly into: readonly Refs[];
};

/** Reads redirections and line breaks: after a line come the here-documents that it began. */
export class ShellRedirects {
  readonly #cursor: ShellCursor;
  readonly #words: ShellWords;
  #heredocs: Heredoc[] = [];

  constructor(cursor: ShellCursor, words: ShellWords) {
    this.#cursor = cursor;
    this.#words = words;
  }

  /** Here-documents that began in `read` have to end in it. */
  enclosed(read: () => void, reason: string): void {
    const outer = this.#heredocs;
    this.#heredocs = [];
    read();
    if (this.#heredocs.length > 0) this.#cursor.fail(reason);
    this.#heredocs = outer;
  }

  separators(): void {
    for (;;) {
      this.#cursor.blanks();
      if (this.#cursor.char() === '\n') this.#newline();
      else if (this.#cursor.char() === ';' && this.#cursor.char(1) !== ';' && this.#cursor.char(1) !== '&')
        this.#cursor.at += 1;
      else return;
    }
  }

  newlines(): void {
    for (;;) {
      this.#cursor.blanks();
      if (this.#cursor.char() !== '\n') return;
      this.#newline();
    }
  }

  redirect(input: Refs, writes: Word[]): boolean {
    const operator = this.#cursor.match(/\d*(?:<<<|<<-|<<|<>|<&|<|>>|>&|>\||>|&>>|&>)/y);
    if (operator === undefined) return false;
    const plain = operator.replace(/^\d+/, '');
    if (operator.startsWith('&') && this.#cursor.isPosix) this.#cursor.fail('&>, which not every sh knows');

    const after = this.#cursor.text[this.#cursor.at + operator.length];
    // A process substitution is a word.
    if (plain === operator && (plain === '<' || plain === '>') && after === '(') return false;
    this.#cursor.at += operator.length;
    this.#cursor.blanks();
    if (plain === '<<' || plain === '<<-') {
      this.#heredocStart(plain === '<<-', input);
      return true;
    }
    if (plain === '<<<' && this.#cursor.isPosix) this.#cursor.fail('<<<, which not every sh knows');
    const isReading = plain === '<<<' || plain === '<' || plain === '<>';
    const word = this.#collectWord(isReading ? input : new Refs());
    if (!isReading && !/^(?:\d+|-)$/.test(word.raw)) writes.push(word);
    // A process substitution as target is a program that reads, not the name of a file.
    if (plain !== '<<<' && word.refs.parts.size > 0 && !/^[<>]\(/.test(word.raw)) {
      this.#cursor.facts.sinks.push({
        refs: word.refs,
        reason: 'it names a file of a redirection: an outsider would choose which file is used',
      });
    }
    return true;
  }

  #collectWord(into: Refs): Word {
    this.#cursor.collectors.push(into);
    const word = this.#words.word();
    this.#cursor.collectors.pop();
    return word;
  }

  #heredocStart(strips: boolean, input: Refs): void {
    const word = this.#cursor.match(
      /(?:[^ \t\n;|&()<>'"\\$`\ue000]|'[^'\n\ue000]*'|"[^"\\$`\n\ue000]*"|\\[^\n\ue000])+/y,
    );
    if (word === undefined) this.#cursor.fail('a here-document with an unusual delimiter');
    this.#cursor.at += word.length;
    if (!/^[ \t\n;|&()<>]?$/.test(this.#cursor.char())) this.#cursor.fail('a here-document with an unusual delimiter');
    const delimiter = word.replaceAll(/['"\\]/g, '');
    this.#heredocs.push({
      delimiter,
      isQuoted: /['"\\]/.test(word),
      strips,
      into: [input, ...this.#cursor.collectors],
    });
  }

  #newline(): void {
    this.#cursor.at += 1;
    const waiting = this.#heredocs;
    this.#heredocs = [];
    for (const heredoc of waiting) this.#heredocBody(heredoc);
  }

  #heredocBody(heredoc: Heredoc): void {
    const start = this.#cursor.at;
    let joins = false;
    for (;;) {
      if (this.#cursor.at >= this.#cursor.limit) this.#cursor.fail(`a here-document without its ${heredoc.delimiter}`);
      const found = this.#cursor.text.indexOf('\n', this.#cursor.at);
      const end = found === -1 || found > this.#cursor.limit ? this.#cursor.limit : found;
      const line = this.#cursor.text.slice(this.#cursor.at, end);
      const plain = heredoc.strips ? line.replace(/^\t+/, '') : line;
      if (!joins && plain === heredoc.delimiter) {
        this.#heredocText(heredoc, { start, end: this.#cursor.at });
        this.#cursor.at = Math.min(end + 1, this.#cursor.limit);
        return;
      }
      joins = !heredoc.isQuoted && /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
      this.#cursor.at = end + 1;
    }
  }

  #heredocText(heredoc: Heredoc, range: { readonly start: number; readonly end: number }): void {
    const limit = this.#cursor.limit;
    this.#cursor.at = range.start;
    this.#cursor.limit = range.end;
    const refs = this.#cursor.collect(() => {
      while (this.#cursor.at < this.#cursor.limit) {
        const character = this.#cursor.char();
        if (heredoc.isQuoted) {
          if (character === PART)
            this.#cursor.refusePart(
              'it stands in a here-document with a quoted delimiter, where the shell replaces nothing',
            );
          else this.#cursor.at += 1;
        } else if (character === PART) this.#cursor.part('double');
        else if (character === '\\') this.#words.escape('double');
        else if (character === '$') this.#words.dollar({ isQuoted: true, isHeredoc: true });
        else if (character === '`') this.#words.backticks(false);
        else this.#cursor.at += 1;
      }
    });
    if (this.#cursor.at > range.end) this.#cursor.fail('something that leads out of a here-document');
    // A program that reads this as code can use exported variables.
    for (const name of wordsOf(this.#cursor.text.slice(range.start, range.end))) heredoc.into[0]?.names.add(name);
    for (const into of heredoc.into) into.merge(refs);
    this.#cursor.limit = limit;
  }
}
