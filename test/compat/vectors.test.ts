import { expect, test } from 'vitest';
import { corporaFolder } from './corpora.ts';
import { compareExpressions } from './expressions.ts';
import { compareReader } from './reader.ts';

const corpora = corporaFolder([], process.env);

test.skipIf(corpora === undefined)("all of GitHub's expression vectors hold", async () => {
  expect((await compareExpressions(corpora ?? '')).notes).toEqual([]);
});

test.skipIf(corpora === undefined)("GitHub's reader goldens hold, and each that does not has a reason", async () => {
  const { holds, notes } = await compareReader(corpora ?? '');

  expect(notes.filter((note) => note.includes('not explained'))).toEqual([]);
  expect(holds).toBe(true);
});
