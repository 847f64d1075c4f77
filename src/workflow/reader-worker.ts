import { parentPort } from 'node:worker_threads';
import { assert } from '../base/index.ts';
import type { FileLimits } from './limits.ts';
import { readActionFile, readWorkflowFile } from './reader-file.ts';

/** What the reader asks its worker. */
export type ReadRequest = {
  readonly id: number;
  readonly kind: 'workflow' | 'action';
  readonly path: string;
  readonly text: string;
  readonly limits: FileLimits;
};

const port = parentPort;
assert(port !== null, 'this file runs as a worker');
port.on('message', ({ id, kind, path, text, limits }: ReadRequest) => {
  const reading = kind === 'workflow' ? readWorkflowFile(path, text, limits) : readActionFile(path, text, limits);
  port.postMessage({ id, reading });
});
// The schemas are loaded before the first file comes, while the caller does other things.
readWorkflowFile('warm-up', 'on: push\njobs: {a: {runs-on: a, steps: [{run: a}]}}');
port.postMessage({ id: 0 });
