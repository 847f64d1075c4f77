import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type GitPlace, type GitProgram, startGit } from './git.ts';
import type { Reading } from './tree.ts';

/** Reads contents of git by one long-lived process, in the order in which they are asked for. */
export type ObjectReader = {
  read(blob: string): Promise<Reading>;
  close(): void;
};

type Waiting = { settle(reading: Reading): void };

/** The header of an answer: `<id> blob <size>` or `<id> missing`. */
const HEADER_BYTES_MAX = 512;

export function createObjectReader(git: GitProgram, place: GitPlace): ObjectReader {
  const waiting: Waiting[] = [];
  const parser = new AnswerParser((reading) => waiting.shift()?.settle(reading));
  let child: ChildProcessWithoutNullStreams | undefined;
  let isBroken = false;
  const fail = () => {
    isBroken = true;
    for (const one of waiting.splice(0)) one.settle({ ok: false, reason: 'unreadable' });
  };
  const start = () => {
    const started = startGit(git, place, ['cat-file', '--batch']);
    started.stdout.on('data', (chunk: Buffer) => parser.push(chunk));
    // What it complains about is in its answers, too.
    started.stderr.resume();
    started.stdin.on('error', fail);
    started.on('error', fail);
    started.on('close', fail);
    return started;
  };
  return {
    read: (blob) =>
      new Promise((settle) => {
        if (isBroken || !/^[0-9a-f]{40,64}$/.test(blob)) {
          settle({ ok: false, reason: 'unreadable' });
          return;
        }
        child ??= start();
        waiting.push({ settle });
        child.stdin.write(`${blob}\n`);
      }),
    close() {
      child?.stdin.end();
      child?.kill('SIGKILL');
    },
  };
}

/** Cuts the output of `cat-file --batch` into answers. A content is kept in the pieces in which it came until it is whole. */
class AnswerParser {
  readonly #answer: (reading: Reading) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes of the content that is being read, with the line feed after it; nothing while a header is. */
  #wanted: number | undefined;

  constructor(answer: (reading: Reading) => void) {
    this.#answer = answer;
  }

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    while (this.#wanted === undefined ? this.#readHeader() : this.#readContent(this.#wanted));
  }

  #readHeader(): boolean {
    if (this.#bytes === 0) return false;
    const all = this.#joined();
    const end = all.indexOf(10);
    if (end === -1 || end > HEADER_BYTES_MAX) return false;
    const [, type, size] = all.toString('latin1', 0, end).split(' ');
    this.#keep(all.subarray(end + 1));
    if (size === undefined) this.#answer({ ok: false, reason: 'gone' });
    else this.#wanted = Number(size) + 1;
    return type !== undefined;
  }

  #readContent(wanted: number): boolean {
    if (this.#bytes < wanted) return false;
    const all = this.#joined();
    // A copy: the caller may hand the memory on to another thread.
    this.#answer({ ok: true, bytes: Uint8Array.prototype.slice.call(all, 0, wanted - 1) });
    this.#wanted = undefined;
    this.#keep(all.subarray(wanted));
    return true;
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    return this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
  }

  #keep(rest: Buffer): void {
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}
