import { data, wellKnownFunctions } from '@actions/expressions';
import { assert } from '../base/index.ts';
import type { Status } from './expressions.ts';
import { fault } from './faults.ts';
import { EVALUATION_CHARACTERS_MAX } from './limits.ts';

type Value = data.ExpressionData;
export type ExpressionFunction = {
  readonly name: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly call: (...args: Value[]) => Value;
};

/** Counts what one evaluation produces, so that a short expression can't fill the memory. */
export class Budget {
  #left = EVALUATION_CHARACTERS_MAX;

  spend(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) {
      throw fault('evaluation-too-large', `the expression makes more than ${EVALUATION_CHARACTERS_MAX} characters`);
    }
  }
}

/** The functions that the library knows, each within the budget. */
export function boundedFunctions(budget: Budget): readonly ExpressionFunction[] {
  return Object.values(wellKnownFunctions).map((known) => ({
    name: known.name,
    minArgs: known.minArgs,
    maxArgs: known.maxArgs,
    call: (...args) => {
      budget.spend(costOf(known.name.toLowerCase(), args));
      return known.call(...args);
    },
  }));
}

/** What a call may produce at most, counted before it does. */
function costOf(name: string, args: readonly Value[]): number {
  const [first] = args;
  assert(first !== undefined, 'each function takes an argument');
  switch (name) {
    case 'format':
      return formatCost(args);
    case 'join':
      return joinCost(args);
    case 'tojson':
      return jsonCost(first, 0);
    case 'case':
      return 0;
    default:
      return textCost(first);
  }
}

function textCost(value: Value): number {
  return value instanceof data.StringData ? value.value.length : 32;
}

function formatCost(args: readonly Value[]): number {
  const text = args[0] instanceof data.StringData ? args[0].value : '';
  // The text may be an outsider's: the pattern must not look further than a few digits.
  let cost = text.length;
  for (const [, index] of text.matchAll(/\{(\d{1,3})/g)) {
    const arg = args[Number(index) + 1];
    if (arg !== undefined) cost += textCost(arg);
  }
  return cost;
}

function joinCost(args: readonly Value[]): number {
  const [list, separator] = args;
  if (!(list instanceof data.Array)) return list === undefined ? 0 : textCost(list);
  const between = separator === undefined ? 1 : textCost(separator);
  return list.values().reduce((cost, item) => cost + textCost(item) + between, 0);
}

/** Deeper than any context that we make; a cycle is impossible, values come from JSON. */
const JSON_DEPTH_MAX = 200;

function jsonCost(value: Value, depth: number): number {
  if (depth > JSON_DEPTH_MAX) throw fault('evaluation-too-large', `a value is nested deeper than ${JSON_DEPTH_MAX}`);
  const indent = 2 * (depth + 2);
  if (value instanceof data.Array) {
    return value.values().reduce((cost, item) => cost + indent + jsonCost(item, depth + 1), indent);
  }
  if (value instanceof data.Dictionary) {
    return value
      .pairs()
      .reduce((cost, pair) => cost + indent + pair.key.length + jsonCost(pair.value, depth + 1), indent);
  }
  return textCost(value);
}

/** `success()`, `failure()`, `cancelled()`, `always()`. Arguments of the job forms name needs; the status covers them. */
export function statusFunctions(status: Status): readonly ExpressionFunction[] {
  const truth = (name: string, holds: boolean): ExpressionFunction => ({
    name,
    minArgs: 0,
    maxArgs: Number.MAX_SAFE_INTEGER,
    call: () => new data.BooleanData(holds),
  });
  return [
    truth('success', status === 'success'),
    truth('failure', status === 'failure'),
    truth('cancelled', status === 'cancelled'),
    truth('always', true),
  ];
}

/** `hashFiles(…)`: answers that are not there yet are asked for through `wanted`. */
export function hashFilesFunction(
  answers: ReadonlyMap<string, string>,
  wanted: (patterns: readonly string[]) => never,
): ExpressionFunction {
  return {
    name: 'hashFiles',
    minArgs: 1,
    maxArgs: 255,
    call: (...args) => {
      const patterns = args.map((arg) => arg.coerceString());
      const answer = answers.get(hashFilesKey(patterns));
      return answer === undefined ? wanted(patterns) : new data.StringData(answer);
    },
  };
}

export function hashFilesKey(patterns: readonly string[]): string {
  return JSON.stringify(patterns);
}
