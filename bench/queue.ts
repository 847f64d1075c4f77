import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../src/database/index.ts';
import { openTestPostgres, type TestPostgres } from '../src/database/postgres.fixture.ts';
import { openQueue, type Queue } from '../src/queue/index.ts';
import { add, depsOf, job, MIGRATIONS, runner } from '../src/queue/queue.fixture.ts';
import type { Figure } from './measure.ts';

const IDLE_RUNNERS = 200;
const WAITING_JOBS = 10_000;
const CLAIMS = 50;
const DRAINED = 200;
const WORKERS = 8;
/** Longer than one poll: each runner asks once more in it. */
const IDLE_MS = 26_000;
/** As `sysconf(_SC_CLK_TCK)` has it on every Linux that runs Node. */
const TICKS_PER_SECOND = 100;
const NOTE = 'PostgreSQL does not wait for the disk here';
const never = new AbortController().signal;

/** The queue on a real database: how soon a job starts, how many go through, what waiting costs. */
export async function benchQueue(): Promise<Figure[]> {
  const postgres = await openTestPostgres();
  try {
    const db = await postgres.database(MIGRATIONS);
    const queue = openQueue(depsOf(db));
    try {
      const idle = await waitingRunners(db, queue);
      const claims = await claimTimes(db, queue);
      const rate = await drainRate(db, queue);
      const share = await idleShare(db, postgres);
      idle.abort();
      return [...claims, rate, share];
    } finally {
      await queue.close();
    }
  } finally {
    await postgres.close();
  }
}

/** Runners that ask again and again, as they do, for jobs that are never there. */
async function waitingRunners(db: Database, queue: Queue): Promise<AbortController> {
  const over = new AbortController();
  for (let count = 0; count < IDLE_RUNNERS; count += 1) {
    const who = await runner(db, `idle-${count}`, ['linux', 'idle']);
    void (async () => {
      while (!over.signal.aborted) await queue.poll({ ...who, labels: ['idle'] }, 25_000, over.signal);
    })().catch(() => undefined);
  }
  return over;
}

async function claimTimes(db: Database, queue: Queue): Promise<Figure[]> {
  const who = await runner(db, 'quick');
  const times: number[] = [];
  for (let jobId = 1; jobId <= CLAIMS; jobId += 1) {
    const asked = queue.poll(who, 20_000, never);
    await sleep(20);
    const started = performance.now();
    await add(db, job(jobId));
    await asked;
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  const common = {
    unit: 'ms',
    judged: false,
    note: `from before the commit; ${IDLE_RUNNERS} others wait; ${NOTE}`,
  } as const;
  return [
    { name: 'queue: idle claim p50', value: at(0.5), ...common },
    { name: 'queue: idle claim p99', value: at(0.99), ...common },
  ];
}

async function drainRate(db: Database, queue: Queue): Promise<Figure> {
  const jobs = Array.from({ length: DRAINED }, (_none, at) => job(1_000_000 + at, { repositoryId: (at % 20) + 1 }));
  await add(db, ...jobs);
  const started = performance.now();
  let left = DRAINED;
  const workers = Array.from({ length: WORKERS }, async (_none, at) => {
    const who = await runner(db, `worker-${at}`);
    for (;;) {
      const claimed = await queue.poll(who, 0, never);
      if (claimed === undefined) return;
      const key = { jobId: claimed.jobId, runnerId: who.runnerId, token: claimed.leaseToken };
      await queue.renew(key);
      const outcome = {
        conclusion: 'success',
        outputs: {},
        influencedOutputs: [],
        level: 'branch',
        taints: [],
      } as const;
      await queue.finish(key, { outcome, logBytes: 0 });
      left -= 1;
    }
  });
  await Promise.all(workers);
  const seconds = (performance.now() - started) / 1000;
  return {
    name: 'queue: claim, renew and finish',
    value: (DRAINED - left) / seconds,
    unit: 'jobs/s',
    judged: false,
    note: `${WORKERS} runners at once, 20 repositories; ${NOTE}`,
  };
}

/** Time of processors, of this process and of all of the database's, while nothing can be given to anybody. */
async function idleShare(db: Database, postgres: TestPostgres): Promise<Figure> {
  const first = 2_000_000;
  await add(db, job(first, { labels: ['elsewhere'] }));
  // The same again and again, of fifty repositories.
  await sql`insert into queue_job
      (job_id, run_id, repository_id, shape, priority, turn, lease, permissions, state)
    select job_id + n, run_id, n % 50 + 1, shape, priority, turn + n, lease, permissions, state
    from queue_job, generate_series(1, ${sql.lit(WAITING_JOBS - 1)}) as n where job_id = ${first}`.execute(db.as());
  await sleep(3_000);
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6 + familySeconds(postgres.postgres.pid);
  };
  const before = used();
  await sleep(IDLE_MS);
  return {
    name: `queue: ${IDLE_RUNNERS} idle runners, ${WAITING_JOBS} queued jobs`,
    value: ((used() - before) / (IDLE_MS / 1000)) * 100,
    unit: '% of a core',
    bar: { atMost: 5 },
    judged: false,
    note: 'this process and PostgreSQL together',
  };
}

function familySeconds(parent: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      const at = (index: number) => Number(fields[index]);
      if (Number(name) !== parent && at(1) !== parent) continue;
      ticks += at(11) + at(12);
      // Of those that ended: else the sum would go down with each of them.
      if (Number(name) === parent) ticks += at(13) + at(14);
    } catch {
      // It ended while it was looked at.
    }
  }
  return ticks / TICKS_PER_SECOND;
}
