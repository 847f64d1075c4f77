import { compareDigits, compareText } from './digits.ts';

/** Splits `epoch:upstream-revision`. */
function splitEpoch(version: string): { readonly epoch: string; readonly rest: string } {
  const found = /^\s*(?:(\d+):)?(.*?)\s*$/s.exec(version);
  return { epoch: found?.[1] ?? '0', rest: found?.[2] ?? '' };
}

/** The order of `dpkg --compare-versions`: epoch, upstream version, Debian revision; a tilde is before the end. */
export function compareDebian(a: string, b: string): number | undefined {
  const left = debianParts(a);
  const right = debianParts(b);
  if (left === undefined || right === undefined) return undefined;
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareDebianPart(left.upstream, right.upstream) ||
    compareDebianPart(left.revision, right.revision)
  );
}

function debianParts(version: string) {
  const { epoch, rest } = splitEpoch(version);
  if (!/^[\w.+~:-]+$/.test(rest)) return undefined;
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch,
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

function debianOrder(char: string): number {
  if (char === '~') return -1;
  if (char === '' || /\d/.test(char)) return 0;
  return /[a-z]/i.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
}

function compareDebianPart(a: string, b: string): number {
  let [left, right] = [a, b];
  while (left !== '' || right !== '') {
    const words = [/^\D*/.exec(left)?.[0] ?? '', /^\D*/.exec(right)?.[0] ?? ''] as const;
    for (let at = 0; at < Math.max(words[0].length, words[1].length); at += 1) {
      const order = debianOrder(words[0].charAt(at)) - debianOrder(words[1].charAt(at));
      if (order !== 0) return order;
    }
    left = left.slice(words[0].length);
    right = right.slice(words[1].length);
    const numbers = [/^\d*/.exec(left)?.[0] ?? '', /^\d*/.exec(right)?.[0] ?? ''] as const;
    const order = compareDigits(numbers[0], numbers[1]);
    if (order !== 0) return order;
    left = left.slice(numbers[0].length);
    right = right.slice(numbers[1].length);
  }
  return 0;
}

/** The order of rpm: epoch, version and release each by `rpmvercmp`, with `~` before and `^` after the end. */
export function compareRpm(a: string, b: string): number | undefined {
  const left = splitEpoch(a);
  const right = splitEpoch(b);
  if (left.rest === '' || right.rest === '') return undefined;
  const [leftVersion = '', leftRelease] = splitLast(left.rest);
  const [rightVersion = '', rightRelease] = splitLast(right.rest);
  const order = compareDigits(left.epoch, right.epoch) || compareRpmPart(leftVersion, rightVersion);
  if (order !== 0) return order;
  // A release that one side does not name at all is before any.
  if (leftRelease === undefined || rightRelease === undefined) {
    return Number(leftRelease !== undefined) - Number(rightRelease !== undefined);
  }
  return compareRpmPart(leftRelease, rightRelease);
}

function splitLast(text: string): readonly string[] {
  const hyphen = text.lastIndexOf('-');
  return hyphen < 0 ? [text] : [text.slice(0, hyphen), text.slice(hyphen + 1)];
}

function compareRpmPart(a: string, b: string): number {
  let [left, right] = [a, b];
  while (left !== '' || right !== '') {
    left = left.replace(/^[^A-Za-z0-9~^]+/, '');
    right = right.replace(/^[^A-Za-z0-9~^]+/, '');
    if (left.startsWith('~') || right.startsWith('~')) {
      if (!left.startsWith('~')) return 1;
      if (!right.startsWith('~')) return -1;
      left = left.slice(1);
      right = right.slice(1);
      continue;
    }
    if (left.startsWith('^') || right.startsWith('^')) {
      if (left === '') return -1;
      if (right === '') return 1;
      if (!left.startsWith('^')) return 1;
      if (!right.startsWith('^')) return -1;
      left = left.slice(1);
      right = right.slice(1);
      continue;
    }
    if (left === '' || right === '') break;
    const isNumber = /^\d/.test(left);
    const form = isNumber ? /^\d+/ : /^[A-Za-z]+/;
    const x = form.exec(left)?.[0] ?? '';
    const y = form.exec(right)?.[0] ?? '';
    // A number is later than a word.
    if (y === '') return isNumber ? 1 : -1;
    const order = isNumber ? compareDigits(x, y) : compareText(x, y);
    if (order !== 0) return order;
    left = left.slice(x.length);
    right = right.slice(y.length);
  }
  return left === right ? 0 : left === '' ? -1 : 1;
}

/** What may follow in a version of Alpine, in the order of apk: an earlier kind after a later one makes it invalid. */
const TOKENS = { invalid: -1, zero: 0, digit: 1, letter: 2, suffix: 3, suffixNumber: 4, revision: 5, end: 6 } as const;
type Token = (typeof TOKENS)[keyof typeof TOKENS];
const BEFORE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER = ['cvs', 'svn', 'git', 'hg', 'p'];

/** Reads a version of Alpine token by token, as `apk version -t` does. */
class ApkReader {
  type: Token = TOKENS.digit;
  #rest: string;

  constructor(text: string) {
    this.#rest = text;
  }

  /** The value of the next token: digits as text, else a number. */
  next(): string | number {
    if (this.#rest === '') {
      this.type = TOKENS.end;
      return 0;
    }
    let value: string | number = 0;
    let length = 0;
    let isZeros = false;
    if (this.type === TOKENS.zero && this.#rest.startsWith('0')) {
      length = /^0+/.exec(this.#rest)?.[0].length ?? 0;
      value = -length;
      isZeros = true;
    } else if (this.type === TOKENS.letter) {
      value = this.#rest.charCodeAt(0);
      length = 1;
    } else if (this.type === TOKENS.suffix) {
      const word = /^[a-z]+/.exec(this.#rest)?.[0] ?? '';
      length = word.length;
      if (BEFORE.includes(word)) value = BEFORE.indexOf(word) - BEFORE.length;
      else if (AFTER.includes(word)) value = AFTER.indexOf(word);
      else {
        this.type = TOKENS.invalid;
        return -1;
      }
    } else {
      const digits = /^\d*/.exec(this.#rest)?.[0] ?? '';
      value = digits;
      length = digits.length;
    }
    this.#rest = this.#rest.slice(length);
    if (this.#rest === '') this.type = TOKENS.end;
    else if (isZeros && /[\d.]/.test(this.#rest.charAt(0))) this.type = TOKENS.digit;
    else this.#advance();
    return value;
  }

  #advance(): void {
    const char = this.#rest.charAt(0);
    let next: Token = TOKENS.invalid;
    if ((this.type === TOKENS.digit || this.type === TOKENS.zero) && /[a-z]/.test(char)) next = TOKENS.letter;
    else if (this.type === TOKENS.letter && /\d/.test(char)) next = TOKENS.digit;
    else if (this.type === TOKENS.suffix && /\d/.test(char)) next = TOKENS.suffixNumber;
    else {
      if (char === '.') next = TOKENS.zero;
      else if (char === '_') next = TOKENS.suffix;
      else if (this.#rest.startsWith('-r')) {
        next = TOKENS.revision;
        this.#rest = this.#rest.slice(1);
      }
      this.#rest = this.#rest.slice(1);
    }
    const mayGoBack =
      (next === TOKENS.zero && this.type === TOKENS.digit) ||
      (next === TOKENS.suffix && this.type === TOKENS.suffixNumber) ||
      (next === TOKENS.digit && this.type === TOKENS.letter);
    this.type = next < this.type && !mayGoBack ? TOKENS.invalid : next;
  }
}

/** The order of apk: numbers, a letter, suffixes before and after the release, the revision. */
export function compareAlpine(a: string, b: string): number | undefined {
  if (a === '' || b === '') return undefined;
  const left = new ApkReader(a);
  const right = new ApkReader(b);
  let order = 0;
  while (left.type === right.type && left.type !== TOKENS.end && left.type !== TOKENS.invalid && order === 0) {
    order = compareValues(left.next(), right.next());
  }
  if (order !== 0) return order;
  if (left.type === right.type) return 0;
  // The longer one is later, unless it goes on with a suffix of something unfinished.
  if (left.type === TOKENS.suffix && compareValues(left.next(), 0) < 0) return -1;
  if (right.type === TOKENS.suffix && compareValues(right.next(), 0) < 0) return 1;
  return right.type - left.type;
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'string' && typeof b === 'string') return compareDigits(a, b);
  // Zeros at the front count below every number that has none.
  return Number(a) - Number(b);
}
