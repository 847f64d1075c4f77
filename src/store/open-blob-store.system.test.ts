import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Digest, digestOf, systemClock } from '../base/index.ts';
import { openBlobStore } from './open-blob-store.ts';

const FIXTURE = new URL('store.fixture.ts', import.meta.url).pathname;
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function blobsIn(folder: string): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for (const prefix of await readdir(join(folder, 'blobs'))) {
    for (const name of await readdir(join(folder, 'blobs', prefix))) digests.push(`sha256:${name}`);
  }
  return digests;
}

const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.once('close', () => resolve()));
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('writers and collectors that are killed at any point leave only whole blobs', async () => {
  const known = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const writer = spawn(process.execPath, [FIXTURE, 'put', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const collector = spawn(process.execPath, [FIXTURE, 'collect', dir], { stdio: 'ignore' });
    writer.stdout.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) if (line.startsWith('{"digest')) known.add(line);
    });
    const ends = [ended(writer), ended(collector)];
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    await sleep(20 + round * 37);
    writer.kill('SIGKILL');
    collector.kill('SIGKILL');
    await Promise.all(ends);
  }

  const store = await openBlobStore({ dir, bytesMax: 1 << 30, clock: systemClock });
  for (const digest of await blobsIn(dir)) expect(digestOf(await buffer(await store.open(digest)))).toBe(digest);
  expect(known.size).toBeGreaterThan(0);
  expect(await readdir(join(dir, 'trash'))).toEqual([]);
  const { digest } = await store.put(Readable.from([Buffer.from('still works')]), { bytesMax: 100 });
  expect(await store.has(digest)).toBe(true);
});

/** Needs to mount, which root in its own namespaces may; elsewhere there is nothing to fill. */
test.skipIf(process.getuid?.() !== 0)('a full disk is a clear fault and leaves no part of a blob', async () => {
  const script = `mount -t tmpfs -o size=2m none "$1" && "$2" "$3" put "$1" 700000; find "$1" -type f -size +0 | sed 's/^/file /'`;
  const child = spawn('/usr/bin/unshare', ['--mount', 'sh', '-c', script, 'sh', dir, process.execPath, FIXTURE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended(child);
  clearTimeout(deadline);

  expect(output).toContain('"fault":"store/disk-full"');
  const files = output.split('\n').filter((line) => line.startsWith('file '));
  expect(files.length).toBe(output.split('"digest"').length - 1);
  expect(files.every((line) => line.includes('/blobs/'))).toBe(true);
});
