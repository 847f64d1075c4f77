import { type DataObject, excerpt, Fault, isAtLeast, reasonOf } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import {
  evaluate,
  evaluateBoolean,
  evaluateCondition,
  evaluateNumber,
  evaluateText,
  hoistScript,
  type HoistPart,
  isInfluenced,
  type Maybe,
  type RunStep,
  type Step,
  type Template,
  type UsesStep,
} from '../workflow/index.ts';
import { INSIDE } from '../sandbox/index.ts';
import { fault } from './faults.ts';
import { Frame, isTreeInfluenced, type StepResult, taintedKeys, textsOf } from './frame.ts';
import { isTainted, INSIDE_NODE, insideProgram, launch, type LaunchEnd, runInside } from './launch.ts';
import type { ActionLoader, LoadedAction, Origin } from './loader.ts';
import type { Session, Variable } from './session.ts';
import { shellOf } from './shell.ts';
import { inputVariables } from './variables.ts';

/** Composite actions in composite actions, as GitHub allows. */
const DEPTH_MAX = 10;
/** What `hashFiles` prints. */
const HASH_BYTES_MAX = 4096;

type Executed = RunStep | UsesStep;
type Ended = Omit<StepResult, 'conclusion'> & { readonly exitCode?: number };

/** Runs lists of steps: of the job, and of composite actions inside. */
export class StepRunner {
  readonly #session: Session;
  readonly #loader: ActionLoader;
  /** The frame of the job's own steps. */
  readonly frame: Frame;

  constructor(session: Session, loader: ActionLoader) {
    this.#session = session;
    this.#loader = loader;
    this.frame = this.#jobFrame();
  }

