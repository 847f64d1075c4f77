/** Thrown inside the reader of HCL only; `parseHcl` makes a problem of it. */
export class HclSyntax extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const NAME = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const DIGITS = /\d+/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const OPERATOR = /\|\||&&|==|!=|<=|>=|[<>+\-*/%]/y;

/** A place in a text of HCL and what stands at it. */
export class HclCursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  peek(ahead = 0): string | undefined {
    return this.text[this.at + ahead];
  }

  isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  expect(character: string): void {
    if (this.peek() !== character) throw new HclSyntax(this.at, `${character} was expected`);
    this.at += 1;
  }

  /** Spaces and comments up to the end of the line. */
  skipBlank(): void {
    this.#skip(false);
  }

  /** Spaces, comments and line breaks. */
  skipLines(): void {
    this.#skip(true);
  }

  #skip(overLines: boolean): void {
    for (;;) {
      const next = this.peek();
      if (next === ' ' || next === '\t' || next === '\r' || (overLines && next === '\n')) this.at += 1;
      else if (next === '#' || (next === '/' && this.peek(1) === '/')) {
        const end = this.text.indexOf('\n', this.at);
        this.at = end === -1 ? this.text.length : end;
      } else if (next === '/' && this.peek(1) === '*') {
        const end = this.text.indexOf('*/', this.at + 2);
        if (end === -1) throw new HclSyntax(this.at, 'a comment is not closed');
        this.at = end + 2;
      } else return;
    }
  }

  readName(): string | undefined {
    return this.#take(NAME);
  }

  readDigits(): string | undefined {
    return this.#take(DIGITS);
  }

  readNumber(): number | undefined {
    const digits = this.#take(NUMBER);
    return digits === undefined ? undefined : Number(digits);
  }

  peekOperator(): string | undefined {
    OPERATOR.lastIndex = this.at;
    return OPERATOR.exec(this.text)?.[0];
  }

  /** Whether this very word stands here, not a longer one. */
  isWord(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    const next = this.text[this.at + word.length];
    return next === undefined || /\s/.test(next);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
