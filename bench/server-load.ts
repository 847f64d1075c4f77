import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/base/index.ts';
import { LEASE_HEADER, pollResponse, RUNNER_PROTOCOL_VERSION } from '../src/protocol/index.ts';
import type { JobLease, JobOutcome } from '../src/protocol/index.ts';
import { enqueue, makeRunnerToken } from '../src/queue/index.ts';
import { type Connection, joinServer, openConnection } from '../src/remote/index.ts';
import { until } from '../test/product/product.ts';
import { type Figure, median } from './measure.ts';
import type { Bench } from './server.ts';
import { memoryOf, processesOf, processorMs, withChildren } from './server-processes.ts';
import { openPusher, Reader } from './server-push.ts';

const MB = 1_000_000;
const OPERATOR = { kind: 'system', id: 'operator', name: 'operator' } as const;

/** After a start, when what it begins with is done. */
const SETTLE_MS = 8_000;

export async function benchMemory({ product }: Bench): Promise<readonly Figure[]> {
  await sleep(SETTLE_MS);
  const processes = await processesOf(product);
  const parts = await Promise.all(
    Object.entries(processes).map(async ([name, pids]) => ({ name, bytes: await memoryOf(pids) })),
  );
  const { runner } = await product.pids();
  const outside = runner === undefined ? 0 : await memoryOf([runner]);
  const told = parts.map(({ name, bytes }) => `${name} ${(bytes / MB).toFixed(0)}`);
  return [
    {
      name: 'server, keeper, witness and embedded database, idle',
      value: parts.reduce((sum, { bytes }) => sum + bytes, 0) / MB,
      unit: 'MB',
      bar: { atMost: 300 },
      judged: true,
      note: `PSS; ${told.join(', ')}; the runner inside has ${(outside / MB).toFixed(0)}`,
    },
  ];
}

const JOBS = 60;
const CLIENT_JOBS = 200;
const CLIENTS = 4;
const JOBS_MS_MAX = 120_000;

function matrix(name: string, label: string, count: number): { readonly [path: string]: string } {
  const numbers = Array.from({ length: count }, (_, index) => index).join(', ');
  const job = `strategy: { matrix: { n: [${numbers}] } }\n    runs-on: ${label}\n    steps: [{ run: "echo ${name} \${{ matrix.n }}" }]`;
  return { '.github/workflows/ci.yml': `on: push\njobs:\n  build:\n    ${job}\n` };
}

/** A matrix of jobs that do next to nothing, from the push that brings it to the end of its run. */
export async function benchJobs(bench: Bench): Promise<readonly Figure[]> {
  const repository = 'bench/jobs';
  await bench.product.must(['repo', 'create', repository]);
  const pusher = await openPusher(bench, repository);
  const clients = await joinClients(bench, CLIENTS, 'quick');
  const stop = new AbortController();
  const working = clients.map((client) => workQuickly(client, stop.signal));
  try {
    const timed = async (files: { readonly [path: string]: string }, count: number) => {
      const reader = new Reader(bench, repository);
      const before = await reader.newestRun();
      const used = await usedBy(bench);
      const { received } = await pusher.push('jobs', files);
      const id = await until(JOBS_MS_MAX, async () => {
        const newest = await reader.newestRun();
        return newest > before && newest;
      });
      // A look costs the server as well: seldom enough not to be what is measured.
      await until(JOBS_MS_MAX, async () => {
        await sleep(150);
        return (await reader.view(id))?.state === 'finished';
      });
      const seconds = (performance.now() - received) / 1000;
      return { perSecond: count / seconds, each: told(used, await usedBy(bench), count) };
    };
    const sandboxed = await timed(matrix('sandboxed', 'ubuntu-latest', JOBS), JOBS);
    const bare = await timed(matrix('bare', 'quick', CLIENT_JOBS), CLIENT_JOBS);
    return [
      {
        name: 'trivial jobs through the whole server',
        value: bare.perSecond,
        unit: '1/s',
        bar: { atLeast: 20 },
        judged: true,
        note: `${CLIENT_JOBS} jobs at ${CLIENTS} runners that log one line; ms of a processor for each: ${bare.each}`,
      },
      {
        name: 'the same with its runner and a sandbox for each, all on this machine',
        value: sandboxed.perSecond,
        unit: '1/s',
        judged: false,
        note: `${JOBS} jobs; ms of a processor for each: ${sandboxed.each}`,
      },
    ];
  } finally {
    stop.abort();
    await Promise.allSettled(working);
    for (const client of clients) client.connection.close();
    await pusher.close();
  }
}

