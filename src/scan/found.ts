import type { Gap, Match } from '../finding/index.ts';
import type { FileScan } from './file-scan.ts';

/** What a scan has found, before suppressions. */
export type Found = {
  readonly matches: readonly Match[];
  readonly gaps: readonly Gap[];
  readonly notes: readonly string[];
  readonly comments: ReadonlyMap<string, unknown>;
  readonly files: number;
  readonly bytes: number;
  /** The matches to be reported, when not all are: what is new. */
  readonly isReported: (place: Match['place']) => boolean;
};

/** Facts of the comments that suppress, by path. */
export function commentsOf({ outcomes }: FileScan): ReadonlyMap<string, unknown> {
  const files = outcomes.get('suppressions') ?? new Map<string, { readonly facts?: unknown }>();
  return new Map([...files].flatMap(([path, { facts }]) => (facts === undefined ? [] : [[path, facts]])));
}
