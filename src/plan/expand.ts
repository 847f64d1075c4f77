import { type Data, type DataObject, excerpt, isDataObject, isFault, reasonOf } from '../base/index.ts';
import {
  type CallJob,
  type Concurrency,
  type Diagnostic,
  evaluate,
  evaluateBoolean,
  evaluateNumber,
  evaluateText,
  type Influence,
  type InputDefinition,
  isInfluenced,
  isInfluencedValue,
  type Maybe,
  type Position,
  type Reading,
  type RunsOn,
  type Scope,
  matrixJobName,
  matrixJobs,
} from '../workflow/index.ts';
import { PLAN_ERRORS } from './faults.ts';
import { expressionsOf } from './mentions.ts';
import type { Expansion, PlannedConcurrency, PlannedInstance, PlannedJob } from './plan.ts';

/** GitHub's bounds and default of a job's `timeout-minutes` are checked by the runner; this is the largest that makes sense. */
export const TIMEOUT_MINUTES_MAX = 35 * 24 * 60;

/** What an expansion is computed from. */
export type ExpansionInput = {
  readonly job: PlannedJob;
  /** The file that defines the job, for messages. */
  readonly path: string;
  /** `github`, `inputs`, `vars`, and `needs` when it is expanded while the run goes on. */
  readonly contexts: { readonly [name: string]: Data };
  /** What an outsider could have written at this place. */
  readonly influence: Influence;
};

