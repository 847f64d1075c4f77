import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { git, workTree } from '../repo/repo.fixture.ts';
import { runView, type ServedApi, serveApi } from './api.fixture.ts';

const APP = '/api/v1/repositories/acme/app';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
/** Content of one file that pretends to begin the patch of another. */
const FORGED = 'harmless\n\rdiff --git a/x b/x\r@@ -1 +1 @@\ndiff --git a/y b/y\n@@ -1 +1 @@\n+evil\n';

let postgres: TestPostgres;
let api: ServedApi;
let token = '';
const commits: { [name: string]: string } = {};

type Body = { readonly [key: string]: unknown };
const ask = (path: string) => api.ask('GET', `${APP}${path}`, { token });
const list = (body: Body, key = 'items') => body[key] as readonly Body[];

beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres);
  token = (await api.people.owner()).token;
  await api.create('app');
  await using work = await workTree();
  const must = async (...args: readonly string[]) => {
    const done = await git(work.dir, args);
    if (done.code !== 0) throw new Error(`git ${args.join(' ')}: ${done.err}`);
    return done.out.trim();
  };
  const put = async (path: string, text: string | Buffer) => {
    await mkdir(join(work.dir, path, '..'), { recursive: true });
    await writeFile(join(work.dir, path), text);
  };
  const commit = async (name: string, message: string) => {
    await must('add', '-A');
    await must('commit', '-q', '-m', message);
    commits[name] = await must('rev-parse', 'HEAD');
  };
  await put('src/deep/one.ts', 'one\ntwo\nthree\nfour\nfive\n');
  await put('README.md', '# app\n');
  await put('logo.png', PNG);
  await put('page.html', '<script>alert(1)</script>');
  await put('--option', 'data\n');
  await put(':(glob)*', 'literal\n');
  await put('latin.txt', Buffer.from([0x67, 0xfc, 0x6e]));
  await put('big.txt', 'x'.repeat(1_100_000));
  await put('__proto__', 'own\n');
  await symlink('/etc/passwd', join(work.dir, 'link'));
  await commit('files', 'add files');
  await must('mv', 'src/deep/one.ts', 'src/deep/two.ts');
  await put('src/deep/two.ts', 'one\ntwo\nTHREE\nfour\nfive\n');
  await put('forged.txt', FORGED);
  await commit('moved', 'move one');
  await must('tag', '-a', 'v1', '-m', 'the first');
  await must('checkout', '-q', '-b', 'topic/a');
  await put('topic.txt', 'topic\n');
  await commit('topic', 'on the topic');
  await must('checkout', '-q', 'main');
  await put('README.md', '# app, again\n');
  await commit('main', 'on main');
  const url = `${api.origin.replace('//', `//root:${token}@`)}/acme/app.git`;
  await must('push', '-q', url, 'main', 'topic/a', 'v1');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

