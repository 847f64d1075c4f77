import type { Match } from '../finding/index.ts';
import type { CodeFacts } from './facts.ts';

/** Follows values from file to file. */
export function link(_facts: ReadonlyMap<string, CodeFacts>): readonly Match[] {
  return [];
}
