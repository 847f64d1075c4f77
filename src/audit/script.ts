/**
 * A shell script, read loosely: commands with their words, what they are piped to, what is written where. It knows quotes,
 * continuations and here-documents, and errs towards more commands: it is for finding, never for running.
 */
export type Command = {
  /** The words, outer quotes taken off. */
  readonly words: readonly string[];
  readonly raw: string;
  /** Line of the script, from 0. */
  readonly line: number;
  /** Whether its output goes into the next command. */
  readonly isPiped: boolean;
  /** Files that are written: the words after `>` and `>>`, and those of `tee`. */
  readonly writes: readonly string[];
  /** The here-document or here-string that it reads. */
  readonly input: string;
  /** Number of the pipeline: commands of one share it. */
  readonly pipeline: number;
};

/** Commands of one script that are looked at. */
const COMMANDS_MAX = 3_000;
/** Characters of one script that are looked at. */
export const SCRIPT_CHARACTERS_MAX = 100_000;

type Line = { readonly text: string; readonly line: number; readonly document: string };

/** Joins continued lines and takes here-documents out. */
function linesOf(script: string): readonly Line[] {
  const source = script.slice(0, SCRIPT_CHARACTERS_MAX).split('\n');
  const lines: Line[] = [];
  for (let at = 0; at < source.length; at += 1) {
    const start = at;
    let text = source[at] ?? '';
    while (/\\\s*$/.test(text.slice(-3)) && at + 1 < source.length) {
      at += 1;
      text = `${text.replace(/\\\s*$/, ' ')}${source[at] ?? ''}`;
    }
    const marker = documentMarker(text);
    let document = '';
    if (marker !== undefined) {
      const body: string[] = [];
      while (at + 1 < source.length && (source[at + 1] ?? '').trim() !== marker) {
        at += 1;
        body.push(source[at] ?? '');
      }
      at += 1;
      document = body.join('\n');
    }
    lines.push({ text, line: start, document });
  }
  return lines;
}

/** The word that ends a here-document; not one in double quotes, which is only printed. */
function documentMarker(text: string): string | undefined {
  const match = /<<-?\s*(['"]?)([A-Za-z_][\w-]*)\1/.exec(text);
  if (match === null || text[match.index - 1] === '<') return undefined;
  return (text.slice(0, match.index).split('"').length - 1) % 2 === 1 ? undefined : match[2];
}

export function commandsOf(script: string): readonly Command[] {
  const commands: Command[] = [];
  let pipeline = 0;
  for (const { text, line, document } of linesOf(script)) {
    const segments = splitLine(text);
    for (const [index, segment] of segments.entries()) {
      const isPiped = segment.separator === '|';
      const isFirst = index === 0 || segments[index - 1]?.separator !== '|';
      if (isFirst) pipeline += 1;
      const words = wordsOf(segment.text);
      if (words.length === 0) continue;
      commands.push({
        words: words.map(unquote),
        raw: segment.text,
        line,
        isPiped,
        writes: writesOf(words),
        input: index === 0 || segments.length === 1 ? document : '',
        pipeline,
      });
      if (commands.length >= COMMANDS_MAX) return commands;
    }
  }
  return commands;
}

/** Splits at `;`, `&&`, `||`, `|`, `&` and around `(`, `)`, `{`, `}` that stand alone; quotes and `$(…)` hold together. */
function splitLine(text: string): readonly { readonly text: string; readonly separator: string }[] {
  const found: { text: string; separator: string }[] = [];
  let start = 0;
  let quote = '';
  let depth = 0;
  const push = (end: number, separator: string) => {
    const piece = text.slice(start, end).trim();
    if (piece !== '') found.push({ text: piece, separator });
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote === '"') at += 1;
      else if (character === quote) quote = '';
      continue;
    }
    if (character === '\\') at += 1;
    else if (character === "'" || character === '"') quote = character;
    else if (character === '#' && depth === 0 && (at === 0 || /\s/.test(text[at - 1] ?? ''))) {
      push(at, '');
      return found;
    } else if (character === '$' && text[at + 1] === '(') {
      depth += 1;
      at += 1;
    } else if (character === '(' && depth > 0) depth += 1;
    else if (character === ')' && depth > 0) depth -= 1;
    else if (depth === 0 && (character === ';' || character === '|' || character === '&')) {
      if (character === '&' && (text[at - 1] === '>' || text[at + 1] === '>')) continue;
      const isDouble = text[at + 1] === character;
      push(at, isDouble ? character.repeat(2) : character);
      if (isDouble) at += 1;
      start = at + 1;
    }
  }
  push(text.length, '');
  return found;
}

/** Words that open or close blocks, or stand before the command that runs. */
const LEADING = new Set([
  'if',
  'then',
  'else',
  'elif',
  'do',
  'while',
  'until',
  '!',
  '{',
  '(',
  'time',
  'exec',
  'sudo',
  'nohup',
  'env',
  'command',
  'xvfb-run',
]);

