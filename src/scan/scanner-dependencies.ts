import type { ScannerDoor } from './scanner-table.ts';

/** Licences and the age of advisories, as a project wants them. */
const SETTINGS_PATH = '.sallyport/dependencies.yml';

/** Dependencies. The advisories are those of this machine, and only the thread that puts results together has them. */
export const dependenciesDoor: ScannerDoor = {
  settings: async (source) => {
    const { trustsTree, options } = source;
    const text = await source.readText(SETTINGS_PATH);
    const { parseDependencySettings } = await import('../dependencies/index.ts');
    return {
      ...(text === undefined ? {} : parseDependencySettings(text, SETTINGS_PATH)),
      trustsTree,
      ...(options.allowMissing?.includes('advisories') === true ? { allowsMissingAdvisories: true } : {}),
    };
  },
  load: async (settings) => {
    const { createDependenciesScanner, dependencySettings } = await import('../dependencies/index.ts');
    return createDependenciesScanner(dependencySettings.parse(settings));
  },
  loadMain: async (settings, { advisoriesFolder, now }) => {
    const { createDependenciesScanner, dependencySettings, openAdvisories } = await import('../dependencies/index.ts');
    const opened = advisoriesFolder === undefined ? {} : openAdvisories(advisoriesFolder);
    return createDependenciesScanner(dependencySettings.parse(settings), { nowMs: now, ...opened });
  },
  renderInventory: async (facts, options) => {
    const { inventoryOf, isDependencyFacts, renderSbom } = await import('../dependencies/index.ts');
    const own = new Map([...facts].flatMap(([path, one]) => (isDependencyFacts(one) ? [[path, one] as const] : [])));
    return renderSbom(inventoryOf(own), options);
  },
};
