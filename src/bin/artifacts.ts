import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../base/index.ts';
import { extractArtifact, type ResultsStore } from '../results/index.ts';
import { fault } from './faults.ts';

/**
 * `--artifacts DIR`: copies the artifacts of runs out, as data only. Several runs get a folder each, since their
 * artifacts may have the same names. Answers one line for each.
 */
export async function copyArtifacts(
  results: ResultsStore,
  runIds: readonly number[],
  into: string,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const runId of runIds) {
    const folder = runIds.length === 1 ? into : join(into, String(runId));
    for (const artifact of await results.artifacts.ofRun(runId)) {
      const content = await results.artifacts.read(artifact);
      const { path, files, bytes } = await extractArtifact(artifact, content, { into: folder });
      lines.push(`artifact ${artifact.name}: ${files} files, ${bytes} bytes in ${path}`);
    }
  }
  return lines.length === 0 ? [`no artifacts: nothing was copied to ${into}`] : lines;
}

/**
 * Makes the folder of `--artifacts` before anything runs, so that no run is in vain. Level by level: the recursive `mkdir`
 * of Node never ends where the file system refuses a folder as not found, as in /proc.
 */
export async function makeArtifactsFolder(path: string): Promise<void> {
  const missing: string[] = [];
  let place = path;
  while ((await stat(place).catch(() => undefined)) === undefined && dirname(place) !== place) {
    missing.unshift(place);
    place = dirname(place);
  }
  try {
    for (const folder of missing) await mkdir(folder);
  } catch (error) {
    throw fault('folder-unwritable', `--artifacts ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
