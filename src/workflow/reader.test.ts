import { afterAll, describe, expect, test } from 'vitest';
import type { Diagnostic, Job, NormalJob, Reading, Workflow } from './model.ts';
import { createReader } from './reader.ts';

const reader = createReader({ timeoutMs: 10_000 });
afterAll(() => reader.close());

const read = (text: string) => reader.readWorkflow('.github/workflows/ci.yml', text);
const problems = async (text: string) =>
  errorsOf(await read(text)).map(({ code, line, column }) => `${line}:${column} ${code}`);
function errorsOf(reading: Reading<unknown>): readonly Diagnostic[] {
  return reading.ok ? [] : reading.errors;
}
async function workflow(text: string): Promise<Workflow> {
  const reading = await read(text);
  expect(errorsOf(reading)).toEqual([]);
  return reading.ok ? reading.value : { path: '', on: [], jobs: [] };
}
const inJob = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: x\n${lines.replaceAll(/^/gm, '    ')}\n`;
const withSteps = (lines: string) => inJob(`steps:\n${lines.replaceAll(/^/gm, '  ')}`);
const normal = (job: Job | undefined) => job as NormalJob;

describe('a workflow file', () => {
  test('is read with positions, types and made-up step ids', async () => {
    const { jobs, on, runName, permissions } = await workflow(`name: CI
run-name: by \${{ github.actor }}
on:
  push: {branches: [main]}
  schedule: [{cron: '5 4 * * *', timezone: Europe/Zurich}]
permissions: {contents: read, id-token: write}
jobs:
  build:
    runs-on: [self-hosted, linux]
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo \${{ github.sha }}
            two \${{ env.A }}
        if: github.ref == 'x'
      - run: b
      - {id: last, uses: ./.github/actions/x, if: always()}
`);

    const job = normal(jobs[0]);
    expect(on).toMatchObject([
      { event: 'push', branches: ['main'] },
      { event: 'schedule', schedule: [{ cron: '5 4 * * *', timezone: 'Europe/Zurich' }] },
    ]);
    expect(runName).toMatchObject({
      parts: [{ literal: 'by ' }, { expression: 'github.actor', at: { line: 2, column: 14 } }],
    });
    expect(permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(job.runsOn.labels).toEqual({ kind: 'sequence', items: ['self-hosted', 'linux'] });
    expect(job.steps.map(({ id }) => id)).toEqual(['__actions_checkout', '__run', '__run_2', 'last']);
    expect(job.steps[1]).toMatchObject({
      if: { expression: "success() && (github.ref == 'x')", at: { line: 16, column: 13 } },
      run: {
        parts: [
          { literal: 'echo ' },
          { expression: 'github.sha', at: { line: 14, column: 16 } },
          { literal: '\n  two ' },
          { expression: 'env.A', at: { line: 15, column: 17 } },
          { literal: '\n' },
        ],
      },
    });
    expect(job.steps[3]).toMatchObject({ if: { expression: 'always()' } });
  });

  test('may use anchors, but no merge keys: one error says so at their place', async () => {
    const text = 'on: push\njobs:\n  a: &a\n    runs-on: x\n    steps: [{run: a}]\n  b: *a\n';

    expect((await workflow(text)).jobs).toHaveLength(2);
    expect(await problems(text.replace('b: *a', 'b:\n    <<: *a'))).toEqual(['7:5 workflow/merge-key-unsupported']);
    const inEnv = 'on: push\nenv: {<<: {A: b}}\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n';
    expect(await problems(inEnv)).toEqual(['2:7 workflow/merge-key-unsupported']);
    expect(await problems(inEnv.replace('<<: {A: b}', "'<<': b"))).toEqual([]);
  });

  test('that calls a reusable workflow keeps inputs, secrets and their places', async () => {
    const { jobs } = await workflow(`on: {workflow_dispatch: {inputs: {a: {type: boolean, default: true}, b: }}}
jobs:
  one: {uses: ./.github/workflows/x.yml, with: {n: 1, t: '\${{ inputs.a }}'}, secrets: inherit}
  two: {needs: one, uses: o/r/.github/workflows/x.yml@v1, secrets: {s: '\${{ secrets.S }}'}}
`);

    expect(jobs).toMatchObject([
      {
        kind: 'call',
        secrets: 'inherit',
        with: [{ name: 'n', value: 1 }, { name: 't' }],
        usesAt: { line: 3, column: 15 },
      },
      { kind: 'call', needs: ['one'], secrets: [{ name: 's', value: { kind: 'template' } }] },
    ]);
  });

  test('has background, wait, cancel and parallel steps', async () => {
    const { jobs } = await workflow(
      withSteps(`- {id: server, run: a, background: true}
