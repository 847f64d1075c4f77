import { describe, expect, test } from 'vitest';
import { createFixture } from './local-fixture.ts';

const job = "runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]";
const MATRIX = `on: push
jobs:
  build:
    strategy: { matrix: { v: [18, 20], os: [a, b] } }
    ${job}
  test:
    needs: build
    strategy: { matrix: { v: [1, 2] } }
    ${job}
`;
const CALLER = `on: push
jobs:
  call:
    strategy: { matrix: { on: [x, y] } }
    uses: ./.github/workflows/called.yml
`;
const CALLED = `on: workflow_call
jobs:
  prepare:
    ${job}
  build:
    needs: prepare
    ${job}
  lint:
    ${job}
`;

const keysOf = (leases: readonly { readonly job: { readonly key: string } }[]) => leases.map(({ job: { key } }) => key);

describe('-j with the key of a job', () => {
  test('runs that matrix child alone, and all of what it needs', async () => {
    await using fixture = await createFixture({ '.github/workflows/ci.yml': MATRIX });

    const one = await fixture.run({ options: { jobs: ['build (20, a)'] } });
    const other = await fixture.run({ options: { jobs: ['Test (2)'] } });

    expect(keysOf(one.runner.leases)).toEqual(['build (20, a)']);
    expect(one.ended).toEqual({ 'build (20, a)': 'success' });
    expect(keysOf(other.runner.leases).sort()).toEqual([
      'build (18, a)',
      'build (18, b)',
      'build (20, a)',
      'build (20, b)',
      'test (2)',
    ]);
  });

  test('runs one job of a called workflow and what that needs', async () => {
    await using fixture = await createFixture({
      '.github/workflows/ci.yml': CALLER,
      '.github/workflows/called.yml': CALLED,
    });

    const { runner, result } = await fixture.run({ options: { jobs: ['call (y) / build'] } });

    expect(keysOf(runner.leases)).toEqual(['call (y) / prepare', 'call (y) / build']);
    expect(result).toMatchObject({ conclusion: 'success' });
  });

  test('that names no job refuses the run and lists the keys', async () => {
    await using fixture = await createFixture({ '.github/workflows/ci.yml': MATRIX });

    await expect(fixture.run({ options: { jobs: ['test (3)'] } })).rejects.toMatchObject({
      code: 'engine/job-missing',
      message: expect.stringContaining('test (1), test (2)'),
    });
  });
});

describe('what nothing would heed refuses the run', () => {
  test.each([
    [{ matrix: { nod: '20' } }, 'engine/matrix-missing'],
    [{ matrix: { v: '99' } }, 'engine/matrix-missing'],
    [{ inputs: { level: 'low' } }, 'engine/inputs-unused'],
    [{ folder: '/nonexistent' }, 'engine/folder-missing'],
  ])('%j', async (options, code) => {
    await using fixture = await createFixture({ '.github/workflows/ci.yml': MATRIX });

    await expect(fixture.run({ options })).rejects.toMatchObject({ code });
  });
});

test('the inputs of a payload are taken, and those of the command line win', async () => {
  await using fixture = await createFixture({
    '.github/workflows/ci.yml': `on: { workflow_dispatch: { inputs: { a: {}, b: {} } } }
jobs:
  build:
    ${job}
`,
  });
  const payload = { ref: 'refs/heads/main', inputs: { a: 'file', b: 'file' } };

  const { runner } = await fixture.run({ options: { payload, inputs: { b: 'line' } } });

  expect(runner.leases[0]?.contexts['inputs']).toEqual({ a: 'file', b: 'line' });
});

test('the end of a run lists each job: run, skipped and refused', async () => {
  await using fixture = await createFixture({
    '.github/workflows/ci.yml': `on: push
jobs:
  broken:
    ${job}
  next:
    needs: broken
    ${job}
  elsewhere:
    runs-on: windows-latest
    steps: [{ run: 'true' }]
  never:
    if: false
    strategy: { matrix: { v: [1, 2] } }
    ${job}
`,
  });

  const { events } = await fixture.run({ jobs: { broken: () => ({ conclusion: 'failure' }) } });

  const end = events.at(-1);
  const jobs = end?.kind === 'run-finished' ? end.jobs.map(({ key, conclusion }) => [key, conclusion]) : [];
  expect(Object.fromEntries(jobs)).toEqual({
    broken: 'failure',
    next: 'skipped',
    elsewhere: 'failure',
    'never (1)': 'skipped',
    'never (2)': 'skipped',
  });
});
