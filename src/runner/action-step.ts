import { type DataObject, excerpt, isAtLeast, startTimer } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import {
  evaluate,
  evaluateCondition,
  type Status,
  type Step,
  type Template,
  type UsesStep,
} from '../workflow/index.ts';
import { fault } from './faults.ts';
import { Frame, isTreeInfluenced, taintedKeys, textsOf } from './frame.ts';
import { hashFiles, INSIDE_NODE, insideProgram, isTainted, launch, type LaunchEnd } from './launch.ts';
import type { ActionLoader, LoadedAction, Origin } from './loader.ts';
import { hoist } from './script-step.ts';
import type { Session } from './session.ts';
import {
  complain,
  type Ended,
  endOf,
  explainEnv,
  isFed,
  type StepContext,
  tellFinished,
  tellStarted,
} from './step-context.ts';
import { inputVariables } from './variables.ts';

/** Composite actions in composite actions, as GitHub allows. */
const DEPTH_MAX = 10;

type RunSteps = (frame: Frame, steps: readonly Step[]) => Promise<void>;

/** Runs the actions of a job's steps: built-in, JavaScript and composite ones, with their `pre` and `post`. */
export class ActionRunner {
  readonly #session: Session;
  readonly #loader: ActionLoader;
  readonly #runSteps: RunSteps;

  /** `runSteps` runs the steps of a composite action. */
  constructor(session: Session, loader: ActionLoader, runSteps: RunSteps) {
    this.#session = session;
    this.#loader = loader;
    this.#runSteps = runSteps;
  }

  /** Runs a `uses:` step. */
  async run(context: StepContext, step: UsesStep): Promise<Ended> {
    const { frame, key } = context;
    const fromCommit = isAtLeast(this.#session.level, 'reviewed');
    const action = await this.#loader.load(step.uses, frame.origin, { fromCommit });
    if (!fromCommit && action.writer === 'local-action') await this.#markLocal(context, action);
    const inputs = await this.#inputs(context, step, action);
    switch (action.manifest.runs.kind) {
      case 'docker':
        throw fault('container-unsupported', `${step.uses} is a Docker action`);
      case 'composite':
        return this.#composite(context, action, action.manifest.runs.steps, inputs);
      case 'javascript':
        return this.#javascript(context, key, action, action.manifest.runs, inputs);
    }
  }

  /** Below `reviewed` an action of the workspace may run even when a step wrote it, and the run says so. */
  async #markLocal(context: StepContext, action: LoadedAction): Promise<void> {
    const same = await this.#loader.isCommitted(action);
    if (same) return;
    this.#session.say(
      context.key,
      `${action.title} is not what the commit of this run contains: a step wrote it.`,
      'warning',
    );
    if (this.#session.level === 'branch') return;
    this.#session.drop('untrusted', 'local-action', `${action.title} was written by the job itself`, context.key);
  }

  /** `with:` on top of the defaults of the manifest. Defaults see the contexts of the caller, as on GitHub. */
  async #inputs(context: StepContext, step: UsesStep, action: LoadedAction): Promise<StepInputs> {
    const { frame, key, variables } = context;
    const scope = frame.scope(variables, key);
    const influence = frame.influence(variables);
    const values: { [name: string]: string } = {};
    const fallbacks = new Map<string, boolean>();
    for (const input of action.manifest.inputs) {
      const value = input.default === undefined ? '' : await evaluate(input.default, scope);
      values[input.name.toLowerCase()] = textsOf({ value })['value'] ?? '';
      fallbacks.set(input.name.toLowerCase(), isTreeInfluenced(input.default ?? null, influence, value));
    }
    const isScript = /^actions\/github-script@/i.test(step.uses);
    const script = isScript ? entryOf(step, 'script') : undefined;
    const whole = step.with === undefined ? {} : await evaluate(step.with, scope);
    const tainted = taintedKeys(step.with ?? null, influence, whole);
    const given = textsOf(whole);
    for (const [name, value] of Object.entries(given)) {
      values[name.toLowerCase()] = value;
      fallbacks.delete(name.toLowerCase());
    }
    this.#warnUnknown(context, step, action, Object.keys(given));
    let additions: { readonly [name: string]: string } = {};
    if (script !== undefined) {
      const hoisted = await hoist(this.#session, context, script, 'javascript');
      values['script'] = hoisted.script;
      additions = hoisted.env;
    }
    const own = tainted === 'all' ? Object.keys(values) : [...tainted].map((name) => name.toLowerCase());
    const influenced = new Set([...own, ...[...fallbacks].filter(([, is]) => is).map(([name]) => name)]);
    return { values, given, fed: influenced.size > 0, influenced, additions };
  }

