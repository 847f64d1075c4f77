import { type Outer, ShellCursor } from './hoist-shell-cursor.ts';
import { type Assignment, type Facts, Refs, type ShellDialect, type Word } from './hoist-shell-facts.ts';
import { ShellRedirects } from './hoist-shell-redirects.ts';
import { newWord, ShellWords } from './hoist-shell-words.ts';

const DECLARATIONS = new Set(['declare', 'typeset', 'local', 'readonly', 'export', 'integer', 'float']);
/** Operators of `[[` whose operands are computed: arithmetic, or the names of variables with their subscripts. */
const EVALUATED_TEST = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-v', '-R', '-t', '-o']);

/**
 * Reads a shell script the way the shell does, but only as much of the syntax as it can be sure of: at anything else it
 * throws `NotUnderstood`. It never runs, expands or changes anything.
 */
export class ShellReader {
  readonly #cursor: ShellCursor;
  readonly #words: ShellWords;
  readonly #redirects: ShellRedirects;

  constructor(text: string, dialect: ShellDialect, outer?: Outer) {
    this.#cursor = new ShellCursor(text, dialect, outer);
    this.#words = new ShellWords(this.#cursor, {
      list: () => this.#listInParentheses(),
      script: (inner, around) => new ShellReader(inner, dialect, around).read(),
    });
    this.#redirects = new ShellRedirects(this.#cursor, this.#words);
  }

  read(): Facts {
    this.#redirects.enclosed(() => {
      this.#list(() => false);
      this.#cursor.finish();
    }, 'a here-document without its body');
    return this.#cursor.facts;
  }

  /** Up to the parenthesis that closes. */
  #listInParentheses(): void {
    this.#redirects.enclosed(() => {
      this.#list(() => this.#cursor.char() === ')');
      if (!this.#cursor.takes(')')) this.#cursor.fail('a parenthesis that is not closed');
    }, 'a here-document whose body lies outside of its parentheses');
  }

  #list(isEnd: () => boolean): void {
    this.#cursor.nested(() => {
      for (;;) {
        this.#redirects.separators();
        if (this.#cursor.char() === '' || isEnd()) return;
        this.#pipeline();
        this.#cursor.blanks();
        if (this.#cursor.takes('&&') || this.#cursor.takes('||')) {
          this.#redirects.newlines();
          if (this.#cursor.char() === '' || isEnd()) this.#cursor.fail('&& or || without a command');
        } else if (this.#cursor.char() === '&' && this.#cursor.char(1) !== '>') this.#cursor.at += 1;
        else if (
          this.#cursor.char() !== '\n' &&
          this.#cursor.char() !== ';' &&
          this.#cursor.char() !== '' &&
          !isEnd()
        ) {
          this.#cursor.fail('something after a command');
        }
      }
    });
  }

  #listUntil(...words: readonly string[]): string {
    this.#list(() => words.includes(this.#cursor.keyword() ?? ''));
    const word = this.#cursor.keyword();
    if (word === undefined || !words.includes(word)) this.#cursor.fail(`no ${words.join(' or ')}`);
    this.#cursor.at += word.length;
    return word;
  }

  #pipeline(): void {
    // What each command mentions. A here-document is read later than its command, so these are kept, not copied.
    const before: Refs[] = [];
    for (;;) {
      this.#cursor.blanks();
      while (this.#cursor.keyword() === '!' || this.#cursor.keyword() === 'time') {
        this.#cursor.at += this.#cursor.keyword()?.length ?? 0;
        this.#cursor.blanks();
        if (this.#cursor.match(/-p(?=\s)/y)) this.#cursor.at += 2;
        this.#cursor.blanks();
      }
      this.#cursor.stdin.push(...before);
      before.push(this.#cursor.collect(() => this.#command()));
      this.#cursor.stdin.length -= before.length - 1;
      this.#cursor.blanks();
      if (this.#cursor.sees('||') || this.#cursor.char() !== '|') return;
      this.#cursor.at += this.#cursor.sees('|&') && !this.#cursor.isPosix ? 2 : 1;
      this.#redirects.newlines();
    }
  }

  #command(): void {
    if (this.#cursor.char() === '(') return this.#parenthesis();
    const keyword = this.#cursor.keyword();
    if (keyword === undefined) return this.#simple();
    this.#cursor.at += keyword.length;
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
        this.#cursor.at -= keyword.length;
        return this.#cursor.fail(`the word ${keyword} where a command is expected`);
    }
  }

  #parenthesis(): void {
    if (!this.#cursor.sees('((')) {
      this.#cursor.at += 1;
      return this.#compound(() => this.#listInParentheses());
    }
    if (this.#cursor.isPosix) this.#cursor.fail('two parentheses, which mean different things in different shells');
    this.#cursor.at += 2;
    this.#compound(() => this.#words.arithmetic('))'));
  }

  /** A compound command and its redirections, whose input reaches everything in it. */
  #compound(read: () => void): void {
    const input = new Refs();
    this.#cursor.withStdin(input, () => {
      const refs = this.#cursor.collect(read);
      const writes: Word[] = [];
      this.#cursor.owners.push(refs);
      const redirects = this.#cursor.collect(() => {
        this.#cursor.blanks();
        while (this.#redirects.redirect(input, writes)) this.#cursor.blanks();
      });
      this.#cursor.owners.pop();
      refs.merge(redirects);
      if (writes.length > 0 || redirects.parts.size > 0) {
        this.#cursor.facts.commands.push({
          words: [],
          assignments: [],
          refs,
          stdin: [...this.#cursor.stdin],
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
    this.#cursor.blanks();
    if (this.#cursor.sees('((') && !this.#cursor.isPosix) {
      this.#cursor.at += 2;
      this.#words.arithmetic('))');
    } else {
      const name = this.#cursor.name();
      if (name === '') this.#cursor.fail('for without the name of a variable');
      this.#redirects.newlines();
      const refs = this.#cursor.collect(() => {
        if (this.#cursor.keyword() !== 'in') return this.#cursor.mention('@');
        this.#cursor.at += 2;
        this.#cursor.blanks();
        while (!['', '\n', ';', '&', '|', ')', '(', '<', '>'].includes(this.#cursor.char())) {
          this.#words.word();
          this.#cursor.blanks();
        }
      });
      this.#cursor.facts.assignments.push({ name, refs });
    }
    this.#redirects.separators();
    this.#cursor.expectKeyword('do');
    this.#listUntil('done');
  }

  #case(): void {
    this.#cursor.blanks();
    this.#words.word();
    this.#redirects.newlines();
    this.#cursor.expectKeyword('in');
    for (;;) {
      this.#redirects.newlines();
      if (this.#cursor.keyword() === 'esac') {
        this.#cursor.at += 4;
        return;
      }
      this.#cursor.takes('(');
      for (;;) {
        this.#cursor.blanks();
        this.#words.word();
        this.#cursor.blanks();
        if (!this.#cursor.takes('|')) break;
      }
      if (!this.#cursor.takes(')')) this.#cursor.fail('a pattern of case that is not closed');
      this.#list(() => this.#cursor.sees(';;') || this.#cursor.sees(';&') || this.#cursor.keyword() === 'esac');
      if (
        !this.#cursor.takes(';;&') &&
        !this.#cursor.takes(';;') &&
        !this.#cursor.takes(';&') &&
        this.#cursor.keyword() !== 'esac'
      ) {
        this.#cursor.fail('case without esac');
      }
    }
  }

  #function(): void {
    if (this.#cursor.isPosix) this.#cursor.fail('the word function, which not every sh knows');
    this.#cursor.blanks();
    const name = this.#cursor.match(/[A-Za-z0-9_.:+@-]+/y);
    if (name === undefined) this.#cursor.fail('a function without a plain name');
    this.#cursor.at += name.length;
    this.#cursor.blanks();
    if (this.#cursor.takes('(')) {
      this.#cursor.blanks();
      if (!this.#cursor.takes(')')) this.#cursor.fail('parentheses of a function with something in them');
    }
    this.#functionBody(name);
  }

  /** What a function reads from its input can come from anywhere that it is called. */
  #functionBody(name: string): void {
    this.#cursor.facts.functions.add(name);
    this.#redirects.newlines();
    if (
      this.#cursor.char() !== '(' &&
      !['{', 'if', 'while', 'until', 'for', 'case', '[['].includes(this.#cursor.keyword() ?? '')
    ) {
      this.#cursor.fail('a function whose body is no block');
    }
    const refs = this.#cursor.collect(() => this.#cursor.withStdin(this.#cursor.facts.all, () => this.#command()));
    this.#cursor.facts.assignments.push({ name: `function:${name}`, refs });
  }

  /** `[[ … ]]`: its words are not split, but numeric operators compute their operands. */
  #test(): void {
    let isEvaluated = false;
    const refs = this.#cursor.collect(() => {
      for (;;) {
        this.#redirects.newlines();
        if (this.#cursor.sees(']]')) {
          this.#cursor.at += 2;
          return;
        }
        const character = this.#cursor.char();
        if (character === '') this.#cursor.fail('[[ without ]]');
        if (
          ['&', '|', '(', ')', '<', '>', '!'].includes(character) &&
          !(character === '!' && this.#cursor.char(1) === '=')
        ) {
          if (this.#cursor.sees('<(') || this.#cursor.sees('>(')) this.#cursor.fail('a process substitution in [[');
          this.#cursor.at += 1;
          continue;
        }
        const word = this.#words.word();
        if (EVALUATED_TEST.has(word.literal ?? '')) isEvaluated = true;
        if (word.raw === '=~') this.#regex();
      }
    });
    if (isEvaluated) {
      const reason = 'it is compared as a number in [[ ]], which computes its operands and runs commands in them';
      this.#cursor.facts.sinks.push({
        refs,
        reason,
        fix: 'Set a variable under `env:` and compare texts with = in [ ], or test with `[ "$NAME" -eq … ]`.',
      });
    }
  }

  /** The operand of `=~`: parentheses and bars belong to it. */
  #regex(): void {
    this.#cursor.blanks();
    let depth = 0;
    const word = newWord();
    for (;;) {
      const character = this.#cursor.char();
      if (character === '' || character === '\n') return;
      if ((character === ' ' || character === '\t') && depth === 0) return;
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      if (depth < 0) this.#cursor.fail('a regular expression with a parenthesis too many');
      if ('()|<>&; \t#'.includes(character)) this.#cursor.at += 1;
      else this.#words.piece(word);
    }
  }

  #simple(): void {
    const words: Word[] = [];
    const assignments: Assignment[] = [];
    const writes: Word[] = [];
    const input = new Refs();
    const start = this.#cursor.at;
    let isFunction = false;
    const refs = new Refs();
    this.#cursor.owners.push(refs);
    this.#cursor.withStdin(input, () =>
      this.#cursor.collect(() => {
        for (;;) {
          this.#cursor.blanks();
          if (this.#redirects.redirect(input, writes)) continue;
          const character = this.#cursor.char();
          if (['', '\n', ';', '|', ')', '&'].includes(character)) break;
          if (character === '(') {
            isFunction = words.length === 1 && assignments.length === 0;
            if (!isFunction) this.#cursor.fail('an opening parenthesis in the middle of a command');
            break;
          }
          if (character === '<' || character === '>') {
            if (!this.#cursor.sees('<(') && !this.#cursor.sees('>('))
              this.#cursor.fail('a redirection of an unknown kind');
          }
          const isDeclaration = DECLARATIONS.has(words[0]?.literal ?? '');
          if ((words.length === 0 || isDeclaration) && this.#assignment(assignments, words.length > 0)) continue;
          words.push(this.#words.word());
        }
        // What a function prints depends on its body.
        const [called] = words;
        if (called?.literal !== undefined) this.#cursor.mention(`function:${called.literal}`);
      }, refs),
    );
    this.#cursor.owners.pop();
    if (this.#cursor.at === start) this.#cursor.fail('something that is no command');
    if (isFunction) {
      const name = words[0]?.literal;
      this.#cursor.at += 1;
      this.#cursor.blanks();
      if (name === undefined || !this.#cursor.takes(')')) this.#cursor.fail('an opening parenthesis after a word');
      return this.#functionBody(name);
    }
    this.#cursor.facts.assignments.push(...assignments);
    this.#cursor.facts.commands.push({
      words,
      assignments,
      refs,
      stdin: [input, ...this.#cursor.stdin],
      writes,
      hasRedirects: writes.length > 0 || input.parts.size > 0 || input.names.size > 0,
    });
  }

  /** `name=value`, `name+=value`, `name[i]=value`, `name=(…)`. Of declarations only arrays: the rest are their words. */
  #assignment(assignments: Assignment[], isDeclaration: boolean): boolean {
    const head = this.#cursor.match(/[A-Za-z_][A-Za-z0-9_]*(?=\+?=|\[)/y);
    if (head === undefined) return false;
    const start = this.#cursor.at;
    this.#cursor.at += head.length;
    const isSubscripted = this.#cursor.char() === '[';
    if (isSubscripted) {
      const subscript = this.#cursor.collect(() => this.#words.subscript());
      if (!this.#cursor.sees('=') && !this.#cursor.sees('+=')) {
        if (this.#cursor.dialect === 'zsh' || subscript.parts.size > 0) this.#cursor.fail('brackets after a name');
        // A word such as `file[0-9].txt`: read again as one.
        this.#cursor.at = start;
        return false;
      }
      this.#cursor.facts.arrays.add(head);
      this.#cursor.facts.sinks.push({
        refs: subscript,
        reason: 'it is the subscript of an array, which is computed and runs commands in it',
      });
    }
    const isArray = this.#cursor.sees('=(') || this.#cursor.sees('+=(');
    if (isDeclaration && !isArray) {
      this.#cursor.at = start;
      return false;
    }
    this.#cursor.takes('+');
    this.#cursor.at += 1;
    const refs = this.#cursor.collect(() => {
      if (isArray) this.#array(head);
      else if (!/^[ \t\n;|&()]?$/.test(this.#cursor.char()) && this.#cursor.match(/[<>](?!\()/y) === undefined)
        this.#words.word();
    });
    if (isSubscripted && this.#cursor.dialect === 'zsh') {
      this.#cursor.facts.sinks.push({ refs, reason: 'zsh has arrays that define functions and aliases' });
    }
    assignments.push({ name: head, refs });
    return true;
  }

  #array(name: string): void {
    if (this.#cursor.isPosix) this.#cursor.fail('an array, which not every sh knows');
    this.#cursor.facts.arrays.add(name);
    this.#cursor.at += 1;
    for (;;) {
      this.#redirects.newlines();
      if (this.#cursor.takes(')')) return;
      if (/^[;|&(<>]?$/.test(this.#cursor.char())) this.#cursor.fail('an array that is not closed');
      const word = this.#words.word();
      if (word.raw.startsWith('[')) {
        this.#cursor.facts.sinks.push({
          refs: word.refs,
          reason: 'it stands next to the subscript of an array, which is computed',
        });
      }
    }
  }
}
