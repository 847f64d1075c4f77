/** Added bytes of one file in one commit. More is cut off and told. */
const ADDED_BYTES_MAX = 64 * 1024 * 1024;
/** The longest line of a header: a path. */
const HEADER_BYTES_MAX = 64 * 1024;

/** What one commit added to one file. */
export type DiffFile = {
  readonly commit: string;
  readonly path: string;
  /** The added lines, hunks parted by an empty line. */
  readonly added: Uint8Array;
  /** For each line of `added` its number in the file; 0 for one that parts. */
  readonly lines: readonly number[];
  readonly isBinary: boolean;
  /** Not all of it is here. */
  readonly isCut: boolean;
};

const PLUS = 0x2b;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const LINE_FEED = 10;

/**
 * Reads the output of `git diff-tree --stdin -p -U0 --cc`. What is in a hunk is counted by its header, so that no content can pass
 * for a header.
 */
export class DiffParser {
  readonly #onFile: (file: DiffFile) => void;
  #rest: Buffer | undefined;
  #commit = '';
  #path: string | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #lines: number[] = [];
  #isBinary = false;
  #isCut = false;
  /** Lines of the hunk that are still to come: of each old side, and of the new one. */
  #old: number[] = [];
  #new = 0;
  #line = 0;

  constructor(onFile: (file: DiffFile) => void) {
    this.#onFile = onFile;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = bytes.indexOf(LINE_FEED, at); end !== -1; end = bytes.indexOf(LINE_FEED, at)) {
      this.#read(bytes, at, end);
      at = end + 1;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined;
  }

  end(): void {
    if (this.#rest !== undefined) this.#read(this.#rest, 0, this.#rest.length);
    this.#rest = undefined;
    this.#endFile();
  }

  #read(bytes: Buffer, start: number, end: number): void {
    if (this.#new > 0 || this.#old.some((left) => left > 0)) this.#readHunkLine(bytes, start, end);
    else this.#readHeader(bytes, start, end);
  }

  /** One column for each parent: `-` in some of them, or the line is in the new file. */
  #readHunkLine(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === BACKSLASH) return;
    const parents = this.#old.length;
    let added = 0;
    let isRemoved = false;
    for (let at = 0; at < parents; at += 1) {
      const sign = bytes[start + at];
      if (sign === PLUS) added += 1;
      else if (sign === MINUS) isRemoved = true;
    }
    for (let at = 0; at < parents; at += 1) {
      const sign = bytes[start + at];
      const isOld = isRemoved ? sign === MINUS : sign !== PLUS;
      if (isOld) this.#old[at] = (this.#old[at] ?? 0) - 1;
    }
    if (isRemoved) return;
    if (added === parents) this.#add(bytes.subarray(start + parents, end + 1), this.#line);
    this.#new -= 1;
    this.#line += 1;
  }

  #add(line: Buffer, number: number): void {
    if (this.#bytes + line.length > ADDED_BYTES_MAX) {
      this.#isCut = true;
      return;
    }
    this.#pieces.push(line);
    this.#bytes += line.length;
    this.#lines.push(number);
  }

  #readHeader(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start];
    // The commit, or one of: diff, index, ---, +++, @@, Binary, similarity, rename, new, deleted, old, mode.
    const line = bytes.toString('utf8', start, Math.min(end, start + HEADER_BYTES_MAX));
    if (first === 0x40) {
      this.#startHunk(line);
    } else if (line.startsWith('diff ')) {
      this.#endFile();
    } else if (line.startsWith('+++ ')) {
      this.#path = pathOf(line.slice('+++ '.length));
    } else if (line.startsWith('Binary files ')) {
      this.#isBinary = true;
    } else if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(line)) {
      this.#endFile();
      this.#commit = line;
    }
  }

  /** `@@ -1,2 +3,4 @@`, or for a merge `@@@ -1,2 -1,2 +3,4 @@@`. */
  #startHunk(line: string): void {
    const sides = line.slice(0, line.indexOf(' @@', 2)).split(' ').slice(1);
    const counts = sides.map((side) => {
      const [from = '', count = '1'] = side.slice(1).split(',');
      return { from: Number(from), count: Number(count) };
    });
    const next = counts.pop();
    if (next === undefined) return;
    this.#old = counts.map(({ count }) => count);
    this.#new = next.count;
    this.#line = next.from;
    if (this.#lines.length > 0) this.#add(Buffer.from('\n'), 0);
  }

  #endFile(): void {
    if (this.#path !== undefined && (this.#lines.length > 0 || this.#isCut)) {
      this.#onFile({
        commit: this.#commit,
        path: this.#path,
        added: Buffer.concat(this.#pieces),
        lines: this.#lines,
        isBinary: false,
        isCut: this.#isCut,
      });
    } else if (this.#isBinary) {
      this.#onFile({
        commit: this.#commit,
        path: '',
        added: new Uint8Array(),
        lines: [],
        isBinary: true,
        isCut: false,
      });
    }
    this.#path = undefined;
    this.#pieces = [];
    this.#bytes = 0;
    this.#lines = [];
    this.#isBinary = false;
    this.#isCut = false;
    this.#old = [];
    this.#new = 0;
  }
}

/** `b/path`, which git puts into quotes with escapes when it has odd characters; nothing for a file that is gone. */
function pathOf(text: string): string | undefined {
  const name = text.startsWith('"') ? unquoted(text) : text.replace(/\t$/, '');
  return name === '/dev/null' ? undefined : name.replace(/^b\//, '');
}

const ESCAPES: { readonly [letter: string]: number } = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  '\\': 92,
};

function unquoted(text: string): string {
  const bytes: number[] = [];
  const inner = text.slice(1, text.lastIndexOf('"'));
  for (let at = 0; at < inner.length; at += 1) {
    const character = inner[at] ?? '';
    if (character !== '\\') {
      bytes.push(...Buffer.from(character));
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(inner.slice(at + 1, at + 4))?.[0];
    if (octal === undefined) bytes.push(ESCAPES[inner[at + 1] ?? ''] ?? 63);
    else bytes.push(Number.parseInt(octal, 8));
    at += octal === undefined ? 1 : 3;
  }
  return Buffer.from(bytes).toString('utf8');
}
