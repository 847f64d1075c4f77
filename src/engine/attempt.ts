import { isFault, lowestLevel, reasonOf } from '../base/index.ts';
import type { CancelSignal, JobLease, JobOutcome, JobSecrets } from '../protocol/index.ts';
import type { LocalRunDeps } from './options.ts';

/** Runs one job attempt. What the runner throws is a failure of the job, told as such: the other jobs go on. */
export async function runAttempt(
  lease: JobLease,
  secrets: JobSecrets,
  signal: CancelSignal,
  deps: Pick<LocalRunDeps, 'runJob' | 'onEvent' | 'clock' | 'log'>,
): Promise<JobOutcome> {
  const { runId } = lease;
  const job = lease.job.key;
  try {
    const outcome = await deps.runJob(
      lease,
      secrets,
      (event) => deps.onEvent({ kind: 'job', runId, job, event }),
      signal,
    );
    // Whatever a runner answers, a level never rises within an attempt.
    return { ...outcome, level: lowestLevel(lease.level, outcome.level) };
  } catch (thrown) {
    const reason = isFault(thrown) ? `${thrown.message} (${thrown.code}): ${thrown.help}` : reasonOf(thrown);
    deps.log.error('Job broke down', { lease: lease.id, job, reason });
    deps.onEvent({ kind: 'job-ended', time: deps.clock.now(), runId, job, conclusion: 'failure', reason });
    const { level, taints } = lease;
    return { conclusion: 'failure', outputs: {}, influencedOutputs: [], level, taints, reason };
  }
}