type Used = readonly (readonly [string, number])[];

async function usedBy({ product }: Bench): Promise<Used> {
  const { runner } = await product.pids();
  const all = { ...(await processesOf(product)), runner: runner === undefined ? [] : await withChildren(runner) };
  return Promise.all(Object.entries(all).map(async ([name, pids]) => [name, await processorMs(pids)] as const));
}

function told(before: Used, after: Used, count: number): string {
  const from = new Map(before);
  return after.map(([name, ms]) => `${name} ${((ms - (from.get(name) ?? 0)) / count).toFixed(1)}`).join(', ');
}

type Client = { readonly connection: Connection; readonly id: number };

/** Runners that speak the protocol and open no sandbox. */
async function joinClients({ product, db }: Bench, count: number, label: string): Promise<readonly Client[]> {
  const deps = { db, now: () => Date.now(), random: (bytes: number) => randomBytes(bytes) };
  const clients: Client[] = [];
  for (let index = 0; index < count; index += 1) {
    const { token } = await makeRunnerToken(deps, OPERATOR, { labels: [], ephemeral: false });
    const name = `${label}-${index}`;
    const membership = await joinServer({
      folder: join(product.folder, 'clients', name),
      url: product.url,
      token,
      name,
      labels: ['linux', label],
      ephemeral: false,
      capability: {
        version: 1,
        platform: { os: 'linux', arch: 'x64', kernel: 'none', root: false },
        walls: [],
        tools: {},
      },
      clock: systemClock,
      random: randomBytes,
    });
    const connection = openConnection({
      url: product.url,
      runner: { id: membership.runnerId, key: membership.key },
      clock: systemClock,
      random: randomBytes,
    });
    clients.push({ connection, id: membership.runnerId });
  }
  return clients;
}

async function poll({ connection }: Client, signal: AbortSignal) {
  const json = { version: RUNNER_PROTOCOL_VERSION, waitMs: 25_000, walls: [] };
  const { status, value } = await connection.ask('POST', '/poll', { json, signal });
  return status === 204 ? undefined : pollResponse.parse(value);
}

async function endJob({ connection }: Client, job: ReturnType<typeof pollResponse.parse>, logBytes: number) {
  const { level, taints } = job.lease as unknown as JobLease;
  const outcome: JobOutcome = { conclusion: 'success', outputs: {}, influencedOutputs: [], level, taints };
  await connection.ask('POST', `/jobs/${job.jobId}/finish`, {
    json: { leaseToken: job.leaseToken, logBytes, outcome },
  });
}

async function append(
  { connection }: Client,
  job: ReturnType<typeof pollResponse.parse>,
  offset: number,
  body: Buffer,
) {
  await connection.ask('PUT', `/jobs/${job.jobId}/log?offset=${offset}`, {
    headers: { [LEASE_HEADER]: job.leaseToken, 'content-type': 'application/x-ndjson' },
    body,
  });
}

async function workQuickly(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const job = await poll(client, signal);
    if (job === undefined) continue;
    const line = Buffer.from(`${JSON.stringify({ kind: 'log', time: Date.now(), step: 'a', text: 'done' })}\n`);
    await append(client, job, 0, line);
    await endJob(client, job, line.length);
  }
}

const INGEST_CHUNKS = 96;
const INGEST_BYTES = 1024 * 1024;

