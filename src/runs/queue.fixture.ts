import { sql } from 'kysely';
import type { Database, Migrations, Transaction } from '../database/index.ts';
import type { JobLease, JobOutcome } from '../protocol/index.ts';
import type { JobQueue, QueuedJob } from './queue.ts';

export const queueMigrations: Migrations = {
  '0020-test-queue': {
    async up(db) {
      await sql`create table test_queue (
        job_id bigint primary key, run_id bigint not null, repository_id bigint not null, labels json not null, lease json not null,
        state text not null default 'queued', cancel text not null default 'none', outcome json, lost boolean not null default false
      )`.execute(db);
    },
  },
};

/** A small sibling of the real queue, on a table of its own: runners are played by the test. */
export type TestQueue = JobQueue & {
  /** Jobs that wait or run, oldest first. */
  open(): Promise<readonly { readonly jobId: number; readonly lease: JobLease; readonly cancel: string }[]>;
  finish(jobId: number, outcome?: Partial<JobOutcome>, lost?: boolean): Promise<void>;
  /** How many rows were ever made for each key. */
  count(): Promise<number>;
};

export function testQueue(db: Database): TestQueue {
  const within = (tx: Transaction | Database) => tx.as<unknown>();
  return {
    async enqueue(tx, jobs: readonly QueuedJob[]) {
      for (const { jobId, runId, repositoryId, labels, lease } of jobs) {
        await sql`insert into test_queue (job_id, run_id, repository_id, labels, lease)
          values (${jobId}, ${runId}, ${repositoryId}, ${JSON.stringify(labels)}, ${JSON.stringify(lease)})`.execute(
          within(tx),
        );
      }
    },
    async requestCancel(tx, jobId, { force }) {
      await sql`update test_queue set cancel = ${force ? 'force' : 'cancel'} where job_id = ${jobId}`.execute(
        within(tx),
      );
    },
    async openFinished(database, limit) {
      const { rows } = await sql<{
        job_id: string;
        run_id: string;
        repository_id: string;
        outcome: JobOutcome;
        lost: boolean;
      }>`select * from test_queue where state = 'finished' order by job_id limit ${limit}`.execute(within(database));
      return rows.map(({ job_id, run_id, repository_id, outcome, lost }) => ({
        jobId: Number(job_id),
        runId: Number(run_id),
        repositoryId: Number(repository_id),
        outcome,
        lost,
      }));
    },
    async consumeFinished(tx, jobIds) {
      for (const id of jobIds) {
        const { numAffectedRows } =
          await sql`update test_queue set state = 'consumed' where job_id = ${id} and state = 'finished'`.execute(
            within(tx),
          );
        if (numAffectedRows !== 1n) throw new Error(`the outcome of job ${id} was taken twice`);
      }
    },
    async open() {
      const { rows } = await sql<{ job_id: string; lease: JobLease; cancel: string }>`
        select * from test_queue where state = 'queued' order by job_id`.execute(within(db));
      return rows.map(({ job_id, lease, cancel }) => ({ jobId: Number(job_id), lease, cancel }));
    },
    async finish(jobId, outcome = {}, lost = false) {
      const { rows } = await sql<{ lease: JobLease }>`select lease from test_queue where job_id = ${jobId}`.execute(
        within(db),
      );
      const lease = rows[0]?.lease;
      const whole = {
        conclusion: 'success',
        outputs: {},
        influencedOutputs: [],
        level: lease?.level,
        taints: lease?.taints,
        ...outcome,
      };
      await sql`update test_queue set state = 'finished', outcome = ${JSON.stringify(whole)}, lost = ${lost}
        where job_id = ${jobId} and state = 'queued'`.execute(within(db));
    },
    async count() {
      const { rows } = await sql<{ count: string }>`select count(*) from test_queue`.execute(within(db));
      return Number(rows[0]?.count);
    },
  };
}
