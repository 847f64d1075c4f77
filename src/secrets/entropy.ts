/** Shannon entropy in bits for each UTF-16 code unit. */
export function entropyOf(text: string): number {
  const counts = new Map<number, number>();
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  let sum = 0;
  for (const count of counts.values()) sum -= (count / text.length) * Math.log2(count / text.length);
  return sum;
}

/**
 * The pairs of letters that make up nine tenths of the pairs of English text and of names in code. Row: first letter.
 * Counted over ordinary prose and identifiers, rounded: what matters is that random letters hit about a third of them.
 */
const COMMON_PAIRS: { readonly [first: string]: string } = {
  a: 'bcdgilmnprstuvy',
  b: 'aeiloruy',
  c: 'aehiklortu',
  d: 'aeiorsu',
  e: 'acdefilmnprstvwxy',
  f: 'aefiloru',
  g: 'aehilnorsu',
  h: 'aeioty',
  i: 'abcdefglmnoprstvz',
  j: 'aeou',
  k: 'aeinsy',
  l: 'adeilmostuy',
  m: 'abeimopsu',
  n: 'acdefgikostuvy',
  o: 'abcdfgklmnoprstuvw',
  p: 'aehilorstu',
  q: 'u',
  r: 'acdegiklmnorstuvy',
  s: 'aceghiklmopstuwy',
  t: 'acehilorstuwy',
  u: 'abcdegilmnprst',
  v: 'aeio',
  w: 'aehinor',
  x: 'acepty',
  y: 'elmopst',
  z: 'aeo',
};

const pairs = new Set(
  Object.entries(COMMON_PAIRS).flatMap(([first, rest]) => Array.from(rest, (second) => first + second)),
);

/**
 * How much the letters of a text follow each other as in words, from 0 to 1: identifiers and prose lie above 0.75, random
 * text around 0.35. Pairs across a digit, a sign or a change from lower to upper case do not count.
 */
export function wordinessOf(text: string): number {
  let common = 0;
  let all = 0;
  for (let at = 1; at < text.length; at += 1) {
    const first = text.charCodeAt(at - 1);
    const second = text.charCodeAt(at);
    if (!isLetter(first) || !isLetter(second)) continue;
    if (first >= 97 && second < 97) continue;
    all += 1;
    if (pairs.has(String.fromCharCode(first | 32, second | 32))) common += 1;
  }
  return all === 0 ? 0 : common / all;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}
