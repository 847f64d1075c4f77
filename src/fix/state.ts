import type { Finding, Gap } from '../finding/index.ts';

/** What a scan of the whole tree says, with some texts replaced. */
export type ScanState = { readonly findings: readonly Finding[]; readonly gaps: readonly Gap[] };

/** Why a change is not taken, in the words of a report; and the files that it is about, if it is known. */
export type Objection = { readonly reason: string; readonly files: ReadonlySet<string> };

const keyOf = ({ rule, place }: Finding) => `${place.file}\n${rule}`;

/**
 * What speaks against a change: a finding that it should have removed and did not, one that is new, or a file that can no longer
 * be read. Findings are counted by rule and file: the fingerprint of another finding on a changed line may change with it.
 */
export function objectionTo(before: ScanState, after: ScanState, mended: readonly Finding[]): Objection | undefined {
  const had = count(before.findings);
  const has = count(after.findings);
  const wanted = count(mended);
  const files = new Set<string>();
  const reasons: string[] = [];
  for (const [key, number] of wanted) {
    if ((has.get(key) ?? 0) <= (had.get(key) ?? 0) - number) continue;
    const [file = '', rule] = key.split('\n');
    files.add(file);
    reasons.push(`${rule} is still found in ${file}`);
  }
  for (const [key, number] of has) {
    if (number <= (had.get(key) ?? 0)) continue;
    const [file = '', rule] = key.split('\n');
    files.add(file);
    reasons.push(`${rule} would be new in ${file}`);
  }
  const known = new Set(before.gaps.map(gapKey));
  for (const gap of after.gaps) {
    if (known.has(gapKey(gap))) continue;
    if (gap.file !== undefined) files.add(gap.file);
    reasons.push(gap.reason);
  }
  const [reason] = reasons;
  return reason === undefined ? undefined : { reason, files };
}

function count(findings: readonly Finding[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(keyOf(finding), (counts.get(keyOf(finding)) ?? 0) + 1);
  return counts;
}

const gapKey = ({ code, file }: Gap) => `${code}\n${file ?? ''}`;
