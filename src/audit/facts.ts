import type { Edit, Match, Place } from '../finding/index.ts';

/** A finding that depends on another file of the tree. */
export type OpenMatch = {
  readonly match: Match;
  /** The input that has to be harmful, of the action or workflow at `path`; or its output. */
  readonly on: { readonly kind: 'argument' | 'output'; readonly path: string; readonly name: string };
  /** `output`: inputs of the called action that hold an outsider's text. */
  readonly tainted: readonly string[];
};

/** What one file tells the others. Plain data. */
export type AuditFacts = {
  readonly kind: 'workflow' | 'action' | 'lock';
  /** Inputs that end in a script, and where. */
  readonly sinks: readonly { readonly input: string; readonly rule: string; readonly place: Place }[];
  /** Inputs that are handed on to another local action or workflow. */
  readonly passes: readonly { readonly input: string; readonly path: string; readonly to: string }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly isOutside: boolean;
    readonly inputs: readonly string[];
  }[];
  readonly open: readonly OpenMatch[];
  /** Uses that are findings unless the lock pins them. */
  readonly unlocked: readonly { readonly key: string; readonly match: Match }[];
  readonly pins: readonly {
    readonly repository: string;
    readonly sha: string;
    readonly version: string;
    readonly match: Match;
  }[];
  readonly inherits: readonly {
    readonly path: string;
    readonly match: Match;
    readonly edit: Omit<Edit, 'text'>;
    readonly indent: number;
  }[];
  /** What is found when a caller starts this reusable workflow by an event of outsiders. */
  readonly onCall: readonly { readonly event: string; readonly input?: string; readonly match: Match }[];
  /** Reusable workflows of this tree that are called: by which events that an outsider sets off alone, with which heads. */
  readonly calls: readonly {
    readonly path: string;
    readonly events: readonly string[];
    readonly heads: readonly string[];
  }[];
  /** Secrets that a reusable workflow declares or uses; nothing when it hands all of them on. */
  readonly secrets?: readonly string[];
  readonly lock?: { readonly workflows: readonly string[]; readonly dependencies: { readonly [key: string]: string } };
};

export const NO_FACTS: AuditFacts = {
  kind: 'workflow',
  sinks: [],
  passes: [],
  outputs: [],
  open: [],
  unlocked: [],
  pins: [],
  inherits: [],
  onCall: [],
  calls: [],
};
