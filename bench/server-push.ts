import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, until } from '../test/product/product.ts';
import { type Figure, median, quantile } from './measure.ts';
import type { Bench } from './server.ts';

const PUSHES = 25;
/** Pushes before the first that counts: every cache on the way is filled by them, as it is on a server that works. */
const WARM = 3;
const FIRST_LINE_MS_MAX = 30_000;
const LOOK_MS = 8;
const MARK = 'the first line';

const WORKFLOW = `
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{ run: "echo '${MARK}'" }]
`;

type Pushed = {
  readonly received: number;
  readonly commit: string;
};

/** From the last byte of a push at the server to the first line of its first step at somebody who reads the log as it grows. */
export async function benchPush(bench: Bench): Promise<readonly Figure[]> {
  const repository = 'bench/push';
  await bench.product.must(['repo', 'create', repository]);
  const pusher = await openPusher(bench, repository);
  const times: number[] = [];
  const parts: { [name: string]: number[] } = {};
  try {
    for (let round = -WARM; round < PUSHES; round += 1) {
      const reader = new Reader(bench, repository);
      const before = await reader.newestRun();
      const pushing = pusher.push(`round ${round}`, { '.github/workflows/ci.yml': WORKFLOW });
      const [seen, { received }] = await Promise.all([reader.firstLine(before), pushing]);
      if (round < 0) continue;
      times.push(seen.at - received);
      for (const [name, at] of Object.entries(seen.steps)) {
        parts[name] ??= [];
        parts[name].push(at - received);
      }
      await until(FIRST_LINE_MS_MAX, async () => (await reader.view(seen.run))?.state === 'finished');
    }
  } finally {
    await pusher.close();
  }
  const where = Object.entries(parts).map(([name, values]) => `${name} ${median(values).toFixed(0)} ms`);
  return [
    {
      name: 'push received to first line of the first step at a reader, p50',
      value: quantile(times, 0.5),
      unit: 'ms',
      bar: { atMost: 150 },
      judged: true,
      note: `${times.length} pushes; ${where.join(', ')}`,
    },
    {
      name: 'push received to first line of the first step at a reader, p95',
      value: quantile(times, 0.95),
      unit: 'ms',
      bar: { atMost: 400 },
      judged: true,
    },
  ];
}

/** Pushes through a wire that knows when the last byte went to the server. */
export async function openPusher(
  { product, token }: Bench,
  repository: string,
): Promise<{
  push(message: string, files: { readonly [path: string]: string }): Promise<Pushed>;
  close(): Promise<void>;
}> {
  let lastByte = 0;
  const { hostname, port } = new URL(product.url);
  const wire = createServer((socket) => {
    const far = connect(Number(port), hostname);
    socket.on('data', (bytes) => {
      lastByte = performance.now();
      far.write(bytes);
    });
    far.on('data', (bytes) => socket.write(bytes));
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      one.on('end', () => other.end());
      one.on('error', () => other.destroy());
    }
  });
  await new Promise<void>((done) => wire.listen(0, '127.0.0.1', done));
  const address = wire.address();
  const through = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const tree = await product.tree(repository);
  const basic = Buffer.from(`git:${token}`).toString('base64');
  const must = async (...args: readonly string[]) => {
    const done = await tree.git(...args);
    if (done.code !== 0) throw new Error(`git ${args.join(' ')} ended with ${done.code}: ${done.err}`);
    return done.out.trim();
  };
  await must('config', `http.${through}/.extraHeader`, `Authorization: Basic ${basic}`);
  return {
    async push(message, files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(tree.folder, path)), { recursive: true });
        await writeFile(join(tree.folder, path), text);
      }
      await must('add', '-A');
      await must('commit', '-q', '--allow-empty', '-m', message);
      await must('push', '-q', `${through}/${repository}.git`, 'HEAD:main');
      return { received: lastByte, commit: await must('rev-parse', 'HEAD') };
    },
    async close() {
      wire.close();
      await run('rm', ['-rf', tree.folder], { cwd: '/', env: product.env });
    },
  };
}

type View = { readonly id: number; readonly state: string; readonly jobs: readonly { readonly id: number }[] };

type Seen = { readonly at: number; readonly run: number; readonly steps: { readonly [name: string]: number } };

/** Somebody who waits for a run, and then for what it says. */
export class Reader {
  readonly #bench: Bench;
  readonly #base: string;

  constructor(bench: Bench, repository: string) {
    this.#bench = bench;
    this.#base = `/api/v1/repositories/${repository}`;
  }

  async #json<Value>(path: string): Promise<Value | undefined> {
    const response = await this.#bench.product.fetch(`${this.#base}${path}`, { token: this.#bench.token });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Value;
  }

  async newestRun(): Promise<number> {
    const page = await this.#json<{ items: readonly { id: number }[] }>('/runs?limit=1');
    return page?.items[0]?.id ?? 0;
  }

  view(id: number): Promise<View | undefined> {
    return this.#json<View>(`/runs/${id}`);
  }

  async firstLine(before: number): Promise<Seen> {
    const end = performance.now() + FIRST_LINE_MS_MAX;
    const steps: { [name: string]: number } = {};
    let [id, job] = [before, 0];
    while (job === 0) {
      if (performance.now() > end) throw new Error(`no run after ${before} came`);
      if (id === before) id = await this.newestRun();
      if (id !== before) job = (await this.view(id))?.jobs[0]?.id ?? 0;
      if (job === 0) await sleep(LOOK_MS);
    }
    steps['run and job seen'] = performance.now();
    const response = await this.#bench.product.fetch(`${this.#base}/runs/${id}/jobs/${job}/log/events`, {
      token: this.#bench.token,
      signal: AbortSignal.timeout(FIRST_LINE_MS_MAX),
    });
    let text = '';
    for await (const part of response.body ?? []) {
      text += Buffer.from(part).toString('utf8');
      const now = performance.now();
      if (text.includes('job-started')) steps['runner began'] ??= now;
      if (text.includes('step-started')) steps['sandbox stands'] ??= now;
      if (new RegExp(`"kind":"log"[^\\n]*"text":"${MARK}"`).test(text)) return { at: now, run: id, steps };
    }
    throw new Error(`the log of run ${id} ended without its line: ${text.slice(-2000)}`);
  }
}
