import type { ScannerDoor } from './scanner-table.ts';

/** The scanner of dependencies. The advisories are those of this machine: a change can't bring its own. */
export const dependencies: ScannerDoor = {
  settings: async ({ options }) => ({
    nowMs: options.now,
    ...(options.advisoriesFolder === undefined ? {} : { advisoriesFolder: options.advisoriesFolder }),
    ...(options.allowMissing?.includes('advisories') === true ? { allowsMissingAdvisories: true } : {}),
  }),
  load: async (settings) => {
    const { createDependenciesScanner, dependencySettings } = await import('../dependencies/index.ts');
    return createDependenciesScanner(dependencySettings.parse(settings));
  },
};
