import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type GitPlace, type GitProgram, startGit } from './git.ts';
import { FILE_BYTES_MAX, type Reading } from './tree.ts';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export type ObjectInfo = { readonly id: string; readonly type: ObjectType; readonly bytes: number };

/**
 * Asks git about objects by one long-lived process, in the order in which they are asked for. Names are ids, or what git makes of
 * `<commit>:<path>` and `<ref>^{commit}`; none is ever taken as an option.
 */
export type ObjectReader = {
  /** A content. What is no content is gone. */
  read(name: string): Promise<Reading>;
  /** What an object is, without its bytes; nothing when there is none. */
  info(name: string): Promise<ObjectInfo | undefined>;
  /** A commit or a folder as git stores it; nothing when there is none of that type, or it is larger than any file that is read. */
  raw(name: string, type: 'commit' | 'tree'): Promise<{ readonly id: string; readonly bytes: Uint8Array } | undefined>;
  close(): void;
};

/** An object with its bytes, or why there are none. */
type Answer = { readonly info: ObjectInfo; readonly bytes?: Uint8Array } | 'gone' | 'unreadable';

type Waiting = { readonly name: string; readonly wantsBytes: boolean; settle(answer: Answer): void };

/** Longer names are not asked for. */
const NAME_BYTES_MAX = 16 * 1024;
/** The header of an answer: `<id> blob <size>` or `<name> missing`. */
const HEADER_BYTES_MAX = NAME_BYTES_MAX + 64;
/** What git answers to an option that it does not know: before 2.36 there is no `--batch-command`. */
const USAGE_EXIT = 129;

export function createObjectReader(git: GitProgram, place: GitPlace): ObjectReader {
  const process = new ObjectProcess(git, place);
  return {
    async read(name) {
      const answer = await process.ask(name, true);
      if (answer === 'gone' || answer === 'unreadable') return { ok: false, reason: answer };
      if (answer.info.type !== 'blob') return { ok: false, reason: 'gone' };
      return answer.bytes === undefined ? { ok: false, reason: 'too-large' } : { ok: true, bytes: answer.bytes };
    },
    async info(name) {
      const answer = await process.ask(name, false);
      return typeof answer === 'string' ? undefined : answer.info;
    },
    async raw(name, type) {
      const answer = await process.ask(name, true);
      if (typeof answer === 'string' || answer.info.type !== type || answer.bytes === undefined) return undefined;
      return { id: answer.info.id, bytes: answer.bytes };
    },
    close: () => process.close(),
  };
}

/** The process, started with the first question. Once it has ended, every question is unreadable. */
class ObjectProcess {
  readonly #git: GitProgram;
  readonly #place: GitPlace;
  readonly #waiting: Waiting[] = [];
  #child: ChildProcessWithoutNullStreams | undefined;
  #isBroken = false;
  /** An old git answers only with bytes and all. */
  #isPlain = false;
  #hasAnswered = false;

  constructor(git: GitProgram, place: GitPlace) {
    this.#git = git;
    this.#place = place;
  }

  ask(name: string, wantsBytes: boolean): Promise<Answer> {
    if (this.#isBroken || name.includes('\n') || name.length > NAME_BYTES_MAX / 4) return Promise.resolve('unreadable');
    return new Promise((settle) => {
      const one = { name, wantsBytes, settle };
      this.#waiting.push(one);
      if (this.#child === undefined) this.#child = this.#start();
      this.#send(this.#child, one);
    });
  }

  close(): void {
    this.#child?.stdin.end();
    this.#child?.kill('SIGKILL');
  }

  #send(child: ChildProcessWithoutNullStreams, { name, wantsBytes }: Waiting): void {
    child.stdin.write(this.#isPlain ? `${name}\n` : `${wantsBytes ? 'contents' : 'info'} ${name}\n`);
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = startGit(this.#git, this.#place, ['cat-file', this.#isPlain ? '--batch' : '--batch-command']);
    const parser = new AnswerParser(
      () => this.#isPlain || this.#waiting[0]?.wantsBytes === true,
      (answer) => {
        this.#hasAnswered = true;
        this.#waiting.shift()?.settle(answer);
      },
    );
    child.stdout.on('data', (chunk: Buffer) => parser.push(chunk));
    // What it complains about is in its answers, too.
    child.stderr.resume();
    // The end of the process is told by its own event.
    child.stdin.on('error', () => {});
    child.on('error', () => this.#fail());
    child.on('close', (code) => this.#end(code));
    return child;
  }

  #end(code: number | null): void {
    if (code !== USAGE_EXIT || this.#hasAnswered || this.#isPlain) {
      this.#fail();
      return;
    }
    this.#isPlain = true;
    const child = this.#start();
    this.#child = child;
    for (const one of this.#waiting) this.#send(child, one);
  }

  #fail(): void {
    this.#isBroken = true;
    for (const one of this.#waiting.splice(0)) one.settle('unreadable');
  }
}

/** Cuts the output of git into answers. A content is kept in the pieces in which it came until it is whole; one that is too large is not kept. */
class AnswerParser {
  readonly #hasBytes: () => boolean;
  readonly #answer: (answer: Answer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The object whose content is being read; nothing while a header is. */
  #info: ObjectInfo | undefined;
  /** Bytes that are still to come of a content that is not kept, with the line feed after it. */
  #passing = 0;

  constructor(hasBytes: () => boolean, answer: (answer: Answer) => void) {
    this.#hasBytes = hasBytes;
    this.#answer = answer;
  }

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    while (
      this.#passing > 0 ? this.#pass() : this.#info === undefined ? this.#readHeader() : this.#readContent(this.#info)
    );
  }

  #readHeader(): boolean {
    if (this.#bytes === 0) return false;
    const all = this.#joined();
    const end = all.indexOf(10);
    if (end === -1 || end > HEADER_BYTES_MAX) return false;
    const header = all.toString('latin1', 0, end);
    this.#keep(all.subarray(end + 1));
    const [, id = '', type, size] = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(header) ?? [];
    if (type !== 'blob' && type !== 'tree' && type !== 'commit' && type !== 'tag') this.#answer('gone');
    else {
      const info = { id, type, bytes: Number(size) } as const;
      if (!this.#hasBytes()) this.#answer({ info });
      else if (info.bytes > FILE_BYTES_MAX) {
        this.#passing = info.bytes + 1;
        this.#answer({ info });
      } else this.#info = info;
    }
    return true;
  }

  #pass(): boolean {
    if (this.#bytes === 0) return false;
    const all = this.#joined();
    const rest = all.subarray(this.#passing);
    this.#passing -= all.length - rest.length;
    this.#keep(rest);
    return true;
  }

  #readContent(info: ObjectInfo): boolean {
    if (this.#bytes < info.bytes + 1) return false;
    const all = this.#joined();
    // A copy: the caller may hand the memory on to another thread.
    const bytes = Uint8Array.prototype.slice.call(all, 0, info.bytes);
    this.#info = undefined;
    this.#keep(all.subarray(info.bytes + 1));
    this.#answer({ info, bytes });
    return true;
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    const all = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #keep(rest: Buffer): void {
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}
