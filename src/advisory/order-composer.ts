import { compareDigits, compareText, isDigits } from './digits.ts';

/** Words of PHP's `version_compare`, least first; any other word comes before all of them. `#` stands for a number. */
const FORMS: readonly (readonly [prefix: string, rank: number])[] = [
  ['dev', 0],
  ['alpha', 1],
  ['a', 1],
  ['beta', 2],
  ['b', 2],
  ['RC', 3],
  ['rc', 3],
  ['#', 4],
  ['pl', 5],
  ['p', 5],
];

const STABILITIES: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['c', 'RC'],
  ['rc', 'RC'],
  ['p', 'patch'],
  ['pl', 'patch'],
]);

const CLASSICAL =
  /^v?(\d+)(\.\d+)?(\.\d+)?(\.\d+)?(?:[._-]?(stable|beta|b|rc|c|alpha|a|patch|pl|p)((?:[.-]?\d+)*)?)?([.-]?dev)?$/i;
const DATED =
  /^v?(\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3}){0,2})(?:[._-]?(stable|beta|b|rc|c|alpha|a|patch|pl|p)((?:[.-]?\d+)*)?)?([.-]?dev)?$/i;

/** A version as Composer keeps it: four numbers, one word for each stability; `dev-main` stays as it is. */
export function normaliseComposer(version: string): string {
  let text = version.trim();
  text = text.replace(/ +as +\S+$/, '').replace(/@(stable|rc|beta|alpha|dev)$/i, '');
  if (/^dev-/i.test(text)) return `dev-${text.slice(4)}`;
  text = text.replace(/\+[0-9a-z.-]+$/i, '');
  const classical = CLASSICAL.exec(text);
  if (classical !== null) {
    const [, major = '0', minor = '.0', patch = '.0', fourth = '.0', word, number = '', dev] = classical;
    return `${major}${minor}${patch}${fourth}${suffixOf(word, number)}${dev === undefined ? '' : '-dev'}`;
  }
  const dated = DATED.exec(text);
  if (dated !== null) {
    const [, date = '', word, number = '', dev] = dated;
    return `${date.replaceAll(/\D/g, '.')}${suffixOf(word, number)}${dev === undefined ? '' : '-dev'}`;
  }
  const branch = /^v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?-dev$/i.exec(text);
  if (branch !== null) {
    const numbers = branch.slice(1, 5).map((part) => (part === undefined || /[x*]/i.test(part) ? '9999999' : part));
    return `${numbers.join('.')}-dev`;
  }
  return text;
}

function suffixOf(word: string | undefined, number: string): string {
  if (word === undefined || word.toLowerCase() === 'stable') return '';
  const stability = STABILITIES.get(word.toLowerCase()) ?? word.toLowerCase();
  return `-${stability}${number.replace(/^[.-]+/, '')}`;
}

/** Composer's order: both normalised, then PHP's `version_compare`. A branch by name is before every release. */
export function compareComposer(a: string, b: string): number | undefined {
  if (a.trim() === '' || b.trim() === '') return undefined;
  const left = normaliseComposer(a);
  const right = normaliseComposer(b);
  const [isLeftBranch, isRightBranch] = [left.startsWith('dev-'), right.startsWith('dev-')];
  if (isLeftBranch || isRightBranch) {
    return isLeftBranch && isRightBranch ? compareText(left, right) : isLeftBranch ? -1 : 1;
  }
  const [x, y] = [partsOf(left), partsOf(right)];
  for (let at = 0; at < Math.min(x.length, y.length); at += 1) {
    const order = compareParts(x[at] ?? '', y[at] ?? '');
    if (order !== 0) return order;
  }
  if (x.length === y.length) return 0;
  const rest = (x.length > y.length ? x : y)[Math.min(x.length, y.length)] ?? '';
  // More numbers are later; a word is later or earlier than nothing as it is than a number.
  const order = isDigits(rest) ? 1 : rankOf(rest) - rankOf('#');
  return x.length > y.length ? order : -order;
}

function partsOf(version: string): readonly string[] {
  return version
    .replaceAll(/[-_+]/g, '.')
    .replaceAll(/(\d)([^\d.])/g, '$1.$2')
    .replaceAll(/([^\d.])(\d)/g, '$1.$2')
    .split('.')
    .filter((part) => part !== '');
}

function compareParts(a: string, b: string): number {
  if (isDigits(a) && isDigits(b)) return compareDigits(a, b);
  return rankOf(isDigits(a) ? '#' : a) - rankOf(isDigits(b) ? '#' : b);
}

function rankOf(part: string): number {
  return FORMS.find(([prefix]) => part.startsWith(prefix))?.[1] ?? -1;
}