  #warnUnknown(context: StepContext, step: UsesStep, action: LoadedAction, names: readonly string[]): void {
    const known = new Set(action.manifest.inputs.map((input) => input.name.toLowerCase()));
    const unknown = names.filter((name) => !known.has(name.toLowerCase()));
    if (unknown.length === 0) return;
    const list = unknown.map((name) => `'${excerpt(name, 50)}'`).join(', ');
    if (action.builtin) {
      throw fault(
        'action-invalid',
        `${this.#session.lease.workflowPath}:${step.at.line}:${step.at.column}: ${step.uses} has no input ${list}`,
      );
    }
    this.#session.say(
      context.key,
      `Unexpected input(s) ${list}, valid inputs are [${[...known].join(', ')}]`,
      'warning',
    );
  }

  async #composite(
    context: StepContext,
    action: LoadedAction,
    steps: readonly Step[],
    inputs: StepInputs,
  ): Promise<Ended> {
    const { frame, key } = context;
    if (frame.depth + 1 >= DEPTH_MAX) throw fault('action-depth', `${action.title} is nested ${DEPTH_MAX} deep`);
    const inner = this.#innerFrame(context, action, inputs);
    const timedOut = await this.#runWithin(context, inner, steps);
    const outputs: { [name: string]: string } = {};
    let influenced = isTainted(this.#session, { fed: false });
    const variables = inner.variables();
    const influence = inner.influence(variables);
    for (const output of action.manifest.outputs) {
      if (output.value === undefined) continue;
      const text = await inner.text(output.value, variables, key);
      outputs[output.name] = text;
      influenced ||= isTreeInfluenced(output.value, influence, text);
    }
    return { outcome: timedOut ? 'failure' : outcomeOf(inner.status), outputs, influenced };
  }

  /** Runs the steps of a composite action; at its own deadline the one that runs is interrupted. */
  async #runWithin(context: StepContext, inner: Frame, steps: readonly Step[]): Promise<boolean> {
    if (context.timeoutMs === undefined) {
      await this.#runSteps(inner, steps);
      return false;
    }
    let timedOut = false;
    const stopTimer = startTimer(context.timeoutMs, () => {
      timedOut = true;
      inner.fail();
      this.#session.say(context.key, 'The step has run longer than its timeout-minutes.', 'error');
      this.#session.interruptStep(context.key);
    });
    await this.#runSteps(inner, steps);
    stopTimer();
    return timedOut;
  }

  #innerFrame(context: StepContext, action: LoadedAction, inputs: StepInputs): Frame {
    const { frame, key } = context;
    return new Frame(this.#session, {
      prefix: `${key}/`,
      origin: action.origin,
      inputs: inputs.values,
      influencedInputs: inputs.influenced,
      handedDown: new Map([...frame.handedDown, ...context.added]),
      github: { ...action.github, action_path: action.inside },
      mounts: [...frame.mounts, ...action.mounts],
      hashFiles: (step, patterns) => hashFiles(this.#session, step, patterns),
      secretsFollow: context.secretsFollow,
    });
  }

  async #javascript(
    context: StepContext,
    key: string,
    action: LoadedAction,
    runs: JavascriptRuns,
    inputs: StepInputs,
  ): Promise<Ended> {
    const state = this.#stateOf(context.key);
    this.#session.say(key, `Run ${action.title}`, 'group');
    const given = Object.keys(inputs.given);
    if (given.length > 0) this.#session.say(key, 'with:');
    for (const name of given) this.#session.say(key, `  ${name}: ${inputs.given[name] ?? ''}`);
    explainEnv(this.#session, key, context.added);
    this.#session.say(key, '', 'endgroup');
    if (!action.builtin && runs.using !== 'node24')
      this.#session.sayOnce(key, `${action.title} asks for ${runs.using}: it runs on Node 24.`);
    if (runs.post !== undefined) this.#registerPost(context, action, runs, inputs);
    const end = await this.#program(context, key, action, runs.main, inputs, state);
    return endOf(this.#session, key, end, context.fed || inputs.fed);
  }

  #stateOf(step: string): Map<string, string> {
    const known = this.#session.states.get(step);
    if (known !== undefined) return known;
    const state = new Map<string, string>();
    this.#session.states.set(step, state);
    return state;
  }

  async #program(
    context: StepContext,
    key: string,
    action: LoadedAction,
    program: string,
    inputs: StepInputs,
    state: Map<string, string>,
  ): Promise<LaunchEnd> {
    const { frame } = context;
    const additions: { [name: string]: string } = {
      ...inputs.additions,
      ...inputVariables(inputs.values),
      ...this.#session.gateway.actionEnvironment(),
    };
    for (const [name, value] of state) additions[`STATE_${name}`] = value;
    const github: DataObject = {
      ...frame.githubContext(context.key),
      ...action.github,
      action_path: action.inside,
    };
    const end = await launch(this.#session, {
      step: key,
      command: [INSIDE_NODE, ...programOf(action, program)],
      cwd: this.#session.paths.workspace,
      github,
      variables: context.variables,
      additions,
      mounts: [...frame.mounts, ...action.mounts],
      writer: action.writer,
      fed: context.fed || inputs.fed,
      secretsFollow: context.secretsFollow,
      ...(context.timeoutMs === undefined ? {} : { timeoutMs: context.timeoutMs }),
    });
    for (const [name, value] of end.state) state.set(name, value);
    return end;
  }

  /** Fetches and reads every remote action of the steps, nested ones too, before anything runs. */
  async loadRemote(steps: readonly Step[], log: string, origin: Origin, depth = 0): Promise<void> {
    if (depth >= DEPTH_MAX) throw fault('action-depth', `composite actions are nested ${DEPTH_MAX} deep`);
    for (const step of flatten(steps)) {
      const action = await this.#loader.load(step.uses, origin, { fromCommit: false });
      if (action.note !== undefined) this.#session.sayOnce(log, action.note);
      if (action.manifest.runs.kind === 'docker')
        throw fault('container-unsupported', `${step.uses} is a Docker action`);
      if (action.manifest.runs.kind === 'composite') {
        await this.loadRemote(action.manifest.runs.steps, log, action.origin, depth + 1);
      }
    }
  }

  /** Runs `pre` of the remote JavaScript actions, in composite ones too, before the first step. */
  async runPre(frame: Frame, steps: readonly Step[]): Promise<void> {
    for (const step of flatten(steps)) {
      const action = await this.#loader.load(step.uses, frame.origin, { fromCommit: false });
      const { runs } = action.manifest;
      if (runs.kind === 'javascript' && runs.pre !== undefined) await this.#phase(frame, step, action, runs, 'pre');
      if (runs.kind === 'composite' && (await this.#hasPre(runs.steps, action.origin))) {
        const key = `${frame.prefix}${step.id}`;
        const { variables, added } = await frame.withEnv(step.env, frame.variables(), key);
        const context: StepContext = { frame, key, variables, added, fed: isFed(variables), secretsFollow: true };
        await this.runPre(this.#innerFrame(context, action, await this.#inputs(context, step, action)), runs.steps);
      }
    }
  }

  async #hasPre(steps: readonly Step[], origin: Origin): Promise<boolean> {
    for (const step of flatten(steps)) {
      const { manifest, origin: inner } = await this.#loader.load(step.uses, origin, { fromCommit: false });
      if (manifest.runs.kind === 'javascript' && manifest.runs.pre !== undefined) return true;
      if (manifest.runs.kind === 'composite' && (await this.#hasPre(manifest.runs.steps, inner))) return true;
    }
    return false;
  }

  async #phase(frame: Frame, step: UsesStep, action: LoadedAction, runs: JavascriptRuns, phase: 'pre'): Promise<void> {
    const key = `${frame.prefix}${step.id}`;
    const phaseKey = `${key}:${phase}`;
    const started = this.#session.clock.monotonic();
    try {
      const { variables, added } = await frame.withEnv(step.env, frame.variables(), key);
      if (!(await evaluateCondition(runs.preIf, frame.scope(variables, key)))) return;
      tellStarted(this.#session, phaseKey, `Pre ${action.title}`);
      const context: StepContext = { frame, key, variables, added, fed: isFed(variables), secretsFollow: true };
      const inputs = await this.#inputs(context, step, action);
      if (runs.post !== undefined) this.#registerPost(context, action, runs, inputs);
      const end = await this.#program(context, phaseKey, action, runs.pre ?? runs.main, inputs, this.#stateOf(key));
      const ended = endOf(this.#session, phaseKey, end, context.fed || inputs.fed);
      if (ended.outcome === 'failure') frame.fail();
      tellFinished(this.#session, phaseKey, ended, started);
    } catch (error) {
      complain(this.#session, phaseKey, error);
      frame.fail();
      tellFinished(this.#session, phaseKey, { outcome: 'failure' }, started);
    }
  }

  /** `post` runs when the job's steps are done, last registered first, with the inputs and the state of the step. */
  #registerPost(context: StepContext, action: LoadedAction, runs: JavascriptRuns, inputs: StepInputs): void {
    const { key, frame } = context;
    if (this.#session.posts.some((post) => post.step === `${key}:post`)) return;
    const step = `${key}:post`;
    const run = async () => {
      const started = this.#session.clock.monotonic();
      const variables = new Map([...frame.variables(), ...context.added]);
      if (!(await evaluateCondition(runs.postIf, { ...frame.scope(variables, key), status: this.#session.status })))
        return;
      tellStarted(this.#session, step, `Post ${action.title}`);
      const end = await this.#program(
        { ...context, variables, frame },
        step,
        action,
        runs.post ?? runs.main,
        inputs,
        this.#stateOf(key),
      );
      const ended = endOf(this.#session, step, end, context.fed || inputs.fed);
      if (ended.outcome === 'failure') this.#session.fail();
      tellFinished(this.#session, step, ended, started);
    };
    this.#session.posts.push({ step, name: `Post ${action.title}`, run });
  }

  /** Runs the registered `post` programs. One that fails does not keep the others from running. */
  async runPosts(): Promise<void> {
    for (let post = this.#session.posts.pop(); post !== undefined; post = this.#session.posts.pop()) {
      if (this.#session.forced) return;
      try {
        await post.run();
      } catch (error) {
        complain(this.#session, post.step, error);
        this.#session.fail();
      }
    }
  }
}

type JavascriptRuns = Extract<LoadedAction['manifest']['runs'], { kind: 'javascript' }>;

type StepInputs = {
  readonly values: { readonly [name: string]: string };
  readonly given: { readonly [name: string]: string };
  readonly fed: boolean;
  readonly influenced: ReadonlySet<string>;
  /** Hoisted values of a script input. */
  readonly additions: { readonly [name: string]: string };
};

function programOf(action: LoadedAction, program: string): string[] {
  return action.builtin
    ? program.split(' ').map((word, index) => (index === 0 ? insideProgram(word) : word))
    : [`${action.inside}/${program}`];
}

/** A member of `with:` as written. */
function entryOf(step: UsesStep, name: string): Template | undefined {
  if (typeof step.with !== 'object' || step.with === null || step.with.kind !== 'mapping') return undefined;
  const entry = step.with.entries.find(
    (candidate) => typeof candidate.key === 'string' && candidate.key.toLowerCase() === name,
  );
  const value = entry?.value;
  return typeof value === 'object' && value !== null && value.kind === 'template' ? value : undefined;
}

/** Steps that use remote actions, in order, also those in `parallel:`. */
function flatten(steps: readonly Step[]): UsesStep[] {
  return steps.flatMap((step) => {
    if (step.kind === 'parallel') return flatten(step.steps);
    if (step.kind !== 'uses' || !/^[^./$]/.test(step.uses) || step.uses.startsWith('docker:')) return [];
    return [step];
  });
}

/** A composite action is cancelled, failed or done; its own status is never `skipped`. */
function outcomeOf(status: Status): Conclusion {
  return status === 'cancelled' || status === 'failure' ? status : 'success';
}
