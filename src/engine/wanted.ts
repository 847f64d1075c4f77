import type { DataObject } from '../base/index.ts';
import type { PlannedJob, PlannedWorkflow } from '../plan/index.ts';
import { ancestorsOf } from '../workflow/index.ts';
import { fault } from './faults.ts';
import { matchesMatrix } from './instances.ts';

/** Keys that are listed when a key names none of them. */
const KEYS_SHOWN_MAX = 20;

/** What the person asked for: keys of jobs by `-j`, and values of `--matrix`. */
export type Wanted = {
  readonly jobs: readonly string[];
  readonly matrix: { readonly [key: string]: string };
};

/** A workflow in its place: `key` is the key of the calling job, none for the workflow that was started. */
type Place = { readonly key: string | undefined; readonly workflow: Pick<PlannedWorkflow, 'jobs'> };

/**
 * Whether one instance of a job is to run. A name of `-j` is an id (`test`: all of its matrix), the key of one matrix child
 * (`test (20)`), or leads into a called workflow (`call / build (18)`); what a named job needs is wanted whole.
 */
export function isWanted(
  wanted: Wanted,
  { key, workflow }: Place,
  job: Pick<PlannedJob, 'id'>,
  instance: { readonly suffix: string; readonly matrix: DataObject },
): boolean {
  if (key === undefined && !matchesMatrix(instance.matrix, wanted.matrix)) return false;
  const prefix = key === undefined ? '' : `${key.toLowerCase()} / `;
  const names = wanted.jobs.flatMap((name) => {
    const lower = name.toLowerCase();
    return lower.startsWith(prefix) ? [lower.slice(prefix.length)] : [];
  });
  // A called workflow that was named as a whole, or is needed by what was named.
  if (names.length === 0) return true;
  const id = job.id.toLowerCase();
  const own = `${id}${instance.suffix.toLowerCase()}`;
  if (names.some((name) => name === id || name === own || name.startsWith(`${own} / `))) return true;
  return names.some((name) => ancestorsOf(workflow.jobs, idIn(name)).has(id));
}

/** The job's id at the start of a key: ids have no blanks. */
function idIn(key: string): string {
  return key.split(' ', 1)[0] ?? key;
}

/** Refuses names of `-j` that name no job of these plans. Jobs that are expanded later may have any key. */
export function refuseUnknownKeys(wanted: Wanted, roots: readonly PlannedWorkflow[]): void {
  for (const name of wanted.jobs) {
    const keys = roots.flatMap((root) => keysOf(root, ''));
    const isKnown = keys.some((known) => leadsTo(name.toLowerCase(), known));
    if (isKnown) continue;
    const shown = keys.slice(0, KEYS_SHOWN_MAX).map(({ key }) => key);
    throw fault('job-missing', `no workflow has a job ${name}; jobs: ${shown.join(', ')}`);
  }
}

/** Refuses a `--matrix` that no combination of these plans has. Matrices that are expanded later may have any. */
export function refuseUnknownMatrix({ matrix }: Wanted, roots: readonly PlannedWorkflow[]): void {
  const jobs = roots.flatMap((root) => root.jobs);
  if (jobs.some(({ expansion }) => expansion === undefined)) return;
  const combinations = jobs.flatMap((job) => job.expansion?.instances ?? []).map((instance) => instance.matrix);
  for (const [key, value] of Object.entries(matrix)) {
    const having = combinations.filter((one) => Object.keys(one).some((n) => n.toLowerCase() === key.toLowerCase()));
    if (having.some((one) => matchesMatrix(one, { [key]: value }))) continue;
    const keys = [...new Set(combinations.flatMap((one) => Object.keys(one)))].slice(0, KEYS_SHOWN_MAX);
    throw fault('matrix-missing', `no matrix has ${key}=${value}; keys: ${keys.join(', ') || 'none'}`);
  }
}

type KnownKey = { readonly key: string; readonly id: string; readonly isOpen: boolean };

function leadsTo(name: string, { key, id, isOpen }: KnownKey): boolean {
  if (name === key.toLowerCase() || name === id.toLowerCase()) return true;
  return isOpen && (name.startsWith(`${id.toLowerCase()} (`) || name.startsWith(`${id.toLowerCase()} / `));
}

function keysOf(workflow: PlannedWorkflow, prefix: string): readonly KnownKey[] {
  return workflow.jobs.flatMap((job): readonly KnownKey[] => {
    const id = `${prefix}${job.id}`;
    if (job.expansion === undefined) return [{ key: id, id, isOpen: true }];
    return job.expansion.instances.flatMap(({ suffix }): readonly KnownKey[] => {
      const key = `${id}${suffix}`;
      const inside = job.kind === 'call' && job.callee !== undefined ? keysOf(job.callee, `${key} / `) : [];
      return [{ key, id, isOpen: false }, ...inside];
    });
  });
}
