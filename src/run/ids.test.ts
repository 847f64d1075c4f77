import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openIds } from './ids.ts';
import { openRunRecords, type RunRecord } from './records.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-run-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('numbers', () => {
  test('start at 1 and are never given twice, whoever asks at once', async () => {
    const takers = Array.from({ length: 5 }, () => openIds(folder));

    const taken = await Promise.all(takers.flatMap((ids) => Array.from({ length: 10 }, () => ids.take('run'))));

    expect([...taken].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  });

  test('of different counters do not meet', async () => {
    const ids = openIds(folder);

    expect([await ids.take('run'), await ids.take('job', 5), await ids.take('job'), await ids.take('run')]).toEqual([
      1, 1, 6, 2,
    ]);
  });

  test('of a name stay the same, without regard to case, also when asked for at once', async () => {
    const numbers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        openIds(folder).ofName('repository', n % 2 === 0 ? 'Ada/Engine' : 'ada/engine'),
      ),
    );

    expect(new Set(numbers).size).toBe(1);
    expect(await openIds(folder).ofName('repository', 'ada/other')).not.toBe(numbers[0]);
  });

  test('fail with a fault that names the place when the folder can not be written', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');

    await expect(openIds(file).take('run')).rejects.toMatchObject({ code: 'run/state-unusable' });
  });
});

describe('records', () => {
  const record: RunRecord = {
    version: 1,
    runId: 7,
    runNumber: 3,
    attempt: 1,
    folder: '/home/ada/engine',
    workflow: { path: '.github/workflows/ci.yml', name: 'CI' },
    event: { name: 'push', ref: 'refs/heads/main', sha: 'a'.repeat(40), dirty: false },
    planDigest: 'sha256:0',
    startedAt: 1,
    finishedAt: 2,
    conclusion: 'failure',
    jobs: [],
  };

  test('of the last run of a workflow are found again, and those of another folder are not', async () => {
    const records = openRunRecords(folder);
    await records.save(record);
    await records.save({ ...record, runId: 8, conclusion: 'success' });

    expect((await records.last('/home/ada/engine', '.github/workflows/ci.yml'))?.runId).toBe(8);
    expect(await records.last('/home/ada/other', '.github/workflows/ci.yml')).toBeUndefined();
  });
});
