import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Data, isDataObject } from '../../src/base/index.ts';
import { evaluateExpression } from '../../src/workflow/index.ts';
import type { Comparison } from './corpora.ts';

type Case = {
  readonly expr: string;
  readonly contexts?: { readonly [name: string]: Data };
  readonly result?: { readonly kind: string; readonly value: Data };
  readonly err?: { readonly kind: string; readonly value: string };
  readonly options?: { readonly skip?: readonly string[] };
};

/** Evaluates GitHub's expression vectors through our own door. */
export async function compareExpressions(corpora: string): Promise<Comparison> {
  const folder = join(corpora, 'actions-testdata/expressions/testdata');
  const notes: string[] = [];
  let count = 0;
  let passed = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const groups = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { readonly [name: string]: readonly Case[] };
    for (const [name, cases] of Object.entries(groups)) {
      for (const vector of cases) {
        if (vector.options?.skip?.includes('typescript')) continue;
        count++;
        const difference = await differenceOf(vector);
        if (difference === undefined) passed++;
        else notes.push(`${file}: ${name}: ${JSON.stringify(vector.expr)}: ${difference}`);
      }
    }
  }
  return { summary: `expressions: ${passed}/${count}`, holds: count > 0 && passed === count, notes };
}

async function differenceOf(vector: Case): Promise<string | undefined> {
  const outcome = await evaluateExpression(vector.expr, { contexts: vector.contexts ?? {} }).then(
    (value) => ({ value }),
    (thrown: Error) => ({ thrown }),
  );
  if (vector.err !== undefined) {
    if (!('thrown' in outcome)) return `an error was expected: ${vector.err.value}`;
    const { message } = outcome.thrown;
    return message.includes(vector.err.value)
      ? undefined
      : `the error is ${JSON.stringify(message)}, not ${vector.err.value}`;
  }
  if ('thrown' in outcome) return outcome.thrown.message;
  const { kind, value } = vector.result ?? { kind: 'Null', value: null };
  if (kindOf(outcome.value) !== kind) return `the kind is ${kindOf(outcome.value)}, not ${kind}`;
  return isSame(outcome.value, value) ? undefined : `${show(outcome.value)}, not ${show(value)}`;
}

function kindOf(value: Data): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  return isDataObject(value)
    ? 'Object'
    : ({ string: 'String', number: 'Number', boolean: 'Boolean' }[typeof value as string] ?? '');
}

function isSame(actual: Data, wanted: Data): boolean {
  // The vectors write what JSON can't as text: NaN, Infinity.
  if (typeof actual === 'number' && typeof wanted === 'string') return String(actual) === wanted;
  return JSON.stringify(actual) === JSON.stringify(wanted);
}

function show(value: Data): string {
  return JSON.stringify(value);
}
