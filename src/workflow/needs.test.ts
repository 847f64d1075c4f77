import { expect, test } from 'vitest';
import { ancestorsOf, jobOrder } from './needs.ts';

const jobs = [
  { id: 'deploy', needs: ['Test', 'build'] },
  { id: 'test', needs: ['BUILD'] },
  { id: 'build', needs: [] },
  { id: 'lint', needs: [] },
];

test('each job comes after the jobs that it needs', () => {
  expect(jobOrder(jobs).map(({ id }) => id)).toEqual(['build', 'lint', 'test', 'deploy']);
});

test('ancestors are found at any distance, without regard to case', () => {
  expect([...ancestorsOf(jobs, 'DEPLOY')].sort()).toEqual(['build', 'test']);
  expect([...ancestorsOf(jobs, 'lint')]).toEqual([]);
});

test('a circle and an unknown job have no order', () => {
  expect(() =>
    jobOrder([
      { id: 'a', needs: ['b'] },
      { id: 'b', needs: ['a'] },
    ]),
  ).toThrow('a, b');
  expect(() => jobOrder([{ id: 'a', needs: ['x'] }])).toThrow('a');
});
