import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import { PATTERN_CHARACTERS_MAX, PATTERNS_MAX } from './limits.ts';
import type { Trigger } from './model.ts';

/** What is known of an event. Texts may come from outsiders. */
export type TriggerFacts = {
  readonly event: string;
  /** The activity type, as `opened`; of `repository_dispatch` its event type. */
  readonly action?: string;
  /** `refs/heads/…` or `refs/tags/…`; of `workflow_run` the head branch of the other run. */
  readonly ref?: string;
  /** The branch that a change request or merge group aims at, with or without `refs/heads/`. */
  readonly baseRef?: string;
  /** Paths that changed. Absent: not known, and path filters let the event pass, as at GitHub. */
  readonly changedPaths?: readonly string[];
  /** The name of the workflow that a `workflow_run` event is about. */
  readonly workflow?: string;
};

/** A compiled pattern. Matching takes time linear in the text. */
export type Pattern = { readonly negated: boolean; readonly matches: (text: string) => boolean };

type CharacterTest = (character: string) => boolean;
/** One character, perhaps none of it, perhaps more than one; or the start of any folders. */
type Piece = { readonly test: CharacterTest; readonly optional: boolean; readonly repeated: boolean };

/**
 * Compiles a filter pattern of GitHub: `*` any text without `/`, `**` any text, `?` the character before it or none,
 * `+` the character before it once or more, `[a-z]` one of them, `\` takes the next one literally, `!` at the start
 * negates. Throws `workflow/pattern-invalid`.
 */
export function compilePattern(pattern: string): Pattern {
  if (pattern.length > PATTERN_CHARACTERS_MAX) {
    throw fault(
      'pattern-invalid',
      `the pattern has ${pattern.length} characters; ${PATTERN_CHARACTERS_MAX} are allowed`,
    );
  }
  const negated = pattern.startsWith('!');
  const alternatives = expandLeadingFolders(parsePieces(negated ? pattern.slice(1) : pattern, pattern));
  return { negated, matches: (text) => runPieces(alternatives, Array.from(text)) };
}

type Parsed = readonly (Piece | 'folders')[];

function parsePieces(text: string, whole: string): Parsed {
  const wrong = (what: string) => fault('pattern-invalid', `'${excerpt(whole, 100)}': ${what}`);
  const characters = Array.from(text);
  const pieces: (Piece | 'folders')[] = [];
  let quantifiable = false;
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? '';
    if (character === '*') {
      const isDouble = characters[index + 1] === '*';
      if (isDouble) index++;
      if (isDouble && characters[index + 1] === '/' && isFolderStart(pieces, characters, index - 2)) {
        index++;
        pieces.push('folders');
      } else {
        pieces.push({ test: isDouble ? anyCharacter : notSlash, optional: true, repeated: true });
      }
      quantifiable = false;
    } else if (character === '?' || character === '+') {
      const previous = pieces.at(-1);
      if (!quantifiable || previous === undefined || previous === 'folders') {
        throw wrong(`'${character}' needs a character before it`);
      }
      pieces[pieces.length - 1] = {
        test: previous.test,
        optional: character === '?',
        repeated: character === '+',
      };
      quantifiable = false;
    } else if (character === '[') {
      const end = characters.indexOf(']', index + 1);
      if (end < 0) throw wrong("'[' is not closed");
      pieces.push(one(classTest(characters.slice(index + 1, end), wrong)));
      index = end;
      quantifiable = true;
    } else {
      const isEscape = character === '\\';
      const literal = isEscape ? characters[++index] : character;
      if (literal === undefined) throw wrong("'\\' at the end");
      pieces.push(one((candidate) => candidate === literal));
      quantifiable = true;
    }
  }
  return pieces;
}

/** Two stars and a slash mean "in any folder, or in none", but only where a path segment starts. */
function isFolderStart(pieces: Parsed, characters: readonly string[], before: number): boolean {
  return pieces.length === 0 || characters[before] === '/';
}

const anyCharacter: CharacterTest = () => true;
const notSlash: CharacterTest = (character) => character !== '/';

function one(test: CharacterTest): Piece {
  return { test, optional: false, repeated: false };
}

function classTest(characters: readonly string[], wrong: (what: string) => Error): CharacterTest {
  if (characters.length === 0) throw wrong("'[]' lists no characters");
  const ranges: (readonly [string, string])[] = [];
  for (let index = 0; index < characters.length; index++) {
    const from = characters[index] ?? '';
    if (characters[index + 1] === '-' && index + 2 < characters.length) {
      const to = characters[index + 2] ?? '';
      if (to < from) throw wrong(`the range ${from}-${to} is the wrong way round`);
      ranges.push([from, to]);
      index += 2;
    } else ranges.push([from, from]);
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to);
}

/** A program for the matcher: pieces, and jumps over the groups that stand for any folders. */
type Step = Piece & { readonly skipTo?: number };

function expandLeadingFolders(parsed: Parsed): readonly Step[] {
  const steps: Step[] = [];
  for (const piece of parsed) {
    if (piece !== 'folders') {
      steps.push(piece);
      continue;
    }
    // Nothing at all, or at least one character and then a slash.
    const start = steps.length;
    steps.push({ test: anyCharacter, optional: false, repeated: true, skipTo: start + 2 });
    steps.push(one((character) => character === '/'));
  }
  return steps;
}

/** Follows all ways through the pattern at once: the time is text times pattern, whatever both are. */
function runPieces(steps: readonly Step[], text: readonly string[]): boolean {
  let states = new Set<number>();
  enter(0, steps, states);
  for (const character of text) {
    const next = new Set<number>();
    for (const state of states) {
      const step = steps[state];
      if (step === undefined || !step.test(character)) continue;
      // A repeated piece that was entered may be left by its next character.
      if (step.repeated) next.add(state);
      enter(state + 1, steps, next);
    }
    states = next;
    if (states.size === 0) return false;
  }
  return states.has(steps.length);
}

