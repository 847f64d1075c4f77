import { compareDigits, compareLists, compareText, isDigits } from './digits.ts';

/** A version in the form of Semantic Versioning; more than three numbers, or fewer, are taken as they come. */
export type SemanticVersion = {
  readonly numbers: readonly string[];
  /** Identifiers after the hyphen; empty for a release. */
  readonly prerelease: readonly string[];
  readonly build: readonly string[];
};

const FORM = /^[\s=]*v?\s*(\d+(?:\.\d+)*)(?:-?\.?([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]*)*))?(?:\+([0-9A-Za-z.+-]*))?\s*$/i;

/**
 * Reads a version leniently: a leading `v` or `=`, missing numbers, and a pre-release without its hyphen (`1.2.3beta`) are
 * what registries hold. Nothing when it is no version at all.
 */
export function parseSemantic(text: string): SemanticVersion | undefined {
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const [, numbers = '', prerelease, build] = found;
  return {
    numbers: numbers.split('.'),
    prerelease: prerelease === undefined ? [] : prerelease.split('.'),
    build: build === undefined || build === '' ? [] : build.split('.'),
  };
}

/** Precedence of Semantic Versioning 2: build metadata does not count. npm, Go, crates.io, Hex, Swift. */
export function compareSemver(a: string, b: string): number | undefined {
  const left = parseSemantic(a);
  const right = parseSemantic(b);
  return left === undefined || right === undefined ? undefined : comparePrecedence(left, right);
}

/** As Dart's pub does it: build metadata decides between versions that are otherwise equal; none comes first. */
export function comparePub(a: string, b: string): number | undefined {
  const left = parseSemantic(a);
  const right = parseSemantic(b);
  if (left === undefined || right === undefined) return undefined;
  return comparePrecedence(left, right) || compareIdentifiers(left.build, right.build);
}

/** Four numbers, pre-releases without regard to case, metadata ignored. */
export function compareNuget(a: string, b: string): number | undefined {
  const left = parseSemantic(a.toLowerCase());
  const right = parseSemantic(b.toLowerCase());
  return left === undefined || right === undefined ? undefined : comparePrecedence(left, right);
}

/** CRAN: numbers between dots and hyphens, nothing else; a longer version is later. */
export function compareCran(a: string, b: string): number | undefined {
  const form = /^\d+(?:[.-]\d+)*$/;
  if (!form.test(a) || !form.test(b)) return undefined;
  const [left, right] = [a.split(/[.-]/), b.split(/[.-]/)];
  return compareLists(left, right, '', (x, y) => (x === '' ? -1 : y === '' ? 1 : compareDigits(x, y)));
}

function comparePrecedence(a: SemanticVersion, b: SemanticVersion): number {
  const order = compareLists(a.numbers, b.numbers, '0', compareDigits);
  if (order !== 0) return order;
  // A pre-release comes before its release.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  return compareIdentifiers(a.prerelease, b.prerelease);
}

function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [left = '', right = ''] = [a[at], b[at]];
    // Numbers come before words.
    const order =
      isDigits(left) && isDigits(right)
        ? compareDigits(left, right)
        : Number(isDigits(right)) - Number(isDigits(left)) || compareText(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
