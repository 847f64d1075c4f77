import type { Language } from './ir.ts';
import type { ArgumentSpec, Condition, PropagatorSpec } from './rule-schema.ts';

/** A place where values from outside come in, in a group that rules name. */
export type SourceModel = {
  readonly group: string;
  readonly read?: readonly string[];
  readonly call?: readonly string[];
  /** The call fills this argument in, by position, in place of giving a result. */
  readonly fills?: number;
  /** In a handler of which the route has no parts that vary, it is a constant: the path. */
  readonly isRoute?: true;
  /** The address that was asked for: it leads to the own site. What a client asks in it is another thing. */
  readonly isAddress?: true;
  readonly label: string;
};

/** How a parameter is filled from outside: with a value of this path, or with a value of this group of sources. */
export type ParamModel = { readonly path: string } | { readonly group: string; readonly label: string } | undefined;

/** How a function is known to be called from outside, with what, and what becomes of its result. */
export type EntryModel = {
  /** It is handed to one of these calls. */
  readonly callback?: readonly string[];
  /** Only where the first argument of that call is one of these. */
  readonly first?: readonly string[];
  /** It has one of these decorators. */
  readonly decorator?: readonly string[];
  /** It is a method with one of these names (`*` for any) of a class with one of these bases. */
  readonly method?: { readonly bases: readonly string[]; readonly names: readonly string[] };
  /** Its parameters are called so: regular expressions, by position, the receiver not counted. */
  readonly named?: readonly string[];
  /** It is exported under one of these names by a file with one of these endings of its path without the extension. */
  readonly exported?: { readonly files: readonly string[]; readonly names: readonly string[] };
  /** Only with at most so many parameters behind those. */
  readonly restMax?: number;
  /** Only in files whose path has one of these in it. */
  readonly files?: readonly string[];
  /** Only in files that import one of these modules (or a part of them). */
  readonly imports?: readonly string[];
  /** By position, the receiver not counted. */
  readonly params?: readonly ParamModel[];
  /** What the parameters behind these are filled with: those without a type that is clean. */
  readonly rest?: ParamModel;
  /** Decorators of parameters (NestJS, Spring) or types or defaults of them, each with what it fills in. */
  readonly decorated?: { readonly [decorator: string]: ParamModel };
  /** What a browser gets to see of the result. */
  readonly returns?: 'html';
};

/** The result of a call is clean of kinds of flaws: `all` for any. */
export type CleanModel = {
  readonly call: readonly string[];
  readonly flaws: readonly string[];
  readonly when?: readonly Condition[];
  /** In place of the result, this argument is clean behind the call: it throws else. */
  readonly arg?: ArgumentSpec;
};

/** A test: where it holds (or fails, with `fails`), the argument is clean. `receiver` for what the method is called on. */
export type GuardModel = {
  readonly call: readonly string[];
  readonly arg: number | 'receiver';
  readonly flaws: readonly string[];
  readonly fails?: boolean;
  /** Only where the other argument (or receiver) is not tainted and has this form. */
  readonly constant?: boolean;
};

export type Model = {
  readonly language: Language;
  /** Words of which a file has one where something comes in from outside. */
  readonly sourceWords: readonly string[];
  /** Groups of words: a file that has all of one hands on what comes in, and is looked at even if nothing arrives there. */
  readonly sourceGroups: readonly (readonly string[])[];
  /**
   * Any file may hand on what comes in, so all are looked at; but those that name nothing of a flaw and nothing that comes in, only
   * once a value gets there. `sourceWords` then are words of what comes in by no pattern of a source.
   */
  readonly handsOn?: true;
  readonly sources: readonly SourceModel[];
  readonly entries: readonly EntryModel[];
  readonly cleans: readonly CleanModel[];
  readonly guards: readonly GuardModel[];
  readonly propagators: readonly PropagatorSpec[];
  /** Calls whose result has nothing of what they are given. */
  readonly silent: readonly string[];
  /** Calls that do not return. */
  readonly exits: readonly string[];
  /** Types (as written or as paths) whose values cannot carry text. */
  readonly cleanTypes: readonly string[];
  /** Results that have another name: `knex` of `require('knex')(…)`. Pattern to path. */
  readonly types: readonly (readonly [pattern: string, path: string])[];
  /** Beginnings of names of modules that are of no tree that is looked at: the language's own, well-known libraries. */
  readonly libraries?: readonly string[];
  /** Calls that make objects of which the settings are followed: `setSecure(true)` gives the field `secure`. */
  readonly objects?: readonly string[];
};
