import type { Action, ConcurrencyClaim, InstanceState, RunState, Schedule } from './state.ts';

/** How many may wait in line for a group with `queue: max`; GitHub's bound. The newest beyond it is cancelled. */
export const CONCURRENCY_QUEUE_MAX = 100;

/** One that holds or wants a group: a whole run, or a job or call of one. */
type Claimant = {
  readonly claim: ConcurrencyClaim;
  readonly order: number;
  readonly run: RunState;
  readonly instance?: InstanceState;
  readonly holds: boolean;
};

/**
 * Who is let into its concurrency group, who waits, who is cancelled by a newer one. At most one holds a group. Also opens
 * runs that claim no group.
 */
export function decideConcurrency(schedule: Schedule): readonly Action[] {
  const actions: Action[] = [];
  const groups = new Map<string, Claimant[]>();
  for (const run of schedule.runs) {
    for (const claimant of claimantsOf(run)) {
      const group = claimant.claim.group.toLowerCase();
      groups.set(group, [...(groups.get(group) ?? []), claimant]);
    }
    if (run.status === 'waiting' && run.cancel !== 'none') {
      actions.push({
        kind: 'end-run',
        run: run.run,
        conclusion: 'cancelled',
        reason: run.cancelReason ?? 'cancelled before it started',
      });
    } else if (run.status === 'waiting' && run.concurrency === undefined) {
      actions.push({ kind: 'open-run', run: run.run });
    }
  }
  for (const claimants of groups.values()) actions.push(...decideGroup(claimants));
  return actions;
}

function claimantsOf(run: RunState): readonly Claimant[] {
  const claimants: Claimant[] = [];
  if (run.concurrency !== undefined && run.status !== 'done' && (run.status === 'open' || run.cancel === 'none')) {
    claimants.push({ claim: run.concurrency, order: run.order, run, holds: run.status === 'open' });
  }
  for (const instance of run.instances) {
    if (instance.concurrency === undefined || instance.status === 'done') continue;
    const waits = instance.status === 'queued' && !instance.admitted;
    if (waits && !isItsTurn(run, instance)) continue;
    claimants.push({ claim: instance.concurrency, order: instance.order, run, instance, holds: !waits });
  }
  return claimants;
}

/** A job claims its group only when nothing else keeps it from starting. */
function isItsTurn(run: RunState, instance: InstanceState): boolean {
  if (run.status !== 'open' || run.cancel !== 'none' || instance.cancel !== 'none') return false;
  const max = run.definitions.find(({ key }) => key === instance.definition)?.instancesMax;
  if (max === undefined) return true;
  const siblings = run.instances.filter(({ definition }) => definition === instance.definition);
  const before = siblings.filter(
    (sibling) =>
      sibling.status === 'running' ||
      sibling.status === 'open' ||
      (sibling.status === 'queued' && (sibling.admitted || sibling.order < instance.order)),
  );
  return before.length < max;
}

function decideGroup(claimants: readonly Claimant[]): readonly Action[] {
  const actions: Action[] = [];
  let holder = claimants.find(({ holds }) => holds);
  let line: Claimant[] = [];
  for (const claimant of claimants.filter(({ holds }) => !holds).sort((a, b) => a.order - b.order)) {
    if (holder !== undefined && isWithin(claimant, holder)) {
      actions.push(ended(claimant, 'failure', `it waits for ${claimant.claim.group}, which its own caller holds`));
      continue;
    }
    if (holder !== undefined && !holder.holds && claimant.claim.cancelInProgress) {
      actions.push(ended(holder, 'cancelled', superseded(claimant)));
      holder = undefined;
    }
    if (holder === undefined) {
      holder = claimant;
      continue;
    }
    if (claimant.claim.queue === 'single') {
      for (const waiting of line) actions.push(ended(waiting, 'cancelled', superseded(claimant)));
      line = [];
    } else if (line.length >= CONCURRENCY_QUEUE_MAX) {
      actions.push(
        ended(claimant, 'cancelled', `cancelled: ${CONCURRENCY_QUEUE_MAX} wait already for ${claimant.claim.group}`),
      );
      continue;
    }
    line.push(claimant);
    if (claimant.claim.cancelInProgress) actions.push(...cancelled(holder, superseded(claimant)));
  }
  if (holder !== undefined && !holder.holds) actions.push(admitted(holder));
  return actions;
}

/** Whether the holder is the run of the claimant, or a call around it: waiting for it would never end. */
function isWithin(claimant: Claimant, holder: Claimant): boolean {
  if (claimant.instance === undefined || holder.run !== claimant.run) return false;
  if (holder.instance === undefined) return true;
  let key: string | undefined = claimant.instance.definition;
  for (let depth = 0; key !== undefined && depth <= claimant.run.instances.length; depth += 1) {
    const definition = claimant.run.definitions.find((candidate) => candidate.key === key);
    const scope = definition?.scope;
    if (scope === holder.instance.key) return true;
    key = claimant.run.instances.find((candidate) => candidate.key === scope)?.definition;
  }
  return false;
}

function superseded({ claim }: Claimant): string {
  return `cancelled: a newer one claims the concurrency group ${claim.group}`;
}

function admitted({ run, instance }: Claimant): Action {
  if (instance === undefined) return { kind: 'open-run', run: run.run };
  return { kind: 'admit', run: run.run, instance: instance.key };
}

function ended({ run, instance }: Claimant, conclusion: 'cancelled' | 'failure', reason: string): Action {
  if (instance === undefined) return { kind: 'end-run', run: run.run, conclusion, reason };
  return { kind: 'end', run: run.run, instance: instance.key, conclusion, reason };
}

function cancelled(holder: Claimant, reason: string): readonly Action[] {
  const { run, instance } = holder;
  if (instance === undefined) {
    return run.cancel === 'none' ? [{ kind: 'cancel-run', run: run.run, reason }] : [];
  }
  if (instance.cancel !== 'none') return [];
  if (instance.status === 'queued') return [ended(holder, 'cancelled', reason)];
  return [{ kind: 'cancel', run: run.run, instance: instance.key, force: false, reason }];
}