- wait: server
- wait-all:
- cancel: [server]
- parallel:
    - run: a
    - uses: o/r@v1`).replace('[server]', 'server'),
    );

    expect(normal(jobs[0]).steps.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'run server',
      'wait __wait',
      'wait-all __wait-all',
      'cancel __cancel',
      'parallel __parallel',
    ]);
  });

  test('accepts every event of the schema by name, repository_dispatch too', async () => {
    expect(
      (await workflow(inJob('steps: [{run: a}]').replace('push', '[repository_dispatch, merge_group, image_version]')))
        .on,
    ).toHaveLength(3);
  });
});

describe('a mistake', () => {
  test.each([
    ['an unknown key', 'on: push\njobs:\n  a:\n    run-on: x\n    steps: [{run: a}]', ['4:5 workflow/key-unknown']],
    ['a missing key', 'on: push\njobs:\n  a:\n    steps: [{run: a}]', ['4:5 workflow/key-missing']],
    ['no jobs', 'on: push\njobs: {}', ['2:7 workflow/jobs-missing']],
    ['an unknown event', inJob('steps: [{run: a}]').replace('push', 'pusch'), ['1:5 workflow/value-unexpected']],
    ['an unknown context', withSteps('- run: echo ${{ foo.bar }}'), ['6:23 workflow/context-unavailable']],
    [
      'a context that does not exist there',
      inJob('concurrency: ${{ secrets.x }}'),
      ['5:22 workflow/context-unavailable'],
    ],
    ['an unknown function', withSteps('- run: ${{ nope() }}'), ['6:18 workflow/function-unknown']],
    ['an open expression', withSteps('- run: ${{ github.sha'), ['6:14 workflow/expression-unclosed']],
    [
      'an expression where none is evaluated',
      inJob('needs: ${{ github.sha }}'),
      ['5:12 workflow/expression-not-allowed'],
    ],
    ['an expression in a condition', withSteps("- {run: a, if: 'nope.x'}"), ['6:22 workflow/context-unavailable']],
    ['an id with a space', withSteps("- {run: a, id: 'a b'}"), ['6:22 workflow/id-invalid']],
    ['an id that is reserved', withSteps('- {run: a, id: __a}'), ['6:22 workflow/id-invalid']],
    ['an id that comes twice', withSteps('- {run: a, id: x}\n- {run: a, id: X}'), ['7:22 workflow/id-duplicate']],
    ['a wait for nothing', withSteps('- wait: x'), ['6:15 workflow/step-unknown']],
    ['uses of nothing', withSteps('- uses: checkout@v4'), ['6:15 workflow/uses-invalid']],
    ['run and uses', withSteps('- {run: a, uses: o/r@v1}'), ['6:18 workflow/key-unknown']],
    ['an unknown need', inJob('needs: b').concat('  c: {runs-on: x}'), ['5:12 workflow/needs-unknown']],
    ['an unknown need of the only job', inJob('needs: b\nsteps: [{run: x}]'), ['5:12 workflow/needs-unknown']],
    ['an empty vector', inJob('strategy: {matrix: {a: []}}'), ['5:28 workflow/matrix-invalid']],
    ['a wrong cron', inJob('').replace('push', '{schedule: [{cron: "* * *"}]}'), ['1:24 workflow/schedule-invalid']],
    ['a wrong pattern', inJob('').replace('push', "{push: {branches: ['?a']}}"), ['1:24 workflow/pattern-invalid']],
    [
      'both filters',
      inJob('').replace('push', '{push: {branches: a, branches-ignore: b}}'),
      ['1:43 workflow/filters-conflict'],
    ],
    [
      'a choice without options',
      inJob('').replace('push', '{workflow_dispatch: {inputs: {a: {type: choice}}}}'),
      ['1:35 workflow/key-missing'],
    ],
    ['a second document', 'on: push\n---\non: push', ['2:1 workflow/yaml-invalid']],
    ['a tag that runs code elsewhere', 'on: !!js/function x', ['1:5 workflow/yaml-invalid']],
    ['a strategy given whole', inJob('strategy: ${{ github.x }}'), ['5:15 workflow/expression-not-allowed']],
  ])('is refused where it stands: %s', async (_name, text, wanted) => {
    expect(await problems(text)).toEqual(wanted);
  });

  test.each([
    ['', '1:1 workflow/file-empty', 'Write what it is for: a workflow has `on:` and `jobs:`'],
    ['# nothing yet\n', '1:1 workflow/file-empty', 'sallyport init writes one'],
    ['- a\n', '1:1 workflow/sequence-unexpected', 'Write a mapping here.'],
    [withSteps('- run: ${{ secret.X }}'), '6:18 workflow/context-unavailable', 'Did you mean `secrets`?'],
    [withSteps('- run: ${{ hashfile(1) }}'), '6:18 workflow/function-unknown', 'Did you mean `hashFiles()`?'],
    [
      withSteps('- run: ${{ xyzzy(1) }}'),
      '6:18 workflow/function-unknown',
      'Functions that exist here: case, contains,',
    ],
    [`on: push\njobs: ${'['.repeat(60)}${']'.repeat(60)}`, '2:56 workflow/yaml-depth-exceeded', 'at most 50 levels'],
  ])('%j comes with what to do next', async (text, place, remedy) => {
    const [error] = errorsOf(await read(text));

    expect(`${error?.line}:${error?.column} ${error?.code}`).toBe(place);
    expect(error?.remedy).toContain(remedy);
  });

  test('comes with a remedy that names what was meant', async () => {
    const errors = errorsOf(await read('on: push\njobs:\n  a:\n    run-on: x\n    steps: [{run: a}]'));

    expect(errors).toEqual([
      {
        file: '.github/workflows/ci.yml',
        line: 4,
        column: 5,
        code: 'workflow/key-unknown',
        message: "Unexpected value 'run-on'",
        remedy: 'Did you mean `runs-on`?',
      },
    ]);
  });
});

describe('a hostile file', () => {
  const bomb = Array.from({ length: 9 }, (_, level) =>
    level === 0
      ? `a0: &a0 [${Array(9).fill('x').join()}]`
      : `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join()}]`,
  ).join('\n');
  const longAlias = `on: push\nenv:\n  a: &x "${'y'.repeat(400_000)}"\n${Array.from({ length: 3_000 }, (_, index) => `  b${index}: *x`).join('\n')}`;

  test.each([
    ['too many bytes', 'x'.repeat(600_000), 'file-too-large'],
    ['an alias bomb', bomb, 'yaml-nodes-exceeded'],
    ['a long text by many aliases', longAlias, 'result-too-large'],
    ['an endless number that is none', `on: ${'1'.repeat(400_000)}x`, 'value-unexpected'],
    ['an alias of itself', 'on: &a [*a]', 'yaml-invalid'],
    ['5,000 open brackets', `on: ${'['.repeat(5_000)}`, 'yaml-depth-exceeded'],
    ['5,000 nested lists', `on: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'yaml-depth-exceeded'],
    ['5,000 nested mappings', `on: ${'{a: '.repeat(5_000)}${'}'.repeat(5_000)}`, 'yaml-depth-exceeded'],
    ['20,000 expressions', withSteps(`- run: ${'${{ github.sha }} '.repeat(20_000)}`), 'expression-limit'],
  ])('is refused quickly: %s', async (_name, text, code) => {
    const started = performance.now();

    expect(errorsOf(await read(text))[0]?.code).toBe(`workflow/${code}`);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('that takes too long is given up, and the next file is read by a new worker', async () => {
    await using hasty = closing(createReader({ timeoutMs: 1 }));
    const jobs = Array.from(
      { length: 3_000 },
      (_, index) => `  j${index}: {runs-on: x, steps: [{run: 'echo \${{ github.sha }}'}]}`,
    );
    await hasty.reader.readWorkflow('a.yml', 'on: push');

    const slow = await hasty.reader.readWorkflow('slow.yml', `on: push\njobs:\n${jobs.join('\n')}`);
    const other = await createReaderAfter(hasty.reader);

    expect(errorsOf(slow)).toMatchObject([{ file: 'slow.yml', code: 'workflow/file-unreadable' }]);
    expect(['workflow/key-missing', 'workflow/file-unreadable']).toContain(errorsOf(other)[0]?.code);
  });

  test('in a row of many does not mix up the answers', async () => {
    const texts = Array.from({ length: 50 }, (_, index) =>
      index % 5 === 0 ? bomb : `name: n${index}\n${inJob('steps: [{run: a}]')}`,
    );

    const readings = await Promise.all(texts.map((text) => read(text)));

    expect(readings.map((reading) => (reading.ok ? reading.value.name : 'bomb'))).toEqual(
      texts.map((_, index) => (index % 5 === 0 ? 'bomb' : `n${index}`)),
    );
  });
});

test('a closed reader reads nothing, and closing twice is allowed', async () => {
  const closed = createReader();
  const pending = closed.readWorkflow('a.yml', 'on: push');
  await closed.close();
  await closed.close();

  expect(errorsOf(await pending)).toMatchObject([{ code: 'workflow/file-unreadable' }]);
  await expect(closed.readWorkflow('a.yml', 'on: push')).rejects.toMatchObject({ code: 'workflow/reader-closed' });
});

function closing(it: ReturnType<typeof createReader>) {
  return { reader: it, [Symbol.asyncDispose]: () => it.close() };
}

async function createReaderAfter(it: ReturnType<typeof createReader>) {
  return it.readWorkflow('next.yml', 'on: push');
}
