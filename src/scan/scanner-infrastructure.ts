import type { ScannerDoor } from './scanner-table.ts';

/** Containers, Kubernetes, Terraform. */
export const infrastructureDoor: ScannerDoor = {
  settings: () => Promise.resolve({}),
  load: async () => (await import('../infrastructure/index.ts')).createInfrastructureScanner({}),
};
