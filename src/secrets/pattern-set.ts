/** Code points from the first to the second, both included. */
export type Range = readonly [number, number];

/** A set of characters. Where there are Unicode properties, `isNegated` is over all; otherwise it is always false. */
export type CharSet = {
  readonly ranges: readonly Range[];
  /** As JavaScript writes them: `\p{L}`. */
  readonly properties: readonly string[];
  readonly isNegated: boolean;
};

const CODE_MAX = 0x10ffff;
/** Ranges beyond ASCII with more characters than this are not folded one by one: they hold both cases anyway. */
const FOLD_RANGE_MAX = 512;

const NAMED: { readonly [name: string]: readonly Range[] } = {
  d: [[48, 57]],
  s: [
    [9, 10],
    [12, 13],
    [32, 32],
  ],
  w: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  ascii: [[0, 127]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: [[48, 57]],
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};

/** The set of `\d`, `\s`, `\w` (by their letter) or of a POSIX class (by its name). */
export function namedSet(name: string): CharSet | undefined {
  const ranges = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  return ranges === undefined ? undefined : setOf(ranges);
}

/** Sorted and merged. */
export function setOf(ranges: readonly Range[]): CharSet {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return { ranges: merged, properties: [], isNegated: false };
}

export function complementOf(set: CharSet): CharSet {
  if (set.properties.length > 0) return { ...set, isNegated: !set.isNegated };
  const ranges: Range[] = [];
  let next = 0;
  for (const [from, to] of set.ranges) {
    if (from > next) ranges.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= CODE_MAX) ranges.push([next, CODE_MAX]);
  return setOf(ranges);
}

/** With the other case of every letter, as Go folds: the Kelvin sign is a K and the long s an S. */
export function foldedOf(set: CharSet): CharSet {
  const ranges: Range[] = [...set.ranges];
  const add = (from: number, to: number, shift: number) => {
    for (const range of set.ranges) {
      const low = Math.max(range[0], from);
      const high = Math.min(range[1], to);
      if (low <= high) ranges.push([low + shift, high + shift]);
    }
  };
  add(65, 90, 32);
  add(97, 122, -32);
  const has = (code: number) => set.ranges.some(([from, to]) => from <= code && code <= to);
  if (has(75) || has(107)) ranges.push([0x212a, 0x212a]);
  if (has(83) || has(115)) ranges.push([0x17f, 0x17f]);
  for (const [from, to] of set.ranges) {
    if (to < 128 || to - from > FOLD_RANGE_MAX) continue;
    for (let code = Math.max(from, 128); code <= to; code += 1) {
      const letter = String.fromCodePoint(code);
      for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
        const folded = other.codePointAt(0) ?? code;
        if (other.length === String.fromCodePoint(folded).length) ranges.push([folded, folded]);
      }
    }
  }
  return { ...setOf(ranges), properties: set.properties, isNegated: set.isNegated };
}
