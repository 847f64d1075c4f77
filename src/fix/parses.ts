import { parse as parseToml } from 'smol-toml';
import { parseAllDocuments } from 'yaml';

/** Larger texts are not parsed again here: the scanners have their own limits. */
const TEXT_MAX = 4 * 1024 * 1024;

/**
 * Why a changed text is worse than it was: it parsed before and does not any more. Only for formats whose grammar is at hand; the
 * scanner of a language says so by a gap.
 */
export function parseObjection(path: string, before: string, after: string): string | undefined {
  const parse = parserOf(path);
  if (parse === undefined || after.length > TEXT_MAX) return undefined;
  const reason = reasonOf(parse, after);
  if (reason === undefined || reasonOf(parse, before) !== undefined) return undefined;
  return `${path} would no longer parse: ${reason}`;
}

type Parse = (text: string) => void;

function parserOf(path: string): Parse | undefined {
  if (/\.ya?ml$/i.test(path)) return parseYaml;
  if (/\.json$/i.test(path) || path.endsWith('.lock.json')) return (text) => JSON.parse(text);
  if (/\.toml$/i.test(path)) return (text) => parseToml(text);
  return undefined;
}

function parseYaml(text: string): void {
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
  }
}

function reasonOf(parse: Parse, text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (thrown) {
    // Each parser throws its own error; all that counts is that the text is none of its language.
    return thrown instanceof Error ? (thrown.message.split('\n')[0] ?? 'unknown reason') : String(thrown);
  }
}
