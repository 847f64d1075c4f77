/** The most states of one automaton. */
const STATES_MAX = 60_000;

/** What a file must have to be of interest. */
export type Interest = {
  /** Groups of words: a file that has all of one group is of interest. */
  readonly groups: readonly (readonly string[])[];
  /** Groups that many files have: they count only where one of `sources` stands as well. */
  readonly common: readonly (readonly string[])[];
  readonly sources: readonly string[];
};

/**
 * Says whether a text is of interest, with one look at each byte (Aho and Corasick). Most files of a tree have nothing that
 * a rule names, and are never parsed.
 */
export function interestSearch({ groups, common, sources }: Interest): (bytes: Uint8Array) => boolean {
  const words = [...new Set([...groups.flat(), ...common.flat(), ...sources])];
  const idOf = new Map(words.map((word, id) => [word, id]));
  const numbered = (list: readonly (readonly string[])[]) =>
    list.map((group) => Uint16Array.from(group, (word) => idOf.get(word) ?? 0));
  const wanted = numbered(groups);
  const weak = numbered(common);
  const from = Uint16Array.from(sources, (word) => idOf.get(word) ?? 0);
  const find = wordSearch(words);
  return (bytes) => {
    const present = find(bytes);
    const has = (id: number) => present[id] === 1;
    if (wanted.some((group) => group.every(has))) return true;
    return from.some(has) && weak.some((group) => group.every(has));
  };
}

/** Bytes of names, in all languages alike. */
const isLetter = Uint8Array.from({ length: 256 }, (_, byte) => (/[\w$]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** Which of many words stand in a text, as a 1 for each. */
export function wordSearch(words: readonly string[]): (bytes: Uint8Array) => Uint8Array {
  const classOf = new Uint8Array(256);
  let classes = 1;
  const encoded = words.map((word) => Buffer.from(word));
  for (const word of encoded) for (const byte of word) if (classOf[byte] === 0) classOf[byte] = classes++;
  const next: Int32Array[] = [new Int32Array(classes)];
  const ending: number[] = [-1];
  for (const [id, word] of encoded.entries()) {
    let state = 0;
    for (const byte of word) {
      const row = next[state];
      const at = classOf[byte] ?? 0;
      if (row === undefined || next.length > STATES_MAX) break;
      let target = row[at] ?? 0;
      if (target === 0) {
        target = next.length;
        next.push(new Int32Array(classes));
        ending.push(-1);
        row[at] = target;
      }
      state = target;
    }
    ending[state] = id;
  }
  const { table, shorter } = completed(next, ending, classes);
  const ends = Int32Array.from(ending);
  // Only states in which some word ends cost more than a look-up.
  const isEnd = Uint8Array.from(ending, (id, state) => (id !== -1 || (shorter[state] ?? 0) !== 0 ? 1 : 0));
  const lengths = encoded.map((word) => word.length);
  return (bytes) => {
    const present = new Uint8Array(words.length);
    let state = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      state = table[state * classes + (classOf[bytes[at] ?? 0] ?? 0)] ?? 0;
      if (isEnd[state] !== 1) continue;
      for (let end = state; end !== 0; end = shorter[end] ?? 0) {
        const id = ends[end] ?? -1;
        if (id === -1) continue;
        if (present[id] === 1) continue;
        const length = lengths[id] ?? 0;
        // As a word of its own: `res` is not in `address`.
        const isWhole =
          !(isLetter[bytes[at] ?? 0] === 1 && isLetter[bytes[at + 1] ?? 0] === 1) &&
          !(isLetter[bytes[at - length + 1] ?? 0] === 1 && isLetter[bytes[at - length] ?? 0] === 1);
        if (isWhole) present[id] = 1;
      }
    }
    return present;
  };
}

/**
 * Where no letter goes on, the longest ending that is a beginning of a word does. `shorter` leads from a state to the next
 * shorter word that ends there.
 */
function completed(
  next: readonly Int32Array[],
  ending: readonly number[],
  classes: number,
): { readonly table: Int32Array; readonly shorter: Int32Array } {
  const table = new Int32Array(next.length * classes);
  const fail = new Int32Array(next.length);
  const shorter = new Int32Array(next.length);
  const queue = [0];
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0;
    const fallback = fail[state] ?? 0;
    if (state !== 0) shorter[state] = ending[fallback] === -1 ? (shorter[fallback] ?? 0) : fallback;
    for (let at = 0; at < classes; at += 1) {
      const target = next[state]?.[at] ?? 0;
      const other = state === 0 ? 0 : (table[fallback * classes + at] ?? 0);
      table[state * classes + at] = target === 0 ? other : target;
      if (target === 0) continue;
      fail[target] = other;
      queue.push(target);
    }
  }
  return { table, shorter };
}
