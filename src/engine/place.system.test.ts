import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { createGit, type Git } from './git.ts';
import { createFixture, type Fixture } from './local-fixture.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

const execute = promisify(execFile);
const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent' };
const git: Git = createGit('git', ENV);
const FOREIGN = { code: 'engine/repository-foreign' };

const take = (fixture: Fixture, folder: string): Promise<Snapshot> =>
  takeSnapshot({ folder, stateDir: fixture.state, git, now: Date.now(), log: silentLog });

/** A folder beside the fixture's repository, which is private, as somebody packed it: its `.git` is what a test makes. */
async function packed(fixture: Fixture): Promise<{ folder: string; dot: string; theirs: string }> {
  const folder = join(dirname(fixture.folder), 'packed');
  await mkdir(folder);
  await writeFile(join(folder, 'a.txt'), 'bait');
  return { folder, dot: join(folder, '.git'), theirs: join(fixture.folder, '.git') };
}

describe('a folder that came with its .git is refused', () => {
  test('when .git is a file that names another repository', async () => {
    await using fixture = await createFixture({ 'secret.txt': 's' });
    const { folder, dot, theirs } = await packed(fixture);
    await writeFile(dot, `gitdir: ${theirs}\n`);

    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
  });

  test('when .git is a link to another repository', async () => {
    await using fixture = await createFixture({ 'secret.txt': 's' });
    const { folder, dot, theirs } = await packed(fixture);
    await symlink(theirs, dot);

    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
  });

  test('when .git names the work tree of another one, whose back-link leads there', async () => {
    await using fixture = await createFixture({ 'secret.txt': 's' });
    const { folder, dot, theirs } = await packed(fixture);
    await fixture.git('worktree', 'add', '--quiet', '-b', 'other', join(fixture.folder, '../linked'));
    await writeFile(dot, `gitdir: ${join(theirs, 'worktrees/linked')}\n`);

    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
  });

  test.each(['folder', 'file'])(
    'when it claims to be a linked work tree of another one (.git is a %s)',
    async (kind) => {
      await using fixture = await createFixture({ 'secret.txt': 's' });
      const { folder, dot, theirs } = await packed(fixture);
      const made = kind === 'folder' ? dot : join(folder, 'made');
      await mkdir(made);
      for (const [name, text] of Object.entries({ HEAD: 'ref: refs/heads/main\n', commondir: theirs, gitdir: dot })) {
        await writeFile(join(made, name), text);
      }
      if (kind === 'file') await writeFile(dot, 'gitdir: made\n');

      await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
    },
  );

  test('when it borrows objects, in one step or in two', async () => {
    await using fixture = await createFixture({ 'secret.txt': 's' });
    const { folder, dot, theirs } = await packed(fixture);
    await execute('git', ['init', '--quiet', folder], { env: ENV });
    const list = join(dot, 'objects/info/alternates');
    await writeFile(list, `# a remark\n${join(theirs, 'objects')}\n`);
    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);

    const between = join(folder, 'between/objects');
    await mkdir(join(between, 'info'), { recursive: true });
    await writeFile(list, '../../between/objects\n');
    await expect(take(fixture, folder)).resolves.toMatchObject({ git: true });
    await writeFile(join(between, 'info/alternates'), `${join(theirs, 'objects')}\n`);
    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
  });

  test.each(['objects', 'objects/pack', 'objects/aa', 'objects/pack/x.pack', 'objects/info/alternates'])(
    'when .git/%s is a link',
    async (path) => {
      await using fixture = await createFixture({ 'secret.txt': 's' });
      const { folder, dot, theirs } = await packed(fixture);
      await execute('git', ['init', '--quiet', folder], { env: ENV });
      await rm(join(dot, path), { recursive: true, force: true });
      await symlink(join(theirs, path.startsWith('objects/aa') ? 'objects/pack' : path), join(dot, path));

      await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
    },
  );

  test('when it names a folder above itself as its work tree', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a', 'src/mine.txt': 'private' });
    const inner = join(fixture.folder, 'src/hostile');
    await fixture.write({ 'src/hostile/b.txt': 'b' });
    await fixture.git('-C', inner, 'init', '--quiet');
    await take(fixture, inner);
    await fixture.git('-C', inner, 'config', 'core.worktree', '../../..');

    await expect(take(fixture, inner)).rejects.toMatchObject(FOREIGN);
  });

  test('and git itself would have read the other repository (control)', async () => {
    await using fixture = await createFixture({ 'secret.txt': 's' });
    const { folder, dot, theirs } = await packed(fixture);
    await writeFile(dot, `gitdir: ${theirs}\n`);

    const { stdout } = await execute('git', ['-C', folder, 'show', 'HEAD:secret.txt'], { env: ENV });

    expect(stdout).toBe('s');
  });
});

