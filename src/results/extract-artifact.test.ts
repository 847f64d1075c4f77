import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TextReader, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXTRACT_LIMITS, extractArtifact } from './extract-artifact.ts';
import { zipOf } from './zip.fixture.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-extract-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const stream = (bytes: Uint8Array) => Readable.from([Buffer.from(bytes)], { objectMode: false });
const ZIP = { name: 'site', mimeType: 'application/zip' };
const into = () => join(dir, 'out');

async function honest(): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  await writer.add('a/b.txt', new TextReader('hello'));
  await writer.add('empty/', undefined, { directory: true });
  return writer.close();
}

describe('copying an artifact out', () => {
  test('a zip becomes a folder of its name', async () => {
    const done = await extractArtifact(ZIP, stream(await honest()), { into: into() });

    expect(done).toEqual({ path: join(into(), 'site'), files: 1, bytes: 5 });
    expect(await readFile(join(into(), 'site/a/b.txt'), 'utf8')).toBe('hello');
    expect(await readdir(join(into(), 'site'))).toEqual(['a', 'empty']);
    expect(await readdir(into())).toEqual(['site']);
  });

  test('another file is copied as it is', async () => {
    const done = await extractArtifact({ name: 'x.html', mimeType: 'text/html' }, stream(Buffer.from('<p>')), {
      into: into(),
    });

    expect(await readFile(done.path, 'utf8')).toBe('<p>');
    expect(await readdir(into())).toEqual(['x.html']);
  });

  test('what exists is not touched', async () => {
    await mkdir(join(into(), 'site'), { recursive: true });
    await writeFile(join(into(), 'site/a'), 'mine');

    await expect(extractArtifact(ZIP, stream(await honest()), { into: into() })).rejects.toMatchObject({
      code: 'results/target-exists',
    });

    expect(await readFile(join(into(), 'site/a'), 'utf8')).toBe('mine');
  });

  test('a link in the place of the target is not followed', async () => {
    await mkdir(into());
    await mkdir(join(dir, 'elsewhere'));
    await symlink(join(dir, 'elsewhere'), join(into(), 'site'));

    await expect(extractArtifact(ZIP, stream(await honest()), { into: into() })).rejects.toMatchObject({
      code: 'results/target-exists',
    });

    expect(await readdir(join(dir, 'elsewhere'))).toEqual([]);
  });

  test('an executable file loses its bit', async () => {
    const zip = zipOf([{ name: 'run.sh', content: '#!/bin/sh\n', mode: 0o100755 }]);

    const done = await extractArtifact(ZIP, stream(zip), { into: into() });

    expect((await stat(join(done.path, 'run.sh'))).mode & 0o111).toBe(0);
  });

  const HOSTILE: readonly (readonly [string, Parameters<typeof zipOf>[0]])[] = [
    ['a path that climbs out', [{ name: '../../evil', content: 'x' }]],
    ['a path that climbs out in the middle', [{ name: 'a/../../evil', content: 'x' }]],
    ['an absolute path', [{ name: '/tmp/evil', content: 'x' }]],
    ['a path with backslashes', [{ name: '..\\..\\evil', content: 'x' }]],
    ['a path with a NUL', [{ name: 'a\0b', content: 'x' }]],
    ['a symbolic link', [{ name: 'link', content: '/etc/passwd', mode: 0o120777 }]],
    [
      'a file below a symbolic link',
      [
        { name: 'link', content: '..', mode: 0o120777 },
        { name: 'link/evil', content: 'x' },
      ],
    ],
    ['a device', [{ name: 'dev', content: '', mode: 0o060644 }]],
    ['a pipe', [{ name: 'pipe', content: '', mode: 0o010644 }]],
    [
      'a file twice',
      [
        { name: 'same', content: 'x' },
        { name: 'same', content: 'y' },
      ],
    ],
    [
      'a file that is also a folder',
      [
        { name: 'same', content: 'x' },
        { name: 'same/below', content: 'y' },
      ],
    ],
    ['a very deep path', [{ name: `${'d/'.repeat(80)}x`, content: 'x' }]],
  ];
  test.each(HOSTILE)('%s is refused and leaves nothing', async (_what, entries) => {
    const attempt = extractArtifact(ZIP, stream(zipOf(entries)), { into: into() });

    await expect(attempt).rejects.toMatchObject({ code: 'results/zip-unsafe' });
    expect(await readdir(into())).toEqual([]);
    expect(existsSync(join(dir, 'evil'))).toBe(false);
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  test('a bomb is stopped by what comes out of it, not by what it says', async () => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
    await writer.add('zeros', new Uint8ArrayReader(new Uint8Array(4 * 1024 * 1024)));
    const bomb = await writer.close();
    expect(bomb.byteLength).toBeLessThan(20_000);

    const attempt = extractArtifact(ZIP, stream(bomb), {
      into: into(),
      limits: { ...EXTRACT_LIMITS, bytesMax: 1024 * 1024 },
    });

    await expect(attempt).rejects.toMatchObject({ code: 'results/too-large' });
    expect(await readdir(into())).toEqual([]);
  });

  test('too many entries and too large an archive are refused', async () => {
    const zip = zipOf([
      { name: 'a', content: '' },
      { name: 'b', content: '' },
    ]);

    const many = extractArtifact(ZIP, stream(zip), { into: into(), limits: { ...EXTRACT_LIMITS, entriesMax: 1 } });
    await expect(many).rejects.toMatchObject({ code: 'results/too-many' });
    const large = extractArtifact(ZIP, stream(zip), {
      into: into(),
      limits: { ...EXTRACT_LIMITS, archiveBytesMax: 9 },
    });
    await expect(large).rejects.toMatchObject({ code: 'results/too-large' });
  });

  test('no damaged archive makes a file outside or an unknown error (seeded)', async () => {
    const zip = zipOf([
      { name: 'a/b.txt', content: 'hello '.repeat(50) },
      { name: 'c', content: 'x' },
    ]);
    let seed = 42;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;

    for (let round = 0; round < 200; round += 1) {
      const damaged = Uint8Array.from(zip);
      for (let n = 0; n < 1 + random(6); n += 1) damaged[random(damaged.length)] = random(256);
      const target = join(dir, `round-${round}`);
      await extractArtifact(ZIP, stream(damaged), {
        into: target,
        limits: { ...EXTRACT_LIMITS, bytesMax: 1024 * 1024 },
      }).catch((error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^results\//) }));
      expect((await readdir(target)).filter((name) => name !== 'site')).toEqual([]);
    }
    expect((await readdir(dir)).every((name) => name.startsWith('round-'))).toBe(true);
  });
});
