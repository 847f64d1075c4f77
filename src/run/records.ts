import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf, TRUST_LEVELS } from '../base/index.ts';
import { fault } from './faults.ts';

/** Records of so many runs are kept on this machine. */
export const RUNS_KEPT_MAX = 500;
/** A record is not read beyond this. */
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

const conclusion = z.enum(['success', 'failure', 'cancelled', 'skipped']);
const taint = z.strictObject({
  level: z.enum(TRUST_LEVELS),
  cause: z.string(),
  step: z.string().exactOptional(),
  source: z.string(),
});

const runRecord = z.strictObject({
  version: z.literal(1),
  runId: z.int().positive(),
  runNumber: z.int().positive(),
  attempt: z.int().positive(),
  /** The top folder of the work tree. */
  folder: z.string(),
  workflow: z.strictObject({ path: z.string(), name: z.string() }),
  event: z.strictObject({ name: z.string(), ref: z.string(), sha: z.string(), dirty: z.boolean() }),
  planDigest: z.string(),
  startedAt: z.number(),
  finishedAt: z.number(),
  conclusion,
  jobs: z.array(
    z.strictObject({
      key: z.string(),
      definition: z.string(),
      conclusion,
      /** Why it was cancelled, refused or broken, when no step tells it. */
      reason: z.string().exactOptional(),
      outputs: z.record(z.string(), z.string()),
      influencedOutputs: z.array(z.string()),
      level: z.enum(TRUST_LEVELS),
      taints: z.array(taint),
    }),
  ),
});

/** What is kept of one attempt of a run: what `--failed` needs to go on from it. No secrets, no logs. */
export type RunRecord = Readonly<z.infer<typeof runRecord>>;
export type JobRecord = RunRecord['jobs'][number];

export type RunRecords = {
  save(record: RunRecord): Promise<void>;
  /** The last attempt of the last run of a workflow in a folder. A record that can't be read counts as none. */
  last(folder: string, workflowPath: string): Promise<RunRecord | undefined>;
};

/** Records as files `<folder>/runs/<id>.json`, written whole or not at all. */
export function openRunRecords(folder: string): RunRecords {
  const runs = join(folder, 'runs');
  const latest = join(folder, 'runs', 'latest');
  return {
    async save(record) {
      const text = JSON.stringify(runRecord.parse(record));
      try {
        await mkdir(latest, { recursive: true, mode: 0o700 });
        await writeWhole(join(runs, `${record.runId}.json`), text);
        await writeWhole(join(latest, keyOf(record.folder, record.workflow.path)), String(record.runId));
        await sweep(runs);
      } catch (thrown) {
        throw fault('state-unusable', `the record of run ${record.runId} can't be written`, { cause: thrown });
      }
    },
    async last(workspace, workflowPath) {
      const id = await readFile(join(latest, keyOf(workspace, workflowPath)), 'utf8').catch(() => undefined);
      if (id === undefined || !/^[1-9]\d{0,14}$/.test(id)) return undefined;
      const text = await readFile(join(runs, `${id}.json`), 'utf8').catch(() => undefined);
      if (text === undefined || text.length > RECORD_BYTES_MAX) return undefined;
      try {
        return runRecord.parse(JSON.parse(text));
      } catch {
        // Half-written or of another version: `--failed` then says that there is nothing to repeat.
        return undefined;
      }
    },
  };
}

function keyOf(workspace: string, workflowPath: string): string {
  return digestOf(`${workspace}\0${workflowPath}`).slice('sha256:'.length);
}

async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomUUID().slice(0, 8)}.new`;
  await writeFile(fresh, text, { mode: 0o600, flush: true });
  await rename(fresh, path);
}

async function sweep(runs: string): Promise<void> {
  const ids = (await readdir(runs)).flatMap((name) => {
    const id = /^(\d+)\.json$/.exec(name)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
  if (ids.length <= RUNS_KEPT_MAX) return;
  ids.sort((a, b) => b - a);
  for (const id of ids.slice(RUNS_KEPT_MAX)) await rm(join(runs, `${id}.json`), { force: true });
}
