/** Compares two versions by their numbers, as far as `precision` numbers go: `v4` and `4.1.3` are equal at 1. */
export function compareVersions(a: string, b: string, precision = 4): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let at = 0; at < precision; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return version
    .replace(/^v/, '')
    .split(/[.+-]/)
    .map((part) => Number.parseInt(part, 10) || 0);
}
