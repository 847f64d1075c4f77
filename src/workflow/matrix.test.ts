import { expect, test } from 'vitest';
import { type Data } from '../base/index.ts';
import { expandMatrix, matrixJobName, matrixJobs } from './matrix.ts';

test('vectors are multiplied, the first one slowest', () => {
  expect(expandMatrix({ os: ['a', 'b'], v: [1, 2] })).toEqual([
    { os: 'a', v: 1 },
    { os: 'a', v: 2 },
    { os: 'b', v: 1 },
    { os: 'b', v: 2 },
  ]);
});

/** The example of GitHub's documentation of `include`. */
test('include adds to what it matches, never overwrites a vector, and stands alone otherwise', () => {
  const matrix = {
    fruit: ['apple', 'pear'],
    animal: ['cat', 'dog'],
    include: [
      { color: 'green' },
      { color: 'pink', animal: 'cat' },
      { fruit: 'apple', shape: 'circle' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ],
  };

  expect(expandMatrix(matrix)).toEqual([
    { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
    { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
    { fruit: 'pear', animal: 'cat', color: 'pink' },
    { fruit: 'pear', animal: 'dog', color: 'green' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ]);
});

test('exclude takes away before include adds, and compares as expressions do', () => {
  const matrix = {
    os: ['Linux', { name: 'mac', arch: 'arm' }],
    v: ['18', 20],
    exclude: [{ os: 'linux', v: 18 }, { os: { name: 'MAC' } }],
    include: [{ os: 'linux', v: 18, extra: true }],
  };

  expect(expandMatrix(matrix)).toEqual([
    { os: 'Linux', v: 20 },
    { os: 'linux', v: 18, extra: true },
  ]);
});

test('only include gives one job for each item', () => {
  expect(expandMatrix({ include: [{ a: 1 }, { b: 2 }] })).toEqual([{ a: 1 }, { b: 2 }]);
});

test('jobs are named by the values of their vectors, without what include added', () => {
  const jobs = matrixJobs({
    v: [18],
    os: ['linux', { n: 'mac', m: null }],
    include: [
      { os: 'linux', extra: 'x' },
      { v: 9, y: 1.5 },
    ],
  });

  expect(jobs.map(({ segments }) => matrixJobName('build', segments))).toEqual([
    'build (18, linux)',
    'build (18, mac)',
    'build (9, 1.5)',
  ]);
  expect(matrixJobName('build', [])).toBe('build');
  expect(matrixJobName('x'.repeat(200), ['a'])).toHaveLength(100);
});

const many = Array.from({ length: 257 }, (_, index) => index);
test.each<[Data, string]>([
  [{ a: many }, 'workflow/matrix-too-large'],
  [{ a: many, b: many, c: many }, 'workflow/matrix-too-large'],
  [{ include: many.map((value) => ({ value })) }, 'workflow/matrix-too-large'],
  [{ a: [] }, 'workflow/matrix-invalid'],
  [{}, 'workflow/matrix-invalid'],
  [{ include: [] }, 'workflow/matrix-invalid'],
  [{ a: 'text' }, 'workflow/matrix-invalid'],
  [{ a: [1], include: [{}] }, 'workflow/matrix-invalid'],
  [{ a: [1], include: ['x'] }, 'workflow/matrix-invalid'],
  [{ a: [1], exclude: [{ b: 1 }] }, 'workflow/matrix-invalid'],
  ['text', 'workflow/matrix-invalid'],
  [null, 'workflow/matrix-invalid'],
  [[1], 'workflow/matrix-invalid'],
])('a bad matrix is refused (%#)', (matrix, code) => {
  expect(() => expandMatrix(matrix)).toThrow(expect.objectContaining({ code }));
});

test('256 jobs are allowed, also when exclude brings a larger product down to it', () => {
  const values = many.slice(0, 256);

  expect(expandMatrix({ a: values })).toHaveLength(256);
  expect(expandMatrix({ a: values, b: [1, 2], exclude: [{ b: 2 }] })).toHaveLength(256);
});

test('keys that objects inherit are ordinary keys', () => {
  const [job] = expandMatrix(JSON.parse('{"constructor": ["x"], "__proto__": ["y"]}') as Data);

  expect(Object.entries(job!)).toEqual([
    ['constructor', 'x'],
    ['__proto__', 'y'],
  ]);
});
