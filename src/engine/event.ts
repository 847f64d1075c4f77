import type { Taint, TrustLevel } from '../base/index.ts';
import type { Conclusion, JobEvent } from '../protocol/index.ts';

/** One job of a run as a person sees it. */
export type JobSummary = {
  /** `build (18, linux)`, `call / build`. */
  readonly key: string;
  readonly name: string;
  /** Keys of jobs, or ids of jobs that are not expanded yet. */
  readonly needs: readonly string[];
  /** Its `continue-on-error` is true: that it fails does not fail the run. */
  readonly continueOnError?: true;
};

/** How a job ended, with what people should know of it. */
export type JobEnd = {
  readonly conclusion: Conclusion;
  /** It failed, and `continue-on-error` let the run go on. */
  readonly tolerated?: true;
  /** Why it did not run, or was cancelled. */
  readonly reason?: string;
};

/** What happens while workflows run, in order. What the terminal shows, `--json` prints and the server stores. */
export type EngineEvent =
  | {
      readonly kind: 'run-planned';
      readonly time: number;
      readonly runId: number;
      readonly workflow: { readonly path: string; readonly name: string };
      readonly runName: string;
      readonly event: string;
      readonly level: TrustLevel;
      readonly taints: readonly Taint[];
      readonly planDigest: string;
      readonly jobs: readonly JobSummary[];
      /** Remarks: tags resolved without a lock, dirty work tree, skipped environments, … */
      readonly notes: readonly string[];
    }
  /** A matrix or a reusable workflow that depended on outputs was expanded. */
  | { readonly kind: 'jobs-added'; readonly time: number; readonly runId: number; readonly jobs: readonly JobSummary[] }
  | { readonly kind: 'job'; readonly runId: number; readonly job: string; readonly event: JobEvent }
  /** A job that runs is told to end. Its steps with `always()` still run, unless it is by force. */
  | {
      readonly kind: 'job-cancelling';
      readonly time: number;
      readonly runId: number;
      readonly job: string;
      readonly force: boolean;
      readonly reason: string;
    }
  /** A job ended without a runner: skipped by its condition or its needs, refused, or cancelled before it started. */
  | ({
      readonly kind: 'job-ended';
      readonly time: number;
      readonly runId: number;
      readonly job: string;
      readonly reason: string;
    } & JobEnd)
  | {
      readonly kind: 'run-finished';
      readonly time: number;
      readonly runId: number;
      readonly conclusion: Conclusion;
      readonly durationMs: number;
      readonly jobs: readonly ({ readonly key: string; readonly durationMs: number } & JobEnd)[];
    };
