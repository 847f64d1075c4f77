import type { FileView, Match, TraceStep } from '../finding/index.ts';
import type { Route } from './routes.ts';
import type { LanguageRules } from './compile.ts';
import type { Env } from './env.ts';
import type { ClassIr, Expr, FileIr, FunctionIr, Span } from './ir.ts';
import type { EntryModel } from './model.ts';
import type { Operations } from './operations.ts';
import type { Variable } from './scope.ts';
import type { SettingUse } from './settings.ts';
import { type External, type Taint, UNKNOWN, type Value } from './value.ts';

/** The most expressions and statements that are looked at for one file, loops and callbacks counted each time. */
export const WORK_MAX = 1_000_000;
/** The deepest chain of functions that are looked at within each other. */
export const CALL_DEPTH_MAX = 24;
/** How often one function is gone through as a callback: in loops, and with other arguments. */
export const CALLBACK_RUNS_MAX = 12;
/** How often the body of a loop is gone through before what it does is taken as known. */
export const LOOP_ROUNDS_MAX = 3;

/** Where a tainted value arrives. */
export type Target =
  | SinkTarget
  /** An argument of a call into another file; -1 is the receiver. */
  | { readonly kind: 'argument'; readonly call: number; readonly index: number; readonly path: readonly string[] };

export type SinkTarget = {
  readonly kind: 'sink';
  readonly rule: string;
  readonly groups: readonly string[];
  readonly flaw: string;
  readonly place: TraceStep['place'];
  readonly evidence: string;
  readonly scope: string;
  /** What the value reaches, as messages name it. */
  readonly what: string;
  readonly becomes: string;
  readonly confidence: Match['confidence'];
  readonly fix: Match['fix'];
};

/** A way from a parameter (or from a result of a call into another file) to a target. */
export type Flow = { readonly taint: Taint; readonly target: Target };

export type PendingCall = { readonly external: External; readonly place: TraceStep['place']; readonly name: string };

/** What a function does, as its callers see it. */
export type Summary = {
  returns: Value;
  /** What the receiver is afterwards. */
  receiver: Value;
  flows: Flow[];
  isDone: boolean;
};

export type Frame = {
  readonly function: FunctionIr | undefined;
  readonly id: number;
  readonly thisSlot: number;
  readonly entry: EntryModel | undefined;
  readonly returns: Value[];
  /** Environments at returns, joined. */
  exit: Env | undefined;
  readonly loops: LoopFrame[];
  /** Environments at throws, for the nearest `try`. */
  readonly throws: (Env | undefined)[];
  /** Functions that were made here and are not called here. */
  readonly deferred: Map<FunctionIr, Value | undefined>;
};

export type LoopFrame = { breaks: Env | undefined; continues: Env | undefined };

/** The state of the analysis of one file. */
export type Machine = {
  readonly operations: Operations;
  readonly rules: LanguageRules;
  readonly file: FileView;
  readonly ir: FileIr;
  readonly variables: readonly Variable[];
  /** Modules that the file imports. */
  readonly imports: Set<string>;
  /** Local names of imports and what they stand for: types are looked up here. */
  readonly names: Map<string, Value>;
  readonly classes: Map<string, ClassIr>;
  /** What is known of the fields of instances of a class. */
  readonly instances: Map<ClassIr, Value>;
  readonly classOf: Map<FunctionIr, ClassIr>;
  readonly ids: Map<FunctionIr, number>;
  readonly summaries: Map<FunctionIr, Summary>;
  readonly callbacks: Map<FunctionIr, { runs: number; isRunning: boolean; last: Value }>;
  readonly exports: Map<string, Value>;
  /** The value of a variable that is assigned once, as an expression: for fixes. */
  /** Summaries by the number of their function. */
  readonly summaryOfId: Map<number, Summary>;
  /** Ways in that change something, by where they stand; and the routers that test who asks for all of theirs. */
  readonly routes: Map<number, Route>;
  readonly guarded: Set<string>;
  readonly definitions: Map<number, Expr | undefined>;
  readonly flows: Flow[];
  readonly flowKeys: Set<string>;
  readonly pending: PendingCall[];
  readonly pendingIds: Map<string, number>;
  readonly matches: Map<string, { readonly match: Match; readonly weight: number }>;
  /** Places that are flaws if settings in other files say so, by rule and place. */
  readonly settings: Map<string, SettingUse>;
  env: Env | undefined;
  frame: Frame;
  depth: number;
  work: number;
};

/** Counts work; at the limit, nothing more is looked at. */
export function isSpent(machine: Machine): boolean {
  machine.work += 1;
  return machine.work > WORK_MAX;
}

export function placeOf(machine: Machine, span: Span): TraceStep['place'] {
  return machine.file.placeAt(span.start, span.end);
}

export function textAt(machine: Machine, span: Span, max = 80): string {
  const text = machine.file.text.slice(span.start, Math.min(span.end, span.start + max * 4)).replaceAll(/\s+/g, ' ');
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

export function copyEnv(env: Env | undefined): Env | undefined {
  return env?.copy();
}

/** What may be known where two ways meet; a way that does not arrive (undefined) says nothing. */
export function joinEnvs(a: Env | undefined, b: Env | undefined): Env | undefined {
  if (a === undefined || a === b) return b;
  return b === undefined ? a : a.join(b);
}

export function isSameEnv(a: Env | undefined, b: Env | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.isSame(b));
}

export function idOf(machine: Machine, fn: FunctionIr): number {
  const known = machine.ids.get(fn);
  if (known !== undefined) return known;
  const id = machine.ids.size + 1;
  machine.ids.set(fn, id);
  return id;
}

/** `this` of each function has a slot of its own, below the variables. */
export function thisSlotOf(machine: Machine, fn: FunctionIr | undefined): number {
  return fn === undefined ? -2 : -2 - idOf(machine, fn);
}

export function newFrame(machine: Machine, fn: FunctionIr | undefined, entry: EntryModel | undefined): Frame {
  const isBound = fn?.isArrow === true;
  return {
    function: fn,
    id: fn === undefined ? 0 : idOf(machine, fn),
    thisSlot: isBound ? machine.frame.thisSlot : thisSlotOf(machine, fn),
    entry,
    returns: [],
    exit: undefined,
    loops: [],
    throws: [],
    deferred: new Map(),
  };
}

/** The name of the function that is looked at, as a reader would say it. */
export function scopeName(machine: Machine): string {
  const fn = machine.frame.function;
  if (fn === undefined) return '';
  const owner = machine.classOf.get(fn);
  return owner === undefined ? fn.name : `${owner.name}.${fn.name}`;
}

export function readSlot(machine: Machine, slot: number): Value {
  return machine.env?.get(slot) ?? UNKNOWN;
}

/** What comes behind is not reached; the nearest `catch` may be. */
export function leaveByThrow(machine: Machine): void {
  const { throws } = machine.frame;
  if (throws.length > 0) throws.push(joinEnvs(throws.pop(), machine.env));
  machine.env = undefined;
}