/** One runner that appends to one log as fast as it is acknowledged. */
export async function benchIngest(bench: Bench): Promise<readonly Figure[]> {
  const repository = 'bench/ingest';
  await bench.product.must(['repo', 'create', repository]);
  const pusher = await openPusher(bench, repository);
  const [client] = await joinClients(bench, 1, 'ingest');
  try {
    if (client === undefined) throw new Error('no runner joined');
    await pusher.push('ingest', matrix('ingest', 'ingest', 1));
    const job = await until(30_000, () => poll(client, AbortSignal.timeout(30_000)));
    const line = `${JSON.stringify({ kind: 'log', time: Date.now(), step: 'a', text: 'x'.repeat(180) })}\n`;
    const body = Buffer.from(line.repeat(Math.floor(INGEST_BYTES / line.length)));
    const { server = [] } = await processesOf(bench.product);
    const used = await processorMs(server);
    const started = performance.now();
    for (let index = 0; index < INGEST_CHUNKS; index += 1) await append(client, job, index * body.length, body);
    const seconds = (performance.now() - started) / 1000;
    const megabytes = (INGEST_CHUNKS * body.length) / MB;
    const busy = (await processorMs(server)) - used;
    await endJob(client, job, INGEST_CHUNKS * body.length);
    return [
      {
        name: 'log ingest, one job, each MiB on the disk before it is acknowledged',
        value: megabytes / seconds,
        unit: 'MB/s',
        judged: false,
        note: `${(busy / megabytes).toFixed(1)} ms of a processor for each MB`,
      },
    ];
  } finally {
    client?.connection.close();
    await pusher.close();
  }
}

const IDLE = 200;
const QUEUED = 10_000;
const IDLE_MS = 40_000;
const FITTING = 10;
/** Of made-up jobs: beyond what a sequence reaches here. */
const JOB_IDS_FROM = 1_000_000_000;

/** Runners that wait while ten thousand jobs wait for others; then jobs that fit one of them. */
export async function benchIdle(bench: Bench): Promise<readonly Figure[]> {
  const clients = await joinClients(bench, IDLE, 'idle');
  const jobOf = (index: number, label: string) => ({
    jobId: JOB_IDS_FROM + index,
    runId: JOB_IDS_FROM,
    repositoryId: JOB_IDS_FROM,
    labels: [label],
    walls: [],
    priority: 0,
    lease: { version: 1, id: `made-${index}`, level: 'branch', taints: [], permissions: {} } as unknown as JobLease,
  });
  const numbers = Array.from({ length: QUEUED }, (_, index) => index);
  await bench.db.transaction((tx) =>
    enqueue(
      tx,
      numbers.map((index) => jobOf(index, `nobody-${index % 50}`)),
    ),
  );
  const stop = new AbortController();
  const taken = new Map<number, number>();
  const waiting = clients.map(async (client) => {
    while (!stop.signal.aborted) {
      const job = await poll(client, stop.signal);
      if (job === undefined) continue;
      taken.set(job.jobId, performance.now());
      await endJob(client, job, 0);
    }
  });
  try {
    await sleep(2_000);
    const processes = Object.values(await processesOf(bench.product)).flat();
    const used = await processorMs(processes);
    const started = performance.now();
    await sleep(IDLE_MS);
    const share = ((await processorMs(processes)) - used) / (performance.now() - started);
    const delays: number[] = [];
    for (let index = 0; index < FITTING; index += 1) {
      const job = jobOf(QUEUED + index, 'idle');
      await bench.db.transaction((tx) => enqueue(tx, [job]));
      const queued = performance.now();
      delays.push((await until(10_000, async () => taken.get(job.jobId))) - queued);
    }
    return [
      {
        name: `${IDLE} idle runners and ${QUEUED} queued jobs that fit none`,
        value: share * 100,
        unit: '%',
        bar: { atMost: 5 },
        judged: true,
        note: 'of one core: server and database',
      },
      { name: 'then one that fits: committed to taken', value: median(delays), unit: 'ms', judged: false },
    ];
  } finally {
    stop.abort();
    await Promise.allSettled(waiting);
    for (const { connection } of clients) connection.close();
    const { sql } = await import('kysely');
    await sql`delete from queue_job where job_id >= ${JOB_IDS_FROM}`.execute(bench.db.as());
    await sql`delete from queue_history where job_id >= ${JOB_IDS_FROM}`.execute(bench.db.as());
  }
}
