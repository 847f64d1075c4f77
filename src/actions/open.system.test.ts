import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GIT, openMirror } from '../../test/support/git-mirror.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { type ActionStoreOptions, openActionStore } from './open.ts';
import { digestOfFolder } from './content.ts';
import { ACTION_LIMITS } from './open.ts';

const root = mkdtempSync(join(tmpdir(), 'actions-store-'));
const { mirror, git, makeRepository } = openMirror(root);

let counter = 0;
const open = (options: Partial<ActionStoreOptions> = {}) => {
  counter += 1;
  return openActionStore({
    mirror,
    allowRemote: false,
    dir: join(root, `store-${counter}`),
    git: GIT,
    clock: systemClock,
    log: silentLog,
    ...options,
  });
};

const hello = makeRepository('acme/hello');
let first = '';
let second = '';

beforeAll(() => {
  first = hello.commit({ 'action.yml': 'name: one\n', 'dist/index.js': '1' });
  git(hello.work, 'tag', 'v1');
  git(hello.work, 'tag', '-a', 'v1.0.0', '-m', 'annotated');
  second = hello.commit({ 'action.yml': 'name: two\n' });
  hello.push('main', 'v1', 'v1.0.0');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (ref: string, name = 'hello') => ({ owner: 'acme', repo: name, ref });

test('a tag, an annotated tag, a branch and a full commit are resolved', async () => {
  const store = await open();

  expect(await store.resolve(at('v1'))).toMatchObject({ commit: first, by: 'ref' });
  expect(await store.resolve(at('v1.0.0'))).toMatchObject({ commit: first, by: 'ref' });
  expect(await store.resolve(at('main'))).toMatchObject({ commit: second, by: 'ref' });
  expect(await store.resolve(at('refs/heads/main'))).toMatchObject({ commit: second });
  expect(await store.resolve(at(first))).toMatchObject({ commit: first, by: 'sha' });
});

test('the folder holds the files, read-only, under the digest of their content', async () => {
  const store = await open();

  const action = await store.resolve(at('v1'));
  const folder = await store.folder(action);

  expect(readFileSync(join(folder, 'dist/index.js'), 'utf8')).toBe('1');
  expect(existsSync(join(folder, '.git'))).toBe(false);
  expect(folder.endsWith(action.digest.slice('sha256:'.length))).toBe(true);
  expect(await digestOfFolder(folder, ACTION_LIMITS)).toBe(action.digest);
  expect(await store.readText(action, 'action.yml', 100)).toBe('name: one\n');
  expect(await store.readText(action, 'missing.yml', 100)).toBeUndefined();
  await expect(store.readText(action, 'action.yml', 3)).rejects.toMatchObject({ code: 'actions/too-large' });
  await expect(store.readText(action, '../x', 3)).rejects.toMatchObject({ code: 'actions/reference-invalid' });
});

test('abbreviated commits, unknown refs, unknown repositories and names that are paths are refused', async () => {
  const store = await open();

  await expect(store.resolve(at(first.slice(0, 12)))).rejects.toMatchObject({ code: 'actions/sha-abbreviated' });
  await expect(store.resolve(at('v9'))).rejects.toMatchObject({ code: 'actions/ref-not-found' });
  await expect(store.resolve(at('v1', 'nothing'))).rejects.toMatchObject({
    code: 'actions/source-missing',
    message: expect.stringContaining('sallyport mirror add acme/nothing'),
  });
  await expect(store.resolve(at('v1', '..'))).rejects.toMatchObject({ code: 'actions/reference-invalid' });
  for (const ref of ['-x', 'a..b', 'HEAD^', 'a b', 'refs/pull/1/head', '', 'v1:x']) {
    await expect(store.resolve(at(ref))).rejects.toMatchObject({ code: 'actions/reference-invalid' });
  }
});

test('a branch and a tag of one name are refused, and both are shown', async () => {
  const repository = makeRepository('acme/confused');
  const one = repository.commit({ a: '1' });
  const two = repository.commit({ a: '2' });
  repository.push(`${one}:refs/tags/v1`, `${two}:refs/heads/v1`, `${two}:refs/heads/${one}`);
  const store = await open();

  await expect(store.resolve(at('v1', 'confused'))).rejects.toMatchObject({
    code: 'actions/ref-ambiguous',
    message: expect.stringMatching(/refs\/heads\/v1.*refs\/tags\/v1/),
  });
  await expect(store.resolve(at(one, 'confused'))).rejects.toMatchObject({ code: 'actions/ref-ambiguous' });
  expect(await store.resolve(at('refs/tags/v1', 'confused'))).toMatchObject({ commit: one });
});

test('a moved tag changes nothing for who has a pin', async () => {
  const repository = makeRepository('acme/moved');
  const good = repository.commit({ 'index.js': 'good' });
  repository.push(`${good}:refs/tags/v1`);
  const store = await open();
  const locked = await store.resolve(at('v1', 'moved'));
  git(repository.work, 'checkout', '-q', '--orphan', 'evil');
  const evil = repository.commit({ 'index.js': 'evil' });
  repository.push(`${evil}:refs/tags/v1`);

  const unpinned = await store.resolve(at('v1', 'moved'));
  const pinned = await store.resolve(at('v1', 'moved'), { commit: locked.commit, digest: locked.digest });

  expect(unpinned.commit).toBe(evil);
  expect(pinned).toEqual({ ...locked, by: 'lock' });
  expect(readFileSync(join(await store.folder(pinned), 'index.js'), 'utf8')).toBe('good');
});

test('a commit that no branch or tag reaches is refused, with a pin as well', async () => {
  const repository = makeRepository('acme/forked');
  const good = repository.commit({ a: '1' });
  repository.push('main');
  const impostor = repository.commit({ a: 'impostor' });
  repository.push(`${impostor}:refs/pull/1/head`);
  const store = await open();

  await expect(store.resolve(at(impostor, 'forked'))).rejects.toMatchObject({ code: 'actions/impostor-commit' });
  await expect(store.resolve(at('v1', 'forked'), { commit: impostor })).rejects.toMatchObject({
    code: 'actions/impostor-commit',
  });
  await expect(store.resolve(at('f'.repeat(40), 'forked'))).rejects.toMatchObject({ code: 'actions/commit-missing' });
  expect(await store.resolve(at(good, 'forked'))).toMatchObject({ commit: good });
});

test('a content that differs from the locked digest is refused', async () => {
  const store = await open();

  const pin = { commit: first, digest: `sha256:${'0'.repeat(64)}` };

  await expect(store.resolve(at('v1'), pin)).rejects.toMatchObject({ code: 'actions/digest-mismatch' });
});

test('a changed file in the store is found, and the content is made anew', async () => {
  const store = await open();
  const action = await store.resolve(at('v1'));
  const file = join(await store.folder(action), 'dist/index.js');
  chmodSync(file, 0o644);
  writeFileSync(file, '9');

  const folder = await store.folder(action);

  expect(readFileSync(join(folder, 'dist/index.js'), 'utf8')).toBe('1');
});

test('many at once make one folder and leave no draft', async () => {
  const dir = join(root, 'crowded');
  const stores = await Promise.all(Array.from({ length: 4 }, () => open({ dir })));

  const actions = await Promise.all(stores.map((store) => store.resolve(at('v1'))));

  expect(new Set(actions.map((action) => action.digest)).size).toBe(1);
  expect(readdirSync(join(dir, 'content'))).toHaveLength(2);
  expect(readdirSync(join(dir, '.tmp'))).toEqual([]);
});

test('submodules, escaping links and trees over the limits are refused, inner links are kept', async () => {
  const repository = makeRepository('acme/links');
  mkdirSync(join(repository.work, 'sub'), { recursive: true });
  symlinkSync('../a', join(repository.work, 'sub/ok'));
  const fine = repository.commit({ a: '1' });
  repository.push(`${fine}:refs/tags/fine`);
  symlinkSync('..', join(repository.work, 'sub/up'));
  symlinkSync('sub/up/../etc', join(repository.work, 'out'));
  const escape = repository.commit({});
  repository.push(`${escape}:refs/tags/escape`);
  git(repository.work, 'reset', '-q', '--hard', fine);
  git(repository.work, 'update-index', '--add', '--cacheinfo', `160000,${fine},module`);
  git(repository.work, 'commit', '-q', '-m', 'module');
  repository.push('HEAD:refs/tags/module');
  const store = await open();

  const action = await store.resolve(at('fine', 'links'));

  expect(readFileSync(join(await store.folder(action), 'sub/ok'), 'utf8')).toBe('1');
  await expect(store.readText(action, 'sub/ok', 10)).rejects.toMatchObject({ code: 'actions/link-refused' });
  await expect(store.resolve(at('escape', 'links'))).rejects.toMatchObject({ code: 'actions/tree-unsafe' });
  await expect(store.resolve(at('module', 'links'))).rejects.toMatchObject({ code: 'actions/submodule-refused' });
  const small = await open({ limits: { bytesMax: 3 } });
  await expect(small.resolve(at('v1'))).rejects.toMatchObject({ code: 'actions/too-large' });
});

test('what the mirror lacks is fetched, when that is allowed, without history', async () => {
  const dir = join(root, 'remote-store');
  const store = await open({ mirror: join(root, 'empty'), allowRemote: true, remoteBaseUrl: `file://${mirror}`, dir });
  const fork = makeRepository('acme/remote-forked');
  const good = fork.commit({ a: '1' });
  const later = fork.commit({ a: '2' });
  fork.push('main');
  const impostor = fork.commit({ a: 'impostor' });
  fork.push(`${impostor}:refs/pull/1/head`);

  const action = await store.resolve({ owner: 'acme', repo: 'hello.git'.replace('.git', ''), ref: 'v1.0.0' });

  expect(action.commit).toBe(first);
  expect(await store.resolve(at(good, 'remote-forked'))).toMatchObject({ commit: good });
  expect(await store.resolve(at('main', 'remote-forked'))).toMatchObject({ commit: later });
  await expect(store.resolve(at(impostor, 'remote-forked'))).rejects.toMatchObject({ code: 'actions/impostor-commit' });
  await expect(store.resolve(at('v1', 'nowhere'))).rejects.toMatchObject({ code: 'actions/source-missing' });
});
