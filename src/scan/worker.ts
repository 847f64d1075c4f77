/** A thread that scans files: it opens the tree by itself and answers one message for each batch. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, reasonOf } from '../base/index.ts';
import { openTree, type TreeSpec } from '../source/index.ts';
import { type FileResult, type FileTask, scanFile } from './batch.ts';
import { loadScanners, type ScannersSpec } from './load-scanners.ts';
import type { Tree } from '../source/index.ts';

export type WorkerStart = {
  readonly scanners: ScannersSpec;
  readonly keeps: boolean;
  readonly generated: boolean;
};

export type WorkerBatch = { readonly id: number; readonly spec?: TreeSpec; readonly tasks: readonly FileTask[] };

export type WorkerReply = { readonly id: number; readonly results?: readonly FileResult[]; readonly failure?: string };

const port = parentPort;
assert(port !== null, 'scan/worker.ts is started as a thread');
// What this process itself started it with.
const start = workerData as WorkerStart;
const loading = loadScanners(start.scanners);
// A factory that fails is told with each batch.
loading.catch(() => {});
const trees = new Map<string, Tree>();

port.on('message', (batch: WorkerBatch) => {
  void answer(batch).then((reply) => port.postMessage(reply));
});

async function answer(batch: WorkerBatch): Promise<WorkerReply> {
  try {
    const { scanners } = await loading;
    const tree = treeOf(batch.spec);
    const results: FileResult[] = [];
    for (const task of batch.tasks) results.push(await scanFile(task, { ...start, scanners, tree }));
    return { id: batch.id, results };
  } catch (thrown) {
    return { id: batch.id, failure: reasonOf(thrown) };
  }
}

const NO_TREE: Tree = {
  list: () => Promise.resolve([]),
  read: () => Promise.resolve({ ok: false, reason: 'unreadable' }),
  close() {},
};

function treeOf(spec: TreeSpec | undefined): Tree {
  if (spec === undefined) return NO_TREE;
  const key = JSON.stringify(spec);
  const known = trees.get(key);
  if (known !== undefined) return known;
  const tree = openTree(spec);
  trees.set(key, tree);
  return tree;
}
