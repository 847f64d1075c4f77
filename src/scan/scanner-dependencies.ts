import type { ScannerDoor } from './scanner-table.ts';

/** The scanner of dependencies. The advisories are those of this machine: a change can't bring its own. */
export const dependenciesDoor: ScannerDoor = {
  settings: async ({ options, trustsTree }) => ({
    trustsTree,
    allowsMissingAdvisories: options.allowMissing?.includes('advisories') === true,
  }),
  load: async (settings) => {
    const { createDependenciesScanner, dependencySettings } = await import('../dependencies/index.ts');
    return createDependenciesScanner(dependencySettings.parse(settings));
  },
  loadMain: async (settings, { advisoriesFolder, now }) => {
    const { createDependenciesScanner, dependencySettings } = await import('../dependencies/index.ts');
    const own = { ...settings, nowMs: now, ...(advisoriesFolder === undefined ? {} : { advisoriesFolder }) };
    return createDependenciesScanner(dependencySettings.parse(own));
  },
  renderInventory: async (facts, options) => {
    const { inventoryOf, renderSbom } = await import('../dependencies/index.ts');
    return renderSbom(inventoryOf(facts as Parameters<typeof inventoryOf>[0]), options);
  },
};
