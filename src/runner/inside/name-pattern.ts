import { matchesNamePattern } from './glob.ts';
import { Refusal } from './program.ts';

const ALTERNATIVES_MAX = 1000;

/**
 * Patterns over names of artifacts, as `minimatch` reads them by default: wildcards as in file names, where a leading dot
 * must be written, `{a,b}` alternatives, `!` at the start for all others. Extended forms as `@(a|b)` are refused.
 */
export function compileNamePattern(pattern: string): (name: string) => boolean {
  const isNegated = pattern.startsWith('!');
  const text = isNegated ? pattern.slice(1) : pattern;
  if (/[@+*?!]\(/.test(text))
    throw new Refusal(`the pattern '${pattern.slice(0, 200)}' uses an extended form, which is not supported`);
  if (text.startsWith('#')) return () => false;
  const alternatives = expandBraces(text, { left: ALTERNATIVES_MAX });
  const matches = (name: string) =>
    alternatives.some((one) => (one.startsWith('.') || !name.startsWith('.')) && matchesNamePattern(one, name));
  return (name) => matches(name) !== isNegated;
}

/** `a{b,c}d` to `abd` and `acd`, nested ones too. A pair without a comma means itself. */
function expandBraces(text: string, budget: { left: number }): readonly string[] {
  const found = outerBraces(text);
  if (found === undefined) {
    budget.left -= 1;
    if (budget.left < 0) throw new Refusal(`the pattern has more than ${ALTERNATIVES_MAX} alternatives`);
    return [text];
  }
  return found.parts.flatMap((part) => expandBraces(`${found.before}${part}${found.after}`, budget));
}

function outerBraces(text: string): { before: string; parts: readonly string[]; after: string } | undefined {
  for (let start = text.indexOf('{'); start >= 0; start = text.indexOf('{', start + 1)) {
    if (text[start - 1] === '\\') continue;
    let depth = 0;
    let from = start + 1;
    const parts: string[] = [];
    for (let at = start; at < text.length; at += 1) {
      if (text[at] === '{') depth += 1;
      else if (text[at] === '}') depth -= 1;
      else if (text[at] === ',' && depth === 1) {
        parts.push(text.slice(from, at));
        from = at + 1;
      }
      if (depth > 0) continue;
      if (parts.length === 0) break;
      return { before: text.slice(0, start), parts: [...parts, text.slice(from, at)], after: text.slice(at + 1) };
    }
  }
  return undefined;
}