describe('folders and files', () => {
  test('a folder has its entries, by type', async () => {
    const { body } = await ask('/tree');
    const types = Object.fromEntries(list(body, 'entries').map(({ name, type }) => [name, type]));

    expect(body['commit']).toBe(commits['main']);
    expect(types).toMatchObject({ src: 'folder', link: 'link', 'README.md': 'file', '--option': 'file' });
  });

  test('each entry has the last commit that changed it or something below', async () => {
    const { body } = await ask('/tree/commits');
    const last = new Map(list(body, 'entries').map((entry) => [entry['name'], (entry['last'] as Body)['oid']]));

    expect(last.get('src')).toBe(commits['moved']);
    expect(last.get('README.md')).toBe(commits['main']);
    expect(last.get('logo.png')).toBe(commits['files']);
    expect(last.get('__proto__')).toBe(commits['files']);
  });

  test.each([
    ['README.md', 'text', '# app, again\n'],
    ['logo.png', 'binary', undefined],
    ['latin.txt', 'binary', undefined],
    ['big.txt', 'large', undefined],
    ['link', 'link', '/etc/passwd'],
    ['--option', 'text', 'data\n'],
    [':(glob)*', 'text', 'literal\n'],
  ])('the file %s is told as %s', async (path, kind, text) => {
    const { status, body } = await ask(`/blob?path=${encodeURIComponent(path)}`);

    expect([status, body['kind'], body['text']]).toEqual([200, kind, text]);
  });

  test.each(['/etc/passwd', '../secret', 'a/../../b', '.', 'src/', 'nothing', 'src'])(
    'the path %s is no file of the repository',
    async (path) => {
      const { status } = await ask(`/blob?path=${encodeURIComponent(path)}`);

      expect([400, 404]).toContain(status);
    },
  );

  test.each(['--output=/tmp/x', '-h', 'main~1', ':/add', 'main..topic/a', '@{0}', 'HEAD', 'refs/heads/../x'])(
    'the revision %s is no name that git could take for something else',
    async (revision) => {
      const { status } = await ask(`/tree?revision=${encodeURIComponent(revision)}`);

      expect(status).toBe(404);
    },
  );

  test('raw bytes are kept by a browser, not run: only plain images are shown (K13)', async () => {
    const page = await ask('/raw?path=page.html');
    const image = await ask('/raw?path=logo.png');

    expect(page.headers.get('content-type')).toBe('application/octet-stream');
    expect(page.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''page.html");
    expect(page.headers.get('content-security-policy')).toContain('sandbox');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(image.headers.get('content-type')).toBe('image/png');
    expect(image.headers.get('content-disposition')).toMatch(/^inline/);
  });
});

describe('history', () => {
  test('commits of one path', async () => {
    const all = await ask('/commits');
    const own = await ask('/commits?path=README.md');
    const odd = await ask(`/commits?path=${encodeURIComponent('--option')}`);

    expect(list(all.body)).toHaveLength(4);
    expect(list(own.body).map(({ oid }) => oid)).toEqual([commits['main'], commits['files']]);
    expect(list(odd.body)).toHaveLength(1);
  });

  test('a commit has its diff: a move with its hunks', async () => {
    const { body } = await ask(`/commits/${commits['moved']}`);
    const files = list(body['diff'] as Body, 'files');
    const moved = files.find(({ status }) => status === 'renamed');

    expect(moved).toMatchObject({
      path: 'src/deep/two.ts',
      oldPath: 'src/deep/one.ts',
      additions: 1,
      deletions: 1,
      hunks: [{ oldStart: 1, newStart: 1, lines: [' one', ' two', '-three', '+THREE', ' four', ' five'] }],
    });
  });

  test('content that looks like the head of a patch is content', async () => {
    const { body } = await ask(`/commits/${commits['moved']}`);
    const files = list(body['diff'] as Body, 'files');
    const forged = files.find(({ path }) => path === 'forged.txt');

    expect(files).toHaveLength(2);
    expect(forged?.['hunks']).toEqual([
      {
        oldStart: 0,
        newStart: 1,
        section: '',
        lines: FORGED.trimEnd()
          .split('\n')
          .map((line) => `+${line}`),
      },
    ]);
  });

  test('two revisions are compared since they parted', async () => {
    const { body } = await ask('/compare?base=v1&head=topic/a');

    expect(body).toMatchObject({ base: commits['moved'], head: commits['topic'], ahead: 1, behind: 0 });
    expect(list(body, 'commits').map(({ message }) => message)).toEqual(['on the topic']);
    expect(list(body['diff'] as Body, 'files').map(({ path }) => path)).toEqual(['topic.txt']);
  });

  test('branches tell how far they are from the default one, tags what they name', async () => {
    const branches = list((await ask('/branches')).body);
    const tags = list((await ask('/tags')).body);
    const found = list((await ask('/branches?query=TOPIC')).body);

    expect(branches.find(({ name }) => name === 'main')).toMatchObject({ isDefault: true, isProtected: true });
    expect(branches.find(({ name }) => name === 'topic/a')).toMatchObject({ ahead: 1, behind: 1, isProtected: false });
    expect(tags).toMatchObject([{ name: 'v1', commit: { oid: commits['moved'], subject: 'move one' } }]);
    expect(found.map(({ name }) => name)).toEqual(['topic/a']);
  });
});

test('whoever may not read the repository is told that it is not there', async () => {
  const eve = await api.people.person('eve', 'member');
  const paths = [
    '/tree',
    '/blob?path=README.md',
    '/raw?path=README.md',
    '/commits',
    '/branches',
    '/tags',
    '/compare?base=main&head=main',
  ];
  const answers = await Promise.all(paths.map((path) => api.ask('GET', APP + path, { token: eve.token })));

  expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 404));
});

describe('recent runs of all repositories', () => {
  const kinds = async (who: string, more = '') => {
    const answers = await Promise.all(
      ['open', 'failed', 'refused', 'passed'].map((kind) =>
        api.ask('GET', `/api/v1/runs?kind=${kind}${more}`, { token: who }),
      ),
    );
    return answers.map(({ body }) => list(body).map(({ run }) => (run as Body)['id']));
  };

  test("come by how they are, only from repositories that one may read, and one's own alone", async () => {
    const row = await api.create('other');
    const mine = String((await api.people.owner()).id);
    const diagnostic = { file: 'ci.yml', line: 1, column: 1, code: 'workflow/unknown-key', message: 'stepz' };
    const ended = { state: 'finished', conclusion: 'failure' } as const;
    api.ports.put(row.id, runView(1));
    api.ports.put(row.id, runView(2, { ...ended, actor: { type: 'user', id: mine } }));
    api.ports.put(row.id, runView(3, { ...ended, diagnostics: [diagnostic], actor: { type: 'user', id: '999' } }));
    api.ports.put(row.id, runView(4, { state: 'finished', conclusion: 'success', actor: { type: 'user', id: '999' } }));
    const mallory = await api.people.person('mallory', 'member');
    const reader = await api.people.person('rita', 'member');
    await api.grant(row, reader, 'read');

    expect(await kinds(token)).toEqual([[1], [2], [3], [4]]);
    expect(await kinds(token, '&mine=true')).toEqual([[1], [2], [], []]);
    expect(await kinds(reader.token)).toEqual([[1], [2], [3], [4]]);
    expect(await kinds(mallory.token)).toEqual([[], [], [], []]);
  });
});
