import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BlobWriter, TextReader, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git, OWNER, type Served, serveRepositories, workTree } from './repo.fixture.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;
let postgres: TestPostgres;
let served: Served;
let folder: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  served = await serveRepositories(postgres, { limits: { repositoryBytesMax: 2 * MIB } });
  folder = await mkdtemp(join(tmpdir(), 'sp-import-'));
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
function importArchive(path: string) {
  count += 1;
  return served.server.import({ owner: 'acme', name: `a${count}`, from: { kind: 'archive', path }, principal: OWNER });
}

async function zipOf(from: string, below: string): Promise<Buffer> {
  const zip = new ZipWriter(new BlobWriter());
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await zip.add(`${below}${relative(from, path)}`, new Uint8ArrayReader(await readFile(path)));
  }
  return Buffer.from(await (await zip.close()).arrayBuffer());
}

type Item = { readonly name: string; readonly type?: 'file' | 'symlink' | 'directory'; readonly linkname?: string };
async function tarOf(items: readonly (Item & { readonly text?: string })[]): Promise<Buffer> {
  const out = pack();
  for (const { text = '', ...header } of items) out.entry(header, text);
  out.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of out) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('an archive', () => {
  test('of a work tree or of a bare repository, as tar, tar.gz and zip, brings branches and tags and runs nothing', {
    timeout: 60_000,
  }, async () => {
    await using work = await workTree();
    await git(work.dir, ['tag', '-a', 'v1', '-m', 'one']);
    // What leads out of the work tree is no part of what is read.
    await symlink('/etc/passwd', join(work.dir, 'out'));
    const mark = join(folder, 'ran');
    await git(work.dir, ['config', 'core.fsmonitor', `touch ${mark}`]);
    await git(work.dir, ['config', 'uploadpack.packObjectsHook', `touch ${mark}; exec`]);
    const bare = join(folder, 'bare.git');
    await git(folder, ['clone', '-q', '--bare', work.dir, bare]);
    const at = (name: string) => join(folder, name);
    await run('tar', ['-czf', at('tree.tar.gz'), '-C', join(work.dir, '..'), work.dir.split('/').at(-1) ?? '']);
    await run('tar', ['-cf', at('bare.tar'), '-C', bare, '.']);
    await writeFile(at('tree.zip'), await zipOf(work.dir, 'shop/'));
    await writeFile(at('bare.zip'), await zipOf(bare, ''));

    for (const name of ['tree.tar.gz', 'bare.tar', 'tree.zip', 'bare.zip']) {
      const { id, state, defaultBranch } = await importArchive(at(name));
      const { items } = await (await served.server.reader(id)).listRefs();
      expect([name, state, defaultBranch, ...items.map(({ ref }) => ref)]).toEqual([
        name,
        'active',
        'main',
        'refs/heads/main',
        'refs/tags/v1',
      ]);
    }
    expect(await readdir(folder)).not.toContain('ran');
  });

  const repository = [
    { name: 'r/HEAD', text: 'ref: refs/heads/main\n' },
    { name: 'r/objects/info/', type: 'directory' },
    { name: 'r/refs/heads/', type: 'directory' },
  ] as const;
  const hostile: readonly (readonly [what: string, code: string, make: () => Promise<Buffer>])[] = [
    ['no repository', 'import-refused', () => tarOf([{ name: 'a.txt', text: 'a' }])],
    ['no archive', 'import-refused', async () => Buffer.from('nothing of that kind')],
    ['a path that climbs', 'import-refused', () => tarOf([...repository, { name: 'r/objects/../../../x', text: 'x' }])],
    ['an absolute path', 'import-refused', () => tarOf([...repository, { name: '/tmp/x', text: 'x' }])],
    [
      'objects as a link',
      'import-refused',
      () => tarOf([...repository, { name: 'r/objects/pack', type: 'symlink', linkname: '/etc' }]),
    ],
    [
      'a file that is there twice',
      'import-refused',
      () =>
        tarOf([...repository, { name: 'r/HEAD', text: 'x' }, { name: 'b', text: 'b' }, { name: 'r/HEAD', text: 'y' }]),
    ],
    [
      'two repositories',
      'import-refused',
      () => tarOf([...repository, ...repository.map((one) => ({ ...one, name: `s${one.name}` }))]),
    ],
    [
      'objects elsewhere',
      'folder-unsafe',
      () => tarOf([...repository, { name: 'r/objects/info/alternates', text: '/etc\n' }]),
    ],
    [
      'too much in the repository',
      'over-quota',
      () => tarOf([...repository, { name: 'r/objects/big', text: 'x'.repeat(3 * MIB) }]),
    ],
    [
      'a bomb beside the repository',
      'over-quota',
      async () => gzipSync(await tarOf([...repository, { name: 'bomb', text: '\0'.repeat(9 * MIB) }])),
    ],
    [
      'a bomb in a zip',
      'over-quota',
      async () => {
        const zip = new ZipWriter(new BlobWriter());
        await zip.add('HEAD', new TextReader('ref: refs/heads/main\n'));
        await zip.add('objects/big', new TextReader('\0'.repeat(9 * MIB)));
        return Buffer.from(await (await zip.close()).arrayBuffer());
      },
    ],
    ['an end that is missing', 'import-refused', async () => gzipSync(await tarOf(repository)).subarray(0, 60)],
  ];
  test.each(hostile)('with %s is refused (%s) and leaves nothing', async (_what, code, make) => {
    const path = join(folder, `hostile-${count}`);
    await writeFile(path, await make());
    const before = await served.server.list(OWNER);

    await expect(importArchive(path)).rejects.toMatchObject({ code: `repo/${code}` });
    expect(await served.server.list(OWNER)).toEqual(before);
    expect(await readdir(join(served.root, 'staging'))).toEqual([]);
  });

  test('that is honest and has the same form is taken: the control', async () => {
    const path = join(folder, 'honest.tar');
    await writeFile(path, await tarOf(repository));

    expect(await importArchive(path)).toMatchObject({ state: 'active' });
  });
});