/** Thrown inside this file only: carries the place that is wrong. */
class Misplaced extends Error {
  readonly at: Position;

  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

/**
 * Evaluates strategy, matrix, name, `runs-on`, concurrency, environment and the other keys of a job that are fixed before
 * it starts. Gives the jobs that it becomes, or what is wrong and where.
 */
export async function expandJob(input: ExpansionInput): Promise<Reading<Expansion>> {
  const { job, path } = input;
  try {
    const { definition } = job;
    const strategy = definition.strategy;
    const place = strategy?.at ?? definition.at;
    const scope: Scope = { contexts: input.contexts };
    const combinations =
      strategy?.matrix === undefined
        ? [{ values: {}, segments: [] }]
        : matrixJobs(await guard(place, () => evaluate(strategy.matrix ?? null, scope)));
    const failFast = strategy === undefined ? true : await boolean(strategy.failFast, scope, place);
    const parallelMax =
      strategy?.maxParallel === undefined ? undefined : await whole(strategy.maxParallel, scope, place);
    const taken = new Set<string>();
    const instances: PlannedInstance[] = [];
    for (const [index, { values, segments }] of combinations.entries()) {
      const own = {
        ...input.contexts,
        matrix: values,
        strategy: {
          'fail-fast': failFast,
          'job-index': index,
          'job-total': combinations.length,
          'max-parallel': parallelMax ?? combinations.length,
        },
      };
      const suffix = uniqueSuffix(matrixJobName(definition.id, segments).slice(definition.id.length), taken);
      const instance = await instanceOf(input, {
        scope: { contexts: own },
        values,
        segments,
        suffix,
        strategyPlace: place,
      });
      instances.push({ ...instance, index, total: combinations.length });
    }
    return { ok: true, value: { failFast, ...(parallelMax === undefined ? {} : { parallelMax }), instances } };
  } catch (thrown) {
    return { ok: false, errors: [diagnosticOf(thrown, path, job.definition.strategy?.at ?? job.definition.at)] };
  }
}

type InstancePlace = {
  readonly scope: Scope;
  readonly values: DataObject;
  readonly segments: readonly string[];
  readonly suffix: string;
  readonly strategyPlace: Position;
};

async function instanceOf(
  input: ExpansionInput,
  { scope, values, segments, suffix }: InstancePlace,
): Promise<Omit<PlannedInstance, 'index' | 'total'>> {
  const { job, influence } = input;
  const { definition } = job;
  const { at } = definition;
  const matrixInfluenced = isAnyInfluencedValue(definition.strategy?.matrix, influence, values);
  const inside: Influence = { ...influence, matrix: influence.matrix || matrixInfluenced };
  const shared = {
    suffix,
    name: await nameOf(definition.name, definition.id, segments, scope, at),
    matrix: values,
    ...(definition.concurrency === undefined
      ? {}
      : { concurrency: await evaluateConcurrency(definition.concurrency, scope) }),
  };
  if (definition.kind === 'call') {
    const callee = job.kind === 'call' ? job.callee : undefined;
    const inputs = callee === undefined ? undefined : await callInputs(definition, callee.inputs, scope);
    return {
      ...shared,
      runsOn: { labels: [] },
      continueOnError: false,
      ...(inputs === undefined ? {} : { inputs }),
      influenced: {
        matrix: inside.matrix,
        inputs: inputs === undefined ? ['*'] : influencedInputs(definition, callee?.inputs ?? [], inside, inputs),
      },
    };
  }
  const { timeoutMinutes, cancelTimeoutMinutes, environment } = definition;
  const environmentName = environment === undefined ? '' : await text(environment.name, scope, environment.at);
  return {
    ...shared,
    runsOn: await runsOnOf(definition.runsOn, scope),
    continueOnError:
      definition.continueOnError === undefined ? false : await boolean(definition.continueOnError, scope, at),
    ...(timeoutMinutes === undefined ? {} : { timeoutMinutes: await minutes(timeoutMinutes, scope, at) }),
    ...(cancelTimeoutMinutes === undefined
      ? {}
      : { cancelTimeoutMinutes: await minutes(cancelTimeoutMinutes, scope, at) }),
    ...(environmentName === '' ? {} : { environment: { name: environmentName } }),
    influenced: { matrix: inside.matrix, inputs: [...influence.inputs] },
  };
}

/** Evaluates a `concurrency:`. An empty group is none of it. */
export async function evaluateConcurrency(concurrency: Concurrency, scope: Scope): Promise<PlannedConcurrency> {
  return {
    group: await text(concurrency.group, scope, concurrency.at),
    cancelInProgress: await boolean(concurrency.cancelInProgress, scope, concurrency.at),
    queue: concurrency.queue,
  };
}

/** Whether any expression of a value gives text that an outsider can choose. */
export function isAnyInfluenced(value: unknown, influence: Influence): boolean {
  return expressionsOf(value).some((expression) => isInfluenced(expression, influence));
}

/** The same for a value that is known, as it goes on as data (`isInfluencedValue`). */
export function isAnyInfluencedValue(value: unknown, influence: Influence, known: Data): boolean {
  return expressionsOf(value).some((expression) => isInfluencedValue(expression, influence, known));
}

/** Names of inputs that an outsider could have written: what the caller hands over, and defaults in its place. */
function influencedInputs(
  call: CallJob,
  definitions: readonly InputDefinition[],
  influence: Influence,
  values: DataObject,
): readonly string[] {
  const given = new Map(call.with.map((entry) => [entry.name.toLowerCase(), entry.value]));
  return definitions
    .filter(({ name, default: standard }) =>
      isAnyInfluencedValue(given.get(name.toLowerCase()) ?? standard, influence, values[name] ?? null),
    )
    .map(({ name }) => name.toLowerCase());
}

/** Evaluates what a caller hands over, with the types and defaults of the called workflow. */
async function callInputs(call: CallJob, definitions: readonly InputDefinition[], scope: Scope): Promise<DataObject> {
  const given = new Map(call.with.map((entry) => [entry.name.toLowerCase(), entry]));
  const inputs: Record<string, Data> = {};
  for (const definition of definitions) {
    const entry = given.get(definition.name.toLowerCase());
    const place = entry?.at ?? call.usesAt;
    const tree = entry === undefined ? definition.default : entry.value;
    const value = tree === undefined ? emptyOf(definition) : await guard(place, () => evaluate(tree, scope));
    inputs[definition.name] = typed(definition, value, place);
  }
  return inputs;
}

function emptyOf({ type }: InputDefinition): Data {
  if (type === 'boolean') return false;
  return type === 'number' ? 0 : '';
}

function typed({ name, type }: InputDefinition, value: Data, at: Position): Data {
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    if (value === '' || value === null) return false;
  } else if (type === 'number') {
    const number = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN;
    if (Number.isFinite(number)) return number;
  } else {
    if (value === null) return '';
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  throw new Misplaced(`the input ${name} is ${describe(value)}, and the called workflow wants a ${type}`, at);
}

async function nameOf(
  name: Maybe<string> | undefined,
  id: string,
  segments: readonly string[],
  scope: Scope,
  at: Position,
): Promise<string> {
  if (name === undefined || name === '') return matrixJobName(id, segments);
  if (typeof name === 'string') return matrixJobName(name, segments);
  // A name with expressions says itself which combination it is.
  const evaluated = await text(name, scope, at);
  return evaluated === '' ? matrixJobName(id, segments) : matrixJobName(evaluated, []);
}

async function runsOnOf(runsOn: RunsOn, scope: Scope): Promise<{ labels: readonly string[]; group?: string }> {
  const value = await guard(runsOn.at, () => evaluate(runsOn.labels, scope));
  const inner = isDataObject(value) ? (value['labels'] ?? []) : value;
  const group = isDataObject(value) && typeof value['group'] === 'string' ? value['group'] : undefined;
  const named = runsOn.group === undefined ? group : await text(runsOn.group, scope, runsOn.at);
  const list: readonly Data[] = Array.isArray(inner) ? inner : inner === null || inner === '' ? [] : [inner];
  const labels = list.map((label) => {
    if (typeof label !== 'string' || label.trim() === '') {
      throw new Misplaced(`runs-on is ${describe(value)}, a label or a list of labels was expected`, runsOn.at);
    }
    return label.trim();
  });
  if (labels.length === 0 && named === undefined) throw new Misplaced('runs-on names no label', runsOn.at);
  return { labels, ...(named === undefined ? {} : { group: named }) };
}

/** Two combinations may look the same in a name: keys are told apart all the same. */
function uniqueSuffix(suffix: string, taken: Set<string>): string {
  let unique = suffix;
  for (let count = 2; taken.has(unique); count += 1) unique = `${suffix} #${count}`;
  taken.add(unique);
  return unique;
}

async function guard<T>(at: Position, compute: () => T | Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (thrown) {
    if (thrown instanceof Misplaced || isPlacedFault(thrown)) throw thrown;
    if (isFault(thrown)) throw new Misplaced(thrown.message, at);
    throw thrown;
  }
}

function isPlacedFault(thrown: unknown): boolean {
  return isFault(thrown) && thrown.at !== undefined;
}

async function text(value: Maybe<string>, scope: Scope, at: Position): Promise<string> {
  return guard(at, () => evaluateText(value, scope));
}

async function boolean(value: Maybe<boolean>, scope: Scope, at: Position): Promise<boolean> {
  return guard(at, () => evaluateBoolean(value, scope));
}

async function whole(value: Maybe<number>, scope: Scope, at: Position): Promise<number> {
  const number = await guard(at, () => evaluateNumber(value, scope));
  if (!Number.isInteger(number) || number < 1) {
    throw new Misplaced(`max-parallel is ${number}, a whole number from 1 was expected`, at);
  }
  return number;
}

async function minutes(value: Maybe<number>, scope: Scope, at: Position): Promise<number> {
  const number = await guard(at, () => evaluateNumber(value, scope));
  if (!(number > 0 && number <= TIMEOUT_MINUTES_MAX)) {
    throw new Misplaced(
      `a time limit is ${number} minutes, more than 0 and at most ${TIMEOUT_MINUTES_MAX} was expected`,
      at,
    );
  }
  return number;
}

function describe(value: Data): string {
  return excerpt(JSON.stringify(value), 100);
}

/** What was thrown as one thing that is wrong with the file. What is nobody's mistake is thrown on. */
export function diagnosticOf(thrown: unknown, file: string, fallback: Position): Diagnostic {
  if (thrown instanceof Misplaced) {
    return place(file, thrown.at, 'plan/value-invalid', thrown.message, PLAN_ERRORS['value-invalid'].help);
  }
  if (isFault(thrown)) return place(file, thrown.at ?? fallback, thrown.code, reasonOf(thrown), thrown.help);
  throw thrown;
}

function place(file: string, at: Position, code: string, message: string, remedy: string): Diagnostic {
  return { file, line: at.line, column: at.column, code, message, remedy };
}
