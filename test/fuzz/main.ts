/**
 * Runs the fuzz tests of this folder longer, or with another seed, than the tests do.
 *
 *   npm run -s fuzz [-- [--seed N] [--rounds N] [NAME…]]
 *
 * `npm run -s fuzz -- api` starts the real server and sends it requests made of its own description, as people of every role; its last
 * line is `fuzz: N requests, 0 answers of 5xx, 0 schema violations`.
 *
 * Every `fuzzX(seed, rounds)` that a file of this folder exports is run, or those that are named (`env-files` for
 * `fuzzEnvFiles`), each in a thread of its own: one that hangs is ended and counts as failed. One line for each; the last
 * line is `fuzz: N rounds, 0 failures`; exit 0 only then.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { reasonOf } from '../../src/base/index.ts';
import type { FuzzOutcome } from './outcome.ts';

const SEED_DEFAULT = 1;
const ROUNDS_DEFAULT = 1_000;
const ROUNDS_MAX = 10_000_000;
/** A round takes a few milliseconds at most; what has not ended by then hangs. Milliseconds. */
const FUZZ_MS_MAX = 60_000;
const ROUND_MS_MAX = 100;
/** Failures that are printed in full for each fuzz test; the rest is counted. */
const PRINTED_MAX = 10;

/** The one that needs a server of its own. */
const SERVER = 'api';

type Fuzz = (seed: number, rounds: number) => FuzzOutcome | Promise<FuzzOutcome>;
type Target = { readonly name: string; readonly file: string; readonly symbol: string };

const ORDER = z.strictObject({ file: z.string(), symbol: z.string(), seed: z.number(), rounds: z.number() });

const port = parentPort;
if (port === null) process.exitCode = await main();
else port.postMessage(await obey(ORDER.parse(workerData)));

async function main(): Promise<number> {
  const targets = await findTargets();
  const wanted = readWanted(targets);
  if (typeof wanted === 'string') {
    console.error(`fuzz: ${wanted}`);
    console.error('usage: npm run -s fuzz [-- [--seed N] [--rounds N] [NAME…]]');
    console.error(`names: ${SERVER} (by itself), ${targets.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  if (wanted.targets.length === 0) return fuzzServer(wanted.seed, wanted.rounds);
  let rounds = 0;
  let failures = 0;
  for (const target of wanted.targets) {
    const started = performance.now();
    const outcome = await runInThread(target, wanted.seed, wanted.rounds);
    rounds += outcome.rounds;
    failures += outcome.failures.length;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${target.name}: ${outcome.rounds} rounds, ${outcome.failures.length} failures, seed ${wanted.seed}, ${seconds} s`,
    );
    for (const failure of outcome.failures.slice(0, PRINTED_MAX)) console.log(`  ${failure}`);
  }
  console.log(`fuzz: ${rounds} rounds, ${failures} failures`);
  return failures === 0 ? 0 : 1;
}

/** What it sent is counted by role, since a fuzz test that is refused everywhere tests nothing. */
async function fuzzServer(seed: number, requests: number): Promise<number> {
  const { shootServer } = await import('./server.ts');
  const started = performance.now();
  const { requests: sent, statuses, failed, violations } = await shootServer(seed, requests);
  for (const [role, counts] of statuses) {
    const told = [...counts].sort(([one], [two]) => one - two).map(([status, count]) => `${status}: ${count}`);
    console.log(`  ${role.padEnd(8)} ${told.join(', ')}`);
  }
  for (const failure of [...failed, ...violations].slice(0, PRINTED_MAX * 3)) console.log(`  ${failure}`);
  console.log(`  seed ${seed}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(`fuzz: ${sent} requests, ${failed.length} answers of 5xx, ${violations.length} schema violations`);
  return failed.length + violations.length === 0 ? 0 : 1;
}

/** What the words of the command line ask for, or why they can't be done. */
function readWanted(
  targets: readonly Target[],
): { readonly targets: readonly Target[]; readonly seed: number; readonly rounds: number } | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seed: { type: 'string' }, rounds: { type: 'string' } },
    });
    const seed = Number(values.seed ?? SEED_DEFAULT);
    const rounds = Number(values.rounds ?? ROUNDS_DEFAULT);
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed takes a whole number, not ${values.seed}`;
    if (!Number.isSafeInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
      return `--rounds takes a whole number from 1 to ${ROUNDS_MAX}, not ${values.rounds}`;
    }
    if (positionals.length === 1 && positionals[0] === SERVER) return { targets: [], seed, rounds };
    const unknown = positionals.find((name) => targets.every((target) => target.name !== name));
    if (unknown !== undefined) return `there is no fuzz test ${unknown}`;
    const chosen = positionals.length === 0 ? targets : targets.filter(({ name }) => positionals.includes(name));
    return { targets: chosen, seed, rounds };
  } catch (error) {
    return reasonOf(error);
  }
}

async function findTargets(): Promise<readonly Target[]> {
  const files = readdirSync(import.meta.dirname).filter((name) => /^(?!main\.|server\.)[a-z-]+\.ts$/.test(name));
  const found: Target[] = [];
  for (const file of files.sort()) {
    const loaded: Readonly<Record<string, unknown>> = await import(path.join(import.meta.dirname, file));
    for (const [symbol, value] of Object.entries(loaded)) {
      if (typeof value === 'function' && /^fuzz[A-Z]/.test(symbol)) found.push({ name: nameOf(symbol), file, symbol });
    }
  }
  return found;
}

/** `fuzzEnvFiles` is `env-files` on the command line. */
function nameOf(symbol: string): string {
  return symbol
    .slice('fuzz'.length)
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .slice(1);
}

async function runInThread(target: Target, seed: number, rounds: number): Promise<FuzzOutcome> {
  const { file, symbol } = target;
  const worker = new Worker(new URL(import.meta.url), { workerData: { file, symbol, seed, rounds } });
  const msMax = FUZZ_MS_MAX + rounds * ROUND_MS_MAX;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<FuzzOutcome>((resolve) => {
      const fail = (reason: string) => resolve({ rounds, failures: [`seed ${seed}: ${reason}`] });
      timer = setTimeout(() => fail(`no end within ${msMax} ms`), msMax);
      worker.once('message', resolve);
      worker.once('error', (error) => fail(`failed: ${reasonOf(error)}`));
      worker.once('exit', (code) => fail(`the thread ended with ${code}`));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

async function obey(order: z.infer<typeof ORDER>): Promise<FuzzOutcome> {
  const loaded: Readonly<Record<string, Fuzz | undefined>> = await import(path.join(import.meta.dirname, order.file));
  const outcome = await loaded[order.symbol]?.(order.seed, order.rounds);
  if (outcome === undefined) throw new Error(`${order.file} exports no ${order.symbol}`);
  return { rounds: outcome.rounds, failures: outcome.failures };
}
