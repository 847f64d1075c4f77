/** A small generator of repeatable numbers from 0 to below 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Chooses among things by a generator. */
export function chooser(random: () => number) {
  const pick = <T>(items: readonly [T, ...T[]] | readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  };
  /** Up to `countMax` of the pieces, joined. */
  const many = (pieces: readonly string[], countMax: number): string =>
    Array.from({ length: Math.floor(random() * (countMax + 1)) }, () => pick(pieces)).join('');
  return { pick, many };
}
