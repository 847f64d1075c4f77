import {
  conditionOf,
  isLiteral,
  isTrue,
  maybeBoolean,
  maybeNumber,
  maybeText,
  member,
  present,
  textOf,
  textsOf,
} from './convert-values.ts';
import { Ids } from './ids.ts';
import type { Maybe, RunStep, Step, UsesStep } from './model.ts';
import type { Problems } from './reader-problems.ts';
import { literalText, type MappingToken, type Token, treeOf } from './reader-tokens.ts';
import { parseUses } from './uses.ts';

/** Where steps stand: in a job of a workflow or in a composite action. */
export type StepsKind = 'step' | 'composite';

type Converting = {
  readonly kind: StepsKind;
  readonly ids: Ids;
  readonly problems: Problems;
  /** Ids of the background steps so far, lower case. */
  readonly background: Set<string>;
};

/** Converts a list of steps; ids are made up for those that have none, as GitHub does. */
export function convertSteps(token: Token | undefined, kind: StepsKind, problems: Problems): readonly Step[] {
  if (token?.kind !== 'sequence') return [];
  const converting: Converting = { kind, ids: new Ids(), problems, background: new Set() };
  takeWrittenIds(token.items, converting);
  return stepsOf(token.items, converting);
}

/** Written ids come first, so that a made-up one never takes the id of a later step. */
function takeWrittenIds(items: readonly Token[], converting: Converting): void {
  for (const item of items) {
    const id = member(item, 'id');
    const text = textOf(id);
    if (id !== undefined && text !== undefined && text !== '') {
      const wrong = converting.ids.take(text);
      if (wrong !== undefined) converting.problems.add(wrong.code, id.at, wrong.message);
    }
    const parallel = member(item, 'parallel');
    if (parallel?.kind === 'sequence') takeWrittenIds(parallel.items, converting);
  }
}

function stepsOf(items: readonly Token[], converting: Converting): readonly Step[] {
  return items.flatMap((item) => (item.kind === 'mapping' ? [stepOf(item, converting)] : []));
}

function stepOf(step: MappingToken, converting: Converting): Step {
  const { ids, problems } = converting;
  const written = textOf(member(step, 'id'));
  const id = (fallback: string) => (written === undefined || written === '' ? ids.make(fallback) : written);
  const base = present({ name: maybeText(member(step, 'name')), at: step.at });
  const waiting = present({ ...base, continueOnError: maybeBoolean(member(step, 'continue-on-error')) });
  const [wait, waitAll] = [member(step, 'wait'), member(step, 'wait-all')];
  const [cancel, parallel] = [member(step, 'cancel'), member(step, 'parallel')];
  if (wait !== undefined) {
    const steps = textsOf(wait) ?? [];
    checkTargets(wait, converting);
    return { ...waiting, id: id('wait'), kind: 'wait', steps };
  }
  if (waitAll !== undefined) {
    if (waitAll.kind === 'boolean' && waitAll.value === false) {
      problems.add(
        'value-unexpected',
        waitAll.at,
        "Unexpected value 'false'",
        'Remove the step, or write `wait-all:`.',
      );
    }
    return { ...waiting, id: id('wait-all'), kind: 'wait-all' };
  }
  if (cancel !== undefined) {
    checkTargets(cancel, converting);
    return { ...waiting, id: id('cancel'), kind: 'cancel', step: textOf(cancel) ?? '' };
  }
  if (parallel !== undefined) return parallelStep(parallel, step, id('parallel'), converting);
  const executed = executedFields(step, converting);
  const run = member(step, 'run');
  const result =
    run === undefined ? usesStep(step, base, executed, id, converting) : runStep(step, run, base, executed, id);
  if (result.background) converting.background.add(result.id.toLowerCase());
  return result;
}

function parallelStep(parallel: Token, step: MappingToken, id: string, converting: Converting): Step {
  const items = parallel.kind === 'sequence' ? parallel.items : [];
  if (items.length === 0)
    converting.problems.add('value-unexpected', parallel.at, 'A parallel step needs at least one step');
  for (const item of items) {
    for (const name of ['parallel', 'wait', 'wait-all', 'cancel', 'background']) {
      const inner = member(item, name);
      if (inner !== undefined) {
        const message = `Unexpected value '${name}'`;
        converting.problems.add(
          'key-not-allowed',
          inner.at,
          message,
          `Remove \`${name}\`: steps in \`parallel\` run and use only.`,
        );
      }
    }
  }
  return { id, at: step.at, kind: 'parallel', steps: stepsOf(items, converting) };
}

function checkTargets(token: Token, { background, problems }: Converting): void {
  const items = token.kind === 'sequence' ? token.items : [token];
  for (const item of items) {
    const target = isLiteral(item) ? literalText(item) : '';
    if (!background.has(target.toLowerCase())) {
      problems.add('step-unknown', item.at, `'${target}' is not the id of an earlier background step`);
    }
  }
}

function executedFields(step: MappingToken, { kind, problems }: Converting) {
  const env = member(step, 'env');
  return present({
    if: conditionOf(member(step, 'if'), kind, step.at, problems),
    env: env === undefined ? undefined : treeOf(env),
    continueOnError: maybeBoolean(member(step, 'continue-on-error')),
    timeoutMinutes: maybeNumber(member(step, 'timeout-minutes')),
    background: isTrue(member(step, 'background')),
  });
}

type Base = { name?: Maybe<string>; at: MappingToken['at'] };
type Executed = ReturnType<typeof executedFields>;

function runStep(
  step: MappingToken,
  run: Token,
  base: Base,
  executed: Executed,
  id: (fallback: string) => string,
): RunStep {
  const script = maybeText(run) ?? '';
  return present({
    ...base,
    ...executed,
    id: id('run'),
    kind: 'run',
    run: script,
    runAt: run.at,
    shell: maybeText(member(step, 'shell')),
    workingDirectory: maybeText(member(step, 'working-directory')),
  });
}

function usesStep(
  step: MappingToken,
  base: Base,
  executed: Executed,
  id: (fallback: string) => string,
  { problems }: Converting,
): UsesStep {
  const uses = member(step, 'uses');
  const text = textOf(uses) ?? '';
  const usesAt = uses?.at ?? step.at;
  const reference = parseUses(text);
  if (reference === undefined) {
    problems.add('uses-invalid', usesAt, `Expected format {org}/{repo}[/path]@ref. Actual '${text}'`);
  }
  const withToken = member(step, 'with');
  return present({
    ...base,
    ...executed,
    id: id(generatedName(text)),
    kind: 'uses',
    uses: text,
    usesAt,
    with: withToken === undefined ? undefined : treeOf(withToken),
  });
}

function generatedName(uses: string): string {
  const reference = parseUses(uses);
  switch (reference?.kind) {
    case 'docker':
      return reference.image;
    case 'local':
      return 'self';
    case 'self':
      return 'self-repository';
    case 'remote':
      return `${reference.owner}/${reference.repo}`;
    default:
      return 'run';
  }
}
