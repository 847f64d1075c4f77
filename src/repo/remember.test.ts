import { expect, test } from 'vitest';
import type { RepositoryReader } from './read.ts';
import { createMemory, rememberingReader } from './remember.ts';

const COMMIT = 'a'.repeat(40);

/** Counts what git would be asked. */
function counted(answers: { resolve?: string | undefined; blob?: Buffer }) {
  const asked: string[] = [];
  const reader = {
    resolve: (name: string) => {
      asked.push(`resolve ${name}`);
      return Promise.resolve(answers.resolve);
    },
    readBlob: (oid: string) => {
      asked.push(`blob ${oid}`);
      return Promise.resolve(answers.blob ?? Buffer.from('text'));
    },
  } as unknown as RepositoryReader;
  return { asked, reader };
}

test('git is asked once for what an id names', async () => {
  const { asked, reader } = counted({ resolve: COMMIT });
  const memory = createMemory();

  for (let round = 0; round < 3; round += 1) {
    const remembering = rememberingReader(reader, memory, 1);
    expect(await remembering.resolve(COMMIT)).toBe(COMMIT);
    expect((await remembering.readBlob(COMMIT)).toString()).toBe('text');
  }

  expect(asked).toEqual([`resolve ${COMMIT}`, `blob ${COMMIT}`]);
});

test('the name of a ref, and what was not there, is asked for each time', async () => {
  const named = counted({ resolve: COMMIT });
  const missing = counted({ resolve: undefined });
  const memory = createMemory();

  for (let round = 0; round < 2; round += 1) {
    await rememberingReader(named.reader, memory, 1).resolve('main');
    await rememberingReader(missing.reader, memory, 2).resolve(COMMIT);
  }

  expect(named.asked).toHaveLength(2);
  expect(missing.asked).toHaveLength(2);
});

test('one repository never gets what another one holds', async () => {
  const one = counted({ blob: Buffer.from('secret') });
  const other = counted({ blob: Buffer.from('other') });
  const memory = createMemory();

  await rememberingReader(one.reader, memory, 1).readBlob(COMMIT);

  expect((await rememberingReader(other.reader, memory, 2).readBlob(COMMIT)).toString()).toBe('other');
});

test('what is remembered has a bound, and the oldest goes first', async () => {
  const { asked, reader } = counted({ blob: Buffer.alloc(1000) });
  const remembering = rememberingReader(reader, createMemory(2500), 1);

  for (const oid of ['1', '2', '3', '3', '1']) await remembering.readBlob(oid.repeat(40));

  expect(asked.map((one) => one.slice(0, 6))).toEqual(['blob 1', 'blob 2', 'blob 3', 'blob 1']);
});
