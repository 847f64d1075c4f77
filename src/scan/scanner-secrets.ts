import type { SettingsSource } from './settings.ts';
import type { ScannerDoor } from './scanner-table.ts';

/** Configurations that extend each other: as many as gitleaks follows, and one more to say so. */
const EXTENDED_MAX = 4;

/** Secrets, by a configuration as gitleaks has it, or by the rules that come along. */
export const secretsDoor: ScannerDoor = {
  settings: async (source) => {
    const { SECRETS_IGNORE_FILE } = await import('../secrets/index.ts');
    const config = await configOf(source);
    const ignore = await source.readText(SECRETS_IGNORE_FILE);
    return {
      ...(config === undefined ? {} : { config }),
      ...(ignore === undefined ? {} : { ignore: { ignore } }),
    };
  },
  load: async (settings) => (await import('../secrets/index.ts')).createSecretsScanner(settings),
};

async function configOf(source: SettingsSource): Promise<unknown> {
  const named = source.options.secretsConfig ?? (await configOfTree(source));
  if (named === undefined) return undefined;
  const { loadSecretsConfig } = await import('../secrets/index.ts');
  const texts = new Map<string, string | undefined>();
  // What a configuration extends is known when it is read, and reading a tree takes its time: each round knows one more.
  for (let round = 0; ; round += 1) {
    let missing: string | undefined;
    const read = (path: string) => {
      if (!texts.has(path)) missing ??= path;
      return texts.get(path);
    };
    try {
      const config = loadSecretsConfig({ ...named, read });
      if (missing === undefined) return config;
    } catch (thrown) {
      // A text that was not asked for yet: with it the next round tells whether something is wrong.
      if (missing === undefined || round >= EXTENDED_MAX) throw thrown;
    }
    if (missing !== undefined) texts.set(missing, await source.readText(missing.replace(/^\.\//, '')));
  }
}

async function configOfTree(source: SettingsSource): Promise<{ file: string; text: string } | undefined> {
  const { SECRETS_CONFIG_FILES } = await import('../secrets/index.ts');
  for (const file of SECRETS_CONFIG_FILES) {
    const text = await source.readText(file);
    if (text !== undefined) return { file, text };
  }
  return undefined;
}