  #jobFrame(): Frame {
    return new Frame(this.#session, {
      prefix: '',
      origin: { kind: 'workflow' },
      influencedInputs: new Set(),
      handedDown: new Map(),
      github: {},
      mounts: [],
      hashFiles: (step, patterns) => this.#hashFiles(step, patterns),
    });
  }

  /** Runs the steps in order. Every step is reported, skipped ones too. Never throws for what a step does. */
  async run(frame: Frame, steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      if (this.#session.forced) break;
      await this.#dispatch(frame, step, steps.slice(index + 1));
    }
    await this.#waitFor(frame, [...frame.background.keys()]);
  }

  async #dispatch(frame: Frame, step: Step, later: readonly Step[]): Promise<void> {
    switch (step.kind) {
      case 'run':
      case 'uses': {
        const running = this.#execute(frame, step, later);
        if (step.background) frame.background.set(step.id, running);
        else await running;
        return;
      }
      case 'wait':
        return this.#control(frame, step.id, step.name ?? 'Wait', () => this.#waitFor(frame, step.steps));
      case 'wait-all':
        return this.#control(frame, step.id, step.name ?? 'Wait for all', () =>
          this.#waitFor(frame, [...frame.background.keys()]),
        );
      case 'cancel':
        return this.#control(frame, step.id, step.name ?? 'Cancel', async () => {
          this.#session.interruptStep(`${frame.prefix}${step.step}`);
          await this.#waitFor(frame, [step.step]);
        });
      case 'parallel':
        await Promise.all(step.steps.map((child) => this.#dispatch(frame, child, later)));
        return;
    }
  }

  async #waitFor(frame: Frame, ids: readonly string[]): Promise<void> {
    await Promise.all(ids.flatMap((id) => frame.background.get(id) ?? []));
    for (const id of ids) frame.background.delete(id);
  }

  /** A step that only steers others. */
  async #control(frame: Frame, id: string, name: Maybe<string>, act: () => Promise<void>): Promise<void> {
    const key = `${frame.prefix}${id}`;
    const started = this.#session.clock.monotonic();
    const title = await frame.displayName(name, frame.variables(), key);
    this.#session.emit({ kind: 'step-started', time: this.#session.clock.now(), step: key, name: title });
    await act();
    this.#finish(key, 'success', 'success', started);
  }

  #finish(step: string, outcome: Conclusion, conclusion: Conclusion, started: number, exitCode?: number): void {
    this.#session.emit({
      kind: 'step-finished',
      time: this.#session.clock.now(),
      step,
      outcome,
      conclusion,
      durationMs: Math.round(this.#session.clock.monotonic() - started),
      ...(exitCode === undefined ? {} : { exitCode }),
    });
  }

  /** One step from its condition to its conclusion. */
  async #execute(frame: Frame, step: Executed, later: readonly Step[]): Promise<void> {
    const session = this.#session;
    const key = `${frame.prefix}${step.id}`;
    const started = session.clock.monotonic();
    const base = frame.variables();
    let title = defaultTitle(step);
    let announced = false;
    const announce = () => {
      if (!announced)
        session.emit({
          kind: 'step-started',
          time: session.clock.now(),
          step: key,
          name: session.masker.maskText(title),
        });
      announced = true;
    };
    let ended: Ended;
    let tolerated = false;
    try {
      const { variables, added } = await frame.withEnv(step.env, base, key);
      const scope = frame.scope(variables, key);
      if (!(await evaluateCondition(step.if, scope))) {
        ended = { outcome: 'skipped', outputs: {}, influenced: false };
      } else {
        if (step.name !== undefined) title = await frame.displayName(step.name, variables, key);
        else if (step.kind === 'run') title = scriptTitle(await frame.displayName(step.run, variables, key));
        announce();
        const timeoutMs = await this.#timeoutMs(frame, step, variables, key);
        const fed = isTreeInfluenced(step.env ?? null, frame.influence(base));
        const context: StepContext = {
          frame,
          key,
          variables,
          added,
          fed,
          secretsFollow: namesSecrets(later),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        };
        ended = step.kind === 'run' ? await this.#script(context, step) : await this.#uses(context, step);
      }
      tolerated =
        ended.outcome === 'failure' && step.continueOnError !== undefined
          ? await evaluateBoolean(step.continueOnError, frame.scope(variables, key))
          : false;
    } catch (error) {
      announce();
      this.#complain(key, error);
      ended = { outcome: 'failure', outputs: {}, influenced: false };
    }
    announce();
    const conclusion = tolerated ? 'success' : ended.outcome;
    frame.results.set(step.id, {
      outcome: ended.outcome,
      conclusion,
      outputs: ended.outputs,
      influenced: ended.influenced,
    });
    if (conclusion === 'failure') frame.fail();
    this.#finish(key, ended.outcome, conclusion, started, ended.exitCode);
  }

  #complain(step: string, error: unknown): void {
    if (error instanceof Fault) {
      this.#session.say(step, error.message, 'error');
      this.#session.say(step, `${error.help} [${error.code}]`, 'notice');
      return;
    }
    this.#session.log.error('Step failed in the runner', { step, reason: reasonOf(error) });
    this.#session.say(step, `The runner failed: ${reasonOf(error)}`, 'error');
  }

  async #timeoutMs(
    frame: Frame,
    step: Executed,
    variables: ReadonlyMap<string, Variable>,
    key: string,
  ): Promise<number | undefined> {
    if (step.timeoutMinutes === undefined) return undefined;
    const minutes = await evaluateNumber(step.timeoutMinutes, frame.scope(variables, key));
    return Number.isFinite(minutes) && minutes > 0 ? minutes * 60_000 : undefined;
  }

  async #script(context: StepContext, step: RunStep): Promise<Ended> {
    const { frame, key, variables } = context;
    const defaults = frame.isJob ? await this.#defaults(context) : {};
    const shellText = step.shell === undefined ? defaults.shell : await frame.text(step.shell, variables, key);
    const folder =
      step.workingDirectory === undefined
        ? defaults.workingDirectory
        : await frame.text(step.workingDirectory, variables, key);
    const number = this.#session.nextNumber();
    const probe = shellOf(shellText, '{0}');
    const scriptPath = `${INSIDE.commands}/${number}.${probe.extension}`;
    const shell = shellOf(shellText, scriptPath);
    const hoisted = await this.#hoist(context, step.run, shell.syntax);
    const text = hoisted.script.endsWith('\n') ? hoisted.script : `${hoisted.script}\n`;
    const file = await this.#session.pod.privateFile(`${number}-script`, shell.wrap?.(text) ?? text);
    this.#explainScript(context, hoisted.display, shell.command.join(' '));
    const end = await launch(this.#session, {
      step: key,
      command: shell.command,
      cwd: this.#folder(folder),
      github: frame.githubContext(),
      variables,
      additions: hoisted.env,
      mounts: [...frame.mounts, { host: file.path, inside: scriptPath, writable: false }],
      writer: 'script',
      fed: context.fed || hoisted.fed,
      secretsFollow: context.secretsFollow,
      ...(context.timeoutMs === undefined ? {} : { timeoutMs: context.timeoutMs }),
    });
    return this.#ended(key, end, context.fed || hoisted.fed);
  }

  #folder(folder: string | undefined): string {
    const { workspace } = this.#session.paths;
    if (folder === undefined || folder === '') return workspace;
    return folder.startsWith('/') ? folder : `${workspace}/${folder.replace(/^(\.\/)+/, '')}`;
  }

  async #defaults(context: StepContext): Promise<{ shell?: string; workingDirectory?: string }> {
    const { frame, key, variables } = context;
    const { workflowDefaults, job } = this.#session.lease;
    const shell = job.definition.defaults?.shell ?? workflowDefaults?.shell;
    const folder = job.definition.defaults?.workingDirectory ?? workflowDefaults?.workingDirectory;
    return {
      ...(shell === undefined ? {} : { shell: await frame.text(shell, variables, key) }),
      ...(folder === undefined ? {} : { workingDirectory: await frame.text(folder, variables, key) }),
    };
  }

  /** Evaluates a script; what an outsider could have written becomes data (K13), or the step is refused. */
  async #hoist(
    context: StepContext,
    script: Template | string,
    syntax: ReturnType<typeof shellOf>['syntax'],
  ): Promise<{ script: string; display: string; env: { readonly [name: string]: string }; fed: boolean }> {
    if (typeof script === 'string') return { script, display: script, env: {}, fed: false };
    const { frame, key, variables } = context;
    const influence = frame.influence(variables);
    const scope = frame.scope(variables, key);
    const parts: HoistPart[] = [];
    for (const part of script.parts) {
      if ('literal' in part) {
        parts.push({ literal: part.literal });
        continue;
      }
      const value = await evaluateText({ kind: 'template', parts: [part], at: part.at }, scope);
      parts.push({
        value,
        expression: part.expression,
        influenced: isInfluenced(part.expression, influence),
        at: part.at,
      });
    }
    const hoisting = hoistScript(parts, syntax);
    if (hoisting.ok) {
      const fed = parts.some((part) => 'influenced' in part && part.influenced);
      return { script: hoisting.script, display: hoisting.display, env: hoisting.env, fed };
    }
    const file = this.#session.lease.workflowPath;
    const lines = hoisting.refusals.map(
      ({ at, expression, reason, fix }) =>
        `${frame.isJob ? file : key}:${at.line}:${at.column}: \${{ ${excerpt(expression)} }} ${reason} ${fix}`,
    );
    throw fault('script-unsafe', lines.join('\n'));
  }

  #explainScript(context: StepContext, script: string, command: string): void {
    const { key, added } = context;
    const lines = script.replace(/\n+$/, '').split('\n');
    this.#session.say(key, `Run ${lines[0] ?? ''}`, 'group');
    for (const line of lines) this.#session.say(key, line, 'command');
    this.#session.say(key, `shell: ${command}`);
    this.#explainEnv(key, added);
    this.#session.say(key, '', 'endgroup');
  }

  #explainEnv(key: string, added: ReadonlyMap<string, Variable>): void {
    if (added.size === 0) return;
    this.#session.say(key, 'env:');
    for (const [name, variable] of added) this.#session.say(key, `  ${name}: ${variable.value}`);
  }

  #ended(key: string, end: LaunchEnd, fed: boolean): Ended {
    const influenced = isTainted(this.#session, { fed });
    if (end.refusal !== undefined) this.#session.say(key, end.refusal, 'error');
    if (end.ended === 'cancelled') return { outcome: 'cancelled', outputs: end.outputs, influenced };
    if (end.ended === 'timed-out') {
      this.#session.say(key, 'The step has run longer than its timeout-minutes.', 'error');
      return { outcome: 'failure', outputs: end.outputs, influenced };
    }
    const failed = end.exit.code !== 0 || end.refusal !== undefined;
    if (end.exit.code !== 0) this.#session.say(key, `Process completed with exit code ${end.exit.code}.`, 'error');
    return { outcome: failed ? 'failure' : 'success', outputs: end.outputs, influenced, exitCode: end.exit.code };
  }

  async #uses(context: StepContext, step: UsesStep): Promise<Ended> {
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
    for (const input of action.manifest.inputs) {
      values[input.name.toLowerCase()] =
        input.default === undefined ? '' : (textsOf({ value: await evaluate(input.default, scope) })['value'] ?? '');
    }
    const tainted = step.with === undefined ? new Set<string>() : taintedKeys(step.with, influence);
    const isScript = /^actions\/github-script@/i.test(step.uses);
    const script = isScript ? entryOf(step, 'script') : undefined;
    const given = step.with === undefined ? {} : textsOf(await evaluate(step.with, scope));
    for (const [name, value] of Object.entries(given)) values[name.toLowerCase()] = value;
    this.#warnUnknown(context, step, action, Object.keys(given));
    let additions: { readonly [name: string]: string } = {};
    if (script !== undefined) {
      const hoisted = await this.#hoist(context, script, 'javascript');
      values['script'] = hoisted.script;
      additions = hoisted.env;
    }
    const fed = tainted === 'all' || tainted.size > 0;
    const all = new Set(Object.keys(values));
    const influenced = tainted === 'all' ? all : new Set([...tainted].map((name) => name.toLowerCase()));
    return { values, given, fed, influenced, additions };
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
    await this.run(inner, steps);
    const outputs: { [name: string]: string } = {};
    let influenced = isTainted(this.#session, { fed: false });
    const variables = inner.variables();
    const influence = inner.influence(variables);
    for (const output of action.manifest.outputs) {
      if (output.value === undefined) continue;
      outputs[output.name] = await inner.text(output.value, variables, key);
      influenced ||= isTreeInfluenced(output.value, influence);
    }
    const outcome = inner.status;
    return { outcome: outcome === 'cancelled' ? 'cancelled' : outcome, outputs, influenced };
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
      hashFiles: (step, patterns) => this.#hashFiles(step, patterns),
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
    this.#explainEnv(key, context.added);
    this.#session.say(key, '', 'endgroup');
    if (!action.builtin && runs.using !== 'node24')
      this.#session.sayOnce(key, `${action.title} asks for ${runs.using}: it runs on Node 24.`);
    if (runs.post !== undefined) this.#registerPost(context, action, runs, inputs);
    const end = await this.#program(context, key, action, runs.main, inputs, state);
    return this.#ended(key, end, context.fed || inputs.fed);
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
      ...frame.githubContext(),
      ...action.github,
      action: context.key,
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
  async loadRemote(steps: readonly Step[], log: string, origin: Origin = this.frame.origin, depth = 0): Promise<void> {
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
        const context: StepContext = { frame, key, variables, added, fed: false, secretsFollow: true };
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
      this.#session.emit({
        kind: 'step-started',
        time: this.#session.clock.now(),
        step: phaseKey,
        name: `Pre ${action.title}`,
      });
      const context: StepContext = { frame, key, variables, added, fed: false, secretsFollow: true };
      const inputs = await this.#inputs(context, step, action);
      if (runs.post !== undefined) this.#registerPost(context, action, runs, inputs);
      const end = await this.#program(context, phaseKey, action, runs.pre ?? runs.main, inputs, this.#stateOf(key));
      const ended = this.#ended(phaseKey, end, context.fed || inputs.fed);
      if (ended.outcome === 'failure') frame.fail();
      this.#finish(phaseKey, ended.outcome, ended.outcome, started, ended.exitCode);
    } catch (error) {
      this.#complain(phaseKey, error);
      frame.fail();
      this.#finish(phaseKey, 'failure', 'failure', started);
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
      this.#session.emit({ kind: 'step-started', time: this.#session.clock.now(), step, name: `Post ${action.title}` });
      const end = await this.#program(
        { ...context, variables, frame },
        step,
        action,
        runs.post ?? runs.main,
        inputs,
        this.#stateOf(key),
      );
      const ended = this.#ended(step, end, context.fed || inputs.fed);
      if (ended.outcome === 'failure') this.#session.fail();
      this.#finish(step, ended.outcome, ended.outcome, started, ended.exitCode);
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
        this.#complain(post.step, error);
        this.#session.fail();
      }
    }
  }

  async #hashFiles(step: string, patterns: readonly string[]): Promise<string> {
    const out = await runInside(this.#session, {
      step,
      program: 'hash-files',
      args: [],
      input: JSON.stringify(patterns),
      bytesMax: HASH_BYTES_MAX,
      env: { GITHUB_WORKSPACE: this.#session.paths.workspace },
    });
    return out.toString('utf8').trim();
  }
}

type JavascriptRuns = Extract<LoadedAction['manifest']['runs'], { kind: 'javascript' }>;

/** What is known about a step when its program starts. */
type StepContext = {
  readonly frame: Frame;
  readonly key: string;
  readonly variables: ReadonlyMap<string, Variable>;
  /** The step's own `env:`. */
  readonly added: ReadonlyMap<string, Variable>;
  readonly fed: boolean;
  readonly secretsFollow: boolean;
  readonly timeoutMs?: number;
};

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

function defaultTitle(step: Executed): string {
  if (step.kind === 'uses') return `Run ${step.uses}`;
  return scriptTitle(typeof step.run === 'string' ? step.run : textOfTemplate(step.run));
}

function scriptTitle(script: string): string {
  return `Run ${excerpt(script.trim().split('\n')[0] ?? '', 120)}`;
}

function textOfTemplate(template: Template): string {
  return template.parts.map((part) => ('literal' in part ? part.literal : `\${{ ${part.expression} }}`)).join('');
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

/** Whether any of the steps names a secret or the token. */
function namesSecrets(steps: readonly Step[]): boolean {
  return /\bsecrets\b|github\.token/i.test(JSON.stringify(steps));
}
