import { analyseJavaScript } from './hoist-javascript.ts';
import { analysePowerShell } from './hoist-powershell.ts';
import { analysePython } from './hoist-python.ts';
import { analyseShell } from './hoist-shell.ts';
import { type Analysis, type Edit, NotUnderstood, PART, type PartRefusal } from './hoist-parts.ts';
import { isPlainEventValue, reliesOnSchema } from './influence.ts';
import type { Position } from './model.ts';
import { ENV_VALUE_BYTES_MAX } from './env-file.ts';

/** Characters of a script that is looked at. */
export const HOISTED_SCRIPT_CHARACTERS_MAX = 1024 * 1024;
/** Influenced expressions in one script. */
export const HOISTED_PARTS_MAX = 1_000;

/** What runs the script, as far as quoting goes. `javascript` is the `script` of actions/github-script. */
export type ShellKind = 'bash' | 'sh' | 'dash' | 'zsh' | 'pwsh' | 'powershell' | 'python' | 'javascript' | 'unknown';

/** A piece of a script: text as written, or an expression with its value. */
export type HoistPart =
  | { readonly literal: string }
  | { readonly value: string; readonly expression: string; readonly influenced: boolean; readonly at: Position };

/** A piece of a script before any value is known. */
export type ScriptPart =
  | { readonly literal: string }
  | { readonly expression: string; readonly influenced: boolean; readonly at: Position };

export type HoistRefusal = {
  readonly at: Position;
  readonly expression: string;
  readonly reason: string;
  readonly fix: string;
};

export type Hoisting =
  | {
      readonly ok: true;
      readonly script: string;
      /** Variables to add to the environment of the script's process. */
      readonly env: { readonly [name: string]: string };
      /** For the log: the script as GitHub would show it, with the values in place. Never run this. */
      readonly display: string;
    }
  | { readonly ok: false; readonly refusals: readonly HoistRefusal[] };

type ExpressionPart = Exclude<HoistPart, { readonly literal: string }>;
type Influenced = Exclude<ScriptPart, { readonly literal: string }>;

/**
 * Puts the values of a script in their places (K13). What no outsider can influence is spliced as GitHub does. Influenced
 * text never becomes part of the script: its place takes a reference to a fresh environment variable, quoted for where it
 * stands. Where the script would evaluate the text, or where the syntax is not understood, the script is refused.
 *
 * Whether a place is refused depends on the script alone, not on the influenced values, so that an author sees it with
 * the first run. Four things are refused by value, since no quoting helps against them: NUL, too many bytes, a line
 * break where variables of later steps are written, and a leading `-` or `@` where a program could take it as an option.
 */
export function hoistScript(parts: readonly HoistPart[], shell: ShellKind): Hoisting {
  const checked = parts.map((part) => ('literal' in part ? part : distrust(part)));
  const display = checked.map((part) => ('literal' in part ? part.literal : part.value)).join('');
  const influenced = checked.filter((part): part is ExpressionPart => !('literal' in part) && part.influenced);
  if (influenced.length === 0) return { ok: true, script: display, env: {}, display };
  const source = sourceOf(
    checked.map((part) => ('literal' in part ? part.literal : part.influenced ? undefined : part.value)),
  );
  const names = freshNames(source.pieces, influenced.length);
  const result = analyse(source, { shell, names, influenced });
  if (!('analysis' in result)) return { ok: false, refusals: result.refusals };
  const refusals = influenced.flatMap((part, index) => {
    const reason = valueReason(part.value, { text: source.text, isOptionLike: result.analysis.optionLike.has(index) });
    return reason === undefined ? [] : [refusalOf(part, reason)];
  });
  if (refusals.length > 0) return { ok: false, refusals };
  const env = Object.fromEntries(influenced.map((part, index) => [names[index] ?? '', part.value]));
  return { ok: true, script: applyEdits(source.text, result.analysis.edits), env, display };
}

/**
 * What `hoistScript` would refuse whatever the values are, for the plan. Expressions that are not influenced count as a
 * plain word here; when they hold more, such as the name of an interpreter, `hoistScript` can still refuse.
 */
export function checkScript(parts: readonly ScriptPart[], shell: ShellKind): readonly HoistRefusal[] {
  const influenced = parts.filter((part): part is Influenced => !('literal' in part) && part.influenced);
  if (influenced.length === 0) return [];
  const source = sourceOf(parts.map((part) => ('literal' in part ? part.literal : part.influenced ? undefined : 'x')));
  const result = analyse(source, { shell, names: freshNames(source.pieces, influenced.length), influenced });
  return 'analysis' in result ? [] : result.refusals;
}

