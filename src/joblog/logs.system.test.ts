import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JobLogs, openJobLogs } from './logs.ts';

let folder: string;
let logs: JobLogs;
const ended = new Set<number>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-logs-'));
  logs = await openJobLogs(folder, {
    limits: { logBytesMax: 1000, appendBytesMax: 100 },
    isEnded: async (jobId) => ended.has(jobId),
    endedMs: 20,
  });
  ended.clear();
});
afterEach(async () => {
  await logs.close();
  await rm(folder, { recursive: true, force: true });
});

const text = async (jobId: number) => (await logs.read(jobId, { from: 0, bytesMax: 10_000 })).toString();
const put = (jobId: number, offset: number, what: string) => logs.append(jobId, offset, Buffer.from(what));

describe('a log', () => {
  test('grows by what is appended at its end', async () => {
    expect(await put(1, 0, 'one\n')).toEqual({ size: 4 });
    expect(await put(1, 4, 'two\n')).toEqual({ size: 8 });
    expect(await put(2, 0, 'other')).toEqual({ size: 5 });

    expect(await text(1)).toBe('one\ntwo\n');
    expect(await logs.size(1)).toBe(8);
    expect(await text(3)).toBe('');
  });

  test('answers for what it has already, whole or in part', async () => {
    await put(1, 0, 'one\ntwo\n');

    expect(await put(1, 0, 'one\n')).toEqual({ size: 8 });
    expect(await put(1, 4, 'two\nthree\n')).toEqual({ size: 14 });
    expect(await text(1)).toBe('one\ntwo\nthree\n');
  });

  test.each([
    ['a gap', 9, 'x', 'joblog/offset'],
    ['other bytes than it has', 4, 'TWO\n', 'joblog/offset'],
    ['too much at once', 8, 'x'.repeat(101), 'joblog/too-large'],
    ['more than a job may log', 950, 'x'.repeat(60), 'joblog/too-large'],
  ])('refuses %s, and stays as it was', async (_what, offset, bytes, code) => {
    await put(1, 0, 'one\ntwo\n');

    await expect(put(1, offset, bytes)).rejects.toMatchObject({ code });
    expect(await text(1)).toBe('one\ntwo\n');
  });

  test('takes nothing more once it is sealed, but answers for what it has', async () => {
    await put(1, 0, 'one\n');
    await logs.seal(1);
    await logs.seal(1);
    await logs.seal(2);

    expect(await put(1, 0, 'one\n')).toEqual({ size: 4 });
    await expect(put(1, 4, 'x')).rejects.toMatchObject({ code: 'joblog/sealed' });
    await expect(put(2, 0, 'x')).rejects.toMatchObject({ code: 'joblog/sealed' });
    expect(await text(1)).toBe('one\n');
  });

  test('is followed while it grows, to its end', async () => {
    await put(1, 0, 'one\n');
    const seen: string[] = [];
    const ended = (async () => {
      for await (const bytes of logs.follow(1, 2, new AbortController().signal)) seen.push(bytes.toString());
    })();
    for (let at = 4; at < 80; at += 4) {
      await put(1, at, `${String(at).padStart(3)}\n`);
      if (at % 3 === 0) await sleep(2);
    }
    await logs.seal(1);
    await ended;

    expect(seen.join('')).toBe((await text(1)).slice(2));
  });

  test('is followed to its end also when its job was lost, and nobody sealed it', async () => {
    await put(1, 0, 'one\n');
    const seen: string[] = [];
    const following = (async () => {
      for await (const bytes of logs.follow(1, 0, new AbortController().signal)) seen.push(bytes.toString());
    })();
    await sleep(60);
    await put(1, 4, 'two\n');
    await sleep(60);
    ended.add(1);
    await following;

    expect(seen.join('')).toBe('one\ntwo\n');
    await expect(put(1, 8, 'late')).rejects.toMatchObject({ code: 'joblog/sealed' });
  });

  test('is no longer followed when nobody wants it', async () => {
    const stop = new AbortController();
    const ended = (async () => {
      for await (const _bytes of logs.follow(1, 0, stop.signal));
    })();
    await sleep(20);
    stop.abort();

    await expect(ended).resolves.toBeUndefined();
  });

  test('is gone when it is removed', async () => {
    await put(1, 0, 'one\n');
    await logs.remove(1);

    expect(await logs.size(1)).toBe(0);
  });

  test('is one of many, more than are kept open', async () => {
    for (let at = 1; at <= 600; at += 1) await put(at, 0, `${at}\n`);
    await put(1, 2, 'again\n');

    expect(await text(1)).toBe('1\nagain\n');
    expect(await text(600)).toBe('600\n');
  });
});

/** Log gap (`formats`): an acknowledged byte that is missing. */
test('has every byte that was acknowledged before its process was killed', async () => {
  const program = `
    const { openJobLogs } = await import(${JSON.stringify(new URL('./logs.ts', import.meta.url).href)});
    const logs = await openJobLogs(process.argv[1]);
    for (let at = 0; ; ) {
      const { size } = await logs.append(1, at, Buffer.from('line ' + at + '\\n'));
      at = size;
      process.stdout.write(size + '\\n');
    }`;
  for (let round = 0; round < 4; round += 1) {
    const place = join(folder, String(round));
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      told += part;
      if (told.split('\n').length > 20 + round * 7) child.kill('SIGKILL');
    });
    await new Promise((closed) => child.once('close', closed));
    const acknowledged = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
    const kept = await readFile(join(place, '0', '1.ndjson'), 'utf8');
    const again = await openJobLogs(place);
    const { size } = await again.append(1, 0, Buffer.from(kept));

    expect(acknowledged).toBeGreaterThan(100);
    expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
    expect(size).toBe(kept.length);
    await again.close();
  }
});
