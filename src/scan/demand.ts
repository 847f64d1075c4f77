import type { FileOutcome, Kind, Scanner } from '../finding/index.ts';
import type { Tree } from '../source/index.ts';
import type { FileScan, FileScanner } from './file-scan.ts';
import { factsOf } from './finish.ts';
import { joined } from './found.ts';
import { DEMAND_ROUNDS_MAX } from './limits.ts';

/** What a demand works with. */
type Reach = {
  readonly tree: Tree;
  readonly fileScanner: FileScanner;
  readonly scanners: ReadonlyMap<Kind, Scanner>;
};

/**
 * Looks at those files that a scanner had put off and that matter beside what was found: each may make others matter. After the last
 * round, all that is left is looked at.
 */
export async function lookOnDemand(scan: FileScan, reach: Reach): Promise<FileScan> {
  let { outcomes, gaps } = scan;
  for (const [kind, scanner] of reach.scanners) {
    if (scanner.demands === undefined) continue;
    for (let round = 0; round <= DEMAND_ROUNDS_MAX; round += 1) {
      const files = outcomes.get(kind) ?? NO_FILES;
      const waiting = [...files].flatMap(([path, { isPutOff }]) => (isPutOff === true ? [path] : []));
      const paths = round === DEMAND_ROUNDS_MAX ? waiting : demandsOf(scanner, files, waiting);
      if (paths.length === 0) break;
      const more = await look(kind, new Set(paths), reach);
      outcomes = joined(outcomes, more.outcomes);
      gaps = [...gaps, ...more.gaps];
    }
  }
  return { ...scan, outcomes, gaps };
}

const NO_FILES: ReadonlyMap<string, FileOutcome<unknown>> = new Map();

function demandsOf(
  scanner: Scanner,
  files: ReadonlyMap<string, FileOutcome<unknown>>,
  waiting: readonly string[],
): readonly string[] {
  if (waiting.length === 0) return [];
  try {
    return scanner.demands?.(factsOf(files)) ?? [];
  } catch {
    // An error of ours, which `finish` tells: until then nothing is left out.
    return waiting;
  }
}

async function look(
  kind: Kind,
  paths: ReadonlySet<string>,
  { tree, fileScanner }: Reach,
): Promise<Pick<FileScan, 'outcomes' | 'gaps'>> {
  const entries = (await tree.list()).filter(({ path }) => paths.has(path));
  const { outcomes, gaps } = await fileScanner.scan(tree, entries, { kinds: new Set([kind]) });
  const found = outcomes.get(kind) ?? NO_FILES;
  // A file that is gone by now has nothing more to say, and must not be asked for again.
  const outcomesOf = new Map<string, FileOutcome<unknown>>(found);
  for (const path of paths) if (!outcomesOf.has(path)) outcomesOf.set(path, { matches: [] });
  return { outcomes: new Map([[kind, outcomesOf]]), gaps };
}
