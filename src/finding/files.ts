/**
 * Doors to what reads files that people write. They load a YAML reader and schemas, which takes longer than a small scan: nobody
 * who reads no such file pays for it.
 */
import type { readRule } from './rule-file.ts';
import type { readYaml } from './yaml-file.ts';

/** Reads one rule file and its `match` by the kind's own schema. Rejects with `finding/rule-invalid` and the position. */
export async function parseRuleFile<Matching>(
  ...[text, options]: Parameters<typeof readRule<Matching>>
): Promise<ReturnType<typeof readRule<Matching>>> {
  const { readRule } = await import('./rule-file.ts');
  return readRule(text, options);
}

/** Reads a YAML file that a person wrote: one document, keys once, every error with its place. */
export async function readYamlFile(
  ...[text, options]: Parameters<typeof readYaml>
): Promise<ReturnType<typeof readYaml>> {
  const { readYaml } = await import('./yaml-file.ts');
  return readYaml(text, options);
}
