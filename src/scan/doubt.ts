import { type FileChange, isGeneratedText, type Tree } from '../source/index.ts';

/**
 * Files of a change that are not believed when they say that a program wrote them: all but those that said so in the base. Otherwise a
 * comment in its first lines would take a file out of the gate.
 */
export async function doubtedFiles({
  tree,
  changes,
}: {
  readonly tree: Tree;
  readonly changes: readonly FileChange[];
}): Promise<ReadonlySet<string>> {
  const doubted = new Set<string>();
  for (const { head, base } of changes) {
    if (head === undefined) continue;
    const reading = base === undefined ? undefined : await tree.read(base);
    if (reading?.ok === true && isGeneratedText(reading.bytes)) continue;
    doubted.add(head.path);
    // The same on both sides, so that what was there is not new.
    if (base !== undefined) doubted.add(base.path);
  }
  return doubted;
}
