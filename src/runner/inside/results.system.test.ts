import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { BlobWriter, TextReader, ZipWriter } from '@zip.js/zip.js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Digest, systemClock, type TrustLevel } from '../../base/index.ts';
import { createResultsHandler, memoryResults, type ResultsHandler, type ResultsScope } from '../../results/index.ts';

const PROGRAM_MS_MAX = 60_000;
const root = mkdtempSync(join(tmpdir(), 'results-'));
const store = memoryResults({ clock: systemClock });
const level: TrustLevel = 'branch';
let server: Server;
let handler: ResultsHandler;
let origin = '';
let counter = 0;
let workspace = '';

const scope: ResultsScope = {
  repository: 'acme/repo',
  runId: 7,
  attempt: 1,
  jobId: 3,
  level: () => level,
  ref: 'refs/heads/main',
  readableRefs: [],
  taint() {},
};

beforeAll(async () => {
  server = createServer((request, response) => {
    handler.handle(request, response).then(
      (isOurs) => isOurs || response.writeHead(404).end(),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handler = createResultsHandler({
    store,
    scope,
    signingKey: randomBytes(32),
    random: randomBytes,
    clock: systemClock,
    origin,
  });
});
beforeEach(() => {
  counter += 1;
  workspace = join(root, `workspace-${counter}`);
  mkdirSync(join(root, 'home'), { recursive: true });
  mkdirSync(workspace);
});
afterAll(async () => {
  server.close();
  await handler.close();
  rmSync(root, { recursive: true, force: true });
});

function environmentOf(inputs: { [name: string]: string }, output: string): { [name: string]: string } {
  return {
    PATH: '/usr/bin:/bin',
    HOME: join(root, 'home'),
    RUNNER_TEMP: root,
    GITHUB_WORKSPACE: workspace,
    GITHUB_OUTPUT: output,
    GITHUB_STATE: `${output}.state`,
    GITHUB_SERVER_URL: origin,
    GITHUB_REPOSITORY: 'acme/repo',
    GITHUB_RUN_ID: '7',
    ACTIONS_RESULTS_URL: `${origin}/`,
    ACTIONS_RUNTIME_TOKEN: handler.runtimeToken.expose(),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  };
}

type Run = { code: number; log: string; outputs: { [name: string]: string }; state: { [name: string]: string } };

async function run(
  program: string,
  inputs: { [name: string]: string },
  env: { [name: string]: string } = {},
): Promise<Run> {
  counter += 1;
  const output = join(root, `output-${counter}`);
  writeFileSync(output, '');
  writeFileSync(`${output}.state`, '');
  const [name = '', ...args] = program.split(' ');
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...args], {
    cwd: workspace,
    timeout: PROGRAM_MS_MAX,
    env: { ...environmentOf(inputs, output), ...env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 128)));
  return { code, log, outputs: pairs(output), state: pairs(`${output}.state`) };
}

function pairs(path: string): { [name: string]: string } {
  const text = readFileSync(path, 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^(\S+)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map((match) => [match[1], match[3]]),
  );
}

function write(files: { [path: string]: string }, folder = workspace): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Puts an archive of a hostile job into the store, past the client. */
async function plant(
  name: string,
  entries: readonly { name: string; text: string; unixMode?: number }[],
  digest?: Digest,
): Promise<void> {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  for (const { name: path, text, unixMode } of entries) {
    const attributes =
      unixMode === undefined ? {} : { externalFileAttributes: (unixMode << 16) >>> 0, versionMadeBy: 0x031e };
    await writer.add(path, new TextReader(text), attributes);
  }
  const bytes = Buffer.from(await (await writer.close()).arrayBuffer());
  const content = Readable.from([bytes]);
  await store.artifacts.put(scope, {
    name,
    mimeType: 'application/zip',
    content,
    ...(digest === undefined ? {} : { digest }),
  });
}

test('an artifact goes from job to job with its folders', async () => {
  write({ 'out/a.txt': 'A', 'out/sub/b.txt': 'B'.repeat(100_000), 'out/.hidden': 'h', 'out/skip.log': 'l' });

  const up = await run('upload-artifact', { name: 'one', path: 'out\n!out/*.log' });
  const down = await run('download-artifact 8', { name: 'one', path: 'back' });

  expect(up.log).toContain('there will be 2 files uploaded');
  expect(up.outputs['artifact-url']).toBe(`${origin}/acme/repo/actions/runs/7/artifacts/${up.outputs['artifact-id']}`);
  expect(down.log).toContain(`SHA256 digest of downloaded artifact is ${up.outputs['artifact-digest']}`);
  expect(down.outputs['download-path']).toBe(join(workspace, 'back'));
  expect(readFileSync(join(workspace, 'back/sub/b.txt'), 'utf8')).toBe('B'.repeat(100_000));
  expect(readdirSync(join(workspace, 'back')).sort()).toEqual(['a.txt', 'sub']);
});

test('what was uploaded is a plain zip archive, larger ones in several blocks', async () => {
  write({ 'big.bin': randomBytes(10 * 1024 * 1024).toString('hex') });

  const up = await run('upload-artifact', { name: 'big', path: 'big.bin', 'compression-level': '0' });
  await run('download-artifact 8', { name: 'big', path: 'raw', 'skip-decompress': 'true' });

  expect(up.code).toBe(0);
  const listed = spawnSync('/usr/bin/python3', ['-m', 'zipfile', '-t', join(workspace, 'raw/big.zip')], {
    encoding: 'utf8',
  });
  expect(listed.stdout + listed.stderr).toContain('Done testing');
});

test('a name is taken once, unless it is overwritten', async () => {
  write({ a: '1' });
  await run('upload-artifact', { name: 'twice', path: 'a' });
  write({ a: '2' });

  const second = await run('upload-artifact', { name: 'twice', path: 'a' });
  const third = await run('upload-artifact', { name: 'twice', path: 'a', overwrite: 'true' });
  await run('download-artifact 8', { name: 'twice', path: 'b' });

  expect(second.code).toBe(1);
  expect(second.log).toContain('already exists');
  expect(third.code).toBe(0);
  expect(readFileSync(join(workspace, 'b/a'), 'utf8')).toBe('2');
});

test('no files: warn, ignore or error', async () => {
  const runs = await Promise.all(
    ['warn', 'ignore', 'error', 'oops'].map((one) =>
      run('upload-artifact', { path: 'none', 'if-no-files-found': one }),
    ),
  );

  expect(runs.map((one) => one.code)).toEqual([0, 0, 1, 1]);
  expect(runs[0]?.log).toContain('::warning::No files were found');
  expect(runs[1]?.log).not.toContain('::');
});

test('one file without an archive keeps its name', async () => {
  write({ 'page.html': '<p>' });

  const up = await run('upload-artifact', { path: 'page.html', archive: 'false' });
  await run('download-artifact 8', { name: 'page.html', path: 'd' });

  expect(up.code).toBe(0);
  expect(readFileSync(join(workspace, 'd/page.html'), 'utf8')).toBe('<p>');
});

test('a file that would take hours to pack is refused by its size, before anything is created', async () => {
  write({ 'big/small': 'x' });
  truncateSync(join(workspace, 'big/small'), 2 ** 42);

  const artifact = await run('upload-artifact', { path: 'big', name: 'endless' });
  const cache = await run('cache save', { path: 'big', key: 'endless' });
  const later = await run('cache restore', { path: 'big', key: 'endless' });

  expect(artifact.code).toBe(1);
  expect(artifact.log).toContain('The artifact: more than 34359738368 bytes before compression');
  expect(cache).toMatchObject({
    code: 0,
    log: expect.stringContaining('Failed to save: The cache: more than 34359738368 bytes'),
  });
  expect(later.log).toContain('Cache not found');
});

test('a pattern chooses artifacts, each into its folder, or merged', async () => {
  write({ x: 'x', y: 'y' });
  await run('upload-artifact', { name: 'part-1', path: 'x' });
  await run('upload-artifact', { name: 'part-2', path: 'y' });

  await run('download-artifact 8', { pattern: 'part-{1,2}', path: 'each' });
  await run('download-artifact 8', { pattern: 'part-*', path: 'merged', 'merge-multiple': 'true' });
  await run('download-artifact 8', { pattern: 'part-1', path: 'lone' });
  await run('download-artifact 4', { pattern: 'part-1', path: 'four' });
  const missing = await run('download-artifact 8', { name: 'nothing' });
  const other = await run('download-artifact 8', { name: 'part-1', 'run-id': '9', 'github-token': 't' });

  expect(readdirSync(join(workspace, 'each')).sort()).toEqual(['part-1', 'part-2']);
  expect(readdirSync(join(workspace, 'merged')).sort()).toEqual(['x', 'y']);
  expect(readdirSync(join(workspace, 'lone'))).toEqual(['x']);
  expect(readdirSync(join(workspace, 'four'))).toEqual(['part-1']);
  expect(missing.log).toContain("Artifact 'nothing' not found");
  expect(other.log).toContain('Artifacts of another run are not available here');
});

test.each([
  ['a path that leaves the folder', [{ name: '../escaped', text: 'x' }]],
  ['an absolute path', [{ name: '/tmp/escaped-by-zip', text: 'x' }]],
  ['a path with a backslash', [{ name: '..\\escaped', text: 'x' }]],
  ['a symbolic link', [{ name: 'link', text: '../..', unixMode: 0o120777 }]],
  [
    'a link and a file below it',
    [
      { name: 'd', text: '..', unixMode: 0o120777 },
      { name: 'd/escaped', text: 'x' },
    ],
  ],
  [
    'a file below a file',
    [
      { name: 'd', text: 'x' },
      { name: 'd/escaped', text: 'x' },
    ],
  ],
])('%s is refused and nothing is written', async (title, entries) => {
  const name = `hostile-${createHash('sha256').update(title).digest('hex').slice(0, 8)}`;
  await plant(name, [{ name: 'first.txt', text: 'fine' }, ...entries]);

  const down = await run('download-artifact 8', { name, path: 'in/side' });

  expect(down.code).toBe(1);
  expect(down.log).toContain('the archive is refused');
  expect(readdirSync(join(workspace, 'in/side'))).toEqual([]);
  expect(existsSync(join(workspace, 'in/escaped')) || existsSync(join(workspace, 'escaped'))).toBe(false);
});

test('links that lie in the folder already are not written through, and nothing becomes executable', async () => {
  await plant('data', [
    { name: 'sub/run.sh', text: 'new', unixMode: 0o100755 },
    { name: 'hard', text: 'new' },
    { name: 'soft', text: 'new' },
  ]);
  write({ victim: 'old', 'outside/run.sh': 'old' });
  mkdirSync(join(workspace, 'in'));
  linkSync(join(workspace, 'victim'), join(workspace, 'in/hard'));
  symlinkSync('../victim', join(workspace, 'in/soft'));

  await run('download-artifact 8', { name: 'data', path: 'in' });
  const mode = statSync(join(workspace, 'in/sub/run.sh')).mode & 0o111;
  rmSync(join(workspace, 'in/sub'), { recursive: true });
  symlinkSync('../outside', join(workspace, 'in/sub'));
  const through = await run('download-artifact 8', { name: 'data', path: 'in' });

  expect(mode).toBe(0);
  expect(readFileSync(join(workspace, 'victim'), 'utf8')).toBe('old');
  expect(lstatSync(join(workspace, 'in/soft')).isFile()).toBe(true);
  expect(through.code).toBe(1);
  expect(readFileSync(join(workspace, 'outside/run.sh'), 'utf8')).toBe('old');
});

test('a cache is restored by key and by prefix, and not saved twice', async () => {
  const inputs = { path: '~/.tool\nnode_modules\n!node_modules/.cache', key: 'k-1', 'restore-keys': 'k-' };
  write({ 'node_modules/p/index.js': 'p' });
  write({ 'home/.tool/bin': 'tool' }, root);

  const miss = await run('cache main', inputs);
  const saved = await run('cache post', inputs, { STATE_CACHE_KEY: miss.state['CACHE_KEY'] ?? '' });
  rmSync(join(workspace, 'node_modules'), { recursive: true });
  rmSync(join(root, 'home/.tool'), { recursive: true });
  const hit = await run('cache main', inputs);
  const again = await run('cache post', inputs, {
    STATE_CACHE_KEY: 'k-1',
    STATE_CACHE_RESULT: hit.state['CACHE_RESULT'] ?? '',
  });
  const prefix = await run('cache restore', { ...inputs, key: 'k-2', 'lookup-only': 'true' });

  expect(miss.log).toContain('Cache not found for input keys: k-1, k-');
  expect(saved.log).toContain('Cache saved with key: k-1');
  expect(hit.outputs['cache-hit']).toBe('true');
  expect(readFileSync(join(workspace, 'node_modules/p/index.js'), 'utf8')).toBe('p');
  expect(readFileSync(join(root, 'home/.tool/bin'), 'utf8')).toBe('tool');
  expect(again.log).toContain('not saving cache');
  expect(prefix.outputs).toMatchObject({
    'cache-hit': 'false',
    'cache-matched-key': 'k-1',
    'cache-primary-key': 'k-2',
  });
});

test('a missing cache fails only when asked to, and bad keys do', async () => {
  const soft = await run('cache restore', { path: 'x', key: 'none' });
  const hard = await run('cache restore', { path: 'x', key: 'none', 'fail-on-cache-miss': 'true' });
  const comma = await run('cache restore', { path: 'x', key: 'a,b' });
  const nothing = await run('cache save', { path: 'not-there', key: 'fresh' });

  expect([soft.code, hard.code, comma.code, nothing.code]).toEqual([0, 1, 1, 0]);
  expect(nothing.log).toContain('do(es) not exist');
});

const OFFICIAL = `
import * as cache from '@actions/cache';
import { DefaultArtifactClient } from '@actions/artifact';
const [what, ...args] = process.argv.slice(2);
if (what === 'save') await cache.saveCache([args[1]], args[0]);
if (what === 'restore') console.log('MATCHED', await cache.restoreCache([args[1]], args[0], []));
if (what === 'download') {
  const client = new DefaultArtifactClient();
  const { artifact } = await client.getArtifact(args[0]);
  await client.downloadArtifact(artifact.id, { path: args[1], expectedHash: artifact.digest });
}
process.exit(0);
`;

async function official(...args: string[]): Promise<string> {
  const script = join(import.meta.dirname, '../../..', 'node_modules', `.official-${process.pid}.mjs`);
  writeFileSync(script, OFFICIAL);
  const env = {
    ...environmentOf({}, join(root, 'unused')),
    ACTIONS_CACHE_SERVICE_V2: 'True',
    GITHUB_SERVER_URL: 'http://x.localhost',
  };
  const child = spawn(process.execPath, [script, ...args], { cwd: workspace, env, timeout: PROGRAM_MS_MAX });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  rmSync(script, { force: true });
  return log;
}

test('entries and artifacts are the same for the official clients', async () => {
  write({ 'dir/f': 'content' });

  await run('cache save', { path: 'dir', key: 'ours' });
  await official('save', 'theirs', 'dir');
  rmSync(join(workspace, 'dir'), { recursive: true });
  const theirs = await official('restore', 'ours', 'dir');
  const afterTheirs = readFileSync(join(workspace, 'dir/f'), 'utf8');
  rmSync(join(workspace, 'dir'), { recursive: true });
  const ours = await run('cache restore', { path: 'dir', key: 'theirs' });
  await run('upload-artifact', { name: 'for-theirs', path: 'dir' });
  const download = await official('download', 'for-theirs', join(workspace, 'got'));

  expect(theirs).toContain('MATCHED ours');
  expect(afterTheirs).toBe('content');
  expect(ours.outputs['cache-hit']).toBe('true');
  expect(download).not.toContain('Error');
  expect(readFileSync(join(workspace, 'got/f'), 'utf8')).toBe('content');
});
