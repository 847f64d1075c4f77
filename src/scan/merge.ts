import type { Match, Rule } from '../finding/index.ts';

/** Weaknesses that tools name differently for the same flaw: each to the first of its row. */
const CLASSES: readonly (readonly number[])[] = [
  [89, 564, 943],
  [78, 77, 88],
  [79, 80, 81, 83, 85, 86, 87, 116],
  [22, 23, 24, 25, 35, 36, 37, 38, 73, 98],
  [94, 95, 96, 97, 1336],
  [798, 259, 321, 522, 256, 312, 540],
  [327, 326, 328, 310, 916, 780],
  [330, 331, 335, 338, 340],
  [295, 297, 296, 298, 599, 757],
  [502, 915],
  [611, 776, 827],
  [614, 1004, 311, 319],
  [732, 276, 277, 278, 250, 269],
  [829, 494, 353, 1357, 1395],
];

const CLASS_OF: ReadonlyMap<number, number> = new Map(CLASSES.flatMap((row) => row.map((cwe) => [cwe, row[0] ?? cwe])));

/**
 * The imported matches that tell something new: not those at a place where one of ours, or of a tool before, says the same: the
 * same rule, the same advisory, or the same class of weakness.
 */
export function newMatches(
  own: readonly Match[],
  imported: readonly Match[],
  rules: ReadonlyMap<string, Rule>,
): readonly Match[] {
  const byFile = Map.groupBy(own, ({ place }) => place.file);
  const kept: Match[] = [];
  for (const match of imported) {
    const here = byFile.get(match.place.file) ?? [];
    if (here.some((other) => isSame(other, match, rules))) continue;
    here.push(match);
    byFile.set(match.place.file, here);
    kept.push(match);
  }
  return kept;
}

function isSame(a: Match, b: Match, rules: ReadonlyMap<string, Rule>): boolean {
  const shared = a.subject?.advisories.some((id) => b.subject?.advisories.includes(id) === true);
  if (shared === true) return nameOf(a) === nameOf(b);
  if (a.place.endLine < b.place.line || b.place.endLine < a.place.line) return false;
  if (a.rule === b.rule) return a.subject === undefined || nameOf(a) === nameOf(b);
  const [left, right] = [a, b].map((match) => classOf(match, rules));
  return left !== undefined && left === right;
}

function classOf(match: Match, rules: ReadonlyMap<string, Rule>): number | undefined {
  const cwe = match.cwe ?? rules.get(match.rule)?.cwe;
  return cwe === undefined ? undefined : (CLASS_OF.get(cwe) ?? cwe);
}

/** A package with its version, however its qualifiers are written. */
function nameOf({ subject }: Match): string {
  return subject?.purl.replace(/[?#].*$/, '').toLowerCase() ?? '';
}
