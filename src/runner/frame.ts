import { type Data, type DataObject, reasonOf } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { Mount } from '../sandbox/index.ts';
import {
  type Contexts,
  evaluate,
  evaluateText,
  type Influence,
  isInfluencedValue,
  type Maybe,
  type Scope,
  type Status,
  type Template,
  type Tree,
} from '../workflow/index.ts';
import type { Origin } from './loader.ts';
import type { Session, Variable } from './session.ts';

/** How one step ended. */
export type StepResult = {
  /** Before `continue-on-error`. */
  readonly outcome: Conclusion;
  readonly conclusion: Conclusion;
  readonly outputs: { readonly [name: string]: string };
  /** An outsider could have written the outputs. */
  readonly influenced: boolean;
};

/** A list of steps that runs: the job's own, or those of a composite action. */
export class Frame {
  readonly session: Session;
  /** '' for the job, `outer/` for the steps of the composite action of step `outer`. */
  readonly prefix: string;
  readonly origin: Origin;
  /** `inputs` of a composite action; the job's come from the lease. */
  readonly inputs: DataObject | undefined;
  readonly influencedInputs: ReadonlySet<string>;
  /** `env` that the step which uses the composite action hands down. */
  readonly handedDown: ReadonlyMap<string, Variable>;
  /** `github.action_path` and the like. */
  readonly github: DataObject;
  /** The content of the composite action, and of those around it. */
  readonly mounts: readonly Mount[];
  /** Steps after this list hold secrets. */
  readonly secretsFollow: boolean;
  readonly results = new Map<string, StepResult>();
  readonly background = new Map<string, Promise<void>>();
  readonly #hashFiles: (step: string, patterns: readonly string[]) => Promise<string>;
  #failed = false;

  constructor(
    session: Session,
    parts: {
      readonly prefix: string;
      readonly origin: Origin;
      readonly inputs?: DataObject;
      readonly influencedInputs: ReadonlySet<string>;
      readonly handedDown: ReadonlyMap<string, Variable>;
      readonly github: DataObject;
      readonly mounts: readonly Mount[];
      readonly secretsFollow: boolean;
      readonly hashFiles: (step: string, patterns: readonly string[]) => Promise<string>;
    },
  ) {
    this.session = session;
    this.prefix = parts.prefix;
    this.origin = parts.origin;
    this.inputs = parts.inputs;
    this.influencedInputs = parts.influencedInputs;
    this.handedDown = parts.handedDown;
    this.github = parts.github;
    this.mounts = parts.mounts;
    this.secretsFollow = parts.secretsFollow;
    this.#hashFiles = parts.hashFiles;
  }

  get isJob(): boolean {
    return this.prefix === '';
  }

  get depth(): number {
    return this.prefix.split('/').length - 1;
  }

  fail(): void {
    this.#failed = true;
    if (this.isJob) this.session.fail();
  }

  /** What `success()` and the like mean here: of the job, or of this composite action alone. */
  get status(): Status {
    const job = this.session.status;
    if (job === 'cancelled' || this.isJob) return job;
    return this.#failed ? 'failure' : 'success';
  }

  /** The variables that a step starts from: those of the job, then those handed down. */
  variables(): Map<string, Variable> {
    return new Map([...this.session.variables, ...this.handedDown]);
  }

  /** `step`: the key of the step that asks. `github.action` is its id without those of the steps around it. */
  githubContext(step: string): DataObject {
    return this.#githubOf(this.session.baseContexts()['github'], step);
  }

