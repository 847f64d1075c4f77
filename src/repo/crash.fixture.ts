import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolConfig } from 'pg';
import { openDatabase } from '../database/index.ts';
import type { RefLogStep } from './ref-log.ts';
import { serveRepositories } from './repo.fixture.ts';

export type CrashPlan = {
  readonly database: PoolConfig;
  readonly root: string;
  readonly step: RefLogStep;
  /** Also end git, as a machine does that loses its power. */
  readonly withGit: boolean;
};

/** What the kernel does to a process and its memory, at this very point. */
export function killGits(root: string): void {
  for (const name of readdirSync(join(root, 'running'))) {
    try {
      process.kill(-Number(name), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** A server in a process of its own, which ends itself by SIGKILL at the step that it is told. */
async function main(plan: CrashPlan): Promise<void> {
  const db = await openDatabase(plan.database);
  const served = await serveRepositories(
    { database: async () => db },
    {
      db,
      root: plan.root,
      trace(step) {
        if (step !== plan.step) return;
        if (plan.withGit) killGits(plan.root);
        process.kill(process.pid, 'SIGKILL');
      },
    },
  );
  process.stdout.write(`${served.port}\n`);
}

const [, script, plan] = process.argv;
if (script === import.meta.filename && plan !== undefined) await main(JSON.parse(plan));
