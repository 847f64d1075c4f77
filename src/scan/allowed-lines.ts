import { type FileView, type Match, type Rule, viewOf } from '../finding/index.ts';
import type { FileChange, Tree } from '../source/index.ts';

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
  const { isMarked } = await import('../secrets/index.ts');
  const secrets = matches.filter(({ rule }) => rules.get(rule)?.kind === 'secrets');
  const changes = new Map(gate.changes.map((change) => [change.head?.path, change]));
  const heads = new Map((await tree.list()).map((entry) => [entry.path, entry]));
  const allowed = new Set<Match['place']>();
  const brought: Match[] = [];
  for (const [path, found] of Map.groupBy(secrets, ({ place }) => place.file)) {
    const head = await viewIn(tree, heads.get(path));
    const change = changes.get(path);
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
  const reading = await tree.read(entry);
  return reading.ok ? viewOf(entry.path, reading.bytes) : undefined;
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
