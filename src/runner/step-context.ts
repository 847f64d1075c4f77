import { Fault, reasonOf } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import type { Frame, StepResult } from './frame.ts';
import { isTainted, type LaunchEnd } from './launch.ts';
import type { Session, Variable } from './session.ts';

/** What is known about a step when its program starts. */
export type StepContext = {
  readonly frame: Frame;
  /** `outer/inner`, as in events. */
  readonly key: string;
  readonly variables: ReadonlyMap<string, Variable>;
  /** The step's own `env:`. */
  readonly added: ReadonlyMap<string, Variable>;
  /** Something in the environment of the step could have been written by an outsider. */
  readonly fed: boolean;
  /** Steps after this one hold secrets. */
  readonly secretsFollow: boolean;
  readonly timeoutMs?: number;
};

/** How a step ended, before `continue-on-error`. */
export type Ended = Omit<StepResult, 'conclusion'> & { readonly exitCode?: number };

/** Whether an outsider could have written any of these variables: a process sees all of its environment. */
export function isFed(variables: ReadonlyMap<string, Variable>): boolean {
  return variables.values().some((variable) => variable.influenced);
}

/** Turns the end of a step's program into its outcome, and says in the log why it failed. */
export function endOf(session: Session, step: string, end: LaunchEnd, fed: boolean): Ended {
  const influenced = isTainted(session, { fed });
  if (end.refusal !== undefined) session.say(step, end.refusal, 'error');
  if (end.ended === 'cancelled') return { outcome: 'cancelled', outputs: end.outputs, influenced };
  if (end.ended === 'timed-out') {
    session.say(step, 'The step has run longer than its timeout-minutes.', 'error');
    return { outcome: 'failure', outputs: end.outputs, influenced };
  }
  const failed = end.exit.code !== 0 || end.refusal !== undefined;
  if (end.exit.code !== 0) session.say(step, `Process completed with exit code ${end.exit.code}.`, 'error');
  return { outcome: failed ? 'failure' : 'success', outputs: end.outputs, influenced, exitCode: end.exit.code };
}

/** Says a failure of the runner's own in the log of a step. */
export function complain(session: Session, step: string, error: unknown): void {
  if (error instanceof Fault) {
    session.say(step, error.message, 'error');
    session.say(step, `${error.help} [${error.code}]`, 'notice');
    return;
  }
  session.log.error('Step failed in the runner', { step, reason: reasonOf(error) });
  session.say(step, `The runner failed: ${reasonOf(error)}`, 'error');
}

export function tellStarted(session: Session, step: string, name: string): void {
  session.emit({ kind: 'step-started', time: session.clock.now(), step, name: session.masker.maskText(name) });
}

/** `started` is a reading of the monotonic clock. */
export function tellFinished(
  session: Session,
  step: string,
  end: { readonly outcome: Conclusion; readonly conclusion?: Conclusion; readonly exitCode?: number },
  started: number,
): void {
  session.emit({
    kind: 'step-finished',
    time: session.clock.now(),
    step,
    outcome: end.outcome,
    conclusion: end.conclusion ?? end.outcome,
    durationMs: Math.round(session.clock.monotonic() - started),
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
  });
}

/** The step's own variables, in its log. */
export function explainEnv(session: Session, step: string, added: ReadonlyMap<string, Variable>): void {
  if (added.size === 0) return;
  session.say(step, 'env:');
  for (const [name, variable] of added) session.say(step, `  ${name}: ${variable.value}`);
}
