import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../src/database/index.ts';
import { type Product, startProduct } from '../test/product/product.ts';
import type { Figure } from './measure.ts';
import { benchAudit, benchLists } from './server-data.ts';
import { benchGit } from './server-git.ts';
import { benchIdle, benchIngest, benchJobs, benchMemory } from './server-load.ts';
import { benchPush } from './server-push.ts';

const ROOT = join(import.meta.dirname, '..');

export type Bench = {
  readonly product: Product;
  readonly db: Database;
  readonly token: string;
  readonly entries: number;
};

export type ServerBenchOptions = {
  readonly only: readonly string[];
  readonly entries: number;
  /** A folder for the profile of the server process. */
  readonly profile?: string;
};

/** In this order: what fills tables comes last. */
const PARTS: { readonly [name: string]: (bench: Bench) => Promise<readonly Figure[]> } = {
  memory: benchMemory,
  push: benchPush,
  jobs: benchJobs,
  ingest: benchIngest,
  git: benchGit,
  idle: benchIdle,
  lists: benchLists,
  audit: benchAudit,
};

/** `npm run -s bench -- server`: the real product in one folder, with everything that `sallyport up` starts. */
export async function benchServer({ only, entries, profile }: ServerBenchOptions): Promise<Figure[]> {
  const unknown = only.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(PARTS).join(', ')}`);
  process.stdout.write(`${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)} before it began\n`);
  // What people have: one program without the parts that read sources.
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await using product = await startProduct({
    main: join(ROOT, 'dist/bin/main.js'),
    args: ['--unsafe-direct-push', '--runner-jobs', '2'],
    ...(profile === undefined ? {} : { env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } }),
  });
  const db = await openDatabase({
    host: join(product.data, 'postgres', 'socket'),
    user: 'sallyport',
    database: 'sallyport',
    port: 5432,
  });
  try {
    const bench = { product, db, token: await product.token(), entries };
    const figures: Figure[] = [];
    for (const [name, part] of Object.entries(PARTS)) {
      if (only.length > 0 && !only.includes(name)) continue;
      const started = performance.now();
      figures.push(...(await measured(name, () => part(bench))));
      process.stdout.write(`${name} took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
    }
    return figures;
  } finally {
    await db.close();
  }
}

/** A part that breaks down does not take the others with it: it counts as one that was not measured, and as missed. */
async function measured(name: string, part: () => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  try {
    return await part();
  } catch (thrown) {
    const note = `it broke down: ${thrown instanceof Error ? thrown.message.slice(0, 300) : String(thrown)}`;
    return [{ name, value: Number.NaN, unit: 'ms', bar: { atMost: 0 }, judged: true, note }];
  }
}
