import { describe, expect, test } from 'vitest';
import { type Data, isFault } from '../base/index.ts';
import {
  evaluate,
  evaluateBoolean,
  evaluateCondition,
  evaluateExpression,
  evaluateNumber,
  evaluateText,
} from './expressions-evaluate.ts';
import type { Scope } from './expressions.ts';
import { expressionReferences } from './expressions-references.ts';
import type { Template, Tree } from './model.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

const at = { line: 3, column: 7 };
const scope: Scope = {
  contexts: { github: { Actor: 'mona', event: { constructor: 'own', list: [{ n: 1 }, { n: 2 }] } }, env: { A: 'b' } },
};
const template = (...parts: readonly (string | readonly [string])[]): Template => ({
  kind: 'template',
  parts: parts.map((part) => (typeof part === 'string' ? { literal: part } : { expression: part[0], at })),
  at,
});
const code = (name: string) => expect.objectContaining({ code: `workflow/${name}` });

test.each<[string, Data]>([
  ['github.ACTOR', 'mona'],
  ["GITHUB['actor']", 'mona'],
  ['github.event.list.*.n', [1, 2]],
  ['github.event.constructor', 'own'],
  ['github.event.toString', null],
  ['github.event.__proto__', null],
  ['github.missing.deeper', null],
  ['matrix.os', null],
  ['github.event == github.event', true],
  ["case(github.actor == 'x', 1, env.A == 'B', 2, 3)", 2],
  ['', null],
  ["format('{0}-{1}', env.a, 1.50)", 'b-1.5'],
])('%s gives what GitHub gives', async (expression, wanted) => {
  expect(await evaluateExpression(expression, scope)).toEqual(wanted);
});

test.each([
  ["constructor('x')", 'function-unknown'],
  ["__proto__('x')", 'function-unknown'],
  ["nothing('x')", 'function-unknown'],
  ['unknown.x', 'context-unavailable'],
  ['1 +', 'expression-invalid'],
  ["contains('a')", 'function-arguments'],
  ["fromJSON('{')", 'evaluation-failed'],
  ["hashFiles('x')", 'hash-files-unavailable'],
  [`${'('.repeat(60)}1${')'.repeat(60)}`, 'expression-limit'],
  [`'${'x'.repeat(21_001)}'`, 'expression-limit'],
])('%s is a fault', async (expression, name) => {
  await expect(evaluateExpression(expression, scope, at)).rejects.toThrow(code(name));
  await expect(evaluateExpression(expression, scope, at)).rejects.toMatchObject({ at });
});

test('a short expression can not fill the memory', async () => {
  let growing = `'${'x'.repeat(100)}'`;
  for (let round = 0; round < 12; round++) growing = `format('{0}{0}{0}{0}{0}{0}{0}{0}', ${growing})`;

  await expect(evaluateExpression(growing, scope)).rejects.toThrow(code('evaluation-too-large'));
});

test('a text of an outsider in the place of a format is handled in linear time', async () => {
  const hostile: Scope = { contexts: { github: { text: `{${'1'.repeat(1_000_000)}` } } };
  const started = cpuMs();

  await expect(evaluateExpression("format(github.text, 'a')", hostile)).rejects.toThrow(code('evaluation-failed'));
  expect(cpuMs() - started).toBeLessThan(10_000);
});

test('many large values in one tree, and chains of thousands of operators, are faults', async () => {
  const large: Scope = { contexts: { github: { text: 'x'.repeat(1_000_000) } } };
  const entries = Array.from({ length: 50 }, (_, index) => ({
    key: `k${index}`,
    value: template('a', ['github.text']),
    at,
  }));

  await expect(evaluate({ kind: 'mapping', entries }, large)).rejects.toThrow(code('evaluation-too-large'));
  for (const chain of ['!'.repeat(20_000).concat('1'), `1${' == 1'.repeat(4_000)}`, `github${'.a'.repeat(9_000)}`]) {
    await evaluateExpression(chain, large).catch((thrown: unknown) => expect(isFault(thrown)).toBe(true));
    expect(expressionReferences(chain).length).toBeLessThan(2);
  }
});

