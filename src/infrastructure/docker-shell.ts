/** One simple command of a shell script. */
export type Command = {
  readonly name: string;
  /** Words after the name, quotes taken off. */
  readonly words: readonly Word[];
  readonly start: number;
  readonly end: number;
  /** The words before the name that set variables: `A=b`. */
  readonly assignments: readonly Word[];
  /** What starts it: `sudo`, `env`. */
  readonly launchers: readonly Word[];
  /** Whether its output goes into the command after it. */
  readonly isPiped: boolean;
};

export type Word = { readonly text: string; readonly start: number; readonly end: number };

/** Programs that only start the one that follows. */
const LAUNCHERS: ReadonlySet<string> = new Set([
  'sudo',
  'env',
  'exec',
  'time',
  'nice',
  'command',
  'nohup',
  'eatmydata',
  'gosu',
  'then',
  'do',
  'else',
  'if',
  'while',
  'until',
  '!',
  '{',
  '(',
]);

const SEPARATORS = /&&|\|\||\|&|[;|&\n()]/y;

/**
 * Cuts a script of a shell into simple commands. Enough of the shell to tell words from separators: quotes, escapes, comments,
 * line continuations; what stands in `$(…)` and backquotes is cut like everything else.
 */
export function commandsOf(text: string, offset = 0, escape = '\\'): readonly Command[] {
  const commands: Command[] = [];
  let words: Word[] = [];
  const finish = (isPiped: boolean) => {
    const command = commandOf(words, isPiped);
    if (command !== undefined) commands.push(command);
    words = [];
  };
  let at = 0;
  while (at < text.length) {
    const next = text[at] ?? '';
    if (next === ' ' || next === '\t' || next === '\r') at += 1;
    else if ((next === escape || next === '\\') && isContinued(text, at)) at = text.indexOf('\n', at) + 1;
    else if (next === '#' && (at === 0 || /[\s;&|]/.test(text[at - 1] ?? ''))) {
      // Also the comment lines that Docker takes out of a continued instruction.
      const end = text.indexOf('\n', at);
      const isWhole = text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '';
      at = end === -1 ? text.length : isWhole ? end + 1 : end;
    } else {
      SEPARATORS.lastIndex = at;
      const separator = SEPARATORS.exec(text)?.[0];
      if (separator !== undefined) {
        finish(separator === '|' || separator === '|&');
        at += separator.length;
      } else {
        const word = readWord(text, at, { escape, stop: /[\s;|&()]/ });
        words.push({ text: word.text, start: offset + at, end: offset + word.end });
        at = word.end;
      }
    }
  }
  finish(false);
  return commands;
}

/** Cuts text into words at white space alone, as Docker does outside of `RUN`. */
export function wordsOf(text: string, offset: number, escape: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text[at] ?? '';
    if (/\s/.test(next)) at += 1;
    else if (next === escape && isContinued(text, at)) at = text.indexOf('\n', at) + 1;
    else if (
      next === '#' &&
      text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '' &&
      text.lastIndexOf('\n', at) !== -1
    ) {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end + 1;
    } else {
      const word = readWord(text, at, { escape, stop: /\s/ });
      words.push({ text: word.text, start: offset + at, end: offset + word.end });
      at = word.end;
    }
  }
  return words;
}

function isContinued(text: string, at: number): boolean {
  return /^[ \t\r]*\n/.test(text.slice(at + 1, at + 20));
}

type WordEnds = { readonly escape: string; readonly stop: RegExp };

function readWord(
  text: string,
  start: number,
  { escape, stop }: WordEnds,
): { readonly text: string; readonly end: number } {
  let at = start;
  const parts: string[] = [];
  while (at < text.length) {
    const next = text[at] ?? '';
    if (next === "'") {
      const end = text.indexOf("'", at + 1);
      const close = end === -1 ? text.length : end;
      parts.push(text.slice(at + 1, close));
      at = Math.min(close + 1, text.length);
    } else if (next === '"') {
      at = readDoubleQuoted(text, at + 1, { parts, escape });
    } else if (next === '\\' || next === escape) {
      if (isContinued(text, at)) break;
      parts.push(text[at + 1] ?? '');
      at += 2;
    } else if (next === '$' && text[at + 1] === '{') {
      const end = text.indexOf('}', at);
      const close = end === -1 ? text.length : end + 1;
      parts.push(text.slice(at, close));
      at = close;
    } else if (next === '$' && text[at + 1] === '(' && stop.test('(')) {
      parts.push('$');
      at += 1;
      break;
    } else if (stop.test(next)) break;
    else {
      parts.push(next);
      at += 1;
    }
  }
  return { text: parts.join(''), end: Math.max(at, start + 1) };
}

function readDoubleQuoted(
  text: string,
  start: number,
  into: { readonly parts: string[]; readonly escape: string },
): number {
  let at = start;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\' && at + 1 < text.length) {
      into.parts.push(text[at + 1] ?? '');
      at += 2;
    } else {
      into.parts.push(text[at] ?? '');
      at += 1;
    }
  }
  return Math.min(at + 1, text.length);
}

function commandOf(words: readonly Word[], isPiped: boolean): Command | undefined {
  let at = 0;
  const assignments: Word[] = [];
  const launchers: Word[] = [];
  for (; at < words.length; at += 1) {
    const text = words[at]?.text ?? '';
    if (/^[A-Za-z_]\w*=/.test(text)) assignments.push(...words.slice(at, at + 1));
    else if (LAUNCHERS.has(text)) launchers.push(...words.slice(at, at + 1));
    else {
      // A flag of the launcher itself: `sudo -E`.
      if (at > 0 && text.startsWith('-')) continue;
      break;
    }
  }
  const name = words[at];
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (name === undefined)
    return { name: '', words: [], start: first.start, end: last.end, assignments, launchers, isPiped };
  return {
    name: name.text.slice(name.text.lastIndexOf('/') + 1),
    words: words.slice(at + 1),
    start: first.start,
    end: last.end,
    assignments,
    launchers,
    isPiped,
  };
}

/** Whether a flag is among the words: `-k` also in `-fsSLk`, `--name` also as `--name=value`. */
export function flagAt(command: Command, flag: string): Word | undefined {
  return command.words.find(({ text }) => {
    if (text === flag || (flag.startsWith('--') && text.startsWith(`${flag}=`))) return true;
    const isShort = /^-[A-Za-z]$/.test(flag);
    return isShort && /^-[A-Za-z]+$/.test(text) && text.includes(flag[1] ?? '');
  });
}
