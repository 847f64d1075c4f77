import { basename } from 'node:path';
import { digestOf } from '../base/index.ts';
import type { FileOutcome } from '../finding/index.ts';
import { type GitProgram, openRepository, readCommitFacts, type Repository, resolveCommit } from '../source/index.ts';
import { fault } from './faults.ts';
import type { InventoryOptions, ScanMachine, ScannerDoor, ScannerSettings } from './scanner-table.ts';
import type { SuppressedFinding } from './suppress.ts';

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
  const { facts, digest } = factsOf(files);
  const timestamp = (await commitTime(git, repository)) ?? new Date(now).toISOString();
  return door.renderInventory(facts, { ...options, name: basename(root), digest, timestamp });
}

export type VexInput = Pick<InventoryInput, 'door' | 'files'> & {
  readonly settings: ScannerSettings;
  readonly machine: ScanMachine;
  readonly suppressed: readonly SuppressedFinding[];
};

/** What is known of the flaws of the dependencies, as OpenVEX. It is a judgement of today, whatever the commit. */
export async function renderVex(
  options: Pick<InventoryOptions, 'toolVersion'>,
  { door, files, settings, machine, suppressed }: VexInput,
): Promise<string | undefined> {
  if (door?.renderVex === undefined || files === undefined) {
    throw fault('inventory-missing', 'dependencies were not scanned');
  }
  const { facts, digest } = factsOf(files);
  const putAside = suppressed.flatMap(({ finding: { subject }, reason, owner, expires }) =>
    subject === undefined ? [] : [{ ...subject, note: `Suppressed until ${expires} by ${owner}: ${reason}` }],
  );
  const timestamp = new Date(machine.now).toISOString();
  return door.renderVex(facts, { ...options, digest, timestamp, settings, machine, putAside });
}

/** Sorted by path, so that the same files give the same text. */
function factsOf(files: ReadonlyMap<string, FileOutcome<unknown>>): {
  readonly facts: ReadonlyMap<string, unknown>;
  readonly digest: string;
} {
  const facts = [...files].flatMap(([path, outcome]) =>
    outcome.facts === undefined ? [] : [[path, outcome.facts] as const],
  );
  const sorted = new Map(facts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return { facts: sorted, digest: digestOf(JSON.stringify([...sorted])) };
}

/** The day of the commit, so that two inventories of it are the same. */
async function commitTime(
  git: GitProgram | undefined,
  repository: Repository | undefined,
): Promise<string | undefined> {
  if (git === undefined || repository === undefined) return undefined;
  const opened = openRepository(git, repository);
  const commit = await resolveCommit(opened, 'HEAD')
    .catch(() => undefined)
    .finally(() => opened.objects.close());
  if (commit === undefined) return undefined;
  const date = (await readCommitFacts(git, repository, new Set([commit]))).get(commit)?.date;
  return date === undefined ? undefined : `${date}T00:00:00.000Z`;
}
