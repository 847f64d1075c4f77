import { type FileView, type Match, type Rule, viewOf } from '../finding/index.ts';
import type { FileChange, Reading, Tree } from '../source/index.ts';

/**
 * What marks such as `gitleaks:allow` allow in gate mode, where the scanner heeds none: on lines that the base has, mark and all. On lines of
 * the change they have no effect and are told.
 */
export async function judgeMarks(
  matches: readonly Match[],
  {
    tree,
    gate,
    rules,
  }: {
    readonly tree: Tree;
    readonly gate: { readonly tree: Tree; readonly changes: readonly FileChange[] };
    readonly rules: ReadonlyMap<string, Rule>;
  },
): Promise<{ readonly allowed: ReadonlySet<Match['place']>; readonly brought: readonly Match[] }> {
  const secrets = matches.filter(({ rule }) => rules.get(rule)?.kind === 'secrets');
  if (secrets.length === 0) return { allowed: new Set(), brought: [] };
  const { isMarked } = await import('../secrets/index.ts');
  const changes = new Map(gate.changes.map((change) => [change.head?.path, change]));
  const allowed = new Set<Match['place']>();
  const brought: Match[] = [];
  for (const [path, found] of Map.groupBy(secrets, ({ place }) => place.file)) {
    const change = changes.get(path);
    const head =
      change === undefined ? viewOfReading(path, await tree.readPath(path)) : await viewIn(tree, change.head);
    const base = change === undefined ? head : await viewIn(gate.tree, change.base);
    const known = new Set((base?.text ?? '').split('\n').filter(isMarked));
    const lines = (head?.text ?? '').split('\n');
    for (const { place } of found) {
      const line = lines[place.line - 1] ?? '';
      if (!isMarked(line)) continue;
      if (known.has(line)) allowed.add(place);
      else brought.push(broughtMatch(place));
    }
  }
  return { allowed, brought };
}

async function viewIn(tree: Tree, entry: FileChange['head']): Promise<FileView | undefined> {
  if (entry === undefined) return undefined;
  return viewOfReading(entry.path, await tree.read(entry));
}

function viewOfReading(path: string, reading: Reading): FileView | undefined {
  return reading.ok ? viewOf(path, reading.bytes) : undefined;
}

function broughtMatch(place: Match['place']): Match {
  return {
    rule: 'settings-from-change',
    place,
    message: 'the mark that allows this secret comes with the change that it judges: it has no effect',
    evidence: '[redacted]',
    fix: { kind: 'none', reason: 'it says what a person decided', followUp: 'Merge it in a change of its own.' },
  };
}
