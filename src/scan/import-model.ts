import type { Confidence, Kind, Severity } from '../finding/index.ts';
import { fault } from './faults.ts';

/** The tools whose reports are known by their own forms; SARIF is read of any. */
export const TOOLS = [
  'semgrep',
  'opengrep',
  'gitleaks',
  'betterleaks',
  'trivy',
  'grype',
  'osv-scanner',
  'zizmor',
  'poutine',
  'checkov',
  'bandit',
  'gosec',
  'codeql',
] as const;
export type Tool = (typeof TOOLS)[number];

/** Findings of one report. More is refused: a report like that is an error of its tool. */
export const IMPORTED_MAX = 200_000;
/** Characters that are kept of one text of a report. */
const TEXT_CHARACTERS_MAX = 2000;

/** A finding of another tool, in our words. */
export type Imported = {
  readonly tool: string;
  /** The tool's own name of the rule. */
  readonly rule: string;
  readonly kind: Kind;
  readonly title: string;
  readonly message: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly cwe?: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The code, where the tool gives it. Never taken of a finding about a secret. */
  readonly evidence: string;
  /** What tells it from others of its rule and file. */
  readonly identity?: string;
  readonly purl?: string;
  readonly advisories?: readonly string[];
  /** What the tool says that mends it. */
  readonly remedy?: string;
};

/** A value of a report, looked at one step at a time. Whatever has another form than it should is as if it were not there. */
export type Value = unknown;

export function at(value: Value, ...path: readonly (string | number)[]): Value {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as { readonly [key: string | number]: unknown })[key];
  }
  return here;
}

/** The members of a list. */
export function list(value: Value, ...path: readonly (string | number)[]): readonly Value[] {
  const found = at(value, ...path);
  if (!Array.isArray(found)) return [];
  if (found.length > IMPORTED_MAX) throw fault('import-too-large', `a list has more than ${IMPORTED_MAX} entries`);
  return found;
}

/** A text without its controls, cut to what is kept; '' for anything else. */
export function text(value: Value, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' ? found.slice(0, TEXT_CHARACTERS_MAX).toWellFormed() : '';
}

/** A whole number from 1 on, also when it is written as a text. */
export function number(value: Value, ...path: readonly (string | number)[]): number | undefined {
  const found = Number.parseInt(text(value, ...path), 10);
  return Number.isInteger(found) && found > 0 && found < 2 ** 31 ? found : undefined;
}

const SEVERITY_WORDS: { readonly [word: string]: Severity } = {
  critical: 'critical',
  error: 'high',
  high: 'high',
  warning: 'medium',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  note: 'low',
  negligible: 'info',
  informational: 'info',
  info: 'info',
  none: 'info',
};

export function severityOf(word: string, otherwise: Severity = 'medium'): Severity {
  return SEVERITY_WORDS[word.toLowerCase()] ?? otherwise;
}

/** By the bands of CVSS. */
export function severityOfScore(score: number): Severity {
  return score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : score > 0 ? 'low' : 'info';
}

export function confidenceOf(word: string): Confidence {
  const lower = word.toLowerCase();
  return lower === 'high' || lower === 'very-high' ? 'high' : lower === 'low' ? 'low' : 'medium';
}

/** The number of a weakness in a text: `CWE-89: …`, `external/cwe/cwe-089`, `89`. */
export function cweOf(...texts: readonly string[]): number | undefined {
  for (const one of texts) {
    const found = /(?:^|\bcwe[-_ ]?|\/cwe-)0*(\d{1,4})(?!\d)/i.exec(one)?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

/** Lines and columns, the end never before the start. */
export function placeOf(
  line: number | undefined,
  column?: number,
  endLine?: number,
  endColumn?: number,
): Pick<Imported, 'line' | 'column' | 'endLine' | 'endColumn'> {
  const [first, start, last, end] = [line, column, endLine, endColumn].map(positive);
  const endAt = Math.max(first ?? 1, last ?? first ?? 1);
  const from = start ?? 1;
  return {
    line: first ?? 1,
    column: from,
    endLine: endAt,
    endColumn: Math.max(end ?? from, endAt === (first ?? 1) ? from : 1),
  };
}

function positive(found: number | undefined): number | undefined {
  return found !== undefined && Number.isInteger(found) && found > 0 && found < 2 ** 31 ? found : undefined;
}
