import type { DependencyFacts } from '../dependencies/index.ts';
import type { ScannerDoor } from './scanner-table.ts';

/** Licences and the age of advisories, as a project wants them. */
const SETTINGS_PATH = '.sallyport/dependencies.yml';

/** Dependencies. The advisories are those of this machine, and only the thread that puts results together has them. */
export const dependenciesDoor: ScannerDoor = {
  settings: async (source) => {
    const { trustsTree, options } = source;
    const text = await source.readText(SETTINGS_PATH);
    const { isVexFile, parseDependencySettings, parseVex } = await import('../dependencies/index.ts');
    // The statements of the tree are read with it; in a gate those of the base count instead.
    const vex = trustsTree ? [] : (await source.readWhere(isVexFile)).flatMap((one) => parseVex(one.file, one.text));
    return {
      ...(vex.length === 0 ? {} : { vex }),
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
  renderVex: async (facts, { settings, machine: { advisoriesFolder }, putAside, ...options }) => {
    const { dependencySettings, openAdvisories, renderVex } = await import('../dependencies/index.ts');
    const context = advisoriesFolder === undefined ? {} : openAdvisories(advisoriesFolder);
    return renderVex(
      await ownFacts(facts),
      { settings: dependencySettings.parse(settings), context, putAside },
      options,
    );
  },
  renderInventory: async (facts, options) => {
    const { inventoryOf, renderSbom } = await import('../dependencies/index.ts');
    return renderSbom(inventoryOf(await ownFacts(facts)), options);
  },
};

async function ownFacts(facts: ReadonlyMap<string, unknown>): Promise<ReadonlyMap<string, DependencyFacts>> {
  const { isDependencyFacts } = await import('../dependencies/index.ts');
  return new Map([...facts].flatMap(([path, one]) => (isDependencyFacts(one) ? [[path, one] as const] : [])));
}
