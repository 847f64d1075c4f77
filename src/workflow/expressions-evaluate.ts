import { data, Evaluator, type Expr } from '@actions/expressions';
import {
  assert,
  type Data,
  type DataObject,
  excerpt,
  Fault,
  isDataObject,
  isFault,
  reasonOf,
  unreachable,
} from '../base/index.ts';
import type { Scope } from './expressions.ts';
import { coerceText, isTruthy, plainOf, valueOf } from './expressions-data.ts';
import {
  Budget,
  boundedFunctions,
  type ExpressionFunction,
  hashFilesFunction,
  hashFilesKey,
  statusFunctions,
} from './expressions-functions.ts';
import { parseExpression } from './expressions-parse.ts';
import { templateExpression } from './expressions-template.ts';
import { fault } from './faults.ts';
import { HASH_FILES_CALLS_MAX } from './limits.ts';
import type { Condition, Maybe, Position, Template, Tree, TreeMapping } from './model.ts';

/** Contexts that exist in some place of a workflow: they are null where a scope does not hold them. */
const CONTEXT_NAMES = [
  'env',
  'github',
  'inputs',
  'job',
  'jobs',
  'matrix',
  'needs',
  'runner',
  'secrets',
  'steps',
  'strategy',
  'vars',
];

/** Expressions whose parsing is remembered, and the characters of the longest that is. */
const PARSED_MAX = 2_000;
const PARSED_CHARACTERS_MAX = 1_000;
const parsed = new Map<string, Expr | undefined>();

/**
 * Evaluates one expression without its `${{ }}`. Contexts are read without regard to case. Faults:
 * `workflow/expression-invalid` and its kin with the place, `workflow/evaluation-failed`.
 */
export async function evaluateExpression(expression: string, scope: Scope, at?: Position): Promise<Data> {
  return evaluateWithin(new Budget(), expression, scope, at);
}

async function evaluateWithin(
  budget: Budget,
  expression: string,
  scope: Scope,
  at: Position | undefined,
): Promise<Data> {
  const answers = new Map<string, string>();
  for (let round = 0; round <= HASH_FILES_CALLS_MAX; round++) {
    const outcome = evaluateOnce(expression, scope, { answers, budget, at });
    if (outcome.done) return outcome.value;
    if (scope.hashFiles === undefined) {
      throw fault('hash-files-unavailable', `hashFiles in '${excerpt(expression)}'`, spot(at));
    }
    answers.set(hashFilesKey(outcome.patterns), await scope.hashFiles(outcome.patterns));
  }
  throw fault(
    'evaluation-failed',
    `more than ${HASH_FILES_CALLS_MAX} different hashFiles in '${excerpt(expression)}'`,
    spot(at),
  );
}

type Outcome =
  | { readonly done: true; readonly value: Data }
  | { readonly done: false; readonly patterns: readonly string[] };

type Round = {
  readonly answers: ReadonlyMap<string, string>;
  readonly budget: Budget;
  readonly at: Position | undefined;
};

function evaluateOnce(expression: string, scope: Scope, { answers, budget, at }: Round): Outcome {
  let missing: readonly string[] | undefined;
  const functions = [
    ...boundedFunctions(budget),
    ...statusFunctions(scope.status ?? 'success'),
    hashFilesFunction(answers, (patterns) => {
      missing = patterns;
      throw fault('hash-files-unavailable', 'waiting for the answer');
    }),
  ];
  try {
    const tree = treeFor(expression, scope, functions, at);
    if (tree === undefined) return { done: true, value: null };
    const named = new Map(functions.map((known) => [known.name.toLowerCase(), known] as const));
    const root = valueOf(scopeRoot(scope.contexts));
    assert(root instanceof data.Dictionary, 'the contexts are an object');
    return { done: true, value: plainOf(new Evaluator(tree, root, named).evaluate()) };
  } catch (thrown) {
    if (missing !== undefined) return { done: false, patterns: missing };
    throw failure(thrown, expression, at);
  }
}

/** Scopes are asked often: the contexts with null for those that are absent are made once. */
const roots = new WeakMap<object, DataObject>();

function scopeRoot(contexts: Scope['contexts']): DataObject {
  const known = roots.get(contexts);
  if (known !== undefined) return known;
  const present = new Set(Object.keys(contexts).map((name) => name.toLowerCase()));
  const absent = CONTEXT_NAMES.filter((name) => !present.has(name));
  const root = { ...contexts, ...Object.fromEntries(absent.map((name) => [name, null])) };
  roots.set(contexts, root);
  return root;
}

