import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pages of the rules, which ship with the package. */
const PAGES = join(import.meta.dirname, '../../docs/rules');
/** Names that are proposed for one that is not there. */
const SIMILAR_MAX = 5;

/** The page of a rule; without one, names of rules that share words with it. */
export function explain(rule: string): { readonly page: string } | { readonly similar: readonly string[] } {
  const files = readdirSync(PAGES, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^[a-z]+\/[a-z0-9-]+\.md$/.test(name),
  );
  const file = files.find((name) => name.endsWith(`/${rule}.md`));
  if (file !== undefined) return { page: readFileSync(join(PAGES, file), 'utf8') };
  const words = rule.toLowerCase().split(/[^a-z0-9]+/);
  const ranked = files
    .map((name) => name.slice(name.indexOf('/') + 1, -'.md'.length))
    .map((id) => ({ id, shared: id.split('-').filter((word) => words.includes(word)).length }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared || (a.id < b.id ? -1 : 1));
  return { similar: ranked.slice(0, SIMILAR_MAX).map(({ id }) => id) };
}