  #githubOf(base: Data | undefined, step: string): DataObject {
    const action = step.slice(step.lastIndexOf('/') + 1);
    return { ...(isObject(base) ? base : {}), action, ...this.github, action_status: this.status };
  }

  scope(variables: ReadonlyMap<string, Variable>, step: string): Scope {
    const base = this.session.baseContexts();
    const contexts: { [name: string]: Data } = {
      ...base,
      github: this.#githubOf(base['github'], step),
      env: Object.fromEntries([...variables].map(([name, variable]) => [name, variable.value])),
      steps: this.#stepsContext(),
    };
    if (this.inputs !== undefined) contexts['inputs'] = this.inputs;
    if (!this.isJob) for (const name of ['secrets', 'vars', 'needs']) delete contexts[name];
    const bound: Contexts = contexts;
    return { contexts: bound, status: this.status, hashFiles: (patterns) => this.#hashFiles(step, patterns) };
  }

  #stepsContext(): DataObject {
    const steps: { [id: string]: Data } = {};
    for (const [id, result] of this.results) {
      steps[id] = { outputs: { ...result.outputs }, outcome: result.outcome, conclusion: result.conclusion };
    }
    return steps;
  }

  influence(variables: ReadonlyMap<string, Variable>): Influence {
    const steps = new Set([...this.results].filter(([, result]) => result.influenced).map(([id]) => id.toLowerCase()));
    const inputs = this.inputs === undefined ? new Set(this.session.lease.influenced.inputs) : this.influencedInputs;
    return this.session.influence({ variables, inputs, steps });
  }

  /** Evaluates an `env:` on top of variables. Values see the variables that they stand on, not each other. */
  async withEnv(
    tree: Tree | undefined,
    variables: ReadonlyMap<string, Variable>,
    step: string,
  ): Promise<{ readonly variables: Map<string, Variable>; readonly added: ReadonlyMap<string, Variable> }> {
    const result = new Map(variables);
    const added = new Map<string, Variable>();
    if (tree === undefined) return { variables: result, added };
    const influence = this.influence(variables);
    const whole = await evaluate(tree, this.scope(variables, step));
    const tainted = taintedKeys(tree, influence, whole);
    if (!isObject(whole)) return { variables: result, added };
    for (const [name, value] of Object.entries(whole)) {
      const variable = { value: textOf(value), influenced: tainted === 'all' || tainted.has(name.toUpperCase()) };
      result.set(name, variable);
      added.set(name, variable);
    }
    return { variables: result, added };
  }

  async text(value: Maybe<string>, variables: ReadonlyMap<string, Variable>, step: string): Promise<string> {
    return typeof value === 'string' ? value : evaluateText(value, this.scope(variables, step));
  }

  /** The text that people see for a step; a name that can't be evaluated is not a reason to fail. */
  async displayName(value: Maybe<string>, variables: ReadonlyMap<string, Variable>, step: string): Promise<string> {
    try {
      return await this.text(value, variables, step);
    } catch (error) {
      this.session.log.debug('Step name not evaluated', { step, reason: reasonOf(error) });
      return sourceText(value);
    }
  }
}

/** A template as it stands in the file. */
export function sourceText(value: Maybe<string>): string {
  if (typeof value === 'string') return value;
  return value.parts.map((part) => ('literal' in part ? part.literal : `\${{ ${part.expression} }}`)).join('');
}

/** Whether an outsider could have written any text of a tree, whose value is known. */
export function isTreeInfluenced(tree: Tree, influence: Influence, value: Data): boolean {
  if (tree === null || typeof tree !== 'object') return false;
  switch (tree.kind) {
    case 'template':
      return isTemplateInfluenced(tree, influence, value);
    case 'sequence':
      return tree.items.some((item) => isTreeInfluenced(item, influence, value));
    case 'mapping':
      return tree.entries.some(
        (entry) =>
          (typeof entry.key !== 'string' && isTemplateInfluenced(entry.key, influence, value)) ||
          isTreeInfluenced(entry.value, influence, value),
      );
  }
}

function isTemplateInfluenced(template: Template, influence: Influence, value: Data): boolean {
  return template.parts.some((part) => 'expression' in part && isInfluencedValue(part.expression, influence, value));
}

/** Upper-case names of a mapping whose values are influenced; `all` when it can't be told apart. `whole`: its value. */
export function taintedKeys(tree: Tree, influence: Influence, whole: Data): ReadonlySet<string> | 'all' {
  if (tree === null || typeof tree !== 'object' || tree.kind === 'sequence') return new Set();
  if (tree.kind === 'template') return isTemplateInfluenced(tree, influence, whole) ? 'all' : new Set();
  const names = new Set<string>();
  for (const { key, insert, value } of tree.entries) {
    const isNamed = typeof key === 'string' && insert !== true;
    const tainted = isTreeInfluenced(value, influence, isNamed && isObject(whole) ? (whole[key] ?? null) : whole);
    if (!isNamed) {
      if (tainted || (typeof key !== 'string' && isTemplateInfluenced(key, influence, whole))) return 'all';
      continue;
    }
    if (tainted) names.add(key.toUpperCase());
  }
  return names;
}

/** Members of a `with:` or `env:` as texts. */
export function textsOf(data: Data): { [name: string]: string } {
  if (!isObject(data)) return {};
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: Data): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

function isObject(value: Data | undefined): value is DataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
