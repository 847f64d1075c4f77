/** Everything that a scan can be without, by the codes of its gaps. */
export const GAP_CODES = [
  'advisories-empty',
  'advisories-missing',
  'advisories-old',
  'advisories-unusable',
  'archive-not-read',
  'code-too-complex',
  'file-too-large',
  'file-unreadable',
  'history-incomplete',
  'history-partial',
  'history-shallow',
  'scanner-failed',
  'scanner-missing',
  'tool-failed',
  'unreadable-infrastructure',
  'unreadable-lockfile',
  'unreadable-workflow',
] as const;

/** The compiler lets nobody give a code that `--allow-missing` does not know. */
export type GapCode = (typeof GAP_CODES)[number];

/** Whether `--allow-missing NAME` goes on without what has this code: `advisories` stands for all that begin with it. */
export function isOfGap(name: string, code: string): boolean {
  return code === name || code.startsWith(`${name}-`);
}
