import { basename } from 'node:path';
import { digestOf } from '../base/index.ts';
import type { FileOutcome } from '../finding/index.ts';
import { type GitProgram, readCommitFacts, type Repository, resolveCommit } from '../source/index.ts';
import { fault } from './faults.ts';
import type { InventoryOptions, ScannerDoor } from './scanner-table.ts';

export type InventoryInput = {
  readonly door: ScannerDoor | undefined;
  readonly files: ReadonlyMap<string, FileOutcome<unknown>> | undefined;
  readonly root: string;
  readonly git: GitProgram | undefined;
  readonly repository: Repository | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** The inventory as a bill of materials. The same files at the same commit give the same text. */
export async function renderInventory(
  options: Pick<InventoryOptions, 'format' | 'toolVersion'>,
  { door, files, root, git, repository, now }: InventoryInput,
): Promise<string> {
  if (door?.renderInventory === undefined || files === undefined) {
    throw fault('inventory-missing', 'dependencies were not scanned');
  }
  const facts = [...files].flatMap(([path, outcome]) =>
    outcome.facts === undefined ? [] : [[path, outcome.facts] as const],
  );
  const sorted = new Map(facts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return door.renderInventory(sorted, {
    ...options,
    name: basename(root),
    digest: digestOf(JSON.stringify([...sorted])),
    timestamp: (await commitTime(git, repository)) ?? new Date(now).toISOString(),
  });
}

/** The day of the commit, so that two inventories of it are the same. */
async function commitTime(
  git: GitProgram | undefined,
  repository: Repository | undefined,
): Promise<string | undefined> {
  if (git === undefined || repository === undefined) return undefined;
  const commit = await resolveCommit(git, repository, 'HEAD').catch(() => undefined);
  if (commit === undefined) return undefined;
  const date = (await readCommitFacts(git, repository, new Set([commit]))).get(commit)?.date;
  return date === undefined ? undefined : `${date}T00:00:00.000Z`;
}
