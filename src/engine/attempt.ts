import { isFault, lowestLevel, reasonOf } from '../base/index.ts';
import type { CancelSignal, JobLease, JobOutcome, JobSecrets } from '../protocol/index.ts';
import type { JobEnd } from './event.ts';
import type { LocalRunDeps } from './options.ts';

/** How long a runner may take to end a job by force, before the run goes on without it. */
export const FORCE_GRACE_MS = 30_000;

export type AttemptDeps = Pick<LocalRunDeps, 'runJob' | 'onEvent' | 'clock' | 'log'> & {
  /** Its failure does not fail the run. */
  readonly continueOnError?: boolean;
  readonly graceMs?: number;
};

/**
 * Runs one job attempt. What the runner throws is a failure of the job, told as such: the other jobs go on. A runner that
 * does not even answer a forced end is given up, so that no run hangs for ever.
 */
export async function runAttempt(
  lease: JobLease,
  secrets: JobSecrets,
  signal: CancelSignal,
  deps: AttemptDeps,
): Promise<JobOutcome> {
  const { runId } = lease;
  const job = lease.job.key;
  const broken = (reason: string): JobOutcome => {
    const end: JobEnd = { conclusion: 'failure', ...(deps.continueOnError === true ? { tolerated: true } : {}) };
    deps.log.error('Job broke down', { lease: lease.id, job, reason });
    deps.onEvent({ kind: 'job-ended', time: deps.clock.now(), runId, job, reason, ...end });
    const { level, taints } = lease;
    return { conclusion: 'failure', outputs: {}, influencedOutputs: [], level, taints, reason };
  };
  const given = Promise.withResolvers<'given-up'>();
  let timer: NodeJS.Timeout | undefined;
  const onForce = (state: CancelSignal['state']) => {
    if (state === 'force') timer ??= setTimeout(() => given.resolve('given-up'), deps.graceMs ?? FORCE_GRACE_MS);
  };
  const stop = signal.onChange(onForce);
  onForce(signal.state);
  try {
    const running = deps.runJob(lease, secrets, (event) => deps.onEvent({ kind: 'job', runId, job, event }), signal);
    const outcome = await Promise.race([running, given.promise]);
    if (outcome === 'given-up') {
      // Nobody waits for it any more, and its late failure must not end the process.
      running.catch((thrown: unknown) => deps.log.error('Job failed late', { job, reason: reasonOf(thrown) }));
      return broken('its runner did not end it by force in time; processes of it may be left');
    }
    // Whatever a runner answers, a level never rises within an attempt.
    return { ...outcome, level: lowestLevel(lease.level, outcome.level) };
  } catch (thrown) {
    return broken(isFault(thrown) ? `${thrown.message} (${thrown.code}): ${thrown.help}` : reasonOf(thrown));
  } finally {
    stop();
    clearTimeout(timer);
  }
}
