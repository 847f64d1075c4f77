import { compareDigits, compareText, isDigits } from './digits.ts';

/** More lenient than RubyGems, which refuses `1beta`: old records have such. */
const FORM = /^\s*(?:\d[0-9a-z]*(?:\.[0-9a-z]+)*(?:-[0-9a-z-]+(?:\.[0-9a-z-]+)*)?)?\s*$/i;

/** Segments as RubyGems has them: runs of digits and of letters; a hyphen stands for `.pre.`. */
function segmentsOf(version: string): readonly string[] | undefined {
  if (!FORM.test(version)) return undefined;
  const text = version.trim().replaceAll('-', '.pre.') || '0';
  const segments = text.match(/\d+|[a-z]+/gi) ?? [];
  const letter = segments.findIndex((segment) => !isDigits(segment));
  const release = letter < 0 ? segments : segments.slice(0, letter);
  const rest = letter < 0 ? [] : segments.slice(letter);
  return [...withoutZeros(release), ...withoutZeros(rest)];
}

function withoutZeros(segments: readonly string[]): readonly string[] {
  let end = segments.length;
  while (end > 0 && /^0+$/.test(segments[end - 1] ?? '')) end -= 1;
  return segments.slice(0, end);
}

/** The order of `Gem::Version`: a segment of letters makes a pre-release, and comes before any number. */
export function compareGem(a: string, b: string): number | undefined {
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  if (left === undefined || right === undefined) return undefined;
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [x, y] = [left[at], right[at]];
    if (x === undefined || y === undefined) {
      const rest = x ?? y ?? '';
      const order = isDigits(rest) ? (/^0+$/.test(rest) ? 0 : 1) : -1;
      if (order !== 0) return x === undefined ? -order : order;
      continue;
    }
    const order =
      isDigits(x) && isDigits(y) ? compareDigits(x, y) : Number(isDigits(x)) - Number(isDigits(y)) || compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}
