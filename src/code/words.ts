import type { Language } from './ir.ts';
import { expandBraces } from './pattern.ts';

/**
 * Words that a file must have for a pattern to be met in it. A word stands for itself, `name(` for a call of it, `"name` for
 * the name of a module in quotes. All words of one of the groups have to be there.
 */
type Group = readonly string[];

/** How many words of a pattern a file must have: the longest say the most. */
const GROUP_WORDS_MAX = 3;

/** Groups of words: a file that has what a pattern names has all words of one group. Results and places are no words. */
export function wordGroupsOf(pattern: string, language: Language, isCalled: boolean): readonly Group[] {
  const groups = new Map<string, Group>();
  const add = (...group: readonly string[]) => groups.set(group.join(' '), group);
  for (const spelled of expandBraces(pattern)) {
    if (language === 'java' || language === 'go') {
      // What is of `java.lang` is imported by nobody.
      const words = wordsOf(spelled.replace(/^java\.lang\./, ''), isCalled);
      if (words.length > 0) add(...words);
      continue;
    }
    const tail = /^(?:~|\*\*\.)(?:.*\.)?~?([\w$]+\.[\w$]+)$/.exec(spelled)?.[1];
    // A variable and its method stand side by side; what is imported may be named apart.
    if (tail !== undefined) {
      add(tail);
      continue;
    }
    const parts = isCalled ? functionOf(spelled, language) : undefined;
    if (parts === undefined) {
      const words = wordsOf(spelled, isCalled);
      if (words.length > 0) add(...words);
    } else if (language === 'python') {
      add(`${parts.owner}.${parts.name}`);
      add(`from ${parts.module}`, parts.name);
      add(`${parts.owner} as`, `${parts.name}(`);
    } else {
      add(`${parts.owner}.${parts.name}`);
      add(`"${parts.module}`, `${parts.name}(`);
    }
  }
  return [...groups.values()];
}

/**
 * The same for what gives values from outside. Where a library hands out its own type (`made`: the paths of those), a file need
 * not name the type, but the library.
 */
export function sourceGroupsOf(
  pattern: string,
  language: Language,
  made: readonly string[],
): readonly (readonly string[])[] {
  return expandBraces(pattern).flatMap((spelled) => {
    const type = made.find((path) => spelled.startsWith(path));
    return wordGroupsOf(type?.slice(0, type.lastIndexOf('.')) ?? spelled, language, false);
  });
}

/** `os.path.join` as the function of a module: by its module, by the name of that, or by its own. */
function functionOf(
  pattern: string,
  language: Language,
): { readonly module: string; readonly owner: string; readonly name: string } | undefined {
  const form = language === 'python' ? /^([a-zA-Z_][\w.]*)\.(\w+)$/ : /^([a-z_][\w/-]*)\.([\w$]+)$/;
  if (language !== 'python' && language !== 'javascript') return undefined;
  const [, module, name] = form.exec(pattern) ?? [];
  if (module === undefined || name === undefined) return undefined;
  return { module, owner: module.split(/[./]/).at(-1) ?? module, name };
}

function wordsOf(pattern: string, isCalled: boolean): Group {
  // Functions are called where they are used; classes may stand in a type.
  const called = pattern.replaceAll(/\b([a-z]\w*)\(\)/g, '$1\u0001');
  const last = isCalled ? /(?:^|\.)([a-z]\w*)$/.exec(pattern)?.[1] : undefined;
  const words = called
    .split(/[.*~()[\]/@]+|node:/)
    .filter((word) => word.length > 0 && !word.startsWith('('))
    .map((word) => (word === last ? `${word}(` : word.replace('\u0001', '(')));
  return [...new Set(words)]
    .sort((a, b) => b.length - a.length)
    .slice(0, GROUP_WORDS_MAX)
    .sort();
}
