import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditlogTables } from '../auditlog/index.ts';
import { gitLimits } from '../git/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git, OWNER, type Served, serveRepositories, workTree } from './repo.fixture.ts';
import { ZERO } from './rules.ts';
import { repoLimits } from './server.ts';

const MIB = 1024 ** 2;
const LIMITS = {
  packBytesMax: 8 * MIB,
  refsPerPushMax: 20,
  push: gitLimits({
    requestBytesMax: 10 * MIB,
    idleMsMax: 700,
    idleBytesMin: 16,
    processesMax: 2,
    waitingMax: 1,
    waitMsMax: 500,
  }),
};

let postgres: TestPostgres;
let served: Served;
let folder: string;
let id: number;
let path: string;
let tip: string;

beforeAll(async () => {
  postgres = await openTestPostgres();
  served = await serveRepositories(postgres, { limits: LIMITS });
  folder = await mkdtemp(join(tmpdir(), 'sp-repo-test-'));
  ({ id } = await served.server.create(OWNER, { owner: 'acme', name: 'shop' }));
  path = 'acme/shop.git';
  await using work = await workTree();
  await git(work.dir, ['push', '-q', served.url(path), 'main']);
  tip = (await git(work.dir, ['rev-parse', 'HEAD'])).out.trim();
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

const AUTH = { authorization: `Basic ${Buffer.from('owner:x').toString('base64')}` };
const TYPE = { 'content-type': 'application/x-git-receive-pack-request' };
const line = (text: string) => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;

function post(body: Buffer | string, headers: { readonly [name: string]: string } = {}, at = path): Promise<Response> {
  const bytes = new Uint8Array(Buffer.from(body));
  return fetch(`http://127.0.0.1:${served.port}/${at}/git-receive-pack`, {
    method: 'POST',
    headers: { ...AUTH, ...TYPE, ...headers },
    body: bytes,
  });
}

/** A path as it is, without what a client mends of it. */
function raw(requestPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(served.port, '127.0.0.1', () => {
      socket.write(
        `GET ${requestPath} HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTH.authorization}\r\nconnection: close\r\n\r\n`,
      );
    });
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text));
    socket.once('error', reject);
  });
}

const refs = async (at = id) => (await (await served.server.reader(at)).listRefs()).items;
const objectsLeft = async (at = id, place = served) =>
  (await readdir(join(place.root, 'repositories', `${at}.git`, 'objects'))).filter((name) => /tmp|incoming/.test(name));

type Raw = { readonly type: 1 | 2 | 3; readonly bytes: Buffer };
const NAMES = { 1: 'commit', 2: 'tree', 3: 'blob' } as const;
const idOf = ({ type, bytes }: Raw) =>
  // sallyport:ignore javascript-weak-hash -- the ids of git's objects (repo, until 2027-06-30)
  createHash('sha1').update(`${NAMES[type]} ${bytes.length}\0`).update(bytes).digest('hex');

/** A pack of whole objects, written by hand: git's own tools refuse to make some of these. */
function packOf(objects: readonly Raw[], claimed = objects.length): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(claimed, 8);
  const body = Buffer.concat([
    head,
    ...objects.flatMap(({ type, bytes }) => [sizeHeader(type, bytes.length), deflateSync(bytes)]),
  ]);
  // sallyport:ignore javascript-weak-hash -- the checksum of git's packs (repo, until 2027-06-30)
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function sizeHeader(type: number, size: number): Buffer {
  const out: number[] = [];
  let rest = Math.floor(size / 16);
  let byte = (type << 4) | (size & 15);
  while (rest > 0) {
    out.push(byte | 0x80);
    byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...out, byte]);
}

const treeOf = (entries: readonly (readonly [mode: string, name: string, oid: string])[]): Raw => ({
  type: 2,
  bytes: Buffer.concat(
    entries.flatMap(([mode, name, oid]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]),
  ),
});
const commitOf = (tree: string): Raw => ({
  type: 1,
  bytes: Buffer.from(
    `tree ${tree}\nauthor A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n\nx\n`,
  ),
});
const command = (next: string, ref: string, old = ZERO) => line(`${old} ${next} ${ref}\0 report-status\n`);

