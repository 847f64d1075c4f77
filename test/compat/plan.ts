import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type FilePlan, planFiles } from '../../src/engine/index.ts';
import { createReader, type WorkflowReader } from '../../src/workflow/index.ts';
import { silentlyDropped } from './silent.ts';

/** What planning a tree of workflow files gave. */
export type PlanComparison = {
  /** `plan: P planned, R refused, 0 crashed, 0 silent` */
  readonly summary: string;
  readonly holds: boolean;
  /** Each refusal with its position and reason, each crash, each dropped key. */
  readonly notes: readonly string[];
};

/** `npm run -s compat -- plan DIR`: exit code 0 when nothing crashed and nothing was dropped without a word. */
export async function run(args: readonly string[]): Promise<number> {
  const folder = args.find((arg) => !arg.startsWith('-'));
  if (folder === undefined || !existsSync(folder)) {
    console.error('usage: npm run -s compat -- plan DIR');
    return 2;
  }
  const { summary, holds, notes } = await comparePlan(resolve(folder));
  for (const note of notes) console.log(note);
  console.log(summary);
  return holds ? 0 : 1;
}

/** Plans every workflow file of a tree, one by one, so that a crash is counted and does not end the others. */
export async function comparePlan(folder: string): Promise<PlanComparison> {
  const reader = createReader();
  const count = { planned: 0, refused: 0, crashed: 0, silent: 0 };
  const notes: string[] = [];
  try {
    const request = { folder, now: 0, wholeTree: true };
    const plans = await planFiles({ ...request, paths: [folder] }, { reader }).catch(async (thrown: unknown) => {
      count.crashed += 1;
      notes.push(`crashed: ${String(thrown)}`);
      return [];
    });
    for (const plan of plans) {
      const refusals = [...plan.errors, ...plan.refusedAtRun];
      if (refusals.length > 0) count.refused += 1;
      else count.planned += 1;
      for (const { file, line, column, code, message } of refusals) {
        notes.push(`refused: ${file}:${line}:${column}: ${code}: ${message}`);
      }
      const dropped = await droppedOf(plan, folder, reader);
      count.silent += dropped.length;
      notes.push(...dropped.map((what) => `silent: ${plan.file}: ${what}`));
    }
  } finally {
    await reader.close();
  }
  const summary = `plan: ${count.planned} planned, ${count.refused} refused, ${count.crashed} crashed, ${count.silent} silent`;
  return { summary, holds: count.crashed === 0 && count.silent === 0, notes };
}

/** Keys that the reader dropped, and jobs and steps that the plan dropped. */
async function droppedOf(plan: FilePlan, folder: string, reader: WorkflowReader): Promise<readonly string[]> {
  const text = await readFile(resolve(folder, plan.file), 'utf8');
  const reading = await reader.readWorkflow(plan.file, text);
  if (!reading.ok) return [];
  const dropped = [...silentlyDropped(text, reading.value)];
  if (!plan.ok) return dropped;
  for (const job of reading.value.jobs) {
    const planned = plan.jobs.filter(
      ({ id }) => id === job.id || id.startsWith(`${job.id} (`) || id.startsWith(`${job.id} / `),
    );
    if (planned.length === 0) dropped.push(`jobs.${job.id}: it is not in the plan`);
    else if (job.kind === 'job' && planned.some(({ steps }) => steps.length < job.steps.length)) {
      dropped.push(`jobs.${job.id}.steps: the plan has fewer`);
    }
  }
  return dropped;
}