function treeFor(
  expression: string,
  scope: Scope,
  functions: readonly ExpressionFunction[],
  at: Position | undefined,
): Expr | undefined {
  const standard = new Set(CONTEXT_NAMES);
  const extra = Object.keys(scope.contexts).filter((name) => !standard.has(name.toLowerCase()));
  const key = `${extra.join()}\0${expression}`;
  if (parsed.has(key)) return parsed.get(key);
  const result = parseExpression(expression, { contexts: [...CONTEXT_NAMES, ...extra], functions });
  if (!result.ok) throw fault(result.code, result.message, spot(at));
  if (key.length <= PARSED_CHARACTERS_MAX) {
    if (parsed.size >= PARSED_MAX) parsed.clear();
    parsed.set(key, result.tree);
  }
  return result.tree;
}

function failure(thrown: unknown, expression: string, at: Position | undefined): Fault {
  if (isFault(thrown)) return thrown;
  const inner = thrown instanceof Error && isFault(thrown.cause) ? thrown.cause : undefined;
  if (inner !== undefined) return inner;
  return fault('evaluation-failed', `'${excerpt(expression)}': ${excerpt(reasonOf(thrown))}`, {
    ...spot(at),
    cause: thrown,
  });
}

function spot(at: Position | undefined): { at?: Position } {
  return at === undefined ? {} : { at };
}

/** Evaluates a template: one lone expression keeps its type, a mixture is a text. */
async function evaluateTemplate(template: Template, scope: Scope, budget: Budget): Promise<Data> {
  const [first] = template.parts;
  if (template.parts.length === 1 && first !== undefined) {
    return 'literal' in first ? first.literal : evaluateWithin(budget, first.expression, scope, first.at);
  }
  const texts: string[] = [];
  for (const part of template.parts) {
    const text =
      'literal' in part ? part.literal : coerceText(await evaluateWithin(budget, part.expression, scope, part.at));
    budget.spend(text.length);
    texts.push(text);
  }
  return texts.join('');
}

/** Evaluates a tree whole. Mappings keep their order; a key that comes twice keeps its first place and last value. */
export async function evaluate(tree: Tree, scope: Scope): Promise<Data> {
  return evaluateTree(tree, scope, new Budget());
}

async function evaluateTree(tree: Tree, scope: Scope, budget: Budget): Promise<Data> {
  if (tree === null || typeof tree !== 'object') return tree;
  switch (tree.kind) {
    case 'template':
      return evaluateTemplate(tree, scope, budget);
    case 'sequence': {
      const items: Data[] = [];
      for (const item of tree.items) items.push(await evaluateTree(item, scope, budget));
      return items;
    }
    case 'mapping':
      return evaluateMapping(tree, scope, budget);
    default:
      return unreachable(tree);
  }
}

async function evaluateMapping(tree: TreeMapping, scope: Scope, budget: Budget): Promise<DataObject> {
  const entries: (readonly [string, Data])[] = [];
  for (const { key, insert, value, at } of tree.entries) {
    const result = await evaluateTree(value, scope, budget);
    if (insert) {
      if (!isDataObject(result)) throw fault('evaluation-failed', '`${{ insert }}` needs a mapping', spot(at));
      entries.push(...Object.entries(result));
    } else {
      const name = typeof key === 'string' ? key : coerceText(await evaluateTemplate(key, scope, budget));
      entries.push([name, result]);
    }
  }
  return Object.fromEntries(entries);
}

/** A text; null gives ''. A mapping or list is a fault: GitHub refuses it too. */
export async function evaluateText(value: Maybe<string> | Template, scope: Scope): Promise<string> {
  if (typeof value === 'string') return value;
  const result = await evaluateTemplate(value, scope, new Budget());
  if (typeof result === 'object' && result !== null) throw notScalar(value, 'a text', result);
  return coerceText(result);
}

/** A boolean; only a boolean or the texts `true` and `false` are taken. */
export async function evaluateBoolean(value: Maybe<boolean>, scope: Scope): Promise<boolean> {
  if (typeof value === 'boolean') return value;
  const result = await evaluateTemplate(value, scope, new Budget());
  if (result === true || result === 'true') return true;
  if (result === false || result === 'false') return false;
  throw notScalar(value, 'a boolean', result);
}

/** A finite number; texts that are numbers are taken. */
export async function evaluateNumber(value: Maybe<number>, scope: Scope): Promise<number> {
  if (typeof value === 'number') return value;
  const result = await evaluateTemplate(value, scope, new Budget());
  const number = typeof result === 'string' && result.trim() !== '' ? Number(result) : result;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw notScalar(value, 'a number', result);
}

/** Whether the condition of a job or step holds. */
export async function evaluateCondition(condition: Condition, scope: Scope): Promise<boolean> {
  return isTruthy(await evaluateExpression(condition.expression, scope, condition.at));
}

function notScalar(template: Template, wanted: string, result: Data): Fault {
  const got =
    result === null
      ? 'null'
      : Array.isArray(result)
        ? 'a list'
        : typeof result === 'object'
          ? 'a mapping'
          : `'${excerpt(String(result), 50)}'`;
  return fault('value-not-scalar', `'${excerpt(templateExpression(template))}' gives ${got}, not ${wanted}`, {
    at: template.at,
  });
}
