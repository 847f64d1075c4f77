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
  const all = [...groups.flat(), ...common.flat(), ...sources].map(wordOf);
  const words = [...new Set(all.map(({ text }) => text))];
  const idOf = new Map(words.map((word, id) => [word, id]));
  const needed = new Uint8Array(words.length);
  for (const { text, way } of all) needed[idOf.get(text) ?? 0] = (needed[idOf.get(text) ?? 0] ?? 0) | way;
  const numbered = (list: readonly (readonly string[])[]) =>
    list.map((group) =>
      group.map((word) => {
        const { text, way } = wordOf(word);
        return { id: idOf.get(text) ?? 0, way };
      }),
    );
  const wanted = numbered(groups);
  const weak = numbered(common);
  const from = numbered([sources])[0] ?? [];
  const find = wordSearch(words, needed);
  return (bytes) => {
    const present = find(bytes);
    const has = ({ id, way }: { readonly id: number; readonly way: number }) => ((present[id] ?? 0) & way) !== 0;
    if (wanted.some((group) => group.every(has))) return true;
    return from.some(has) && weak.some((group) => group.every(has));
  };
}

/** Says whether a text has one of the groups, or a name with one of the parts in it. */
export function ownSearch(
  { groups, names }: { readonly groups: readonly (readonly string[])[]; readonly names: readonly string[] },
  language: string,
): (bytes: Uint8Array) => boolean {
  const hasGroup = interestSearch({ groups, common: [], sources: [] });
  // Letters of a name may stand apart: `PASS_WORD`, "pass-word".
  const parts = names.map((name) => Array.from(name.replaceAll(/[^a-z0-9]/g, '')).join('[^A-Za-z0-9\\s]{0,2}'));
  const name = parts.length === 0 ? undefined : new RegExp(parts.join('|'), 'i');
  return (bytes) => {
    // In Java a letter can be written by its number: what is there is then known to the parser alone.
    if (language === 'java' && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('\\u')) return true;
    return (
      hasGroup(bytes) ||
      name?.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')) === true
    );
  };
}

/** How a word stands in a text: at all, called, or in quotes as the name of a module. */
const PLAIN = 1;
const CALLED = 2;
const QUOTED = 4;

/** `rm(` for a call of `rm`, `"fs` for a module of that name. */
function wordOf(word: string): { readonly text: string; readonly way: number } {
  if (word.startsWith('"')) return { text: word.slice(1), way: QUOTED };
  return /^[\w$]+\($/.test(word) ? { text: word.slice(0, -1), way: CALLED } : { text: word, way: PLAIN };
}

/** What stands behind the name of a function that is called, blanks left out: `(0, fs.rm)(…)`, `get<User>(…)`, `` sql`…` ``. */
const isCall = Uint8Array.from({ length: 256 }, (_, byte) => ('()<`?!['.includes(String.fromCharCode(byte)) ? 1 : 0));
/** What stands around the name of a module. */
const isQuote = Uint8Array.from({ length: 256 }, (_, byte) => ('"\'`/:'.includes(String.fromCharCode(byte)) ? 1 : 0));
const BLANK = 0x20;

function waysOf(bytes: Uint8Array, start: number, end: number): number {
  let next = end;
  while (bytes[next] === BLANK) next += 1;
  const isQuoted = isQuote[bytes[start - 1] ?? 0] === 1 && isQuote[bytes[end] ?? 0] === 1;
  return PLAIN | (isCall[bytes[next] ?? 0] === 1 ? CALLED : 0) | (isQuoted ? QUOTED : 0);
}

/** Bytes of names, in all languages alike. */
const isLetter = Uint8Array.from({ length: 256 }, (_, byte) => (/[\w$]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** Which of many words stand in a text, and how; of each, only what is needed is looked for. */
function wordSearch(words: readonly string[], needed: Uint8Array): (bytes: Uint8Array) => Uint8Array {
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
        if (((present[id] ?? 0) & (needed[id] ?? 0)) === needed[id]) continue;
        const length = lengths[id] ?? 0;
        // As a word of its own: `res` is not in `address`.
        const isWhole =
          !(isLetter[bytes[at] ?? 0] === 1 && isLetter[bytes[at + 1] ?? 0] === 1) &&
          !(isLetter[bytes[at - length + 1] ?? 0] === 1 && isLetter[bytes[at - length] ?? 0] === 1);
        if (isWhole) present[id] = (present[id] ?? 0) | waysOf(bytes, at - length + 1, at + 1);
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
