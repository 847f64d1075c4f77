import { afterAll, describe, expect, test } from 'vitest';
import type { DataObject } from '../base/index.ts';
import type { Event } from '../event/index.ts';
import { createReader, type Workflow } from '../workflow/index.ts';
import type { ReadWorkflow } from './build.ts';
import { digestOfPlan, withoutPositions } from './digest.ts';
import { secretsOf } from './mentions.ts';
import { type PlanOptions, type Planning, planWorkflow } from './workflow.ts';

const reader = createReader();
afterAll(() => reader.close());

async function read(text: string, path = '.github/workflows/ci.yml'): Promise<Workflow> {
  const reading = await reader.readWorkflow(path, text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
  return reading.value;
}

const event = (more: Partial<Event> = {}): Event => ({
  name: 'push',
  actor: { login: 'ada', id: 1 },
  repository: { owner: 'ada', name: 'engine', fullName: 'ada/engine', id: 1, ownerId: 1, defaultBranch: 'main' },
  ref: 'refs/heads/main',
  refType: 'branch',
  refProtected: false,
  sha: 'c'.repeat(40),
  payload: {},
  level: 'branch',
  taints: [],
  notes: [],
  ...more,
});

const nowhere: ReadWorkflow = async () => ({ missing: 'it is not there' });

async function plan(text: string, more: Partial<PlanOptions> = {}): Promise<Planning> {
  return planWorkflow({
    event: event(),
    workflow: await read(text),
    github: { ref: 'refs/heads/main', actor: 'ada' },
    vars: {},
    readWorkflow: nowhere,
    pins: {},
    locked: false,
    ...more,
  });
}

async function planned(text: string, more: Partial<PlanOptions> = {}) {
  const planning = await plan(text, more);
  if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
  return planning;
}

const one = (job: string) =>
  `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{ run: a }]\n    ${job}\n`;

describe('the digest of a plan', () => {
  test('does not change when lines move, and changes with everything else', async () => {
    const base = await planned(one('timeout-minutes: 5'));
    const moved = await planned(`# a remark\n\n${one('timeout-minutes: 5')}`);
    const changed = await planned(one('timeout-minutes: 6'));

    expect(moved.digest).toBe(base.digest);
    expect(changed.digest).not.toBe(base.digest);
    expect(digestOfPlan(structuredClone(base.plan))).toBe(base.digest);
  });

  test.each([
    ['the commit', { event: event({ sha: 'd'.repeat(40) }) }],
    ['the level', { event: event({ level: 'untrusted' }) }],
    ['a pin', { pins: { 'a/b@v1': { ref: 'v1', commit: 'e'.repeat(40) } } }],
    ['the lock', { locked: true }],
  ] satisfies [string, Partial<PlanOptions>][])('changes with %s', async (_what, more) => {
    const [base, other] = [await planned(one('')), await planned(one(''), more)];

    expect(other.digest).not.toBe(base.digest);
  });

  test('tells matrix values apart that look like positions', async () => {
    const text = (line: number) => one(`strategy: { matrix: { include: [{ at: { line: ${line}, column: 1 } }] } }`);

    expect((await planned(text(1))).digest).not.toBe((await planned(text(2))).digest);
    expect(withoutPositions({ at: { line: 1, column: 2 }, x: { at: 'text' } })).toEqual({ x: { at: 'text' } });
  });
});

describe('planning', () => {
  test('expands a matrix, and says nothing yet of one that waits for outputs', async () => {
    const { plan: fixed } = await planned(one('strategy: { matrix: { v: [1, 2] } }'));
    const { plan: late } = await planned(
      `${one('')}  next:\n    needs: build\n    runs-on: x\n    strategy: { matrix: { v: '\${{ fromJSON(needs.build.outputs.v) }}' } }\n    steps: [{ run: a }]\n`,
    );

    expect(fixed.root.jobs[0]?.expansion?.instances.map(({ suffix, matrix }) => [suffix, matrix])).toEqual([
      [' (1)', { v: 1 }],
      [' (2)', { v: 2 }],
    ]);
    expect(late.root.jobs.map(({ expansion }) => expansion === undefined)).toEqual([false, true]);
  });

  test('tells combinations apart whose names look the same', async () => {
    const long = 'x'.repeat(120);
    const { plan: result } = await planned(one(`strategy: { matrix: { v: [${long}1, ${long}2] } }`));

    const suffixes = result.root.jobs[0]?.expansion?.instances.map(({ suffix }) => suffix) ?? [];
    expect(new Set(suffixes).size).toBe(2);
  });

  test.each([
    ['a matrix over 256', "strategy: { matrix: { a: '${{ fromJSON(vars.list) }}' } }", 'workflow/matrix-too-large'],
    ['a time limit of nothing', 'timeout-minutes: 0', 'plan/value-invalid'],
    ['a max-parallel of nothing', 'strategy: { max-parallel: 0, matrix: { a: [1] } }', 'plan/value-invalid'],
  ])('refuses %s with its place', async (_what, job, code) => {
    const planning = await plan(one(job), { vars: { list: JSON.stringify(range(300)) } });

    expect(planning).toMatchObject({ ok: false, errors: [{ code, file: '.github/workflows/ci.yml' }] });
  });

  test('refuses more jobs than a workflow may have', async () => {
    const jobs = range(3).map(
      (n) => `  j${n}:\n    runs-on: x\n    strategy: { matrix: { a: [${range(200)}] } }\n    steps: [{ run: a }]\n`,
    );

    expect(await plan(`on: push\njobs:\n${jobs.join('')}`)).toMatchObject({
      ok: false,
      errors: [{ code: 'plan/jobs-exceeded' }],
    });
  });

  test('flags container work with its place instead of refusing the plan', async () => {
    const { plan: result } = await planned(one('container: node:20'));

    expect(result.root.jobs[0]).toMatchObject({ refusals: [{ code: 'plan/container-unsupported', line: 6 }] });
  });

  test('gives a workflow without permissions only contents: read', async () => {
    const { plan: result } = await planned(one(''));

    expect(result.root.jobs[0]?.permissions).toEqual({ contents: 'read' });
  });

  test('finds a hostile matrix and the variables of env that an outsider fills', async () => {
    const { plan: result } = await planned(one("strategy: { matrix: { v: ['${{ github.head_ref }}'] } }"));

    expect(result.root.jobs[0]?.expansion?.instances[0]?.influenced).toEqual({ matrix: true, inputs: [] });
  });

  test('writes out what $/ means in a workflow of another repository', async () => {
    const commit = 'f'.repeat(40);
    const called = await read(
      'on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps: [{ uses: $/tool }]\n',
      'o/r/.github/workflows/x.yml',
    );
    const readWorkflow: ReadWorkflow = async (source) => ({
      reading: { ok: true, value: called },
      source: source.kind === 'remote' ? { ...source, commit } : source,
    });

    const { plan: result } = await planned('on: push\njobs:\n  call:\n    uses: o/r/.github/workflows/x.yml@v1\n', {
      readWorkflow,
    });

    expect(JSON.stringify(result.root)).toContain(`o/r/tool@${commit}`);
    expect(result.pins).toEqual({ [`o/r@${commit}`]: { ref: commit, commit } });
  });
});

describe('the secrets of a job', () => {
  const at = { line: 1, column: 1 };
  const template = (expression: string) => ({ kind: 'template', parts: [{ expression, at }], at });

  test.each<[string, readonly string[], boolean]>([
    ['secrets.A', ['A'], false],
    ["secrets['b']", ['B'], false],
    ['secrets.GITHUB_TOKEN', [], false],
    ["format('{0}', SECRETS.a) || secrets.B", ['A', 'B'], false],
    ['secrets[github.ref]', [], true],
    ['toJSON(secrets)', [], true],
    ["'secrets.A'", [], false],
    ['env.secrets', [], false],
  ])('in %s are %j', (expression, names, computed) => {
    expect(secretsOf(template(expression))).toEqual({ names, computed });
  });
});

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

test('a plan is a plain value', async () => {
  const { plan: result } = await planned(one(''));

  expect(JSON.parse(JSON.stringify(result)) as DataObject).toEqual(result);
});
