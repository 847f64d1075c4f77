/** A thread that scans: it opens trees and histories by itself and answers each message with one. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, reasonOf } from '../base/index.ts';
import { type CommitLines, openTree, type Tree, type TreeSpec } from '../source/index.ts';
import { type FileResult, type FileTask, readingAhead, scanFile } from './batch.ts';
import { type HistoryResult, scanCommits } from './history-batch.ts';
import { loadScanners, type ScannersSpec } from './load-scanners.ts';

export type WorkerStart = {
  readonly scanners: ScannersSpec;
  readonly keeps: boolean;
  readonly generated: boolean;
};

export type WorkerMessage =
  | { readonly kind: 'files'; readonly spec?: TreeSpec; readonly tasks: readonly FileTask[] }
  | { readonly kind: 'history'; readonly request: CommitLines };

export type WorkerReply =
  | { readonly kind: 'files'; readonly results: readonly FileResult[] }
  | { readonly kind: 'history'; readonly result: HistoryResult }
  | { readonly kind: 'failure'; readonly reason: string };

const port = parentPort;
assert(port !== null, 'scan/worker.ts is started as a thread');
// What this process itself started it with.
const start = workerData as WorkerStart;
const loading = loadScanners(start.scanners);
// A factory that fails is told with each message.
loading.catch(() => {});
const trees = new Map<string, Tree>();

port.on('message', (message: WorkerMessage) => {
  void answer(message).then((reply) => port.postMessage(reply));
});

async function answer(message: WorkerMessage): Promise<WorkerReply> {
  try {
    const { scanners } = await loading;
    if (message.kind === 'history') {
      const scanner = scanners.get('secrets');
      assert(scanner !== undefined, 'a history is scanned for secrets');
      return { kind: 'history', result: await scanCommits(message.request, scanner) };
    }
    const tree = readingAhead(treeOf(message.spec), message.tasks);
    const results: FileResult[] = [];
    for (const task of message.tasks) results.push(await scanFile(task, { ...start, scanners, tree }));
    return { kind: 'files', results };
  } catch (thrown) {
    return { kind: 'failure', reason: reasonOf(thrown) };
  }
}

const NO_TREE: Tree = {
  list: () => Promise.resolve([]),
  read: () => Promise.resolve({ ok: false, reason: 'unreadable' }),
  readPath: () => Promise.resolve({ ok: false, reason: 'unreadable' }),
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
