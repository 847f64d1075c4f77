import { inspect } from 'node:util';

/** A secret text. It prints as `[secret]` everywhere; `expose()` is the only way out. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The plain text. Call it only where the bytes leave toward their destination. */
  expose(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
