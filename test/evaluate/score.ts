import { familyName } from './families.ts';
import { className, type Label } from './labels.ts';

/** What of a finding the score looks at. */
export type Reported = {
  readonly rule: string;
  readonly cwe: string | number | null;
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
};

export type Counts = { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };
export type Score = Counts & {
  /** Of what was reported, the share that is right. NaN when nothing was. */
  readonly precision: number;
  /** Of what is there, the share that was reported. */
  readonly recall: number;
  readonly f1: number;
  /** Youden's J: recall less the share of look-alikes that were reported. Guessing gives 0. */
  readonly youden: number;
};

export type Evaluation = {
  readonly total: Score;
  /** By the first class of each label. */
  readonly classes: ReadonlyMap<string, Score>;
  readonly missed: readonly Label[];
  readonly wrong: readonly Label[];
  /** Findings that answer no label: neither right nor wrong. */
  readonly unlabelled: number;
};

/**
 * A label is answered by a finding of one of its classes in its file whose lines overlap its own. Each label counts once,
 * however many findings answer it.
 */
export function evaluate(labels: readonly Label[], findings: readonly Reported[]): Evaluation {
  const byFile = Map.groupBy(findings, ({ file }) => file);
  const counts = new Map<string, { tp: number; fp: number; fn: number; tn: number }>();
  const missed: Label[] = [];
  const wrong: Label[] = [];
  const used = new Set<Reported>();
  for (const label of labels) {
    const answers = (byFile.get(label.file) ?? []).filter((finding) => isAnswer(label, finding));
    for (const answer of answers) used.add(answer);
    const name = label.classes[0] ?? '';
    const count = counts.get(name) ?? { tp: 0, fp: 0, fn: 0, tn: 0 };
    counts.set(name, count);
    if (label.expected && answers.length > 0) count.tp += 1;
    else if (label.expected) count.fn += 1;
    else if (answers.length > 0) count.fp += 1;
    else count.tn += 1;
    if (label.expected && answers.length === 0) missed.push(label);
    if (!label.expected && answers.length > 0) wrong.push(label);
  }
  const total = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (const count of counts.values()) {
    total.tp += count.tp;
    total.fp += count.fp;
    total.fn += count.fn;
    total.tn += count.tn;
  }
  return {
    total: scoreOf(total),
    classes: new Map([...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(toScore)),
    missed,
    wrong,
    unlabelled: findings.length - used.size,
  };
}

function isAnswer(label: Label, finding: Reported): boolean {
  const cwe = finding.cwe === null ? undefined : className(finding.cwe);
  const families = label.classes.map(familyName);
  const isMeant = label.classes.includes(finding.rule) || (cwe !== undefined && families.includes(familyName(cwe)));
  if (!isMeant) return false;
  if (label.line === undefined) return true;
  return finding.line <= (label.endLine ?? label.line) && Math.max(finding.line, finding.endLine) >= label.line;
}

function toScore([name, counts]: readonly [string, Counts]): readonly [string, Score] {
  return [name, scoreOf(counts)];
}

export function scoreOf({ tp, fp, fn, tn }: Counts): Score {
  const precision = tp / (tp + fp);
  const recall = tp / (tp + fn);
  const f1 = (2 * tp) / (2 * tp + fp + fn);
  // Without look-alikes, or without flaws, the other half is all there is to judge.
  const falseRate = fp + tn === 0 ? 0 : fp / (fp + tn);
  const youden = (tp + fn === 0 ? 1 : recall) - falseRate;
  return { tp, fp, fn, tn, precision, recall, f1, youden };
}
