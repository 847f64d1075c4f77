import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { append, sizeOf, verifyLog } from '../src/auditlog/index.ts';
import { readPublicKeys } from '../src/bin/audit.ts';
import { until } from '../test/product/product.ts';
import { type Figure, median } from './measure.ts';
import { join } from 'node:path';
import type { Bench } from './server.ts';
import { openPusher, Reader } from './server-push.ts';

const LOOKS = 40;
const FEW = 100;
const MANY = 100_000;
/** Of made-up runs. */
const RUN_IDS_FROM = 2_000_000_000;

/** One real run, and rows like it put there by SQL: the API reads them as it reads others. */
export async function benchLists(bench: Bench): Promise<readonly Figure[]> {
  const repository = 'bench/lists';
  await bench.product.must(['repo', 'create', repository]);
  const pusher = await openPusher(bench, repository);
  const reader = new Reader(bench, repository);
  const workflow = 'on: push\njobs: { build: { runs-on: ubuntu-latest, steps: [{ run: "echo list" }] } }\n';
  await pusher.push('lists', { '.github/workflows/ci.yml': workflow });
  await pusher.close();
  const run = await until(30_000, async () => {
    const id = await reader.newestRun();
    return (await reader.view(id))?.state === 'finished' && id;
  });
  const base = `/api/v1/repositories/${repository}`;
  const look = async (path: string) => {
    const times: number[] = [];
    for (let index = -5; index < LOOKS; index += 1) {
      // Beside the limit of what one person may ask.
      await sleep(35);
      const started = performance.now();
      const response = await bench.product.fetch(`${base}${path}`, { token: bench.token });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
      if (index >= 0) times.push(performance.now() - started);
    }
    return median(times);
  };
  const looks = async () => ({
    list: await look('/runs?limit=50'),
    branch: await look('/runs?limit=50&branch=nothing-is-there'),
    view: await look(`/runs/${run}`),
    deep: await look(`/runs?limit=50&cursor=${RUN_IDS_FROM + 60}`),
  });
  await addRuns(bench, run, { from: 0, count: FEW });
  const few = await looks();
  await addRuns(bench, run, { from: FEW, count: MANY - FEW });
  await sql`analyze run_run, run_job`.execute(bench.db.as());
  const many = await looks();
  const figure = (what: keyof typeof few, name: string): readonly Figure[] => [
    { name: `${name} at ${FEW} runs`, value: few[what], unit: 'ms', judged: false },
    {
      name: `${name} at ${MANY} runs`,
      value: many[what],
      unit: 'ms',
      judged: false,
      note: `${(many[what] / few[what]).toFixed(2)} x; rows like a real one, put there by SQL`,
    },
  ];
  return [
    ...figure('list', 'the newest 50 runs'),
    ...figure('deep', 'the oldest 50 runs, by cursor'),
    ...figure('branch', 'runs of a branch without any'),
    ...figure('view', 'one run with its jobs'),
  ];
}

async function addRuns(
  { db }: Bench,
  like: number,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<void> {
  await db.transaction(async (tx) => {
    const columns = async (table: string, but: readonly string[]) => {
      const { rows } = await sql<{ name: string }>`select column_name as name from information_schema.columns
        where table_name = ${table} and is_identity = 'NO'`.execute(tx.as());
      return rows.map(({ name }) => name).filter((name) => !but.includes(name));
    };
    const runs = (await columns('run_run', ['id', 'run_number', 'cause'])).map((name) => sql.ref(name));
    const jobs = (await columns('run_job', ['run_id', 'job_id'])).map((name) => sql.ref(name));
    const first = RUN_IDS_FROM + from;
    const last = first + count - 1;
    await sql`insert into run_run (id, run_number, cause, ${sql.join(runs)})
      select made, made, null, ${sql.join(runs)} from run_run, generate_series(${first}::bigint, ${last}::bigint) made
      where run_run.id = ${like}`.execute(tx.as());
    await sql`insert into run_job (run_id, job_id, ${sql.join(jobs)})
      select made, null, ${sql.join(jobs)} from run_job, generate_series(${first}::bigint, ${last}::bigint) made
      where run_job.run_id = ${like} and run_job.attempt = 1`.execute(tx.as());
  });
}

const APPEND_MS = 6_000;
const WRITERS = 4;
const MADE_AT_ONCE = 50_000;
/** Until the log has signed all of it. */
const SIGN_MS_MAX = 240_000;
const VERIFY_MS_MAX = 300_000;

/** The door's own append, one transaction each; then entries made by SQL, signed by the keeper and proved whole. */
export async function benchAudit(bench: Bench): Promise<readonly Figure[]> {
  const { db, product, entries } = bench;
  const deps = { now: () => Date.now(), random: (bytes: number) => randomBytes(bytes) };
  const started = performance.now();
  let appended = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (performance.now() - started < APPEND_MS) {
        await db.transaction((tx) =>
          append(
            tx,
            {
              actor: { type: 'user', id: '1' },
              action: 'bench.append',
              resource: { type: 'bench', id: String(appended) },
              outcome: 'allow',
              detail: { text: 'x'.repeat(100) },
            },
            deps,
          ),
        );
        appended += 1;
      }
    }),
  );
  const perSecond = appended / ((performance.now() - started) / 1000);
  for (let left = entries - appended; left > 0; left -= MADE_AT_ONCE) {
    const many = Math.min(left, MADE_AT_ONCE);
    // Each is another one: the number of what it is about.
    await sql`with one as (select convert_from(body, 'UTF8') as body from auditlog_entry where convert_from(body, 'UTF8') like '%bench.append%' limit 1)
      insert into auditlog_entry (body, personal, seq)
      select convert_to(regexp_replace(one.body, '"id":"\\d+","type":"bench"', '"id":"' || (${left} - made) || '","type":"bench"'), 'UTF8'), null, null
      from one, generate_series(1, ${many}::int) made`.execute(db.as());
  }
  const signing = performance.now();
  let size = 0;
  await sql`select pg_notify('auditlog', '')`.execute(db.as());
  await until(SIGN_MS_MAX, async () => {
    await sleep(500);
    size = await sizeOf(db);
    return size >= entries;
  }).catch(() => undefined);
  const signed = size / ((performance.now() - signing) / 1000);
  const keys = await readPublicKeys(join(product.data, 'public-keys.json'));
  const before = performance.now();
  const found = await verifyLog(db, keys.log, [], keys.witness);
  const seconds = (performance.now() - before) / 1000;
  const isWhole = found.deviations.length === 0;
  return [
    {
      name: 'audit entries appended, each in a transaction of its own',
      value: perSecond,
      unit: '1/s',
      judged: false,
      note: `${WRITERS} writers`,
    },
    { name: 'entries integrated and signed by the keeper', value: signed, unit: '1/s', judged: false },
    {
      name: `verification of ${found.entries} entries and ${found.checkpoints} checkpoints`,
      value: isWhole && seconds * 1000 < VERIFY_MS_MAX ? seconds : Number.NaN,
      unit: 's',
      judged: false,
      note: isWhole
        ? `${(found.entries / seconds).toFixed(0)} entries a second; entries made by SQL`
        : `deviations: ${found.deviations[0]?.problem}`,
    },
  ];
}
