import { forgetAnswers, performDue } from '../api/index.ts';
import { forgetRefusals } from '../auditlog/index.ts';
import { type Log, reasonOf } from '../base/index.ts';
import { forgetFindings } from '../findings/index.ts';
import { forgetAttempts, forgetChallenges, forgetOidc, type IdentityDeps } from '../identity/index.ts';
import type { JobLogs } from '../joblog/index.ts';
import { forgetDeliveries } from '../notify/index.ts';
import { forgetHistory } from '../queue/index.ts';
import type { RepoServer } from '../repo/index.ts';
import type { ServerResults } from '../results-tables/index.ts';
import { forgetJournal, forgetLogs, forgetRuns } from '../runs/index.ts';

const DAY_MS = 24 * 3_600_000;
/** Between two rounds, and between two turns of a work that was not done with one. */
const ROUND_MS = 3_600_000;
const TURN_MS = 5_000;
/** A server that starts has better things to do. */
const FIRST_MS = 60_000;
/** The journal of a run that ended is kept for so long, for whoever looks into what went wrong. */
const JOURNAL_MS = 7 * DAY_MS;
/** What one turn takes at most. */
const RUNS_MAX = 200;
const LOGS_MAX = 100;
/** A sealed log that nobody read for so long goes to the bucket, when there is one. */
const LOG_HERE_MS = 3_600_000;
const ROWS_MAX = 5_000;

export type HouseworkOptions = IdentityDeps & {
  readonly repo: RepoServer;
  readonly logs: JobLogs;
  readonly results: ServerResults;
  readonly logRetentionDays: number;
  /** Nothing: runs stay always. */
  readonly runRetentionDays: number | undefined;
  readonly log: Log;
};

/** A kind of work: one turn, which answers whether there may be more to do. */
export type Work = { readonly name: string; turn(): Promise<boolean> };

export function houseworks(options: HouseworkOptions): readonly Work[] {
  const { db, logs, results, logRetentionDays, runRetentionDays } = options;
  const kept = () => new Date(options.now() - logRetentionDays * DAY_MS);
  const once = (work: () => Promise<unknown>) => async () => {
    await work();
    return false;
  };
  return [
    { name: 'failed attempts', turn: once(() => forgetAttempts(options)) },
    { name: 'requests', turn: once(() => performDue(options)) },
    { name: 'sign-ins at the provider', turn: once(() => forgetOidc(options)) },
    { name: 'challenges', turn: once(() => forgetChallenges(options)) },
    { name: 'refusals', turn: () => db.transaction((tx) => forgetRefusals(tx, options)) },
    { name: 'answers', turn: once(() => forgetAnswers(options)) },
    {
      name: 'logs',
      turn: () => forgetLogs(db, { before: kept(), limit: RUNS_MAX, remove: (jobId) => logs.remove(jobId) }),
    },
    {
      name: 'logs to the bucket',
      // By the clock of files.
      turn: () => logs.archive({ before: options.now() - LOG_HERE_MS, limit: LOGS_MAX }),
    },
    { name: 'history of the queue', turn: () => forgetHistory(db, { before: kept(), limit: ROWS_MAX }) },
    ...(runRetentionDays === undefined
      ? []
      : [
          {
            name: 'runs',
            turn: () => {
              const before = new Date(options.now() - runRetentionDays * DAY_MS);
              return forgetRuns(db, { before, limit: RUNS_MAX }, options);
            },
          },
        ]),
    {
      name: 'journal',
      turn: () => forgetJournal(db, { before: new Date(options.now() - JOURNAL_MS), limit: ROWS_MAX }),
    },
    { name: 'findings', turn: () => forgetFindings(db, { before: kept(), limit: ROWS_MAX }) },
    { name: 'deliveries', turn: () => forgetDeliveries(options, ROWS_MAX) },
    { name: 'artifacts and caches', turn: once(() => results.sweep()) },
  ];
}

/**
 * Does each work in turn, one at a time, again and again. What fails is done in the next round; what is killed left nothing half that a
 * round does not find. Ends with what it returns, once the turn that goes on is over.
 */
export function startHousework(
  works: readonly Work[],
  log: Log,
  { firstMs = FIRST_MS, turnMs = TURN_MS, roundMs = ROUND_MS } = {},
): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  let running: Promise<void> = Promise.resolve();
  let left = [...works];
  const plan = (ms: number) => {
    if (isEnded) return;
    timer = setTimeout(() => {
      running = turn();
    }, ms);
    timer.unref();
  };
  async function turn(): Promise<void> {
    const [work] = left;
    if (work !== undefined && !(await hasMore(work, log))) left.shift();
    const isRound = left.length === 0;
    if (isRound) left = [...works];
    plan(isRound ? roundMs : turnMs);
  }
  plan(firstMs);
  return async () => {
    isEnded = true;
    clearTimeout(timer);
    await running;
  };
}

async function hasMore(work: Work, log: Log): Promise<boolean> {
  try {
    return await work.turn();
  } catch (thrown) {
    log.warn('Housework failed', { work: work.name, reason: reasonOf(thrown) });
    return false;
  }
}
