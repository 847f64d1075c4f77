import { DockerfileParser } from 'dockerfile-ast';
import type { FileView } from '../finding/index.ts';
import { type Command, commandsOf, type Word, wordsOf } from './docker-shell.ts';

export type Instruction = {
  /** Upper case; of `ONBUILD RUN …` the inner one. */
  readonly keyword: string;
  readonly start: number;
  readonly keywordEnd: number;
  readonly end: number;
  /** After the flags; line continuations are in it. */
  readonly argsStart: number;
  readonly args: string;
  readonly flags: readonly Word[];
  /** The words of the arguments, or the items of the exec form. */
  readonly words: readonly Word[];
  readonly isExec: boolean;
  readonly isTrigger: boolean;
  /** What a `RUN` runs. */
  readonly commands: readonly Command[];
};

export type Stage = {
  readonly from: Instruction;
  readonly alias: string | undefined;
  /** The image with the defaults of build arguments filled in; nothing when a part is not known. */
  readonly image: string | undefined;
  /** The words of the image in the file. */
  readonly imageWord: Word | undefined;
  /** Another stage of this file that it continues. */
  readonly base: Stage | undefined;
  readonly instructions: readonly Instruction[];
};

export type Dockerfile = {
  readonly file: FileView;
  readonly stages: readonly Stage[];
  readonly instructions: readonly Instruction[];
};

/** An instruction longer than this is not cut into commands. Code units. */
const SCRIPT_LENGTH_MAX = 256 * 1024;

export function readDockerfile(file: FileView): Dockerfile {
  const parsed = DockerfileParser.parse(file.text);
  const offsetOf = offsetsOf(file.text);
  const escape = parsed.getEscapeCharacter();
  const instructions: Instruction[] = [];
  for (const node of parsed.getInstructions()) {
    const range = node.getRange();
    const start = offsetOf(range.start);
    const end = offsetOf(range.end);
    instructions.push(readInstruction(file.text.slice(start, end), { start, escape, isTrigger: false }));
  }
  return { file, instructions, stages: stagesOf(instructions) };
}

/** The library counts a lone carriage return as the end of a line; the rest of the scanners do not. */
function offsetsOf(text: string): (at: { readonly line: number; readonly character: number }) => number {
  const starts = [0];
  for (const found of text.matchAll(/\r\n|\n|\r/g)) starts.push(found.index + found[0].length);
  return ({ line, character }) => Math.min((starts[line] ?? text.length) + character, text.length);
}

type ReadAt = { readonly start: number; readonly escape: string; readonly isTrigger: boolean };

function readInstruction(text: string, at: ReadAt): Instruction {
  const keyword = /^\S+/.exec(text)?.[0] ?? '';
  const isTrigger = keyword.toUpperCase() === 'ONBUILD';
  let cursor = skipBlank(text, keyword.length, at.escape);
  if (isTrigger && !at.isTrigger) {
    return readInstruction(text.slice(cursor), { ...at, start: at.start + cursor, isTrigger: true });
  }
  const flags: Word[] = [];
  for (;;) {
    const flag = /^--[a-z][\w-]*(?:=\S*)?/.exec(text.slice(cursor, cursor + 2_000))?.[0];
    if (flag === undefined) break;
    flags.push({ text: flag, start: at.start + cursor, end: at.start + cursor + flag.length });
    cursor = skipBlank(text, cursor + flag.length, at.escape);
  }
  const args = text.slice(cursor);
  const argsStart = at.start + cursor;
  const exec = args.startsWith('[') ? execWords(args, argsStart) : undefined;
  const upper = keyword.toUpperCase();
  const words = exec ?? (args.length > SCRIPT_LENGTH_MAX ? [] : wordsOf(args, argsStart, at.escape));
  return {
    keyword: upper,
    start: at.start,
    keywordEnd: at.start + keyword.length,
    end: at.start + text.length,
    argsStart,
    args,
    flags,
    words,
    isExec: exec !== undefined,
    isTrigger: at.isTrigger,
    commands:
      upper === 'RUN' || upper === 'CMD' || upper === 'ENTRYPOINT'
        ? commandsIn(args, { argsStart, exec, escape: at.escape })
        : [],
  };
}

/** Spaces, line continuations and the comment lines after them. */
function skipBlank(text: string, from: number, escape: string): number {
  let at = from;
  for (;;) {
    const next = text[at];
    if (next === ' ' || next === '\t' || next === '\n' || next === '\r') at += 1;
    else if (next === escape && /^[ \t\r]*\n/.test(text.slice(at + 1, at + 20))) at = text.indexOf('\n', at) + 1;
    else if (
      next === '#' &&
      text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '' &&
      text.lastIndexOf('\n', at) !== -1
    ) {
      const end = text.indexOf('\n', at);
      if (end === -1) return text.length;
      at = end + 1;
    } else return at;
  }
}

