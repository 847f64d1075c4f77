import type { Expansion } from '../plan/index.ts';
import type { Conclusion, JobOutcome } from '../protocol/index.ts';

/**
 * One change of a run that goes on, with everything that was evaluated, drawn or measured for it: a plain JSON value. Applying
 * the same acts in the same order to the same plans gives the same state, so acts are what a server keeps to go on after a crash.
 * Times are milliseconds of the driver's clock.
 */
export type Act = { readonly run: number } & (
  | { readonly kind: 'added' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'run-cancelled'; readonly force: boolean; readonly reason: string }
  | {
      readonly kind: 'run-ended';
      readonly conclusion: Conclusion;
      readonly reason?: string;
      readonly finishedAt: number;
    }
  | { readonly kind: 'decided'; readonly definition: string; readonly accepted: boolean; readonly reason: string }
  /** It ends without instances. */
  | {
      readonly kind: 'not-expanded';
      readonly definition: string;
      readonly conclusion: Conclusion;
      readonly reason: string;
    }
  /** `suffixes`: of the instances that are wanted, in order. */
  | {
      readonly kind: 'expanded';
      readonly definition: string;
      readonly expansion: Expansion;
      readonly suffixes: readonly string[];
    }
  | { readonly kind: 'admitted'; readonly instance: string }
  | {
      readonly kind: 'started';
      readonly instance: string;
      readonly jobId: number;
      readonly startedAt: number;
      readonly deadlineAt: number;
    }
  | { readonly kind: 'entered'; readonly instance: string }
  | {
      readonly kind: 'cancelling';
      readonly instance: string;
      readonly force: boolean;
      readonly reason: string;
      readonly forceAt: number;
    }
  | {
      readonly kind: 'finished';
      readonly instance: string;
      readonly outcome: JobOutcome;
      readonly endedAt: number;
      /** When its runner began, where that is another time than that of its start. */
      readonly startedAt?: number;
      /** What no runner tells. `inside`: of a call, the jobs in it are told of. */
      readonly told?: { readonly reason: string; readonly inside: boolean };
    }
);