test('a large context is not converted whole', async () => {
  const list = Array.from({ length: 50_000 }, (_, index) => ({ title: `t${index}`, body: 'x'.repeat(20) }));
  const large: Scope = { contexts: { github: { event: { list } } } };
  await evaluateExpression('github.event.list[49999].title', large);
  const started = cpuMs();
  for (let round = 0; round < 200; round++) await evaluateExpression('github.event.list[49999].title', large);

  // Converting all of it each time takes minutes.
  expect(cpuMs() - started).toBeLessThan(5_000);
});

test('hashFiles is asked once for each set of patterns, then the expression is evaluated again', async () => {
  const asked: (readonly string[])[] = [];
  const hashFiles = async (patterns: readonly string[]) => {
    asked.push(patterns);
    return `hash-of-${patterns.join('+')}`;
  };

  const result = await evaluateExpression(
    "format('{0} {1} {2}', hashFiles('a', 'b'), hashFiles('c'), hashFiles('c'))",
    { ...scope, hashFiles },
  );

  expect(result).toBe('hash-of-a+b hash-of-c hash-of-c');
  expect(asked).toEqual([['a', 'b'], ['c']]);
});

test('an endless row of hashFiles is a fault', async () => {
  const calls = Array.from({ length: 70 }, (_, index) => `hashFiles('${index}')`).join(' || ');

  await expect(evaluateExpression(calls, { ...scope, hashFiles: async () => '' })).rejects.toThrow(
    code('evaluation-failed'),
  );
});

describe('a tree', () => {
  test('keeps the type of a lone expression and joins a mixture', async () => {
    const tree: Tree = {
      kind: 'mapping',
      entries: [
        { key: 'n', value: template(['1']), at },
        {
          key: template('k-', ['env.A']),
          value: { kind: 'sequence', items: [template('a ', ['github.actor']), null, true] },
          at,
        },
        { key: '', insert: true, value: template(['fromJSON(\'{"x": 1}\')']), at },
      ],
    };

    expect(await evaluate(tree, scope)).toEqual({ n: 1, 'k-b': ['a mona', null, true], x: 1 });
  });

  test('with an insert that is no mapping is a fault', async () => {
    const tree: Tree = { kind: 'mapping', entries: [{ key: '', insert: true, value: template(['1']), at }] };

    await expect(evaluate(tree, scope)).rejects.toThrow(code('evaluation-failed'));
  });
});

describe('a value of one type', () => {
  test('is coerced as GitHub does', async () => {
    expect(await evaluateText(template(['null']), scope)).toBe('');
    expect(await evaluateText(template('x', ['true']), scope)).toBe('xtrue');
    expect(await evaluateBoolean(template(["'true'"]), scope)).toBe(true);
    expect(await evaluateNumber(template(["'5'"]), scope)).toBe(5);
  });

  test('is never guessed', async () => {
    await expect(evaluateBoolean(template(["'yes'"]), scope)).rejects.toThrow(code('value-not-scalar'));
    await expect(evaluateBoolean(template(['null']), scope)).rejects.toThrow(code('value-not-scalar'));
    await expect(evaluateNumber(template(["'5x'"]), scope)).rejects.toThrow(code('value-not-scalar'));
    await expect(evaluateNumber(template(['Infinity']), scope)).rejects.toThrow(code('value-not-scalar'));
    await expect(evaluateText(template(['github.event']), scope)).rejects.toThrow(code('value-not-scalar'));
  });
});

test.each([
  ['success()', 'success', true],
  ['success()', 'failure', false],
  ['failure()', 'failure', true],
  ['cancelled()', 'cancelled', true],
  ['success()', 'cancelled', false],
  ['always()', 'cancelled', true],
  ["success() && (github.actor == 'mona')", 'success', true],
] as const)('%s after %s is %s', async (expression, status, wanted) => {
  expect(await evaluateCondition({ kind: 'condition', expression, at }, { ...scope, status })).toBe(wanted);
});