function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let current = '';
  let quote = '';
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== '') {
      current += character;
      if (character === '\\' && quote === '"') {
        current += text[at + 1] ?? '';
        at += 1;
      } else if (character === quote) quote = '';
      continue;
    }
    if (character === '\\') {
      current += character + (text[at + 1] ?? '');
      at += 1;
    } else if (depth === 0 && /\s/.test(character)) {
      if (current !== '') words.push(current);
      current = '';
    } else {
      if (character === "'" || character === '"') quote = character;
      else if (character === '$' && text[at + 1] === '(') depth += 1;
      else if (character === ')' && depth > 0) depth -= 1;
      current += character;
    }
  }
  if (current !== '') words.push(current);
  let from = 0;
  while (from < words.length && (LEADING.has(words[from] ?? '') || /^[A-Za-z_]\w*=/.test(words[from] ?? ''))) {
    // A lone assignment is the command itself.
    if (from === words.length - 1) break;
    if (/^[A-Za-z_]\w*=/.test(words[from] ?? '') && !isPlainPrefix(words.slice(from))) break;
    from += 1;
  }
  return words.slice(from);
}

/** `A=1 make` runs `make`; `A=1 B=2` assigns. */
function isPlainPrefix(words: readonly string[]): boolean {
  return words.some((word) => !/^[A-Za-z_]\w*=/.test(word));
}

export function unquote(word: string): string {
  return word.replaceAll(/['"]/g, '');
}

function writesOf(words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const [index, word] of words.entries()) {
    const redirect = /^\d?>{1,2}\|?(.*)$/.exec(word);
    if (redirect === null) continue;
    const target = redirect[1] === '' ? (words[index + 1] ?? '') : (redirect[1] ?? '');
    if (!target.startsWith('&')) found.push(unquote(target));
  }
  if (words[0] === 'tee' || words[0]?.toLowerCase() === 'out-file' || words[0]?.toLowerCase() === 'add-content') {
    for (const word of words.slice(1)) if (!word.startsWith('-')) found.push(unquote(word));
  }
  return found;
}

export type FileTarget = 'env' | 'path' | 'output' | 'state';
export type FileWrite = {
  readonly target: FileTarget;
  readonly line: number;
  /** What is written, as the script says it. */
  readonly text: string;
};

const TARGETS: readonly (readonly [RegExp, FileTarget])[] = [
  [/GITHUB_ENV\b/, 'env'],
  [/GITHUB_PATH\b/, 'path'],
  [/GITHUB_OUTPUT\b/, 'output'],
  [/GITHUB_STATE\b/, 'state'],
];

function targetOf(word: string): FileTarget | undefined {
  return TARGETS.find(([pattern]) => pattern.test(word))?.[1];
}

/** Everything that a script writes to the files of the runner, and the old commands that do the same. */
export function fileWritesOf(script: string, commands: readonly Command[]): readonly FileWrite[] {
  const writes: FileWrite[] = [];
  const lines = script.slice(0, SCRIPT_CHARACTERS_MAX).split('\n');
  const blocks: number[] = [];
  for (const [index, command] of commands.entries()) {
    if (/^\s*[{(]/.test(command.raw) || command.words[0] === '{') blocks.push(index);
    const target = command.writes.map(targetOf).find((found) => found !== undefined) ?? powershellTarget(command.raw);
    const isEnd = /^\s*[})]/.test(command.raw) || /^\s*done\b/.test(command.raw);
    const opened = isEnd ? blocks.pop() : undefined;
    if (target !== undefined) writes.push(writeOf({ index, target, opened }, commands));
    const old = /::(set-output|set-env|add-path|save-state)\b/.exec(command.raw);
    if (old !== null) {
      const kinds: { readonly [name: string]: FileTarget } = {
        'set-output': 'output',
        'set-env': 'env',
        'add-path': 'path',
        'save-state': 'state',
      };
      writes.push({ target: kinds[old[1] ?? ''] ?? 'output', line: command.line, text: command.raw });
    }
  }
  for (const [line, text] of lines.entries()) {
    const javascript = /core\.(setOutput|exportVariable|addPath)\((.*)/.exec(text);
    if (javascript === null) continue;
    const kinds: { readonly [name: string]: FileTarget } = {
      setOutput: 'output',
      exportVariable: 'env',
      addPath: 'path',
    };
    writes.push({ target: kinds[javascript[1] ?? ''] ?? 'output', line, text: javascript[2] ?? '' });
  }
  return writes;
}

function powershellTarget(raw: string): FileTarget | undefined {
  const match = /(?:Out-File|Add-Content|Set-Content|>>?).*(\$env:GITHUB_(?:ENV|PATH|OUTPUT))/i.exec(raw);
  return match === null ? undefined : targetOf((match[1] ?? '').toUpperCase());
}

function writeOf(
  at: { readonly index: number; readonly target: FileTarget; readonly opened: number | undefined },
  commands: readonly Command[],
): FileWrite {
  const command = commands[at.index];
  const from = at.opened ?? firstOfPipeline(at.index, commands);
  const parts = commands.slice(from, at.index + 1).map(({ raw, input }) => (input === '' ? raw : `${raw}\n${input}`));
  const first = at.opened === undefined ? command?.line : command?.line;
  return { target: at.target, line: first ?? 0, text: parts.join('\n') };
}

function firstOfPipeline(index: number, commands: readonly Command[]): number {
  let from = index;
  while (from > 0 && commands[from - 1]?.pipeline === commands[index]?.pipeline) from -= 1;
  return from;
}