async function pushObjects(ref: string, objects: readonly Raw[], tree: string): Promise<string> {
  const commit = commitOf(tree);
  const body = Buffer.concat([Buffer.from(`${command(idOf(commit), ref)}0000`), packOf([...objects, commit])]);
  try {
    const answer = await post(body);
    return `${answer.status} ${await answer.text()}`;
  } catch (thrown) {
    // A client that still sends when it is refused may see nothing but the end of the connection.
    return `0 ${String(thrown)}`;
  }
}

describe('paths', () => {
  const tricks = [
    '/acme/../acme/shop.git/info/refs?service=git-upload-pack',
    '/acme/%2e%2e/1.git/info/refs?service=git-upload-pack',
    '/acme/..%2f..%2f1.git/info/refs?service=git-upload-pack',
    '//acme/shop.git/info/refs?service=git-upload-pack',
    '/acme//shop.git/info/refs?service=git-upload-pack',
    '/acme/shop.git%00/info/refs?service=git-upload-pack',
    '/acme/shop.git/..\\..\\info/refs?service=git-upload-pack',
    '/repositories/1.git/info/refs?service=git-upload-pack',
    '/acme/-u.git/info/refs?service=git-upload-pack',
    '/acme/shop.git/objects/../../../etc/passwd',
    '/acme/shop.git/info/refs?service=git-upload-archive',
    '/acme/shop.git/info/refs?service=git-upload-pack&x=../..',
    '/acme/shop.git/config',
  ];
  test.each(tricks)('%s leads nowhere', async (trick) => {
    expect(await raw(trick)).toMatch(/^HTTP\/1\.1 (403|404) /);
  });

  test('the honest one of them is answered', async () => {
    expect(await raw('/acme/shop.git/info/refs?service=git-upload-pack')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a protocol that is not served is refused', async () => {
    const ask = (version: string) =>
      fetch(`http://127.0.0.1:${served.port}/${path}/info/refs?service=git-upload-pack`, {
        headers: { ...AUTH, 'git-protocol': version },
      });

    expect((await ask('version=3')).status).toBe(400);
    expect((await ask('version=2:x')).status).toBe(400);
    expect((await ask('version=2')).status).toBe(200);
  });
});

describe('bodies', () => {
  test.each([
    ['no length', 'zzzz'],
    ['an empty line', '0004'],
    ['a line that says nothing', line('hello')],
    ['a line of 64 KiB', `ffff${'a'.repeat(65_531)}`],
    ['a list that breaks off', command(ZERO, 'refs/heads/x')],
    ['a name with a line feed', line(`${ZERO} ${ZERO} refs/heads/a\nallow\n\0 report-status\n`)],
    ['too many refs', Array.from({ length: 21 }, (_, at) => command(ZERO, `refs/heads/${at}`)).join('')],
  ])('with %s are refused before git reads them', async (_what, body) => {
    expect((await post(body)).status).toBe(400);
  });

  test('to a fetch that are no protocol are refused as that, and are no failure of the server', async () => {
    const fetched = (body: Buffer) =>
      fetch(`http://127.0.0.1:${served.port}/${path}/git-upload-pack`, {
        method: 'POST',
        headers: { ...AUTH, 'content-type': 'application/x-git-upload-pack-request' },
        body: new Uint8Array(body),
      });

    expect((await fetched(Buffer.from('zzzz'))).status).toBe(400);
    expect((await fetched(Buffer.alloc(MIB))).status).toBe(400);
    expect((await fetched(Buffer.from('0000'))).status).toBe(200);
  });

  test('that are no gzip are refused, and gzip that grows beyond the limit', async () => {
    const bomb = gzipSync(
      Buffer.concat([Buffer.from(`${command(tip, 'refs/heads/bomb')}0000`), Buffer.alloc(64 * MIB)]),
    );
    const broken = await post('abc', { 'content-encoding': 'gzip' });
    const grown = await post(bomb, { 'content-encoding': 'gzip' });
    const text = await grown.text();

    expect(bomb.length).toBeLessThan(MIB);
    expect(broken.status).toBe(400);
    expect([200, 413]).toContain(grown.status);
    expect(text).not.toContain('ok refs/heads/bomb');
    expect((await refs()).map(({ ref }) => ref)).toEqual(['refs/heads/main']);
    expect(await objectsLeft()).toEqual([]);
  });

  test('in gzip that are honest are taken', async () => {
    const tree = treeOf([]);
    const commit = commitOf(idOf(tree));
    const body = Buffer.concat([
      Buffer.from(`${command(idOf(commit), 'refs/heads/zipped')}0000`),
      packOf([tree, commit]),
    ]);

    const answer = await post(gzipSync(body), { 'content-encoding': 'gzip' });

    expect(await answer.text()).toContain('ok refs/heads/zipped');
    await post(`${line(`${idOf(commit)} ${ZERO} refs/heads/zipped\0 report-status\n`)}0000`);
  });

  test('that come slowly are ended, and those that are fast are not', async () => {
    const slow = new Promise<string>((resolve) => {
      const socket = connect(served.port, '127.0.0.1');
      let text = '';
      socket.write(
        `POST /${path}/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTH.authorization}\r\ncontent-type: ${TYPE['content-type']}\r\ncontent-length: 10000\r\n\r\n00`,
      );
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.once('close', () => resolve(text));
      socket.on('error', () => {});
    });
    const started = performance.now();

    expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await post('0000')).status).toBe(200);
  });

  test('of too many at once wait, and then are told to come back', async () => {
    const sockets = Array.from({ length: 2 }, () => {
      const socket = connect(served.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `POST /${path}/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTH.authorization}\r\ncontent-type: ${TYPE['content-type']}\r\ncontent-length: 10000\r\n\r\n`,
      );
      return socket;
    });
    await sleep(150);

    const [one, other] = await Promise.all([post('0000'), post('0000')]);
    for (const socket of sockets) socket.destroy();
    const statuses = [one.status, other.status];

    expect(statuses).toContain(503);
    expect((one.status === 503 ? one : other).headers.get('retry-after')).toBe('5');
    await expect.poll(async () => (await post('0000')).status, { timeout: 10_000 }).toBe(200);
  });
});

