/**
 * Runs one bash script as a step of a pod and stays until it ends: for attacks that need a runner process of its own,
 * to be killed or to have been started carelessly.
 *
 *   node test/attack/pod-runner.ts STATE_FOLDER SCRIPT
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../src/base/index.ts';
import { createBubblewrapExecutor } from '../../src/sandbox/index.ts';
import { BOUNDS, runStep } from './arena.ts';

const [folder = '', script = ''] = process.argv.slice(2);
const scratch = path.join(folder, `scratch-${process.pid}`);
mkdirSync(scratch);
const executor = createBubblewrapExecutor({
  nodePath: process.execPath,
  stateDir: path.join(folder, 'state'),
  clock: systemClock,
});
const pod = await executor.open({ id: 'runner', bounds: BOUNDS, require: [], scratch });
const ran = await runStep(pod, script);
process.stdout.write(ran.output);
await pod.close();