describe('repositories that lie elsewhere and know their work tree are taken', () => {
  test('a linked work tree, with absolute and relative links, and after it was moved and repaired', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const linked = join(fixture.folder, '../linked');
    await fixture.git('worktree', 'add', '--quiet', '-b', 'other', linked);
    const own = join(fixture.folder, '.git/worktrees/linked');

    expect(await take(fixture, linked)).toMatchObject({ branch: 'other', dirty: false });

    await writeFile(join(linked, '.git'), 'gitdir: ../project/.git/worktrees/linked\n');
    await writeFile(join(own, 'gitdir'), '../../../../linked/.git\n');
    expect(await take(fixture, linked)).toMatchObject({ branch: 'other' });

    const moved = join(fixture.folder, '../moved');
    await writeFile(join(own, 'gitdir'), `${join(linked, '.git')}\n`);
    await writeFile(join(linked, '.git'), `gitdir: ${own}\n`);
    await rename(linked, moved);
    await expect(take(fixture, moved)).rejects.toMatchObject(FOREIGN);
    await fixture.git('worktree', 'repair', moved);
    expect(await take(fixture, moved)).toMatchObject({ branch: 'other' });
  });

  test('a submodule, also a sparse one, and one in a linked work tree', async () => {
    await using inner = await createFixture({ 'i.txt': 'i', 'sub/j.txt': 'j' });
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const file = ['-c', 'protocol.file.allow=always'];
    await fixture.git(...file, 'submodule', '--quiet', 'add', inner.folder, 'mod');
    await fixture.git('commit', '--quiet', '--message', 'mod');
    const commit = await inner.git('rev-parse', 'HEAD');

    expect(await take(fixture, join(fixture.folder, 'mod'))).toMatchObject({ commit, dirty: false });

    const linked = join(fixture.folder, '../linked');
    await fixture.git('worktree', 'add', '--quiet', '-b', 'other', linked);
    await fixture.git('-C', linked, ...file, 'submodule', '--quiet', 'update', '--init');
    expect(await take(fixture, join(linked, 'mod'))).toMatchObject({ commit });

    await fixture.git('-C', join(fixture.folder, 'mod'), 'sparse-checkout', 'set', 'sub');
    expect(await readdir(join(fixture.folder, '.git/modules/mod'))).toContain('config.worktree');
    expect(await take(fixture, join(fixture.folder, 'mod'))).toMatchObject({ git: true });
  });

  test('a repository of its own folder, when core.worktree names the work tree', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const folder = join(dirname(fixture.folder), 'separate');
    const own = join(dirname(fixture.folder), 'separate.git');
    await execute('git', ['init', '--quiet', '--separate-git-dir', own, folder], { env: ENV });

    await expect(take(fixture, folder)).rejects.toMatchObject(FOREIGN);
    await execute('git', ['-C', folder, 'config', 'core.worktree', folder], { env: ENV });

    expect(await take(fixture, folder)).toMatchObject({ git: true });
  });

  test('a copy of a whole repository', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const copy = join(dirname(fixture.folder), 'copy');
    await cp(fixture.folder, copy, { recursive: true });

    const snapshot = await take(fixture, copy);

    expect(await readFile(join(snapshot.gitDir, 'objects/info/alternates'), 'utf8')).toBe(`${copy}/.git/objects\n`);
  });
});

test('a pipe in the place of a file that is copied is not waited for', async () => {
  await using fixture = await createFixture({ 'a.txt': 'a' });
  for (const name of ['index', 'info/exclude']) {
    await rm(join(fixture.folder, '.git', name), { force: true });
    await execute('mkfifo', [join(fixture.folder, '.git', name)]);
  }

  expect(await take(fixture, fixture.folder)).toMatchObject({ git: true, dirty: false });
});
