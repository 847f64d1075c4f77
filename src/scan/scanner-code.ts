import type { ScannerDoor } from './scanner-table.ts';

/** Code. A team's own rules come from the command line: those of a repository would judge themselves. */
export const codeDoor: ScannerDoor = {
  settings: async ({ options }) => {
    const files = (options.rules ?? []).filter(({ file }) => !/(^|\/)infrastructure\//.test(file));
    if (files.length === 0) return {};
    const { loadRules } = await import('../code/index.ts');
    return { rules: await loadRules(Object.fromEntries(files.map(({ file, text }) => [file, text]))) };
  },
  load: async (settings) => (await import('../code/index.ts')).createCodeScanner(settings),
};
