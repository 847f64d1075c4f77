import { expect, test } from 'vitest';
import { fuzzCode } from './code.ts';

test('changed sources are answered, in time and the same twice', async () => {
  expect((await fuzzCode(7, 60)).failures).toEqual([]);
});
