import { Transform, type TransformCallback } from 'node:stream';

export type CommandSectionLimits = {
  /** Refs that one push may name. */
  readonly commandsMax: number;
  /** One line. Git's own clients stay far below it. Bytes. */
  readonly lineBytesMax: number;
};

const LENGTH_BYTES = 4;
const OBJECT_ID = '[0-9a-f]{40}';
const COMMAND = new RegExp(`^${OBJECT_ID} ${OBJECT_ID} [^\\0\\n ]+(\\0[^\\0\\n]*)?\\n?$`);
const SHALLOW = new RegExp(`^shallow ${OBJECT_ID}\\n?$`);

/**
 * Reads the list of commands in front of a pack, and lets the rest through as it is. Git keeps the whole list in memory and sets no
 * limit to it; here a list that is too long or malformed ends the stream before git has seen all of it.
 */
export class CommandSection extends Transform {
  readonly #limits: CommandSectionLimits;
  #pending = Buffer.alloc(0);
  #lines = 0;
  #isOver = false;

  constructor(limits: CommandSectionLimits) {
    super();
    this.#limits = limits;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#isOver) {
      done(null, chunk);
      return;
    }
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const problem = this.#read();
    done(problem === undefined ? null : new Error(problem));
  }

  override _flush(done: TransformCallback): void {
    // Git asks with a lone flush whether it may send at all.
    done(this.#isOver ? null : new Error('the list of refs breaks off'));
  }

  #read(): string | undefined {
    while (!this.#isOver && this.#pending.length >= LENGTH_BYTES) {
      const digits = this.#pending.toString('latin1', 0, LENGTH_BYTES);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return 'a line has no length';
      const length = Number.parseInt(digits, 16);
      if (length === 0) {
        this.#isOver = true;
        this.push(this.#pending);
        this.#pending = Buffer.alloc(0);
        return undefined;
      }
      if (length <= LENGTH_BYTES) return 'a line is empty';
      if (length > this.#limits.lineBytesMax) return `a line is longer than ${this.#limits.lineBytesMax} bytes`;
      if (this.#pending.length < length) return undefined;
      const problem = this.#take(length);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #take(length: number): string | undefined {
    const line = this.#pending.toString('latin1', LENGTH_BYTES, length);
    if (!COMMAND.test(line) && !SHALLOW.test(line)) return 'a line is no command of a push';
    this.#lines += 1;
    if (this.#lines > this.#limits.commandsMax) return `a push names at most ${this.#limits.commandsMax} refs`;
    this.push(this.#pending.subarray(0, length));
    this.#pending = this.#pending.subarray(length);
    return undefined;
  }
}
