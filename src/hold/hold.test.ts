import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdFolder } from './index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-hold-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a folder is held by one, also under another name; the next one waits for its end', async () => {
  const release = await holdFolder(join(folder, 'one'));
  const second = holdFolder(join(folder, 'one'));
  const other = await holdFolder(join(folder, 'other'));
  await symlink(join(folder, 'one'), join(folder, 'link'));

  await expect(holdFolder(join(folder, 'one'), 0)).rejects.toMatchObject({ code: 'hold/in-use' });
  await expect(holdFolder(join(folder, 'link'), 0)).rejects.toMatchObject({ code: 'hold/in-use' });
  expect(await Promise.race([second.then(() => 'held'), new Promise((done) => setTimeout(done, 200, 'waits'))])).toBe(
    'waits',
  );
  await release();
  await (await second)();
  await other();
});