/** The items of `["a", "b"]`; nothing when it is not JSON, which Docker then takes for the shell form. */
function execWords(args: string, offset: number): readonly Word[] | undefined {
  const items: Word[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"/gs;
  try {
    const parsed: unknown = JSON.parse(args.replaceAll(/\\\r?\n/g, ' '));
    if (!Array.isArray(parsed)) return undefined;
    for (const found of args.matchAll(pattern)) {
      items.push({
        text: String(parsed[items.length] ?? ''),
        start: offset + found.index,
        end: offset + found.index + found[0].length,
      });
    }
    return items;
  } catch {
    // Not JSON: the shell form.
    return undefined;
  }
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh']);

function commandsIn(
  args: string,
  at: { readonly argsStart: number; readonly exec: readonly Word[] | undefined; readonly escape: string },
): readonly Command[] {
  if (args.length > SCRIPT_LENGTH_MAX) return [];
  if (at.exec !== undefined) return execCommands(at.exec);
  const heredoc = /^[^\n]*?<<-?\s*(["']?)([A-Za-z_]\w*)\1/.exec(args);
  if (heredoc === null) return commandsOf(args, at.argsStart, at.escape).flatMap(inner);
  const lineEnd = args.indexOf('\n');
  if (lineEnd === -1) return [];
  const before = args.slice(0, args.indexOf('<<')).trim();
  const head = commandsOf(
    args.slice(0, lineEnd).replace(/<<-?\s*["']?\w+["']?/g, (found) => ' '.repeat(found.length)),
    at.argsStart,
    at.escape,
  );
  const body = args.slice(lineEnd + 1);
  const isScript =
    before === ''
      ? !/^\s*#!(?!.*\b(ba|da|a|z|k)?sh\b)/.test(body)
      : SHELLS.has(before.slice(before.lastIndexOf('/') + 1).split(/\s/)[0] ?? '');
  return isScript ? [...head, ...commandsOf(body, at.argsStart + lineEnd + 1, '\\').flatMap(inner)] : head;
}

function execCommands(exec: readonly Word[]): readonly Command[] {
  const [first, ...words] = exec;
  const last = exec.at(-1);
  if (first === undefined || last === undefined) return [];
  const name = first.text.slice(first.text.lastIndexOf('/') + 1);
  const command = { name, words, start: first.start, end: last.end, assignments: [], launchers: [], isPiped: false };
  return inner(command);
}

/** `sh -c "…"`: what is in it runs too. Its commands get the place of the text. */
function inner(command: Command): readonly Command[] {
  const at = command.words.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
  const script = SHELLS.has(command.name) && at !== -1 ? command.words[at + 1] : undefined;
  if (script === undefined || !/\s/.test(script.text)) return [command];
  const place = { start: script.start, end: script.end };
  const replaced = (word: Word): Word => ({ ...word, ...place });
  return [
    command,
    ...commandsOf(script.text).map((one) => ({
      ...one,
      ...place,
      words: one.words.map(replaced),
      assignments: one.assignments.map(replaced),
    })),
  ];
}

function stagesOf(instructions: readonly Instruction[]): readonly Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  const defaults = new Map<string, string>();
  for (const instruction of instructions) {
    const current = stages.at(-1);
    if (instruction.keyword !== 'FROM' || instruction.isTrigger) {
      if (current !== undefined) current.instructions.push(instruction);
      else if (instruction.keyword === 'ARG')
        for (const [name, value] of assignmentsOf(instruction)) if (value !== undefined) defaults.set(name, value.text);
      continue;
    }
    const [image, as, alias] = instruction.words;
    const resolved = image === undefined ? undefined : substitute(image.text, defaults);
    stages.push({
      from: instruction,
      alias: as?.text.toLowerCase() === 'as' ? alias?.text.toLowerCase() : undefined,
      image: resolved,
      imageWord: image,
      base: stages.find((stage) => stage.alias !== undefined && stage.alias === resolved?.toLowerCase()),
      instructions: [],
    });
  }
  return stages;
}

/** `NAME=value` pairs of `ENV`, `ARG` and `LABEL`, and the old `ENV NAME value`. */
export function assignmentsOf(instruction: Instruction): readonly (readonly [string, Word | undefined, Word])[] {
  const [first, ...rest] = instruction.words;
  if (first === undefined) return [];
  if (instruction.keyword === 'ENV' && !first.text.includes('=')) {
    const value = rest[0];
    const last = rest.at(-1);
    if (value === undefined || last === undefined) return [];
    return [[first.text, { text: rest.map(({ text }) => text).join(' '), start: value.start, end: last.end }, first]];
  }
  return instruction.words.map((word) => {
    const at = word.text.indexOf('=');
    if (at === -1) return [word.text, undefined, word] as const;
    return [
      word.text.slice(0, at),
      { ...word, text: word.text.slice(at + 1), start: word.start + at + 1 },
      word,
    ] as const;
  });
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`. A name without a value leaves the whole unknown. */
function substitute(text: string, values: ReadonlyMap<string, string>): string | undefined {
  let isKnown = true;
  const result = text.replaceAll(
    /\$(?:\{(\w+)(?::?([-+])([^}]*))?\}|(\w+))/g,
    (_whole, braced, operator, fallback, plain) => {
      const value = values.get(String(braced ?? plain)) ?? '';
      if (operator === '-' && value === '') return String(fallback);
      if (operator === '+') return value === '' ? '' : String(fallback);
      if (value === '') isKnown = false;
      return value;
    },
  );
  return isKnown ? result : undefined;
}
