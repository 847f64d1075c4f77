import { excerpt } from '../base/index.ts';
import {
  evaluateBoolean,
  evaluateCondition,
  evaluateNumber,
  type Maybe,
  type RunStep,
  type Step,
  type UsesStep,
} from '../workflow/index.ts';
import { ActionRunner } from './action-step.ts';
import { Frame, sourceText } from './frame.ts';
import { hashFiles } from './launch.ts';
import type { ActionLoader } from './loader.ts';
import { runScript } from './script-step.ts';
import type { Session, Variable } from './session.ts';
import { complain, type Ended, isFed, type StepContext, tellFinished, tellStarted } from './step-context.ts';

type Executed = RunStep | UsesStep;

/** Runs lists of steps: of the job, and of composite actions inside. */
export class StepRunner {
  readonly #session: Session;
  readonly actions: ActionRunner;
  /** The frame of the job's own steps. */
  readonly frame: Frame;

  constructor(session: Session, loader: ActionLoader) {
    this.#session = session;
    this.actions = new ActionRunner(session, loader, (frame, steps) => this.run(frame, steps));
    const { workflowEnv, job } = session.lease;
    this.frame = new Frame(session, {
      prefix: '',
      origin: { kind: 'workflow' },
      influencedInputs: new Set(),
      handedDown: new Map(),
      github: {},
      mounts: [],
      hashFiles: (step, patterns) => hashFiles(session, step, patterns),
      // A secret in the environment of the job is held by every step.
      secretsFollow: namesSecrets([workflowEnv, job.definition.env]),
    });
  }

  /** Runs the steps in order. Every step is reported, skipped ones too. Never throws for what a step does. */
  async run(frame: Frame, steps: readonly Step[]): Promise<void> {
    // Once for the whole list: scripts are long, and every step asks.
    const lastWithSecrets = steps.findLastIndex((step) => namesSecrets([step]));
    for (const [index, step] of steps.entries()) {
      if (this.#session.forced) break;
      await this.#dispatch(frame, step, index < lastWithSecrets);
    }
    await this.#waitFor(frame, [...frame.background.keys()]);
  }

  async #dispatch(frame: Frame, step: Step, secretsFollow: boolean): Promise<void> {
    switch (step.kind) {
      case 'run':
      case 'uses': {
        const running = this.#execute(frame, step, secretsFollow);
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
        await Promise.all(step.steps.map((child) => this.#dispatch(frame, child, secretsFollow)));
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
    tellStarted(this.#session, key, title);
    await act();
    tellFinished(this.#session, key, { outcome: 'success' }, started);
  }

  /** One step from its condition to its conclusion. */
  async #execute(frame: Frame, step: Executed, secretsFollow: boolean): Promise<void> {
    const session = this.#session;
    const key = `${frame.prefix}${step.id}`;
    const started = session.clock.monotonic();
    let announced = false;
    const announce = (title: string) => {
      if (!announced) tellStarted(session, key, title);
      announced = true;
    };
    let ended: Ended;
    try {
      const { variables, added } = await frame.withEnv(step.env, frame.variables(), key);
      const scope = frame.scope(variables, key);
      if (await evaluateCondition(step.if, scope)) {
        announce(await titleOf(frame, step, variables, key));
        const timeoutMs = await this.#timeoutMs(frame, step, variables, key);
        const context: StepContext = {
          frame,
          key,
          variables,
          added,
          fed: isFed(variables),
          secretsFollow: frame.secretsFollow || secretsFollow,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        };
        ended = step.kind === 'run' ? await runScript(session, context, step) : await this.actions.run(context, step);
      } else {
        announce(await titleOf(frame, step, variables, key));
        ended = { outcome: 'skipped', outputs: {}, influenced: false };
      }
    } catch (error) {
      announce(defaultTitle(step));
      complain(session, key, error);
      ended = { outcome: 'failure', outputs: {}, influenced: false };
    }
    const tolerated = ended.outcome === 'failure' && (await this.#isTolerated(frame, step, key));
    const conclusion = tolerated ? 'success' : ended.outcome;
    const { outcome, outputs, influenced } = ended;
    frame.results.set(step.id, { outcome, conclusion, outputs, influenced });
    if (conclusion === 'failure') frame.fail();
    tellFinished(session, key, { ...ended, conclusion }, started);
  }

  /** `continue-on-error`. An expression that can't be evaluated tolerates nothing. */
  async #isTolerated(frame: Frame, step: Executed, key: string): Promise<boolean> {
    if (step.continueOnError === undefined) return false;
    try {
      return await evaluateBoolean(step.continueOnError, frame.scope(frame.variables(), key));
    } catch (error) {
      complain(this.#session, key, error);
      return false;
    }
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
}

async function titleOf(
  frame: Frame,
  step: Executed,
  variables: ReadonlyMap<string, Variable>,
  key: string,
): Promise<string> {
  if (step.name !== undefined) return frame.displayName(step.name, variables, key);
  if (step.kind === 'uses') return `Run ${step.uses}`;
  return scriptTitle(await frame.displayName(step.run, variables, key));
}

function defaultTitle(step: Executed): string {
  if (step.name !== undefined) return sourceText(step.name);
  return step.kind === 'uses' ? `Run ${step.uses}` : scriptTitle(sourceText(step.run));
}

function scriptTitle(script: string): string {
  return `Run ${excerpt(script.trim().split('\n')[0] ?? '', 120)}`;
}

/** Whether any of the values names a secret or the token. */
function namesSecrets(parts: readonly unknown[]): boolean {
  return /\bsecrets\b|github\.token/i.test(JSON.stringify(parts));
}
