import type { Commands } from '../cli/index.ts';
import type { EarlyStart } from './early.ts';
import type { Places } from './places.ts';

/** What the commands need of this process. */
export type Machine = {
  readonly env: { readonly [name: string]: string | undefined };
  readonly places: Places;
  /** Writes to standard error: where the operator's log goes with `--debug`. */
  readonly writeError: (text: string) => void;
  readonly isDebug: boolean;
};

/** The commands, each loading what it needs when it is called: the sandbox is no part of `sallyport plan`. */
export function lazyCommands(machine: Machine, version: string, ahead: EarlyStart | undefined): Commands {
  return {
    run: async (request, onEvent, interrupt) => {
      const { loadRun, startEarly } = await import('./early.ts');
      const isFit = ahead?.fits(request) === true;
      if (!isFit) await ahead?.close();
      const early = isFit ? ahead : startEarly(machine, request);
      try {
        const { run } = await loadRun();
        return await run(machine, request, onEvent, interrupt, early);
      } finally {
        await early.close();
      }
    },
    proposeEgress: async (records, directory) => {
      const { proposal } = await import('./learn.ts');
      return proposal(machine, records, directory);
    },
    up: async (request, onEvent, interrupt) => {
      const { up } = await import('./up.ts');
      return up(machine, version, request, { onEvent, interrupt });
    },
    serverFacts: async (configFile) => {
      const { serverFacts } = await import('./server-doctor.ts');
      return serverFacts(machine, configFile);
    },
    audit: {
      verify: async (request) => {
        const { verifyAudit } = await import('./audit.ts');
        return verifyAudit(machine, request);
      },
      checkProof: async (request) => {
        const { checkAuditProof } = await import('./audit.ts');
        return checkAuditProof(request);
      },
    },
    runner: {
      join: async (request, onEvent, interrupt) => {
        const { runnerJoin } = await import('./runner.ts');
        return runnerJoin(machine, request, onEvent, interrupt);
      },
    },
    backup: async (request) => {
      const { backup } = await import('./backup.ts');
      return backup(machine, version, request);
    },
    restore: async (request) => {
      const { restore } = await import('./backup.ts');
      return restore(machine, request);
    },
    plan: async (request) => {
      const { plan } = await import('./plan.ts');
      return plan(request);
    },
    scan: async (request, onProgress, interrupt) => {
      const { scan } = await import('./scan.ts');
      return scan(machine, request, onProgress, interrupt);
    },
    scanAndFix: async (request, options, interrupt) => {
      const { scanAndFix } = await import('./scan-fix.ts');
      return scanAndFix(machine, request, options, interrupt);
    },
    explain: async (rule) => {
      const { explain } = await import('./explain.ts');
      return explain(rule);
    },
    advisories: {
      sync: async (request, onProgress) => {
        const { sync } = await import('./advisories.ts');
        return sync(machine, request, onProgress);
      },
      import: async (request, onProgress) => {
        const { importFiles } = await import('./advisories.ts');
        return importFiles(machine, request, onProgress);
      },
      status: async () => {
        const { status } = await import('./advisories.ts');
        return status(machine);
      },
    },
    lock: async (request) => {
      const { lock } = await import('./lock.ts');
      return lock(machine, request);
    },
    mirror: {
      add: async (folder, references) => {
        const { mirrorAdd } = await import('./mirror.ts');
        return mirrorAdd(machine, folder, references);
      },
      sync: async (folder) => {
        const { mirrorSync } = await import('./mirror.ts');
        return mirrorSync(machine, folder);
      },
    },
    client: async () => {
      const { clientTools } = await import('./client.ts');
      return clientTools(machine);
    },
    probe: async () => {
      const { openExecutor } = await import('./executor.ts');
      const executor = openExecutor(machine);
      try {
        return await executor.probe();
      } finally {
        await executor.close();
      }
    },
  };
}