describe('objects', () => {
  const blob: Raw = { type: 3, bytes: Buffer.from('x') };
  const plain = treeOf([['100644', 'x', idOf(blob)]]);

  test('of an honest push by hand are taken: the control of what follows', async () => {
    expect(await pushObjects('refs/heads/plain', [blob, plain], idOf(plain))).toContain('ok refs/heads/plain');
  });

  test.each([
    ['.git as a folder', treeOf([['40000', '.git', idOf(plain)]])],
    ['.GIT in another case', treeOf([['40000', '.GIT', idOf(plain)]])],
    ['.. as a name', treeOf([['40000', '..', idOf(plain)]])],
    ['a slash in a name', treeOf([['100644', 'a/b', idOf(blob)]])],
    [
      'one name twice',
      treeOf([
        ['100644', 'x', idOf(blob)],
        ['100644', 'x', idOf(blob)],
      ]),
    ],
    ['.gitmodules as a link', treeOf([['120000', '.gitmodules', idOf(blob)]])],
  ])('with %s are refused', async (_what, tree) => {
    const answer = await pushObjects('refs/heads/bad', [blob, plain, tree], idOf(tree));

    expect(answer).not.toContain('ok refs/heads/bad');
    expect((await refs()).map(({ ref }) => ref)).not.toContain('refs/heads/bad');
    expect(await objectsLeft()).toEqual([]);
  });

  test('of a submodule whose address is an option are refused', async () => {
    const modules: Raw = { type: 3, bytes: Buffer.from('[submodule "a"]\n\tpath = a\n\turl = -u./payload\n') };
    const tree = treeOf([['100644', '.gitmodules', idOf(modules)]]);

    expect(await pushObjects('refs/heads/bad', [modules, tree], idOf(tree))).not.toContain('ok refs/heads/bad');
  });

  test('that are missing, fewer than promised, or promised by the billion are refused', async () => {
    const missing = await pushObjects('refs/heads/bad', [], 'a'.repeat(40));
    const commit = commitOf(idOf(plain));
    const lying = async (claimed: number) => {
      const body = Buffer.concat([
        Buffer.from(`${command(idOf(commit), 'refs/heads/bad')}0000`),
        packOf([blob, plain, commit], claimed),
      ]);
      return (await post(body)).text();
    };

    expect(missing).not.toContain('ok refs');
    expect(await lying(7)).not.toContain('ok refs');
    expect(await lying(4_000_000_000)).not.toContain('ok refs');
    expect(await objectsLeft()).toEqual([]);
  });

  test('in a tree that doubles thirty times cost nothing: nobody here unfolds it', { timeout: 60_000 }, async () => {
    const objects: Raw[] = [blob];
    let below = idOf(blob);
    let mode = '100644';
    for (let depth = 0; depth < 30; depth += 1) {
      const tree = treeOf([
        [mode, 'a', below],
        [mode, 'b', below],
      ]);
      objects.push(tree);
      below = idOf(tree);
      mode = '40000';
    }
    const started = performance.now();

    const answer = await pushObjects('refs/heads/bomb', objects, below);
    const reader = await served.server.reader(id);
    const commit = (await reader.resolve('bomb')) ?? '';

    expect(answer).toContain('ok refs/heads/bomb');
    expect(performance.now() - started).toBeLessThan(20_000);
    await expect(reader.changedPaths(ZERO, commit)).rejects.toMatchObject({ code: 'repo/too-large' });
    await expect(reader.archive({ commit, format: 'zip', folder: 'x' })).rejects.toMatchObject({
      code: 'repo/too-large',
    });
  });

  test('in a tree 30,000 deep end at most one git, never the server', { timeout: 90_000 }, async () => {
    const objects: Raw[] = [blob];
    let below = idOf(blob);
    let mode = '100644';
    for (let depth = 0; depth < 30_000; depth += 1) {
      const tree = treeOf([[mode, 'a', below]]);
      objects.push(tree);
      below = idOf(tree);
      mode = '40000';
    }

    const answer = await pushObjects('refs/heads/deep', objects, below);

    expect(answer).toMatch(/^(200|500|503) /);
    expect((await post('0000')).status).toBe(200);
  });

  test('larger than a pack may be are refused and leave nothing', { timeout: 60_000 }, async () => {
    const big: Raw = { type: 3, bytes: randomBytes(9 * MIB) };
    const tree = treeOf([['100644', 'x', idOf(big)]]);

    expect(await pushObjects('refs/heads/big', [big, tree], idOf(tree))).not.toContain('ok refs');
    await expect.poll(() => objectsLeft(), { timeout: 10_000 }).toEqual([]);
  });

  test('beyond the quota of the repository are refused by that rule', async () => {
    await using small = await serveRepositories(postgres, { limits: { repositoryBytesMax: 150_000 } });
    await small.server.create(OWNER, { owner: 'acme', name: 'small' });
    await using work = await workTree();
    const fits = await git(work.dir, ['push', '-q', small.url('acme/small.git'), 'main']);
    await work.commit('big', randomBytes(200_000).toString('hex'));

    const push = await git(work.dir, ['push', small.url('acme/small.git'), 'main']);

    expect([fits.code, push.code]).toEqual([0, 1]);
    expect(push.err).toContain('repository-quota');
  });

  test('that look like hooks and configuration are files and nothing more', async () => {
    await using work = await workTree();
    const mark = join(folder, 'ran');
    await mkdir(join(work.dir, 'hooks'));
    for (const name of ['hooks/pre-receive', 'hooks/update', 'hooks/post-receive', 'config']) {
      await writeFile(join(work.dir, name), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    }
    await work.commit('last');

    const push = await git(work.dir, ['push', '-q', served.url(path), 'main:hooks']);

    expect(push.code).toBe(0);
    expect((await readdir(folder)).includes('ran')).toBe(false);
  });
});

describe('the folder of a repository', () => {
  test.each([
    ['an alternate', (dir: string) => writeFile(join(dir, 'objects/info/alternates'), '/etc\n')],
    [
      'refs as a link',
      async (dir: string) => {
        await rm(join(dir, 'refs'), { recursive: true });
        await symlink('/etc', join(dir, 'refs'));
      },
    ],
    [
      'HEAD as a link',
      async (dir: string) => {
        await rm(join(dir, 'HEAD'));
        await symlink('/etc/passwd', join(dir, 'HEAD'));
      },
    ],
  ])('with %s is not served, before it was', async (what, spoil) => {
    const name = `spoilt-${what.replaceAll(' ', '-')}`;
    const created = await served.server.create(OWNER, { owner: 'acme', name });
    const dir = join(served.root, 'repositories', `${created.id}.git`);
    await mkdir(join(dir, 'objects/info'), { recursive: true });
    const before = await git(folder, ['ls-remote', served.url(`acme/${name}.git`)]);
    await spoil(dir);

    const after = await git(folder, ['ls-remote', served.url(`acme/${name}.git`)]);

    expect([before.code, after.code]).toEqual([0, 128]);
    expect(after.err).toContain('500');
  });

  test('is never another when its configuration names hooks: ours win', async () => {
    const created = await served.server.create(OWNER, { owner: 'acme', name: 'configured' });
    const dir = join(served.root, 'repositories', `${created.id}.git`);
    const mark = join(folder, 'configured-ran');
    await mkdir(join(dir, 'hooks'), { recursive: true });
    await writeFile(join(dir, 'hooks/pre-receive'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    await git(dir, ['config', 'core.hooksPath', join(dir, 'hooks')]);
    await using work = await workTree();

    const push = await git(work.dir, ['push', '-q', served.url('acme/configured.git'), 'main']);
    const control = await git(work.dir, ['push', '-q', dir, 'main:control']);

    expect([push.code, control.code]).toEqual([0, 0]);
    // The control ran it: only the push past the server did.
    expect(await readdir(folder)).toContain('configured-ran');
    await rm(mark);
    await git(work.dir, ['push', '-q', served.url('acme/configured.git'), 'main:second']);
    expect(await readdir(folder)).not.toContain('configured-ran');
  });
});

describe('many at once', () => {
  test('move one ref exactly once', { timeout: 90_000 }, async () => {
    await using wide = await serveRepositories(postgres, {
      limits: { push: { ...repoLimits().push, processesMax: 4 } },
    });
    const created = await wide.server.create(OWNER, { owner: 'acme', name: 'race' });
    await using work = await workTree();
    await git(work.dir, ['push', '-q', wide.url('acme/race.git'), 'main:race']);
    const commits: string[] = [];
    for (let at = 0; at < 4; at += 1) {
      await git(work.dir, ['checkout', '-q', '-B', `c${at}`, 'main']);
      commits.push(await work.commit(`c${at}`));
    }

    const pushes = await Promise.all(
      commits.map((commit) => git(work.dir, ['push', '-q', wide.url('acme/race.git'), `${commit}:refs/heads/race`])),
    );

    const winners = commits.filter((_, at) => pushes[at]?.code === 0);
    expect(winners).toHaveLength(1);
    expect(await (await wide.server.reader(created.id)).resolve('race')).toBe(winners[0]);
    const rows = await wide.db.as<AuditlogTables>().selectFrom('auditlog_entry').select('body').execute();
    const told = rows.map(({ body }) => JSON.parse(body.toString('utf8')));
    const moves = told.filter(({ action, outcome }) => action === 'ref.update' && outcome === 'allow').length;
    const aborts = told.filter(({ action }) => action === 'ref.abort').length;
    expect(moves - aborts).toBe(1);
    expect(await wide.server.resume(OWNER, created.id).catch(({ code }) => code)).toBe('repo/not-active');
  });
});

describe('a client that leaves in the middle', () => {
  // A server of its own, whose patience is longer than the machine may be busy: only the client ends this push.
  test('leaves no object, no ref and no entry', { timeout: 120_000 }, async () => {
    const patient = { ...LIMITS, push: { ...LIMITS.push, idleMsMax: 60_000 } };
    await using own = await serveRepositories(postgres, { limits: patient });
    const created = await own.server.create(OWNER, { owner: 'acme', name: 'left' });
    const state = async () => [
      (await (await own.server.reader(created.id)).listRefs()).items,
      (await own.db.as<AuditlogTables>().selectFrom('auditlog_entry').select('id').execute()).length,
    ];
    const left = () => objectsLeft(created.id, own);
    await using work = await workTree();
    await git(work.dir, ['push', '-q', own.url('acme/left.git'), 'main']);
    const before = await state();
    const socket = connect(own.port, '127.0.0.1');
    socket.on('error', () => {});
    const blobs: Raw[] = Array.from({ length: 50 }, () => ({ type: 3, bytes: randomBytes(60_000) }));
    socket.write(
      `POST /acme/left.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTH.authorization}\r\ncontent-type: ${TYPE['content-type']}\r\ncontent-length: 6000000\r\n\r\n${command('b'.repeat(40), 'refs/heads/gone')}0000`,
    );
    // Without the checksum at its end git has no reason to stop waiting for the other 40 objects.
    socket.write(packOf(blobs, 90).subarray(0, -20));
    await expect.poll(left, { timeout: 30_000 }).not.toEqual([]);

    socket.destroy();

    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
    expect(await state()).toEqual(before);
    const whole = await git(work.dir, ['push', '-q', own.url('acme/left.git'), 'main:whole']);
    expect(whole.code).toBe(0);
  });
});
