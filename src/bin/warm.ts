import { randomUUID } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedNetwork } from '../egress/index.ts';
import type { WallName } from '../protocol/index.ts';
import type { Bounds, Executor, Pod, PodSpec } from '../sandbox/index.ts';

/** A pod that stands before its job is known, with its network. */
export type WaitingPod = { readonly pod: Pod; readonly network: Promise<PreparedNetwork | undefined> };

export type WarmSpec = { readonly bounds: Bounds; readonly require: readonly WallName[]; readonly jobsDir: string };

/** A failure is no fault here: the job that opens its pod by itself meets and tells it. */
export async function openWaiting(
  executor: Executor,
  { bounds, require, jobsDir }: WarmSpec,
): Promise<WaitingPod | undefined> {
  try {
    const id = `first-${randomUUID()}`;
    const scratch = join(jobsDir, id);
    await mkdir(scratch, { recursive: true, mode: 0o711 });
    const pod = await executor.open({ id, bounds, require, scratch });
    return { pod, network: prepare(pod) };
  } catch {
    return undefined;
  }
}

async function prepare(pod: Pod): Promise<PreparedNetwork | undefined> {
  try {
    const { GATEWAY_PORT, prepareNetwork } = await import('../egress/index.ts');
    return await prepareNetwork({ enter: pod.enter, servedPorts: [GATEWAY_PORT] }, { nodePath: process.execPath });
  } catch {
    return undefined;
  }
}

export type WarmExecutor = Executor & {
  /** The network that was prepared for a pod, once. */
  networkOf(enter: readonly string[]): Promise<PreparedNetwork | undefined>;
  /** Raises what is missing again: called when a job has ended, so that it takes nothing from those that run. */
  refill(): void;
};

/**
 * Keeps pods open for the jobs to come. Nothing of a job is in one, and each serves one job only; together with those that run there
 * are never more than the runner takes jobs.
 */
export function warmExecutor(inner: Executor, spec: WarmSpec & { readonly podsMax: number }): WarmExecutor {
  const waiting: Promise<WaitingPod | undefined>[] = [];
  const networks = new Map<readonly string[], Promise<PreparedNetwork | undefined>>();
  let running = 0;
  let isClosed = false;
  const refill = () => {
    while (!isClosed && running + waiting.length < spec.podsMax) waiting.push(openWaiting(inner, spec));
  };
  const counted = (pod: Pod): Pod => {
    let isOver = false;
    return {
      ...pod,
      async close(options) {
        await pod.close(options);
        if (!isOver) running -= 1;
        isOver = true;
      },
      // It changes while the pod lives.
      get killed() {
        return pod.killed;
      },
    };
  };
  async function open(wanted: PodSpec): Promise<Pod> {
    running += 1;
    try {
      const found = await waiting.shift();
      if (found === undefined) return counted(await inner.open(wanted));
      if (found.pod.killed !== undefined) {
        await (await found.network)?.close();
        await found.pod.close();
        return counted(await inner.open(wanted));
      }
      // The pod has a folder of its own.
      await rmdir(wanted.scratch);
      networks.set(found.pod.enter, found.network);
      return counted(found.pod);
    } catch (thrown) {
      running -= 1;
      throw thrown;
    }
  }
  refill();
  return {
    name: inner.name,
    probe: () => inner.probe(),
    open,
    refill,
    async networkOf(enter) {
      const network = networks.get(enter);
      networks.delete(enter);
      return network;
    },
    async close() {
      isClosed = true;
      const left = await Promise.all(waiting.splice(0));
      for (const network of [...networks.values(), ...left.map((one) => one?.network)]) await (await network)?.close();
      for (const one of left) await one?.pod.close();
      await inner.close();
    },
  };
}