describe('an address', () => {
  test('brings everything, from where its name was looked up and nowhere else', { timeout: 60_000 }, async () => {
    const asked: string[] = [];
    await using loose = await serveRepositories(postgres, {
      network: {
        async lookup(host) {
          asked.push(host);
          return ['127.0.0.1'];
        },
        unsafePrivateImport: true,
      },
    });
    const { owner, name } = await served.server.create(OWNER, { owner: 'acme', name: 'shop' });
    await using work = await workTree();
    await git(work.dir, ['tag', 'v1']);
    await git(work.dir, ['push', '-q', served.url(`${owner}/${name}.git`), 'main', 'main:topic', 'v1']);
    const open = createServer(
      (request, response) => void served.server.handle(request, response, { principal: OWNER }),
    );
    await new Promise<void>((listening) => open.listen(0, '127.0.0.1', listening));
    const address = open.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const phases = new Set<string>();

    // No name server knows this name: git reaches it by what was looked up.
    const { id } = await loose.server.import({
      owner: 'acme',
      name: 'copy',
      from: { kind: 'url', url: `http://git.test.invalid:${port}/acme/shop.git` },
      principal: OWNER,
      progress: ({ phase }) => phases.add(phase),
    });
    open.close();

    const { items } = await (await loose.server.reader(id)).listRefs();
    expect(items.map(({ ref }) => ref)).toEqual(['refs/heads/main', 'refs/heads/topic', 'refs/tags/v1']);
    expect(asked).toEqual(['git.test.invalid']);
    expect([...phases]).toEqual(expect.arrayContaining(['looking', 'receiving', 'recording']));
    await mkdir(join(folder, 'copy'));
    expect((await git(join(folder, 'copy'), ['clone', '-q', loose.url('acme/copy.git'), '.'])).code).toBe(0);
  });
});
