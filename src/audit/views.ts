import type { Expression } from './expressions.ts';
import type { Reached } from './guards.ts';
import type { Head } from './heads.ts';
import type { AuditedJob, AuditedStep } from './model.ts';
import type { Command, FileWrite } from './script.ts';
import type { ScriptFacts } from './script-taint.ts';
import type { Scope, Taint } from './taint.ts';
import type { Span } from './yaml-tree.ts';

/** Code or files of an outsider that lie in the workspace from a step on. */
export type Foreign = {
  readonly kind: 'checkout' | 'artifact';
  readonly step: AuditedStep;
  /** Where it is reported. */
  readonly span: Span;
  readonly head: Head;
  /** Folder below the workspace, '' for all of it, nothing for a place outside of it. */
  readonly folder: string | undefined;
  /** The pipeline of the script that brings it, when a script does. */
  readonly pipeline?: number;
  /** Event to how far an outsider gets there. */
  readonly reach: ReadonlyMap<string, Reached>;
};

/** A step with all that is known when it runs. */
export type StepView = {
  readonly step: AuditedStep;
  readonly job: AuditedJob | undefined;
  readonly reach: ReadonlyMap<string, Reached>;
  readonly scope: Scope;
  readonly env: ReadonlyMap<string, Taint>;
  /** The script of a `run`, or nothing. */
  readonly script: ScriptView | undefined;
  /** What lay there before the step. */
  readonly foreign: readonly Foreign[];
  /** What the step brings. */
  readonly brings: Foreign | undefined;
};

export type ScriptView = {
  /** The script with marks for its expressions. */
  readonly text: string;
  readonly expressions: readonly Expression[];
  readonly commands: readonly Command[];
  readonly writes: readonly FileWrite[];
  readonly facts: ScriptFacts;
};

export type UnitView = {
  readonly job: AuditedJob | undefined;
  readonly steps: readonly StepView[];
  /** What expressions behind the last step see. */
  readonly after?: Scope;
};