/** The schema of an event promises numbers and the like, but an event can come from a file: the value has the last word. */
function distrust(part: ExpressionPart): ExpressionPart {
  if (part.influenced || isPlainEventValue(part.value) || !reliesOnSchema(part.expression)) return part;
  return { ...part, influenced: true };
}

type Source = { readonly text: string; readonly pieces: readonly string[] };

function sourceOf(pieces: readonly (string | undefined)[]): Source {
  return { text: pieces.map((piece) => piece ?? PART).join(''), pieces: pieces.filter((piece) => piece !== undefined) };
}

/** Names that occur nowhere in the script, not even as the beginning of something. */
function freshNames(pieces: readonly string[], count: number): string[] {
  const text = pieces.join('\n');
  let prefix = 'SALLYPORT_DATA_';
  for (let salt = 1; text.includes(prefix); salt++) prefix = `SALLYPORT_DATA${salt}_`;
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

type Request = {
  readonly shell: ShellKind;
  readonly names: readonly string[];
  readonly influenced: readonly Influenced[];
};

function analyse(
  source: Source,
  request: Request,
): { readonly analysis: Analysis } | { readonly refusals: readonly HoistRefusal[] } {
  const { influenced } = request;
  const refuseAll = (reason: string) => ({ refusals: influenced.map((part) => refusalOf(part, reason)) });
  if (source.pieces.some((piece) => piece.includes(PART)))
    return refuseAll('the script has a character of private use (U+E000)');
  if (source.text.length > HOISTED_SCRIPT_CHARACTERS_MAX) return refuseAll('the script is too long to be looked at');
  if (influenced.length > HOISTED_PARTS_MAX)
    return refuseAll(`the script has more than ${HOISTED_PARTS_MAX} such expressions`);
  let analysis: Analysis;
  try {
    analysis = analyseBy(source.text, request);
  } catch (thrown) {
    // Not to understand a script is an expected end: nothing of an outsider's may go into it.
    if (!(thrown instanceof NotUnderstood)) throw thrown;
    const line = source.text.slice(0, thrown.offset).split('\n').length;
    return refuseAll(
      `line ${line} of the script has ${thrown.message}, so it is not certain how the text would be read`,
    );
  }
  if (analysis.refusals.length === 0) return { analysis };
  // One reason for each part, the first that was found.
  const first = new Map(analysis.refusals.toReversed().map((refusal) => [refusal.part, refusal]));
  return {
    refusals: [...first.values()].sort((a, b) => a.part - b.part).flatMap((refusal) => explain(refusal, influenced)),
  };
}

function analyseBy(text: string, request: Request): Analysis {
  switch (request.shell) {
    case 'bash':
    case 'sh':
    case 'dash':
    case 'zsh':
      return analyseShell(text, request.names, request.shell);
    case 'pwsh':
    case 'powershell':
      return analysePowerShell(text, request.names);
    case 'python':
      return analysePython(text, request.names);
    case 'javascript':
      return analyseJavaScript(
        text,
        request.names,
        request.influenced.map((part) => part.expression),
      );
    case 'unknown':
      throw new NotUnderstood('a language that is not known here', 0);
  }
}

function explain(refusal: PartRefusal, influenced: readonly Influenced[]): HoistRefusal[] {
  const part = influenced[refusal.part];
  return part === undefined ? [] : [refusalOf(part, refusal.reason, refusal.fix)];
}

function refusalOf(part: Influenced, reason: string, fix?: string): HoistRefusal {
  return { at: part.at, expression: part.expression, reason, fix: fix ?? FIX };
}

const FIX =
  'Set a variable under `env:` of the step to this expression and use it in the script as quoted data ("$NAME"), where nothing evaluates it.';

/** Why no quoting helps against this value, or nothing. */
function valueReason(
  value: string,
  place: { readonly text: string; readonly isOptionLike: boolean },
): string | undefined {
  if (value.includes('\0')) return 'its value has a NUL character';
  if (Buffer.byteLength(value) > ENV_VALUE_BYTES_MAX) return `its value has more than ${ENV_VALUE_BYTES_MAX} bytes`;
  if (/[\r\n]/.test(value) && /GITHUB_(?:ENV|PATH)/.test(place.text)) {
    return 'its value has a line break, and the script writes variables of later steps: a line of it could set another one';
  }
  if (place.isOptionLike && /^[-@]/.test(value))
    return `its value begins with ${value[0]} and would be taken as an option`;
  return undefined;
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.from - b.from)) {
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + text.slice(at);
}
