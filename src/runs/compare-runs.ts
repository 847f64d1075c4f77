import type { Conclusion } from '../protocol/index.ts';
import type { StepReport } from './job-report.ts';
import type { RunJob } from './read.ts';

/** A job of a run with the steps that its log tells of. */
export type TimedJob = { readonly job: RunJob; readonly steps: readonly StepReport[] };

/** How long something took now and then. Absent: it did not run, or it has not ended. */
export type Compared = {
  readonly durationMs?: number;
  readonly baseMs?: number;
  readonly conclusion?: Conclusion;
  readonly baseConclusion?: Conclusion;
};
export type ComparedJob = Compared & {
  readonly key: string;
  readonly name: string;
  readonly steps: readonly (Compared & { readonly id: string; readonly name: string })[];
};

/**
 * Two runs of one workflow side by side: jobs by their keys, steps by their ids, in the order of the first, then what only the other had.
 * Inner steps of composite actions are part of their outer one.
 */
export function compareJobs(run: readonly TimedJob[], base: readonly TimedJob[]): readonly ComparedJob[] {
  return pairs(run, base, ({ job }) => job.key).map(([now, then]) => ({
    key: now?.job.key ?? then?.job.key ?? '',
    name: now?.job.name ?? then?.job.name ?? '',
    ...compared(jobTime(now?.job), jobTime(then?.job)),
    steps: pairs(outer(now), outer(then), ({ id }) => id).map(([step, baseStep]) => ({
      id: step?.id ?? baseStep?.id ?? '',
      name: step?.name ?? baseStep?.name ?? '',
      ...compared(stepTime(step), stepTime(baseStep)),
    })),
  }));
}

type Timed = { readonly ms?: number; readonly conclusion?: Conclusion };

function compared(now: Timed, then: Timed): Compared {
  return {
    ...(now.ms === undefined ? {} : { durationMs: now.ms }),
    ...(then.ms === undefined ? {} : { baseMs: then.ms }),
    ...(now.conclusion === undefined ? {} : { conclusion: now.conclusion }),
    ...(then.conclusion === undefined ? {} : { baseConclusion: then.conclusion }),
  };
}

function jobTime(job: RunJob | undefined): Timed {
  return {
    ...(job?.startedAt === undefined || job.finishedAt === undefined
      ? {}
      : { ms: Math.max(0, job.finishedAt.getTime() - job.startedAt.getTime()) }),
    ...(job?.conclusion === undefined ? {} : { conclusion: job.conclusion }),
  };
}

function stepTime(step: StepReport | undefined): Timed {
  return {
    ...(step?.finishedAt === undefined ? {} : { ms: Math.max(0, step.finishedAt - step.startedAt) }),
    ...(step?.conclusion === undefined ? {} : { conclusion: step.conclusion }),
  };
}

const outer = (job: TimedJob | undefined) => job?.steps.filter(({ id }) => !id.includes('/')) ?? [];

function pairs<Item>(
  first: readonly Item[],
  second: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly [Item | undefined, Item | undefined])[] {
  const others = new Map(second.map((item) => [keyOf(item), item]));
  const both = first.map((item) => [item, others.get(keyOf(item))] as const);
  const known = new Set(first.map(keyOf));
  return [...both, ...second.filter((item) => !known.has(keyOf(item))).map((item) => [undefined, item] as const)];
}