function enter(state: number, steps: readonly Step[], into: Set<number>): void {
  let current = state;
  while (!into.has(current)) {
    into.add(current);
    const step = steps[current];
    if (step === undefined) return;
    if (step.skipTo !== undefined) enter(step.skipTo, steps, into);
    if (!step.optional) return;
    current++;
  }
}

/** Compiles the patterns of one filter, or says which one is wrong. */
export function compilePatterns(
  patterns: readonly string[],
):
  | { readonly ok: true; readonly patterns: readonly Pattern[] }
  | { readonly ok: false; readonly index: number; readonly message: string } {
  if (patterns.length > PATTERNS_MAX) {
    return {
      ok: false,
      index: PATTERNS_MAX,
      message: `The filter has ${patterns.length} patterns; ${PATTERNS_MAX} are allowed`,
    };
  }
  const compiled: Pattern[] = [];
  for (const [index, pattern] of patterns.entries()) {
    try {
      compiled.push(compilePattern(pattern));
    } catch (thrown) {
      // The position in the list is what the caller needs to point at the place.
      return { ok: false, index, message: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }
  return { ok: true, patterns: compiled };
}

/** Tells whether a list takes a text in: patterns apply in order, the last one that matches decides. */
function taker(patterns: readonly string[]): (text: string) => boolean {
  const compiled = compilePatterns(patterns);
  if (!compiled.ok) throw fault('pattern-invalid', compiled.message);
  return (text) => {
    let taken = false;
    for (const { negated, matches } of compiled.patterns) if (taken === negated && matches(text)) taken = !negated;
    return taken;
  };
}

/** The activity types that an event without `types:` starts on. Other events start on all. */
const DEFAULT_TYPES: { readonly [event: string]: readonly string[] } = {
  pull_request: ['opened', 'synchronize', 'reopened'],
  pull_request_target: ['opened', 'synchronize', 'reopened'],
};

/** Whether an event starts a workflow by one of its triggers, and why or why not. */
export function matchesTrigger(
  trigger: Trigger,
  facts: TriggerFacts,
): { readonly matches: boolean; readonly reason: string } {
  const refused =
    trigger.event === facts.event
      ? (typeRefusal(trigger, facts) ??
        refRefusal(trigger, facts) ??
        pathRefusal(trigger, facts) ??
        otherRefusal(trigger, facts))
      : `the event is ${facts.event}, the trigger is ${trigger.event}`;
  return refused === undefined
    ? { matches: true, reason: `on.${trigger.event} matches` }
    : { matches: false, reason: refused };
}

function typeRefusal({ event, types }: Trigger, { action }: TriggerFacts): string | undefined {
  const wanted = types ?? (Object.hasOwn(DEFAULT_TYPES, event) ? DEFAULT_TYPES[event] : undefined);
  if (wanted === undefined || action === undefined) return undefined;
  return wanted.includes(action)
    ? undefined
    : `the activity type ${excerpt(action, 50)} is not in on.${event}.types (${wanted.join(', ')})`;
}

function refRefusal(trigger: Trigger, facts: TriggerFacts): string | undefined {
  const { event, branches, branchesIgnore, tags, tagsIgnore } = trigger;
  const hasBranches = branches !== undefined || branchesIgnore !== undefined;
  const hasTags = tags !== undefined || tagsIgnore !== undefined;
  if (!hasBranches && !hasTags) return undefined;
  const ref = event === 'push' || event === 'workflow_run' ? facts.ref : (facts.baseRef ?? facts.ref);
  if (ref === undefined) return `on.${event} filters by ref, and the event has none`;
  if (ref.startsWith('refs/tags/')) {
    if (!hasTags) return `on.${event} names branches only, and the ref is a tag`;
    return listRefusal(`on.${event}.tags`, ref.slice('refs/tags/'.length), tags, tagsIgnore);
  }
  if (!hasBranches) return `on.${event} names tags only, and the ref is a branch`;
  return listRefusal(`on.${event}.branches`, ref.replace(/^refs\/heads\//, ''), branches, branchesIgnore);
}

function listRefusal(
  name: string,
  text: string,
  only: readonly string[] | undefined,
  ignored: readonly string[] | undefined,
): string | undefined {
  if (only !== undefined && !taker(only)(text)) return `${excerpt(text, 100)} is not in ${name}`;
  if (ignored !== undefined && taker(ignored)(text)) return `${excerpt(text, 100)} is in ${name}-ignore`;
  return undefined;
}

function pathRefusal({ event, paths, pathsIgnore }: Trigger, { changedPaths, ref }: TriggerFacts): string | undefined {
  // GitHub looks at paths neither for tags nor when it does not know them.
  if (changedPaths === undefined || (event === 'push' && ref?.startsWith('refs/tags/'))) return undefined;
  if (paths !== undefined && !changedPaths.some(taker(paths))) {
    return `none of the ${changedPaths.length} changed paths is in on.${event}.paths`;
  }
  if (pathsIgnore !== undefined && changedPaths.every(taker(pathsIgnore))) {
    return `all of the ${changedPaths.length} changed paths are in on.${event}.paths-ignore`;
  }
  return undefined;
}

function otherRefusal({ event, workflows, names, versions }: Trigger, facts: TriggerFacts): string | undefined {
  if (workflows !== undefined && (facts.workflow === undefined || !workflows.includes(facts.workflow))) {
    return `the workflow ${excerpt(facts.workflow ?? '', 100)} is not in on.${event}.workflows`;
  }
  if (names !== undefined || versions !== undefined) return `on.${event}.names and versions are not evaluated here`;
  return undefined;
}
