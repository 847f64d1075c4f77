import { reasonOf } from '../base/index.ts';
import type { FileOutcome, Gap, Kind, Match, Scanner } from '../finding/index.ts';

export type Outcomes = ReadonlyMap<Kind, ReadonlyMap<string, FileOutcome<unknown>>>;

/** Puts together what was found in single files and what the scanners see in all of them. */
export function finishScan(
  scanners: ReadonlyMap<Kind, Scanner>,
  outcomes: Outcomes,
): { readonly matches: readonly Match[]; readonly gaps: readonly Gap[]; readonly notes: readonly string[] } {
  const matches: Match[] = [];
  const gaps: Gap[] = [];
  const notes: string[] = [];
  for (const [kind, scanner] of scanners) {
    const files = outcomes.get(kind) ?? new Map<string, FileOutcome<unknown>>();
    for (const outcome of files.values()) {
      matches.push(...outcome.matches);
      gaps.push(...(outcome.gaps ?? []));
    }
    if (scanner.finish === undefined) continue;
    try {
      const tree = scanner.finish(factsOf(files));
      matches.push(...tree.matches);
      gaps.push(...(tree.gaps ?? []));
      notes.push(...(tree.notes ?? []));
    } catch (thrown) {
      // An error of ours: what was found in single files stands, and the scan is not complete.
      gaps.push({
        code: 'scanner-failed',
        reason: `the ${kind} scanner failed over all files: ${reasonOf(thrown).slice(0, 300)}`,
        help: 'This is an error of Sallyport: please report it.',
      });
    }
  }
  return { matches: withoutEchoes(matches, scanners), gaps, notes };
}

/**
 * One flaw is told once: where a way from a source ends at a line, what a plain look at the same line says of the same weakness adds
 * nothing.
 */
function withoutEchoes(matches: readonly Match[], scanners: ReadonlyMap<Kind, Scanner>): readonly Match[] {
  const rules = new Map(scanners.get('code')?.rules.map((rule) => [rule.id, rule]));
  const keyOf = (match: Match) => {
    const cwe = match.cwe ?? rules.get(match.rule)?.cwe;
    return cwe === undefined ? undefined : `${match.place.file}\n${match.place.line}\n${cwe}`;
  };
  const isFlow = ({ trace, rule }: Match) => rules.has(rule) && (trace?.length ?? 0) > 1;
  const flows = new Set(matches.filter(isFlow).map(keyOf));
  return matches.filter((match) => {
    const key = rules.has(match.rule) && !isFlow(match) ? keyOf(match) : undefined;
    return key === undefined || !flows.has(key);
  });
}

/** Sorted by path: threads answer in any order. */
export function factsOf(files: ReadonlyMap<string, FileOutcome<unknown>>): ReadonlyMap<string, unknown> {
  const facts = [...files].flatMap(([path, outcome]) =>
    outcome.facts === undefined ? [] : [[path, outcome.facts] as const],
  );
  return new Map(facts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
