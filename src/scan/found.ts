import type { Gap, Match } from '../finding/index.ts';
import type { Outcomes } from './finish.ts';

/** What the scanners found, before suppressions. */
export type Found = {
  /** By kind and file: all that `finish` needs to see. */
  readonly outcomes: Outcomes;
  /** Files that could not be read. */
  readonly gaps: readonly Gap[];
  readonly notes: readonly string[];
  /** The files that are reported on: all, or the changed ones. */
  readonly isScanned: (path: string) => boolean;
  /** Says for these matches which are to be reported, when not all are: those that are new. */
  readonly reporter: (matches: readonly Match[]) => (place: Match['place']) => boolean;
  readonly files: number;
  readonly bytes: number;
};

/** Facts of the comments that suppress, by path. */
export function commentsOf(outcomes: Outcomes, isScanned: (path: string) => boolean): ReadonlyMap<string, unknown> {
  const files = outcomes.get('suppressions') ?? new Map<string, { readonly facts?: unknown }>();
  return new Map(
    [...files].flatMap(([path, { facts }]) => (facts === undefined || !isScanned(path) ? [] : [[path, facts]])),
  );
}

/** Later ones win. */
export function joined(...all: readonly Outcomes[]): Outcomes {
  const kinds = new Set(all.flatMap((outcomes) => [...outcomes.keys()]));
  return new Map([...kinds].map((kind) => [kind, new Map(all.flatMap((outcomes) => [...(outcomes.get(kind) ?? [])]))]));
}

/** Without what was found in these files. */
export function without(outcomes: Outcomes, paths: ReadonlySet<string>): Outcomes {
  return new Map(
    [...outcomes].map(([kind, files]) => [kind, new Map([...files].filter(([path]) => !paths.has(path)))]),
  );
}
