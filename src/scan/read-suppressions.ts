import { type Match, viewOf } from '../finding/index.ts';
import type { FileChange, Tree } from '../source/index.ts';
import { type InlineFacts, type InlineSuppression, inlineSuppressions } from './inline.ts';
import type { Scope } from './scope.ts';
import type { SettingsSource } from './settings.ts';
import type { SuppressOptions } from './suppress.ts';
import { parseSuppressions, SUPPRESSIONS_FILE } from './suppression-file.ts';

export type SuppressionState = Pick<SuppressOptions, 'file' | 'inline' | 'isInert' | 'isOld'> & {
  /** Settings that the change brings, in gate mode. */
  readonly matches: readonly Match[];
};

/** Files of a repository that decide what a scan reports. */
const SETTINGS = /^(?:\.gitleaks\.toml|\.gitleaksignore|\.betterleaks\.toml|\.betterleaksignore|\.sallyport\/.+)$/;

/** Reads what suppresses findings, and which of it was there before. */
export async function readSuppressions(
  source: SettingsSource,
  { scope, comments }: { readonly scope: Scope; readonly comments: ReadonlyMap<string, unknown> },
): Promise<SuppressionState> {
  const text = await source.readText(SUPPRESSIONS_FILE);
  // What the scanner of this folder has made of the files.
  const inline = comments as ReadonlyMap<string, InlineFacts>;
  const gated = scope.gate === undefined ? undefined : await knownComments(inline, scope.gate);
  const based = scope.base === undefined ? undefined : await knownComments(inline, scope.base);
  return {
    file: text === undefined ? [] : await parseSuppressions(text),
    inline,
    isInert: (path, comment) => gated !== undefined && !gated(path, comment),
    isOld: (path, comment) => based?.(path, comment) === true,
    matches: scope.gate === undefined ? [] : await settingsMatches(scope.gate.changes),
  };
}

/**
 * Whether a comment stood in the same file of another tree, about the same line, wherever both stood there. One that is copied is known as
 * often as it was there: the others are the change's own.
 */
async function knownComments(
  inline: ReadonlyMap<string, InlineFacts>,
  { tree, changes }: { readonly tree: Tree; readonly changes: readonly FileChange[] },
): Promise<(path: string, comment: InlineSuppression) => boolean> {
  const changed = new Map(
    changes.flatMap((change) => (change.head === undefined ? [] : [[change.head.path, change.base]])),
  );
  const brought = new Set<InlineSuppression>();
  for (const [path, comments] of inline) {
    if (!changed.has(path)) continue;
    const before = changed.get(path);
    const reading = before === undefined ? undefined : await tree.read(before);
    const known = reading?.ok === true ? inlineSuppressions(viewOf(path, reading.bytes)) : [];
    const left = Map.groupBy(known, ({ identity }) => identity);
    for (const comment of comments) {
      if (left.get(comment.identity)?.pop() === undefined) brought.add(comment);
    }
  }
  return (_path, comment) => !brought.has(comment);
}

async function settingsMatches(changes: readonly FileChange[]): Promise<readonly Match[]> {
  // Documents that say which flaws do not matter are settings, too.
  const { isVexFile } = await import('../dependencies/index.ts');
  return changes.flatMap((change) => settingsMatch(change, isVexFile));
}

function settingsMatch({ head }: FileChange, isVexFile: (path: string) => boolean): readonly Match[] {
  if (head === undefined || !(SETTINGS.test(head.path) || isVexFile(head.path))) return [];
  return [
    {
      rule: 'settings-from-change',
      place: { file: head.path, line: 1, column: 1, endLine: 1, endColumn: 1 },
      message: `${head.path} comes with the change that it would judge: the base's is used`,
      evidence: head.path,
      fix: { kind: 'none', reason: 'it says what a person decided', followUp: 'Merge it in a change of its own.' },
    },
  ];
}
