import { readdir, readFile } from 'node:fs/promises';
import type { Product } from '../test/product/product.ts';

/** `getconf CLK_TCK`: 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** The processes of the server by what they are, each with those that it started. The runner is not one of them. */
export async function processesOf(product: Product): Promise<{ readonly [name: string]: readonly number[] }> {
  const { server, postgres, keeper, witness } = await product.pids();
  const one = (pid: number | undefined) => (pid === undefined ? [] : [pid]);
  return {
    server: one(server),
    database: postgres === undefined ? [] : await withChildren(postgres),
    keeper: one(keeper),
    witness: one(witness),
  };
}

export async function withChildren(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await statOf(Number(name));
    if (stat !== undefined) parents.set(Number(name), Number(stat[1]));
  }
  const below = (of: number): number[] => [
    of,
    ...[...parents].filter(([, parent]) => parent === of).flatMap(([child]) => below(child)),
  ];
  return below(pid);
}

/** Fields after the command: state, parent, … */
async function statOf(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Time on a processor, with that of children that have ended. */
export async function processorMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await statOf(pid);
    for (const field of [11, 12, 13, 14]) ticks += Number(stat?.[field] ?? 0);
  }
  return ticks * TICK_MS;
}

/** Memory that is theirs: pages that are shared count by their share. Bytes. */
export async function memoryOf(pids: readonly number[]): Promise<number> {
  let kilobytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
  }
  return kilobytes * 1024;
}
