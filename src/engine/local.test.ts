import { describe, expect, test } from 'vitest';
import { createFixture } from './local-fixture.ts';

const ONE = `
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: \${{ steps.v.outputs.version }}
    steps:
      - id: v
        run: echo version=1 >> $GITHUB_OUTPUT
  test:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo \${{ needs.build.outputs.version }}
`;

describe('a local run', () => {
  test('runs the jobs of the workflow that a push triggers, in the order of their needs', async () => {
    await using fixture = await createFixture({ '.github/workflows/ci.yml': ONE });

    const { result, runner, events } = await fixture.run({ jobs: { build: () => ({ outputs: { version: '1' } }) } });

    expect(result).toMatchObject({ kind: 'finished', conclusion: 'success' });
    expect(runner.leases.map(({ job }) => job.key)).toEqual(['build', 'test']);
    expect(runner.leases[1]?.contexts['needs']).toEqual({ build: { result: 'success', outputs: { version: '1' } } });
    expect(events.map(({ kind }) => kind)).toContain('run-finished');
  });
});
