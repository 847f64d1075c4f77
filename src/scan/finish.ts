import { reasonOf } from '../base/index.ts';
import type { FileOutcome, Gap, Kind, Match, Scanner } from '../finding/index.ts';

export type Outcomes = ReadonlyMap<Kind, ReadonlyMap<string, FileOutcome<unknown>>>;

/** Puts together what was found in single files and what the scanners see in all of them. */
export function finishScan(
  scanners: ReadonlyMap<Kind, Scanner>,
  outcomes: Outcomes,
): { readonly matches: readonly Match[]; readonly gaps: readonly Gap[] } {
  const matches: Match[] = [];
  const gaps: Gap[] = [];
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
    } catch (thrown) {
      // An error of ours: what was found in single files stands, and the scan is not complete.
      gaps.push({
        code: 'scanner-failed',
        reason: `the ${kind} scanner failed over all files: ${reasonOf(thrown).slice(0, 300)}`,
        help: 'This is an error of Sallyport: please report it.',
      });
    }
  }
  return { matches, gaps };
}

/** Sorted by path: threads answer in any order. */
function factsOf(files: ReadonlyMap<string, FileOutcome<unknown>>): ReadonlyMap<string, unknown> {
  const facts = [...files].flatMap(([path, outcome]) =>
    outcome.facts === undefined ? [] : [[path, outcome.facts] as const],
  );
  return new Map(facts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
