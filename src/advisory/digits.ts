/** Compares two runs of digits as whole numbers of any length: versions hold dates and hashes beyond 2^53. */
export function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length - right.length || compareText(left, right);
}

/** By UTF-16 code units, as `<` does it. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isDigits(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

/** Compares lists item by item with a filler for what the shorter one lacks. */
export function compareLists<Item>(
  a: readonly Item[],
  b: readonly Item[],
  filler: Item,
  compare: (a: Item, b: Item) => number,
): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const order = compare(a[at] ?? filler, b[at] ?? filler);
    if (order !== 0) return order;
  }
  return 0;
}
