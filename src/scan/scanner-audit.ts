import type { ScannerDoor } from './scanner-table.ts';

/** Workflows and the pipelines of other systems. Nothing of a repository or a command line changes what it looks for. */
export const auditDoor: ScannerDoor = {
  settings: () => Promise.resolve({}),
  load: async () => (await import('../audit/index.ts')).createAuditScanner({}),
};
