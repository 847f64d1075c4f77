import { POPULAR } from './popular.ts';

/** Shorter names are near one another by chance. */
const NAME_LENGTH_MIN = 5;

/** Letters and signs that are taken for one another, each as what it looks like. */
const HOMOGLYPHS: readonly (readonly [from: RegExp, to: string])[] = [
  [/0/g, 'o'],
  [/1/g, 'l'],
  [/5/g, 's'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
];

/** Keys beside each other on a keyboard. */
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** The popular package that a name imitates, and how; nothing for a name of its own. */
export function imitatedBy(
  ecosystem: string,
  name: string,
): { readonly target: string; readonly how: string } | undefined {
  const popular = indexOf(ecosystem);
  if (popular === undefined || popular.names.has(name) || name.length < NAME_LENGTH_MIN) return undefined;
  const scoped = /^@([^/]+)\/(.+)$/.exec(name);
  // Everyone may use the name of another package in a scope of their own.
  if (scoped !== null) return undefined;
  const joined = popular.joined.get(withoutJoints(name));
  if (joined !== undefined) return { target: joined, how: 'only hyphens, dots or underscores differ' };
  const seen = HOMOGLYPHS.reduce((text, [from, to]) => text.replaceAll(from, to), name);
  if (seen !== name && popular.names.has(seen)) return { target: seen, how: 'signs that look alike differ' };
  for (const near of nearNames(name)) {
    if (near.text.length >= NAME_LENGTH_MIN && popular.names.has(near.text))
      return { target: near.text, how: near.how };
  }
  return undefined;
}

type Popular = { readonly names: ReadonlySet<string>; readonly joined: ReadonlyMap<string, string> };
const indexes = new Map<string, Popular>();

function indexOf(ecosystem: string): Popular | undefined {
  const known = indexes.get(ecosystem);
  const names = POPULAR.get(ecosystem);
  if (known !== undefined || names === undefined) return known;
  const made = {
    names: new Set(names),
    joined: new Map(
      names
        .filter((name) => /[-_.]/.test(name) && name.length > NAME_LENGTH_MIN)
        .map((name) => [withoutJoints(name), name]),
    ),
  };
  indexes.set(ecosystem, made);
  return made;
}

function withoutJoints(name: string): string {
  return name.replaceAll(/[-_.]/g, '');
}

/** What a name may be a slip of: two letters swapped, one doubled or left out of a pair, one key beside the right one. */
function* nearNames(name: string): Iterable<{ readonly text: string; readonly how: string }> {
  for (let at = 0; at < name.length; at += 1) {
    const [before, char, next, after] = [name.slice(0, at), name.charAt(at), name.charAt(at + 1), name.slice(at + 2)];
    if (next !== '' && next !== char) yield { text: before + next + char + after, how: 'two letters are swapped' };
    if (next === char) yield { text: before + char + after, how: 'a letter is doubled' };
    yield { text: `${before}${char}${char}${name.slice(at + 1)}`, how: 'a letter of a pair is missing' };
    for (const key of besides(char))
      yield { text: before + key + name.slice(at + 1), how: `${char} stands for ${key}` };
  }
}

function besides(char: string): readonly string[] {
  const row = ROWS.find((keys) => keys.includes(char));
  const at = row?.indexOf(char) ?? -1;
  return row === undefined ? [] : [row.charAt(at - 1), row.charAt(at + 1)].filter((key) => key !== '');
}
