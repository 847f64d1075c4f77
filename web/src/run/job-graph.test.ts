import { describe, expect, test } from 'vitest';
import type { Of } from '../shell/api.ts';
import { graphOf, stateOfJobs } from './job-graph.ts';

let id = 0;
const job = (key: string, needs: readonly string[] = [], more: Partial<Of<'Job'>> = {}): Of<'Job'> => {
  id += 1;
  return { id, key, name: key, state: 'waiting', level: 'branch', taints: [], needs: [...needs], ...more };
};
const told = (jobs: readonly Of<'Job'>[]) =>
  Object.fromEntries(graphOf(jobs).nodes.map(({ id: key, rank, needs }) => [key, [rank, ...needs]]));

describe('the graph of jobs', () => {
  test('each job stands as early as what it needs lets it', () => {
    expect(told([job('lint'), job('build'), job('test', ['build']), job('ship', ['lint', 'test'])])).toEqual({
      lint: [0],
      build: [0],
      test: [1, 'build'],
      ship: [2, 'lint', 'test'],
    });
  });

  test('what a matrix made is one place, and who needs it needs that place', () => {
    const graph = graphOf([
      job('test (1)', [], { definition: 'test' }),
      job('test (2)', [], { definition: 'test' }),
      job('ship', ['test']),
    ]);

    expect(graph.nodes.map(({ id: key, jobs, needs }) => [key, jobs.length, needs])).toEqual([
      ['test', 2, []],
      ['ship', 1, ['test']],
    ]);
  });

  test('who needs a called workflow needs what is last in it', () => {
    expect(told([job('call / a'), job('call / b', ['call / a']), job('after', ['call'])])).toEqual({
      'call / a': [0],
      'call / b': [1, 'call / a'],
      after: [2, 'call / b'],
    });
  });

  test('columns are in an order in which edges do not cross when they need not', () => {
    const graph = graphOf([job('a'), job('b'), job('of b', ['b']), job('of a', ['a'])]);

    expect(
      graph.nodes
        .filter(({ rank }) => rank === 1)
        .toSorted((x, y) => x.place - y.place)
        .map(({ id: key }) => key),
    ).toEqual(['of a', 'of b']);
  });

  test('a circle, which the server never tells, does not hang', () => {
    expect(graphOf([job('a', ['b']), job('b', ['a'])]).nodes).toHaveLength(2);
  });

  test('many jobs are as bad as their worst', () => {
    expect(
      stateOfJobs([job('a', [], { state: 'finished', conclusion: 'success' }), job('b', [], { state: 'running' })]),
    ).toBe('running');
    expect(
      stateOfJobs([job('a', [], { state: 'finished', conclusion: 'failure' }), job('b', [], { state: 'running' })]),
    ).toBe('failure');
  });
});
