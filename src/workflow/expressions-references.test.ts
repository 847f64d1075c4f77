import { expect, test } from 'vitest';
import { expressionReferences } from './expressions-references.ts';

const shown = (expression: string) =>
  expressionReferences(expression)
    .map(({ context, path }) => [context, ...path].join('.'))
    .sort();

test.each([
  ['github.event.Issue.title', ['github.event.issue.title']],
  ["GitHub['EVENT'].x", ['github.event.x']],
  ['github.event.*.title', ['github.event.*.title']],
  ['env[matrix.name]', ['env.*', 'matrix.name']],
  ["format('{0}', toJSON(github))", ['github']],
  ['(github.event).title', ['github.event.title']],
  ['(github.a || inputs.b).c', ['github.a', 'inputs.b']],
  ['fromJSON(needs.a.outputs.x).y', ['needs.a.outputs.x']],
  [
    '!contains(github.head_ref, inputs.x) && steps.a.outputs.b == 1',
    ['github.head_ref', 'inputs.x', 'steps.a.outputs.b'],
  ],
  ["case(env.A, github.x, 'y')", ['env.a', 'github.x']],
  ["hashFiles(inputs.path) != '' || always()", ['inputs.path']],
  ["'github.event'", []],
  ['github.event.list[0].x', ['github.event.list.0.x']],
  ['', []],
])('%s reads what it names', (expression, wanted) => {
  expect(shown(expression)).toEqual(wanted);
});

test('an expression that can not be parsed may read anything', () => {
  expect(shown('github.')).toEqual(['*']);
  expect(shown(`${'('.repeat(80)}github.x`)).toEqual(['*']);
});
