import { completeFindings } from './complete.ts';
import { viewOf } from './file-view.ts';
import type { Finding, Match } from './model.ts';
import type { Gap, Scanner } from './scanner.ts';

/** Runs one scanner over files in memory: path to content. What examples of rules and tests are checked with. */
export function scanFiles<Facts>(
  scanner: Scanner<Facts>,
  files: { readonly [path: string]: string | Uint8Array },
): { readonly findings: readonly Finding[]; readonly gaps: readonly Gap[] } {
  const matches: Match[] = [];
  const gaps: Gap[] = [];
  const facts = new Map<string, Facts>();
  for (const path of Object.keys(files).sort()) {
    const view = viewOf(path, files[path] ?? '');
    if (!scanner.wants(path, view.bytes.length)) continue;
    const outcome = scanner.scanFile(view);
    matches.push(...outcome.matches);
    gaps.push(...(outcome.gaps ?? []));
    if (outcome.facts !== undefined) facts.set(path, outcome.facts);
  }
  const tree = scanner.finish?.(facts);
  matches.push(...(tree?.matches ?? []));
  gaps.push(...(tree?.gaps ?? []));
  const rules = new Map(scanner.rules.map((rule) => [rule.id, rule]));
  return { findings: completeFindings(matches, rules), gaps };
}
