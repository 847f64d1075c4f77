import calculator from 'ae-cvss-calculator';
import type { Severity } from '../finding/index.ts';

/** A vector of CVSS 4 with all supplemental metrics has under 300 characters. */
const VECTOR_LENGTH_MAX = 500;

/** The overall score of a CVSS vector (2.0 to 4.0); nothing when it is none or lacks what the score needs. */
export function scoreOf(vector: string): number | undefined {
  if (vector.length > VECTOR_LENGTH_MAX) return undefined;
  try {
    const parsed: unknown = calculator.fromVector(vector);
    if (!hasScores(parsed)) return undefined;
    const { overall } = parsed.calculateScores();
    return typeof overall === 'number' && Number.isFinite(overall) && overall >= 0 ? overall : undefined;
  } catch {
    // The library throws on vectors that it does not understand; such a record has no score.
    return undefined;
  }
}

function hasScores(value: unknown): value is { calculateScores(): { overall?: unknown } } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'calculateScores' in value &&
    typeof value.calculateScores === 'function'
  );
}

/** The bands of CVSS. */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'info';
}

/** What databases write in words. */
export function severityOfWord(word: string): Severity | undefined {
  switch (word.toLowerCase()) {
    case 'critical':
      return 'critical';
    case 'high':
    case 'important':
      return 'high';
    case 'medium':
    case 'moderate':
      return 'medium';
    case 'low':
      return 'low';
    default:
      return undefined;
  }
}
