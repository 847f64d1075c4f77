/** The most bytes of words that one automaton takes. */
const STATES_MAX = 60_000;

/**
 * Says whether a text has one of many words, with one look at each byte (Aho and Corasick). Most files of a tree have none
 * and are never parsed.
 */
export function wordSearch(words: readonly string[]): (bytes: Uint8Array) => boolean {
  const classOf = new Uint8Array(256);
  let classes = 1;
  const encoded = words.map((word) => Buffer.from(word));
  for (const word of encoded) for (const byte of word) if (classOf[byte] === 0) classOf[byte] = classes++;
  const next: Int32Array[] = [new Int32Array(classes)];
  const isEnd: boolean[] = [false];
  for (const word of encoded) {
    let state = 0;
    for (const byte of word) {
      const row = next[state];
      const at = classOf[byte] ?? 0;
      if (row === undefined || next.length > STATES_MAX) break;
      let target = row[at] ?? 0;
      if (target === 0) {
        target = next.length;
        next.push(new Int32Array(classes));
        isEnd.push(false);
        row[at] = target;
      }
      state = target;
    }
    isEnd[state] = true;
  }
  const table = completed(next, isEnd, classes);
  const ends = Uint8Array.from(isEnd, Number);
  if (ends[0] === 1) return () => true;
  return (bytes) => {
    let state = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      state = table[state * classes + (classOf[bytes[at] ?? 0] ?? 0)] ?? 0;
      if (ends[state] === 1) return true;
    }
    return false;
  };
}

/** Where no letter goes on, the longest ending that is a beginning of a word does. */
function completed(next: readonly Int32Array[], isEnd: boolean[], classes: number): Int32Array {
  const table = new Int32Array(next.length * classes);
  const fail = new Int32Array(next.length);
  const queue = [0];
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0;
    const fallback = fail[state] ?? 0;
    if (isEnd[fallback] === true) isEnd[state] = true;
    for (let at = 0; at < classes; at += 1) {
      const target = next[state]?.[at] ?? 0;
      const other = state === 0 ? 0 : (table[fallback * classes + at] ?? 0);
      table[state * classes + at] = target === 0 ? other : target;
      if (target === 0) continue;
      fail[target] = other;
      queue.push(target);
    }
  }
  return table;
}
