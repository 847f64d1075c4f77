import { compareDigits, compareLists, compareText, isDigits } from './digits.ts';

/** The parts of a version by PEP 440. A part that is absent is undefined. */
type PypiVersion = {
  readonly epoch: string;
  readonly release: readonly string[];
  readonly pre: readonly [letter: string, number: string] | undefined;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[];
};

const FORM =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['alpha', 'a'],
  ['beta', 'b'],
  ['c', 'rc'],
  ['pre', 'rc'],
  ['preview', 'rc'],
]);

function parse(text: string): PypiVersion | undefined {
  const found = FORM.exec(text.trim().toLowerCase());
  if (found === null) return undefined;
  const [, epoch, release = '', letter, preNumber, implicitPost, postWord, postNumber, devWord, devNumber, local] =
    found;
  return {
    epoch: epoch ?? '0',
    release: release.split('.'),
    pre: letter === undefined ? undefined : [LETTERS.get(letter) ?? letter, preNumber || '0'],
    post: implicitPost ?? (postWord === undefined ? undefined : postNumber || '0'),
    dev: devWord === undefined ? undefined : devNumber || '0',
    local: local === undefined ? [] : local.split(/[-_.]/),
  };
}

/**
 * Order of PEP 440: epochs, pre-, post- and development releases, local versions. What is no version by it (old uploads)
 * comes before all that are, in the order that setuptools once had.
 */
export function comparePypi(a: string, b: string): number | undefined {
  const left = parse(a);
  const right = parse(b);
  if (left === undefined || right === undefined) {
    if (a.trim() === '' || b.trim() === '') return undefined;
    if (left === undefined && right === undefined) return compareLegacy(legacyParts(a), legacyParts(b));
    return left === undefined ? -1 : 1;
  }
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareLists(left.release, right.release, '0', compareDigits) ||
    comparePre(left, right) ||
    // No post-release comes before any.
    compareOptional(left.post, right.post, -1) ||
    // A development release comes before what it leads to.
    compareOptional(left.dev, right.dev, 1) ||
    compareLocal(left.local, right.local)
  );
}

/** The version without its local part: what a specifier without one is compared with. */
export function withoutLocal(version: string): string {
  const plus = version.indexOf('+');
  return plus < 0 ? version : version.slice(0, plus);
}

export function isPypiPrerelease(version: string): boolean {
  const parsed = parse(version);
  return parsed !== undefined && (parsed.pre !== undefined || parsed.dev !== undefined);
}

function comparePre(a: PypiVersion, b: PypiVersion): number {
  // 1.0.dev1 comes before 1.0a1, though it has no letter.
  const rank = (version: PypiVersion) =>
    version.pre !== undefined ? 0 : version.post === undefined && version.dev !== undefined ? -1 : 1;
  const order = rank(a) - rank(b);
  if (order !== 0 || a.pre === undefined || b.pre === undefined) return order;
  return compareText(a.pre[0], b.pre[0]) || compareDigits(a.pre[1], b.pre[1]);
}

function compareOptional(a: string | undefined, b: string | undefined, ofAbsent: number): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? ofAbsent : -ofAbsent;
  return compareDigits(a, b);
}

function compareLocal(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [left = '', right = ''] = [a[at], b[at]];
    // Words come before numbers here, the other way round than elsewhere.
    const order =
      isDigits(left) && isDigits(right)
        ? compareDigits(left, right)
        : Number(isDigits(left)) - Number(isDigits(right)) || compareText(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const LEGACY_WORDS: ReadonlyMap<string, string> = new Map([
  ['pre', 'c'],
  ['preview', 'c'],
  ['-', 'final-'],
  ['rc', 'c'],
  ['dev', '@'],
]);

function legacyParts(version: string): readonly string[] {
  const parts: string[] = [];
  for (const [found] of version.toLowerCase().matchAll(/\d+|[a-z]+|\.|-|[^\da-z.-]+/g)) {
    if (found === '.') continue;
    const part = LEGACY_WORDS.get(found) ?? found;
    if (isDigits(part)) parts.push(part.padStart(8, '0'));
    else pushWord(parts, `*${part}`);
  }
  pushWord(parts, '*final');
  return parts;
}

/** A word takes away the hyphens and zeros before it that say nothing. */
function pushWord(parts: string[], word: string): void {
  if (word < '*final') while (parts.at(-1) === '*final-') parts.pop();
  while (parts.at(-1) === '00000000') parts.pop();
  parts.push(word);
}

function compareLegacy(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = compareText(a[at] ?? '', b[at] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
