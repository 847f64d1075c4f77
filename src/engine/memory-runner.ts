import type { CancelSignal, JobLease, JobOutcome, JobSecrets } from '../protocol/index.ts';
import type { RunJob } from './options.ts';

/** What one job of a memory runner does: everything is optional and defaults to a success without outputs. */
export type MemoryJob = (
  lease: JobLease,
  secrets: JobSecrets,
  signal: CancelSignal,
) => Promise<Partial<JobOutcome>> | Partial<JobOutcome>;

/** A runner that executes nothing: the in-memory sibling of the real one, for tests. It keeps what it was handed. */
export type MemoryRunner = {
  readonly runJob: RunJob;
  readonly leases: JobLease[];
  readonly secrets: Map<string, JobSecrets>;
  /** The largest number of jobs that ran at once. */
  mostAtOnce(): number;
};

/** `jobs`: behaviour by job key or by the id in the workflow file. */
export function createMemoryRunner(jobs: { readonly [key: string]: MemoryJob } = {}): MemoryRunner {
  const leases: JobLease[] = [];
  const secrets = new Map<string, JobSecrets>();
  let now = 0;
  let most = 0;
  const runJob: RunJob = async (lease, given, onEvent, signal) => {
    leases.push(lease);
    secrets.set(lease.job.key, given);
    now += 1;
    most = Math.max(most, now);
    onEvent({ kind: 'job-started', time: 0, runner: 'memory' });
    try {
      const job = jobs[lease.job.key] ?? jobs[lease.job.definitionId] ?? (() => ({}));
      const outcome: JobOutcome = {
        conclusion: 'success',
        outputs: {},
        influencedOutputs: [],
        level: lease.level,
        taints: lease.taints,
        ...(await Promise.resolve(job(lease, given, signal))),
      };
      onEvent({ kind: 'job-finished', time: 0, conclusion: outcome.conclusion, durationMs: 0 });
      return outcome;
    } finally {
      now -= 1;
    }
  };
  return { runJob, leases, secrets, mostAtOnce: () => most };
}

/** Waits until a cancellation arrives. */
export function cancelled(signal: CancelSignal): Promise<'cancel' | 'force'> {
  if (signal.state !== 'none') return Promise.resolve(signal.state);
  return new Promise((resolve) => {
    const stop = signal.onChange((state) => {
      stop();
      resolve(state);
    });
  });
}
