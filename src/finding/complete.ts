import { createHash } from 'node:crypto';
import { assert, excerpt } from '../base/index.ts';
import { CONFIDENCES, type Finding, type Match, type Priority, SEVERITIES } from './model.ts';
import { pageOf, type Rule } from './rule.ts';

/** The longest evidence that a finding carries, in UTF-16 code units. */
export const EVIDENCE_MAX = 300;

/** How many hexadecimal digits of a fingerprint are kept: 128 bits. */
const FINGERPRINT_DIGITS = 32;

/**
 * Makes findings of matches: adds what the rule says, the fingerprint and the priority, and sorts them: first by priority, then by
 * place. The same matches in another order give the same findings.
 *
 * A fingerprint is over the rule, the file, the scope and the normalised evidence (or identity), never over a line. Equal
 * ones are told apart by their order in the file, so that moving a block of code keeps all of them.
 */
export function completeFindings(matches: readonly Match[], rules: ReadonlyMap<string, Rule>): readonly Finding[] {
  const seen = new Map<string, number>();
  const findings = [...matches].sort(byPlace).map((match): Finding => {
    const rule = rules.get(match.rule);
    assert(rule !== undefined, `the rule ${match.rule} is not in the pack`);
    const key = matchKey(match);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    const severity = match.severity ?? rule.severity;
    const confidence = match.confidence ?? rule.confidence;
    const cwe = match.cwe ?? rule.cwe;
    return {
      rule: rule.id,
      kind: rule.kind,
      title: rule.title,
      severity,
      confidence,
      ...(cwe === undefined ? {} : { cwe }),
      message: match.message,
      place: match.place,
      evidence: excerpt(match.evidence, EVIDENCE_MAX),
      trace: match.trace ?? [],
      ...(match.subject === undefined ? {} : { subject: match.subject }),
      fingerprint: fingerprintOf(key, count),
      priority: match.priority ?? priorityOf(severity, confidence),
      fix: match.fix,
      page: pageOf(rule),
    };
  });
  return findings.sort((a, b) => a.priority.rank - b.priority.rank || byPlace(a, b));
}

/** What makes a match the same as another one in an earlier state: rule, file, scope and what it is about; never its line. */
export function matchKey(match: Match): string {
  return JSON.stringify([match.rule, match.place.file, match.scope ?? '', normalise(match.identity ?? match.evidence)]);
}

function fingerprintOf(key: string, count: number): string {
  return createHash('sha256').update(`finding 1\n${key}\n${count}`).digest('hex').slice(0, FINGERPRINT_DIGITS);
}

/** White space and its place in a line say nothing of a flaw. */
function normalise(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** By what the rule says alone: 100 steps for each severity, 10 for each confidence. Scanners that know more say it. */
function priorityOf(severity: Finding['severity'], confidence: Finding['confidence']): Priority {
  const rank = 1000 + SEVERITIES.indexOf(severity) * 100 + CONFIDENCES.indexOf(confidence) * 10;
  return { rank, reason: `${severity} severity, ${confidence} confidence` };
}

function byPlace(a: Pick<Match, 'place' | 'rule' | 'message'>, b: Pick<Match, 'place' | 'rule' | 'message'>): number {
  return (
    compare(a.place.file, b.place.file) ||
    a.place.line - b.place.line ||
    a.place.column - b.place.column ||
    compare(a.rule, b.rule) ||
    compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
