import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { extractArtifact, type ResultsStore } from '../results/index.ts';

/**
 * `--artifacts DIR`: copies the artifacts of runs out, as data only. Several runs get a folder each, since their
 * artifacts may have the same names. Answers one line for each.
 */
export async function copyArtifacts(
  results: ResultsStore,
  runIds: readonly number[],
  into: string,
): Promise<readonly string[]> {
  await mkdir(into, { recursive: true });
  const lines: string[] = [];
  for (const runId of runIds) {
    const folder = runIds.length === 1 ? into : join(into, String(runId));
    for (const artifact of await results.artifacts.ofRun(runId)) {
      const content = await results.artifacts.read(artifact);
      const { path, files, bytes } = await extractArtifact(artifact, content, { into: folder });
      lines.push(`artifact ${artifact.name}: ${files} files, ${bytes} bytes in ${path}`);
    }
  }
  return lines;
}
