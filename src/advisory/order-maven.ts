import { compareDigits, compareText } from './digits.ts';

/** One part of a Maven version. */
type Item =
  | { readonly kind: 'number'; readonly value: string }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'list'; readonly items: Item[] };

/** Known words in their order; the empty one is the release itself. Others come after all of these, by text. */
const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const RELEASE = QUALIFIERS.indexOf('');
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
/** Only right before a digit. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

/** A version nests a list at each hyphen and each change between digits and letters; what is longer is no version. */
const VERSION_LENGTH_MAX = 1_000;

/** The order of Maven's own `ComparableVersion` (3.9). Every text is a version, up to a length. */
export function compareMaven(a: string, b: string): number | undefined {
  if (a.length > VERSION_LENGTH_MAX || b.length > VERSION_LENGTH_MAX) return undefined;
  return compareItems(parse(a), parse(b));
}

function parse(version: string): Item {
  const text = version.toLowerCase();
  const root: Item[] = [];
  const stack: Item[][] = [root];
  let list = root;
  let isDigit = false;
  let start = 0;
  const open = () => {
    const items: Item[] = [];
    list.push({ kind: 'list', items });
    list = items;
    stack.push(items);
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '.' || char === '-') {
      list.push(at === start ? { kind: 'number', value: '0' } : itemOf(text.slice(start, at), isDigit));
      start = at + 1;
      if (char === '-') open();
    } else if (char >= '0' && char <= '9') {
      if (!isDigit && at > start) {
        // `1.0.x1` is `1.0-x1`, for any word.
        if (list.length > 0) open();
        const word = text.slice(start, at);
        list.push({ kind: 'word', value: aliasOf(SHORT.get(word) ?? word) });
        start = at;
        open();
      }
      isDigit = true;
    } else {
      if (isDigit && at > start) {
        list.push(itemOf(text.slice(start, at), true));
        start = at;
        open();
      }
      isDigit = false;
    }
  }
  if (text.length > start) {
    if (!isDigit && list.length > 0) open();
    list.push(itemOf(text.slice(start), isDigit));
  }
  for (const items of stack.toReversed()) dropTrailing(items);
  return { kind: 'list', items: root };
}

function itemOf(text: string, isDigit: boolean): Item {
  return isDigit ? { kind: 'number', value: text } : { kind: 'word', value: aliasOf(text) };
}

function aliasOf(word: string): string {
  return ALIASES.get(word) ?? word;
}

/** Drops trailing parts that say nothing: `1.0.0` is `1`, and `1.0-rc` is `1-rc`. */
function dropTrailing(items: Item[]): void {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item === undefined) continue;
    if (isNothing(item)) items.splice(at, 1);
    else if (item.kind !== 'list') break;
  }
}

function isNothing(item: Item): boolean {
  if (item.kind === 'number') return /^0*$/.test(item.value);
  if (item.kind === 'word') return item.value === '';
  return item.items.length === 0;
}

function rankOf(word: string): number {
  const rank = QUALIFIERS.indexOf(word);
  return rank < 0 ? QUALIFIERS.length : rank;
}

function compareWords(a: string, b: string): number {
  const rank = rankOf(a);
  return rank - rankOf(b) || (rank === QUALIFIERS.length ? compareText(a, b) : 0);
}

/** How an item stands to nothing at all in its place. */
function compareToNothing(item: Item): number {
  switch (item.kind) {
    case 'number':
      return isNothing(item) ? 0 : 1;
    case 'word':
      return rankOf(item.value) - RELEASE;
    case 'list':
      for (const inner of item.items) {
        const order = compareToNothing(inner);
        if (order !== 0) return order;
      }
      return 0;
  }
}

/** A number comes after a list, a list after a word. */
const KIND_RANKS = { number: 2, list: 1, word: 0 } as const;

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined || b === undefined) {
    return a === undefined ? (b === undefined ? 0 : -compareToNothing(b)) : compareToNothing(a);
  }
  if (a.kind === 'number' && b.kind === 'number') return compareDigits(a.value, b.value);
  if (a.kind === 'word' && b.kind === 'word') return compareWords(a.value, b.value);
  if (a.kind === 'list' && b.kind === 'list') {
    for (let at = 0; at < Math.max(a.items.length, b.items.length); at += 1) {
      const order = compareItems(a.items[at], b.items[at]);
      if (order !== 0) return order;
    }
    return 0;
  }
  return KIND_RANKS[a.kind] - KIND_RANKS[b.kind];
}
