import type { FileView } from './file-view.ts';
import type { Kind, Match } from './model.ts';
import type { GapCode } from './gap-codes.ts';
import type { Rule } from './rule.ts';

/** Something that a scanner could not look at. A scan with one of these never counts as clean. */
export type Gap = {
  /** Stable, kebab-case: `file-too-large`, `unreadable-lockfile`. */
  readonly code: GapCode;
  /** Where, when it is one file. */
  readonly file?: string;
  readonly line?: number;
  /** What was not looked at and why, one sentence; then what to do. */
  readonly reason: string;
  readonly help?: string;
};

/** What one file gave. Plain data: it crosses threads and lies in the result cache. */
export type FileOutcome<Facts> = {
  readonly matches: readonly Match[];
  /** What `finish` has to know of this file: an inventory, summaries of functions. Nothing when there is nothing. */
  readonly facts?: Facts;
  readonly gaps?: readonly Gap[];
  /** The file was only glanced at: it gives nothing by itself. `demands` says when it has to be looked at as well. */
  readonly isPutOff?: true;
};

export type ScanFileOptions = {
  /** The file may be put off. Without it, it is looked at as a whole. */
  readonly mayPutOff: boolean;
};

export type TreeOutcome = {
  readonly matches: readonly Match[];
  readonly gaps?: readonly Gap[];
  /** What was not checked though nothing is missing: told where something is new, and a person decides about it. */
  readonly notes?: readonly string[];
};

/**
 * Finds flaws of one kind. Pure: it gets bytes, never opens a file, asks no network, and gives the same answer for the
 * same input. Of hostile input it makes findings and gaps, not exceptions, in time linear in the input.
 *
 * `scanFile` sees each wanted file alone, on any thread, in any order; its outcome is cached by content and
 * `settings`. `finish` then sees the facts of all files at once, sorted by path, on one thread.
 */
export type Scanner<Facts = unknown> = {
  readonly kind: Kind;
  /** Every rule that it may report, for reports and `completeFindings`. */
  readonly rules: readonly Rule[];
  /** Digest over rules and all settings that change what `scanFile` answers. */
  readonly settings: string;
  /** Whether it looks at this file at all. By name and size only: called for every file of the tree. */
  wants(path: string, bytes: number): boolean;
  scanFile(file: FileView, options?: ScanFileOptions): FileOutcome<Facts>;
  /** Looks at where a symbolic link leads, as a text. Links are never followed; without this they are not looked at. */
  scanLink?(path: string, target: string): FileOutcome<Facts>;
  finish?(facts: ReadonlyMap<string, Facts>): TreeOutcome;
  /** Of the files that were put off, those that matter beside these facts: asked again with theirs, until there are none. */
  demands?(facts: ReadonlyMap<string, Facts>): readonly string[];
};
