import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeArtifactsFolder } from './artifacts.ts';

test('the folder of --artifacts is made with those above it, and may be there already', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-artifacts-'));
  try {
    await makeArtifactsFolder(join(root, 'a/b'));
    await makeArtifactsFolder(join(root, 'a/b'));

    expect(existsSync(join(root, 'a/b'))).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a folder that can not be made is refused, where mkdir of Node would never end too', async () => {
  await expect(makeArtifactsFolder('/proc/none')).rejects.toMatchObject({ code: 'bin/folder-unwritable' });
});
