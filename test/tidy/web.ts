import { posix } from 'node:path';
import { parseModule } from './modules.ts';
import type { Sources, Violation } from './rules.ts';

/** Ways by which text becomes markup or code in a browser. */
const SINKS =
  /\b(?:dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|srcdoc|srcDoc|createContextualFragment|setHTMLUnsafe|parseHTMLUnsafe)\b|\bdocument\s*\.\s*write|\beval\s*\(|\bnew\s+Function\b|\bset(?:Timeout|Interval)\s*\(\s*['"`]/;
/** What makes a name of an address that a browser would run. */
const SCHEMES = /['"`]\s*(?:javascript|vbscript):/i;
const AREA = /^web\/src\/([^/]+)\//;

/**
 * The pages see the server through its API only: they import packages, themselves, and nothing of `src`. An area imports itself and the
 * shell; only the top puts areas together. Text never becomes markup.
 */
export function checkWeb(sources: Sources): readonly Violation[] {
  return [...sources].flatMap(([path, source]) => [...checkText(path, source), ...checkImports(path, source)]);
}

function checkText(path: string, source: string): readonly Violation[] {
  if (/\.test\.tsx?$/.test(path)) return [];
  return source.split('\n').flatMap((line, at) => {
    const found = SINKS.exec(line) ?? SCHEMES.exec(line);
    return found === null
      ? []
      : [{ rule: 'markup', at: `${path}:${at + 1}`, message: `${found[0]} makes markup or code of text` }];
  });
}

function checkImports(path: string, source: string): readonly Violation[] {
  const area = AREA.exec(path)?.[1];
  return parseModule(path, source).imports.flatMap(({ specifier, line }) => {
    const at = `${path}:${line}`;
    if (specifier.startsWith('node:')) {
      return [{ rule: 'browser', at, message: `${specifier} is not there in a browser` }];
    }
    if (!specifier.startsWith('.')) return [];
    const target = posix.join(posix.dirname(path), specifier);
    if (!target.startsWith('web/src/')) return [{ rule: 'door', at, message: `${specifier} leads out of the pages` }];
    const to = AREA.exec(target)?.[1];
    if (area === undefined || to === undefined || to === area || to === 'shell') return [];
    return [{ rule: 'edge', at, message: `${area} may not import ${to}: what both need belongs to the shell` }];
  });
}
