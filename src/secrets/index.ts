/**
 * Owns: what secrets look like: the rules' engine, the detector of assignments, checks of formats, decoded layers and
 * archives; configurations of gitleaks and betterleaks, their ignore files and baselines.
 * Never: reads a file or a history, asks a provider whether a secret is live, lets a secret into a finding.
 */
import type { RulePack } from '../finding/index.ts';
import pack from './pack.json' with { type: 'json' };
import type { RuleMatch } from './rule-schema.ts';
import { isNamed } from './rule-set.ts';
import { createScanner, type SecretsScanner, type SecretsSettings } from './scanner.ts';
import { type ConfigInput, loadConfig, type SecretsConfig } from './config.ts';

export type { SecretsConfig } from './config.ts';
export { type AddedLines, SECRETS_FILE_BYTES_MAX, type SecretsScanner, type SecretsSettings } from './scanner.ts';

/** Names of configurations, in the order in which a repository's root is asked for them. */
export const SECRETS_CONFIG_FILES = ['.gitleaks.toml', '.betterleaks.toml'] as const;
/** The file in which gitleaks keeps the fingerprints of findings that were set aside. */
export const SECRETS_IGNORE_FILE = '.gitleaksignore';

// The compiler widens what it reads of a JSON file; the pack is generated from rules that the schema has accepted.
const shipped = pack as unknown as RulePack<RuleMatch>;

/** The scanner with the rules that come with it, or with a configuration. Throws faults `secrets/*` of wrong settings. */
export function createSecretsScanner(settings: SecretsSettings = {}): SecretsScanner {
  return createScanner(shipped, settings);
}

/** Reads a configuration once, outside of the threads; its outcome is plain data for `SecretsSettings`. */
export function loadSecretsConfig(input: Omit<ConfigInput, 'isOwnRule'>): SecretsConfig {
  return loadConfig({ ...input, isOwnRule: (id) => shipped.rules.some((rule) => isNamed(rule, id)) });
}
