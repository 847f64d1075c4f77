import { describe, expect, test } from 'vitest';
import { isInfluenced, isInfluencedValue, isPlainEventValue, reliesOnSchema } from './influence.ts';
import type { Influence } from './model.ts';

const influence: Influence = {
  level: 'branch',
  env: new Set(['TITLE']),
  inputs: new Set(['name']),
  steps: new Set(['get']),
  needs: new Set(['a']),
  matrix: false,
};

describe('text that an outsider can choose is influenced', () => {
  test.each([
    'github.event.issue.title',
    'GitHub . Event [ "x" ]',
    "github['event']['issue']['title']",
    "github[format('ev{0}', 'ent')].x",
    'github.event.client_payload.id',
    'github.event.inputs.number',
    'github.event.commits.*.id',
    'github.head_ref',
    'github.ref_name',
    'github.ref',
    'github.base_ref',
    'github.actor',
    'github.workflow_ref',
    'github.something_new',
    'github',
    'github.*',
    'toJSON(github)',
    'toJSON(github.event)',
    '(github).event.number',
    'github.head_ref || github.sha',
    'true && github.head_ref',
    "format('{0}', github.head_ref)",
    "join(github.event.labels.*.name, ',')",
    "fromJSON(github.event.body)['x']",
    "case(true, github.head_ref, 'x')",
    'env.title',
    'env',
    "env[format('{0}', 'x')]",
    'inputs.NAME',
    'inputs',
    'steps.get.outputs.x',
    'steps.*.outputs.x',
    'steps',
    'needs.a.outputs.v',
    'unknown.x',
    'not an expression',
    "'open",
    '',
    `${'('.repeat(100)}1${')'.repeat(100)}`,
  ])('%s', (expression) => {
    expect(isInfluenced(expression, influence)).toBe(true);
  });
});

describe('what GitHub or the author makes is not', () => {
  test.each([
    'github.sha',
    'github.run_id',
    'github.event_name',
    'github.event.number',
    'github.event.pull_request.head.sha',
    "github.ref == 'refs/heads/main'",
    "contains(github.event.issue.title, 'x')",
    "github.head_ref && 'a' || 'b'",
    '!github.head_ref',
    'env.OTHER',
    'inputs.other',
    'steps.other.outputs.x',
    'steps.get.outcome',
    'needs.a.result',
    'needs.b.outputs.v',
    'matrix.os',
    'secrets.KEY',
    'vars.KEY',
    "hashFiles('**')",
    "'text'",
    '-1.5e3',
  ])('%s', (expression) => {
    expect(isInfluenced(expression, influence)).toBe(false);
  });
});

test('in an untrusted run every output is influenced, and a tainted matrix is', () => {
  const untrusted: Influence = { ...influence, level: 'untrusted', matrix: true };

  expect(isInfluenced('steps.other.outputs.x', untrusted)).toBe(true);
  expect(isInfluenced('needs.b.outputs.v', untrusted)).toBe(true);
  expect(isInfluenced('matrix.os', untrusted)).toBe(true);
  expect(isInfluenced('steps.other.outcome', untrusted)).toBe(false);
});

test('members that the schema types are looked at by value', () => {
  expect(reliesOnSchema('github.event.number')).toBe(true);
  expect(reliesOnSchema('github.sha')).toBe(false);
  expect(['12', 'true', '', 'a'.repeat(40)].every((value) => isPlainEventValue(value))).toBe(true);
  expect(['1; touch', '-1', '1\n2', '$(x)'].some((value) => isPlainEventValue(value))).toBe(false);
});

describe('members of an event that are not of one type', () => {
  test.each([
    'toJSON(github.event.commits)',
    'github.event.deployment.payload.id',
    'github.event.inputs.id',
    'github.event.repository.custom_properties.id',
    'github.event.issue.id.payload.sha',
  ])('%s is influenced', (expression) => {
    expect(isInfluenced(expression, influence)).toBe(true);
  });

  test('github.event.pull_request.commits, which is a number, is not', () => {
    expect(isInfluenced('github.event.pull_request.commits', influence)).toBe(false);
  });
});

test('what the schema promises is kept by the value where it goes on as data', () => {
  const number = 'github.event.number';

  expect(
    [12, '12', 'pr-12', 'refs/pull/12/merge', true, null, ['1'], { a: '1' }].map((value) =>
      isInfluencedValue(number, influence, value),
    ),
  ).not.toContain(true);
  expect(
    ['1; touch x', '-x', '$(x)', '1\n2', ['a b'], { a: '`x`' }, { $x: 1 }].map((value) =>
      isInfluencedValue(number, influence, value),
    ),
  ).not.toContain(false);
  expect(isInfluencedValue('github.head_ref', influence, '1')).toBe(true);
  expect(isInfluencedValue('github.sha', influence, 'a b')).toBe(false);
});
