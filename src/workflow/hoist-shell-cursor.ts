import { indexParts, isNameCharacter, isNameStart, NESTING_MAX, NotUnderstood, PART } from './hoist-parts.ts';
import { Facts, type Quoting, Refs, type ShellDialect } from './hoist-shell-facts.ts';

const KEYWORD =
  /(?:if|then|elif|else|fi|while|until|do|done|for|select|case|esac|in|function|time|coproc|repeat|foreach|always|nocorrect|end|\{|\}|!|\[\[)(?=[ \t\n;|&()<>]|$)/y;

/** The reader of the script around a script in backticks. */
export type Outer = {
  readonly facts: Facts;
  readonly collectors: readonly Refs[];
  readonly stdin: readonly Refs[];
  readonly depth: number;
};

/**
 * A place in a shell script and what has been noticed up to it. The readers of words, redirections and commands share
 * one: they move it forward and tell it what stands there.
 */
export class ShellCursor {
  readonly facts: Facts;
  readonly text: string;
  readonly dialect: ShellDialect;
  /** The shells that know only what POSIX says, or may. */
  readonly isPosix: boolean;
  at = 0;
  limit: number;
  depth: number;
  /** What the commands around the place mention: each notices what is in it. */
  readonly collectors: Refs[];
  /** Where standard input comes from at this place. */
  readonly stdin: Refs[];
  /** The commands around the place. */
  readonly owners: Refs[] = [];
  /** Which part stands where: here-documents are read later than they stand. */
  readonly #indexes: ReadonlyMap<number, number>;

  constructor(text: string, dialect: ShellDialect, outer?: Outer) {
    this.text = text;
    this.limit = text.length;
    this.dialect = dialect;
    this.isPosix = dialect === 'sh' || dialect === 'dash';
    this.facts = outer?.facts ?? new Facts();
    this.collectors = [this.facts.all, ...(outer?.collectors ?? [])];
    this.depth = outer?.depth ?? 0;
    this.stdin = [...(outer?.stdin ?? [])];
    this.#indexes = indexParts(text);
  }

  /** Nothing may be left, and each part was met. */
  finish(): void {
    if (this.at < this.limit) this.fail('something that does not belong here');
    if (this.#indexes.size > 0 && this.facts.quoting.size !== this.#indexes.size)
      this.fail('an expression at an unexpected place');
  }

  fail(reason: string): never {
    throw new NotUnderstood(reason, this.at);
  }

  char(ahead = 0): string {
    const at = this.at + ahead;
    return at < this.limit ? (this.text[at] ?? '') : '';
  }

  sees(text: string): boolean {
    return this.at + text.length <= this.limit && this.text.startsWith(text, this.at);
  }

  takes(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    return found !== undefined && this.at + found.length <= this.limit ? found : undefined;
  }

  keyword(): string | undefined {
    return this.match(KEYWORD);
  }

  expectKeyword(word: string): void {
    if (this.keyword() !== word) this.fail(`no ${word} where one is expected`);
    this.at += word.length;
  }

  nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > NESTING_MAX) this.fail('nesting that is too deep');
    const result = read();
    this.depth -= 1;
    return result;
  }

  /** Runs `read` and gives what it mentioned; everything around it mentions that too. */
  collect(read: () => void, into = new Refs()): Refs {
    this.collectors.push(into);
    read();
    this.collectors.pop();
    return into;
  }

  mention(name: string): void {
    const key = /^[0-9@*]+$/.test(name) ? '@' : name;
    for (const refs of this.collectors) refs.names.add(key);
  }

  /** Takes the part that stands here. */
  part(quoting: Quoting): number {
    const part = this.#indexes.get(this.at);
    if (part === undefined) this.fail('an expression at an unexpected place');
    this.facts.quoting.set(part, { at: this.at, quoting });
    if (quoting !== 'comment') for (const refs of this.collectors) refs.parts.add(part);
    this.at += 1;
    return part;
  }

  /** Takes the part that stands here, at a place where no quoting helps. */
  refusePart(reason: string): void {
    const part = this.part('bare');
    const refs = new Refs();
    refs.parts.add(part);
    this.facts.sinks.push({ refs, reason });
  }

  withStdin(refs: Refs, read: () => void): void {
    this.stdin.push(refs);
    read();
    this.stdin.pop();
  }

  blanks(): void {
    for (;;) {
      const character = this.char();
      if (character === ' ' || character === '\t') this.at += 1;
      else if (this.sees('\\\n')) this.at += 2;
      else if (character === '#') this.comment();
      else return;
    }
  }

  /** To the end of the line. Values never come here: a line break in one would end the comment. */
  comment(): void {
    while (this.char() !== '' && this.char() !== '\n') {
      if (this.char() === PART) this.part('comment');
      else this.at += 1;
    }
  }

  name(): string {
    let name = '';
    if (!isNameStart(this.char())) return name;
    while (isNameCharacter(this.char())) name += this.text[this.at++] ?? '';
    return name;
  }
}
