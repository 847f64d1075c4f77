import { fault } from './faults.ts';
import { type CharSet, complementOf, foldedOf, namedSet, type Range, setOf } from './pattern-set.ts';

/** A regular expression as a tree. A set stands for exactly one character. */
export type PatternNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'group'; readonly body: PatternNode; readonly capture: number; readonly name?: string }
  | {
      readonly kind: 'repeat';
      readonly body: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

export type Anchor = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word';

export type Pattern = { readonly root: PatternNode; readonly groups: number };

/** The longest pattern that is read, in UTF-16 code units. The longest in use anywhere is a list of stop words. */
export const PATTERN_LENGTH_MAX = 64 * 1024;
/** How often a part may be repeated, nested repetitions multiplied: RE2's own bound. */
const REPEAT_MAX = 1000;
/** How deep groups may nest: RE2's own bound. */
const DEPTH_MAX = 1000;

type Flags = { readonly i: boolean; readonly m: boolean; readonly s: boolean; readonly U: boolean };

/**
 * Reads a pattern in the syntax of Go's `regexp`, in which configurations of secret scanners are written. What Go refuses
 * is refused here, with the offset: `secrets/pattern-invalid`.
 */
export function parsePattern(source: string): Pattern {
  if (source.length > PATTERN_LENGTH_MAX) throw fault('pattern-invalid', `it is longer than ${PATTERN_LENGTH_MAX}`);
  return new PatternReader(source).read();
}

/** Guards the position in the source and the flags that hold there. */
class PatternReader {
  readonly #source: string;
  readonly #names = new Set<string>();
  #at = 0;
  #groups = 0;
  #depth = 0;
  #flags: Flags = { i: false, m: false, s: false, U: false };

  constructor(source: string) {
    this.#source = source;
  }

  read(): Pattern {
    const root = this.#choice();
    if (this.#at < this.#source.length) this.#fail('unexpected )');
    checkRepeats(root, 1);
    return { root, groups: this.#groups };
  }

  #fail(reason: string): never {
    throw fault('pattern-invalid', `${reason}, at character ${this.#at + 1} of the pattern`);
  }

  #choice(): PatternNode {
    const options = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at += 1;
      options.push(this.#sequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#source.length) {
      const next = this.#source[this.#at];
      if (next === '|' || next === ')') break;
      if (this.#source.startsWith('\\Q', this.#at)) {
        const close = this.#source.indexOf('\\E', this.#at + 2);
        const end = close === -1 ? this.#source.length : close;
        for (const letter of this.#source.slice(this.#at + 2, end)) parts.push(this.#literal(letter));
        this.#at = close === -1 ? end : end + 2;
        this.#repeatLast(parts);
        continue;
      }
      const atom = this.#atom();
      if (atom !== undefined) {
        parts.push(atom);
        this.#repeatLast(parts);
      }
    }
    const [only] = parts;
    if (only === undefined) return { kind: 'empty' };
    return parts.length === 1 ? only : { kind: 'sequence', parts };
  }

  #literal(letter: string): PatternNode {
    const code = letter.codePointAt(0) ?? 0;
    const set = setOf([[code, code]]);
    return { kind: 'set', set: this.#flags.i ? foldedOf(set) : set };
  }

  /** One atom; nothing for a group that only sets flags. */
  #atom(): PatternNode | undefined {
    const next = this.#source[this.#at] ?? '';
    switch (next) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#class() };
      case '.':
        this.#at += 1;
        return { kind: 'set', set: this.#flags.s ? setOf([[0, 0x10ffff]]) : complementOf(setOf([[10, 10]])) };
      case '^':
        this.#at += 1;
        return { kind: 'anchor', anchor: this.#flags.m ? 'line-start' : 'text-start' };
      case '$':
        this.#at += 1;
        return { kind: 'anchor', anchor: this.#flags.m ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        return this.#fail(`missing argument to ${next}`);
      case '\\':
        return this.#escape();
      default: {
        const letter = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
        this.#at += letter.length;
        return this.#literal(letter);
      }
    }
  }

  #repeatLast(parts: PatternNode[]): void {
    let isRepeated = false;
    for (;;) {
      const bounds = this.#repeatBounds();
      if (bounds === undefined) return;
      if (isRepeated) this.#fail('invalid nested repetition operator');
      isRepeated = true;
      const body = parts.pop();
      if (body === undefined) this.#fail('missing argument to repetition operator');
      let isLazy = this.#flags.U;
      if (this.#source[this.#at] === '?') {
        this.#at += 1;
        isLazy = !isLazy;
      }
      parts.push({ kind: 'repeat', body, min: bounds[0], max: bounds[1], isLazy });
    }
  }

  #repeatBounds(): readonly [number, number] | undefined {
    const next = this.#source[this.#at];
    const simple = next === '*' ? 0 : next === '+' ? 1 : next === '?' ? 2 : -1;
    if (simple >= 0) {
      this.#at += 1;
      return simple === 2 ? [0, 1] : [simple, Number.POSITIVE_INFINITY];
    }
    if (next !== '{') return undefined;
    const found = /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(this.#source.slice(this.#at, this.#at + 24));
    if (found === null) return undefined;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === undefined ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > REPEAT_MAX) || min > max) {
      this.#fail(`invalid repeat count ${found[0]}`);
    }
    this.#at += found[0].length;
    return [min, max];
  }

  #group(): PatternNode | undefined {
    const before = this.#flags;
    let capture = 0;
    let name: string | undefined;
    const rest = this.#source.slice(this.#at, this.#at + 200);
    const named = /^\(\?P?<([^>]*)>/.exec(rest);
    const isAssertion = /^\(\?(?:<?[=!]|>)/.test(rest);
    if (isAssertion) this.#fail('look-around is not supported');
    if (named !== null) {
      name = named[1] ?? '';
      if (!/^\w+$/.test(name)) this.#fail('invalid name of a group');
      if (this.#names.has(name)) this.#fail(`the group ${name} stands twice`);
      this.#names.add(name);
      this.#groups += 1;
      capture = this.#groups;
      this.#at += named[0].length;
    } else if (rest.startsWith('(?')) {
      const end = this.#readFlags();
      if (end === ')') return undefined;
    } else {
      this.#groups += 1;
      capture = this.#groups;
      this.#at += 1;
    }
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#fail('groups nest too deep');
    const body = this.#choice();
    if (this.#source[this.#at] !== ')') this.#fail('missing closing )');
    this.#at += 1;
    this.#depth -= 1;
    this.#flags = before;
    return { kind: 'group', body, capture, ...(name === undefined ? {} : { name }) };
  }

  /** Reads `(?i-s:` or `(?i)`; gives what ends it. */
  #readFlags(): ':' | ')' {
    const found = /^\(\?([imsU]*)(-[imsU]+)?([:)])/.exec(this.#source.slice(this.#at, this.#at + 40));
    const [whole, on = '', off = '', end] = found ?? [];
    if (whole === undefined || (on === '' && off === '' && end === ')')) this.#fail('invalid or unsupported syntax (?');
    const value = (flag: 'i' | 'm' | 's' | 'U') =>
      off.includes(flag) ? false : on.includes(flag) ? true : this.#flags[flag];
    this.#flags = { i: value('i'), m: value('m'), s: value('s'), U: value('U') };
    this.#at += whole.length;
    return end === ')' ? ')' : ':';
  }

  #escape(): PatternNode {
    const letter = this.#source[this.#at + 1] ?? '';
    const anchors: { readonly [letter: string]: Anchor } = { A: 'text-start', z: 'text-end', b: 'word', B: 'not-word' };
    const anchor = Object.hasOwn(anchors, letter) ? anchors[letter] : undefined;
    if (anchor !== undefined) {
      this.#at += 2;
      return { kind: 'anchor', anchor };
    }
    const set = this.#escapedSet();
    if (set !== undefined) return { kind: 'set', set };
    const code = this.#escapedCode();
    return this.#literal(String.fromCodePoint(code));
  }

  /** `\d`, `\W`, `\pL`, `\P{Greek}`; nothing when it is none of these. */
  #escapedSet(): CharSet | undefined {
    const letter = this.#source[this.#at + 1] ?? '';
    const perl = /[dswDSW]/.test(letter) ? namedSet(letter.toLowerCase()) : undefined;
    if (perl !== undefined) {
      this.#at += 2;
      return /[DSW]/.test(letter) ? complementOf(perl) : perl;
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const found = /^\\[pP](?:\{(\^?)(\w+)\}|([A-Z]))/.exec(this.#source.slice(this.#at, this.#at + 60));
    if (found === null) this.#fail('invalid character class range');
    this.#at += found[0].length;
    const name = found[2] ?? found[3] ?? '';
    const isNegated = (letter === 'P') !== (found[1] === '^');
    const property = `\\${isNegated ? 'P' : 'p'}{${name.length <= 2 || name === 'Any' ? name : `Script=${name}`}}`;
    try {
      RegExp(property, 'u');
    } catch {
      // V8 does not know the property; neither does Go know what Unicode does not name.
      this.#fail(`unknown Unicode class ${name.slice(0, 40)}`);
    }
    return { ranges: [], properties: [property], isNegated: false };
  }

  /** The character that an escape means. */
  #escapedCode(): number {
    const rest = this.#source.slice(this.#at + 1, this.#at + 14);
    const [letter = ''] = rest;
    const control = 'aftnrv'.indexOf(letter);
    if (letter !== '' && control !== -1) {
      this.#at += 2;
      return [7, 12, 9, 10, 13, 11][control] ?? 0;
    }
    const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (hex !== null || octal !== null) {
      const found = hex?.[0] ?? octal?.[0] ?? '';
      const code = hex === null ? Number.parseInt(found, 8) : Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > 0x10ffff) this.#fail('invalid escape sequence');
      this.#at += 1 + found.length;
      return code;
    }
    const code = letter.codePointAt(0) ?? 0;
    if (letter === '') this.#fail('trailing backslash');
    if (code >= 128 || /[0-9A-Za-z]/.test(letter)) this.#fail(`invalid escape sequence \\${letter}`);
    this.#at += 2;
    return code;
  }

  #class(): CharSet {
    const start = this.#at;
    const isNegated = this.#source[this.#at + 1] === '^';
    this.#at += isNegated ? 2 : 1;
    const ranges: Range[] = [];
    const properties: string[] = [];
    for (let isFirst = true; isFirst || this.#source[this.#at] !== ']'; isFirst = false) {
      if (this.#at >= this.#source.length) {
        this.#at = start;
        this.#fail('missing closing ]');
      }
      const named = this.#classSet();
      if (named !== undefined) {
        ranges.push(...named.ranges);
        properties.push(...named.properties);
        continue;
      }
      const from = this.#classCode();
      let to = from;
      if (this.#source[this.#at] === '-' && !/^-(?:\]|$)/.test(this.#source.slice(this.#at, this.#at + 2))) {
        this.#at += 1;
        to = this.#classCode();
        if (to < from) this.#fail('invalid character class range');
      }
      ranges.push([from, to]);
    }
    this.#at += 1;
    const plain = setOf(ranges);
    const folded = this.#flags.i ? foldedOf(plain) : plain;
    if (properties.length > 0) return { ranges: folded.ranges, properties, isNegated };
    return isNegated ? complementOf(folded) : folded;
  }

  /** `[:alpha:]` or an escape that stands for many; nothing when it is a character. */
  #classSet(): CharSet | undefined {
    const next = this.#source[this.#at];
    if (next === '[' && this.#source[this.#at + 1] === ':') {
      const found = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 20));
      if (found === null) return undefined;
      const set = namedSet(found[2] ?? '');
      if (set === undefined || (found[2] ?? '').length === 1) this.#fail(`invalid character class range ${found[0]}`);
      this.#at += found[0].length;
      return found[1] === '^' ? complementOf(set) : set;
    }
    return next === '\\' ? this.#escapedSet() : undefined;
  }

  #classCode(): number {
    if (this.#source[this.#at] === '\\') return this.#escapedCode();
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined) this.#fail('missing closing ]');
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }
}

/** Go refuses nested counts whose product is above the bound: `(a{100}){100}`. */
function checkRepeats(node: PatternNode, factor: number): void {
  switch (node.kind) {
    case 'sequence':
      for (const part of node.parts) checkRepeats(part, factor);
      return;
    case 'choice':
      for (const option of node.options) checkRepeats(option, factor);
      return;
    case 'group':
      checkRepeats(node.body, factor);
      return;
    case 'repeat': {
      const count = node.max === Number.POSITIVE_INFINITY ? Math.max(node.min, 1) : Math.max(node.max, 1);
      if (factor * count > REPEAT_MAX) throw fault('pattern-invalid', 'invalid repeat count: nested counts multiply');
      checkRepeats(node.body, factor * count);
      return;
    }
    default:
  }
}
