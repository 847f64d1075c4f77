import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JobLogs, type LogArchive, openJobLogs } from './index.ts';

const HOUR_MS = 3_600_000;
let folder: string;
let logs: JobLogs;
const kept = new Map<string, Buffer>();
let fail: string | undefined;
const archive: LogArchive = {
  async put(name, { path }) {
    if (fail === 'put') throw new Error('away');
    kept.set(name, await readFile(path));
  },
  async get(name) {
    const bytes = kept.get(name);
    return bytes === undefined ? undefined : Readable.from([bytes]);
  },
  async remove(name) {
    kept.delete(name);
  },
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-log-archive-'));
  logs = await openJobLogs(folder, { archive });
  kept.clear();
  fail = undefined;
  for (const jobId of [1, 2]) {
    await logs.append(jobId, 0, Buffer.from(`log of ${jobId}\n`));
    await logs.seal(jobId);
  }
  await logs.append(3, 0, Buffer.from('still open\n'));
});
afterEach(async () => {
  await logs.close();
  await rm(folder, { recursive: true, force: true });
});

const away = (limit = 10) => logs.archive({ before: Date.now() + HOUR_MS, limit });
const files = async () => (await readdir(join(folder, '0'))).sort();
const text = async (jobId: number) => (await logs.read(jobId, { from: 0, bytesMax: 1000 })).toString();

test('sealed logs go to the archive, open ones stay, and what is read comes back', async () => {
  expect(await away()).toBe(false);

  expect(await files()).toEqual(['1.archived', '2.archived', '3.ndjson']);
  expect(await logs.size(1)).toBe(9);
  expect(await Promise.all([text(1), text(1), text(2), text(3)])).toEqual([
    'log of 1\n',
    'log of 1\n',
    'log of 2\n',
    'still open\n',
  ]);
  expect(await files()).toEqual(['1.archived', '1.sealed', '2.archived', '2.sealed', '3.ndjson']);
});

test('a young log stays here', async () => {
  await logs.archive({ before: Date.now() - HOUR_MS, limit: 10 });

  expect(kept.size).toBe(0);
});

test('a log that is followed, or appended to again, is the same as before it went', async () => {
  await away();
  const followed: Buffer[] = [];
  for await (const bytes of logs.follow(1, 4, new AbortController().signal)) followed.push(bytes);

  expect(Buffer.concat(followed).toString()).toBe('of 1\n');
  expect(await logs.append(1, 0, Buffer.from('log of 1\n'))).toEqual({ size: 9 });
  await expect(logs.append(2, 9, Buffer.from('more'))).rejects.toMatchObject({ code: 'joblog/sealed' });
});

test('a log that was changed in the archive is not shown', async () => {
  await away();
  kept.set('0/1', Buffer.from('lie of 1\n'));

  await expect(text(1)).rejects.toMatchObject({ code: 'joblog/unusable' });
  expect(await files()).toEqual(['1.archived', '2.archived', '3.ndjson']);
});

test('an archive that is away keeps the logs here, and the next turn goes on', async () => {
  fail = 'put';
  await expect(away()).rejects.toThrow('away');
  expect(await files()).toEqual(['1.sealed', '2.sealed', '3.ndjson']);
  fail = undefined;

  expect(await away(1)).toBe(true);
  expect(await away(1)).toBe(true);
  expect(await away(1)).toBe(false);
  expect(kept.size).toBe(2);
});

test('one that was killed before the file went finds it again, and one that was killed in between leaves no draft', async () => {
  await away();
  await text(1);
  const draft = join(folder, '0', '2.sealed.0b0a');
  await writeFile(draft, 'half');
  await utimes(draft, 1, 1);
  await away();

  expect(await files()).toEqual(['1.archived', '2.archived', '3.ndjson']);
});

test('a log that is removed is gone there and here', async () => {
  await away();
  await logs.remove(1);

  expect([...kept.keys()]).toEqual(['0/2']);
  expect(await files()).toEqual(['2.archived', '3.ndjson']);
  expect(await text(1)).toBe('');
});
