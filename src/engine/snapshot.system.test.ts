import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { createGit, type Git } from './git.ts';
import { createFixture, type Fixture } from './local-fixture.ts';
import { publishRefs, repositoryName, SNAPSHOT_AGE_MS_MAX, type Snapshot, takeSnapshot } from './snapshot.ts';

const execute = promisify(execFile);
const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent' };
const git: Git = createGit('git', ENV);

const take = (fixture: Fixture, folder = fixture.folder, now = Date.now()): Promise<Snapshot> =>
  takeSnapshot({ folder, stateDir: fixture.state, git, now, log: silentLog });

/** Paths in the tree of a snapshot, with their modes. */
async function listing({ gitDir, commit }: Snapshot): Promise<{ readonly [path: string]: string }> {
  const { stdout } = await execute('git', ['--git-dir', gitDir, 'ls-tree', '-r', commit], { env: ENV });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.split('\t')[1] ?? '', line.split(' ')[0] ?? '']),
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Every file below a folder with its content, to see that nothing was written. */
async function contentOf(folder: string): Promise<{ readonly [path: string]: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')])));
}

describe('the snapshot of a work tree', () => {
  test('is HEAD itself when nothing has changed', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });

    const snapshot = await take(fixture);

    expect(snapshot).toMatchObject({ dirty: false, branch: 'main', commit: await fixture.git('rev-parse', 'HEAD') });
  });

  test('has changed and new files, not ignored and removed ones, and is the same commit for the same content', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a', 'gone.txt': '', '.gitignore': '*.log\n' });
    await fixture.write({ 'a.txt': 'changed', 'new/b.txt': 'b', 'x.log': 'ignored' });
    await fixture.git('rm', '--quiet', 'gone.txt');
    await symlink('a.txt', join(fixture.folder, 'link'));
    await writeFile(join(fixture.folder, 'tool'), '#!/bin/sh\n');
    await chmod(join(fixture.folder, 'tool'), 0o755);

    const [first, second] = [await take(fixture), await take(fixture)];

    expect(await listing(first)).toEqual({
      '.gitignore': '100644',
      'a.txt': '100644',
      link: '120000',
      'new/b.txt': '100644',
      tool: '100755',
    });
    expect(first).toMatchObject({ dirty: true });
    expect(second.commit).toBe(first.commit);
    expect(second.gitDir).not.toBe(first.gitDir);
  });

  test('writes nothing into the repository of the person', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    await fixture.write({ 'a.txt': 'b', 'c.txt': 'c' });
    const before = await contentOf(fixture.folder);

    await take(fixture);

    expect(await contentOf(fixture.folder)).toEqual(before);
  });

  test('is taken of the whole repository from a folder inside, and of a linked work tree', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a', 'sub/b.txt': 'b' });
    const linked = join(fixture.folder, '../linked');
    await fixture.git('worktree', 'add', '--quiet', '-b', 'other', linked);
    await writeFile(join(linked, 'only-here.txt'), '');

    const inside = await take(fixture, join(fixture.folder, 'sub'));
    const other = await take(fixture, linked);

    expect(inside.folder).toBe(fixture.folder);
    expect(other).toMatchObject({ branch: 'other', dirty: true });
    expect(Object.keys(await listing(other))).toContain('only-here.txt');
  });

  test('works without commits, and without git', async () => {
    await using bare = await createFixture({ 'a.txt': 'a', '.gitignore': 'b.txt', 'b.txt': '' }, false);

    const without = await take(bare);
    await bare.git('init', '--quiet');
    const unborn = await take(bare);

    expect(without).toMatchObject({ git: false, dirty: true, defaultBranch: 'main' });
    expect(Object.keys(await listing(without))).toEqual(['.gitignore', 'a.txt']);
    expect(unborn).toMatchObject({ git: true, dirty: true, branch: 'main' });
    expect(unborn.head).toBeUndefined();
  });

  test('keeps submodules as the commits that they name', async () => {
    await using inner = await createFixture({ 'i.txt': 'i' });
    await using fixture = await createFixture({ 'a.txt': 'a' });
    await fixture.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.folder, 'mod');
    await fixture.git('commit', '--quiet', '--message', 'mod');
    await fixture.write({ 'b.txt': '' });

    const snapshot = await take(fixture);

    expect(await listing(snapshot)).toMatchObject({ mod: '160000', 'b.txt': '100644' });
  });

  test('can be cloned from our repository alone, with the refs that were published and no others', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    await fixture.git('tag', 'v1');
    await fixture.git('branch', 'private');
    await fixture.write({ 'b.txt': 'b' });
    const snapshot = await take(fixture);
    await publishRefs(snapshot.gitDir, { 'refs/heads/main': snapshot.commit }, 'refs/heads/main');

    const clone = join(fixture.state, 'clone');
    await execute('git', ['clone', '--quiet', '--no-local', snapshot.gitDir, clone], { env: ENV });
    const { stdout } = await execute('git', ['-C', clone, 'for-each-ref', '--format=%(refname)'], { env: ENV });

    expect(await readFile(join(clone, 'b.txt'), 'utf8')).toBe('b');
    expect(snapshot.refs).toHaveProperty('refs/tags/v1');
    expect(stdout).not.toContain('private');
  });

  test('removes the ones that are old, and keeps those of other folders', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    await using other = await createFixture({ 'a.txt': 'a' });
    const old = await take(fixture, fixture.folder, Date.now() - SNAPSHOT_AGE_MS_MAX - 1000);
    const elsewhere = await take(fixture, other.folder, Date.now() - SNAPSHOT_AGE_MS_MAX - 1000);

    const fresh = await take(fixture);

    expect(await exists(old.gitDir)).toBe(false);
    expect(await exists(elsewhere.gitDir)).toBe(true);
    expect(await exists(fresh.gitDir)).toBe(true);
  });

  test('of a folder that is not there is a fault', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });

    await expect(take(fixture, '/nonexistent/x')).rejects.toMatchObject({ code: 'engine/folder-missing' });
  });
});

/** A repository whose configuration starts a program at the least touch. It must not start for a snapshot. */
describe('programs that a repository names', () => {
  const plant = async (fixture: Fixture): Promise<string> => {
    const mark = join(fixture.state, 'ran');
    const script = join(fixture.state, 'evil.sh');
    await mkdir(fixture.state, { recursive: true });
    await writeFile(script, `#!/bin/sh\necho "$0 $*" >> ${mark}\nexit 0\n`, { mode: 0o755 });
    await fixture.git('config', 'filter.evil.clean', script);
    await fixture.git('config', 'filter.evil.smudge', script);
    await fixture.git('config', 'core.fsmonitor', script);
    await fixture.git('config', 'core.pager', script);
    await fixture.git('config', 'diff.evil.textconv', script);
    await fixture.git('config', 'diff.external', script);
    await fixture.git('config', 'log.showSignature', 'true');
    await fixture.git('config', 'gpg.program', script);
    for (const hook of ['post-index-change', 'reference-transaction', 'pre-commit', 'post-commit']) {
      await writeFile(join(fixture.folder, '.git/hooks', hook), `#!/bin/sh\n${script} ${hook}\n`, { mode: 0o755 });
    }
    await fixture.write({ '.gitattributes': '* filter=evil diff=evil\n', 'a.txt': 'changed', 'b.txt': 'new' });
    return mark;
  };

  test('are not started by a snapshot', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const mark = await plant(fixture);

    const snapshot = await take(fixture);

    expect(snapshot.dirty).toBe(true);
    expect(await exists(mark)).toBe(false);
  });

  test('are started by git itself in that repository (control)', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const mark = await plant(fixture);

    await fixture.git('add', '--all').catch(() => undefined);

    expect(await readFile(mark, 'utf8')).toContain('evil.sh');
  });
});

/** Staging a repository that lies inside makes git look whether it is dirty, under that one's own configuration. */
describe('programs that a repository inside names', () => {
  const plant = async (fixture: Fixture): Promise<string> => {
    const mark = join(fixture.state, 'ran');
    const script = join(fixture.state, 'evil.sh');
    await mkdir(fixture.state, { recursive: true });
    await writeFile(script, `#!/bin/sh\necho "$0 $*" >> ${mark}\ncat\n`, { mode: 0o755 });
    const inside = async (...args: readonly string[]) => fixture.git('-C', join(fixture.folder, 'inner'), ...args);
    await fixture.write({ 'inner/f': 'a' });
    await inside('init', '--quiet');
    await inside('add', '--all');
    await inside('commit', '--quiet', '--message', 'inner');
    await fixture.git('-c', 'advice.addEmbeddedRepo=false', 'add', '--all');
    await fixture.git('commit', '--quiet', '--message', 'outer');
    await inside('config', 'filter.evil.clean', script);
    await inside('config', 'core.fsmonitor', script);
    await fixture.write({ 'inner/.gitattributes': '* filter=evil\n', 'inner/f': 'b' });
    return mark;
  };

  test('are not started by a snapshot, which takes the commit of that repository', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const mark = await plant(fixture);
    await fixture.write({ 'a.txt': 'b' });

    const snapshot = await take(fixture);

    expect(await listing(snapshot)).toMatchObject({ inner: '160000', 'a.txt': '100644' });
    expect(await exists(mark)).toBe(false);
  });

  test('are started by git itself in the repository around (control)', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    const mark = await plant(fixture);

    await fixture.git('add', '--all').catch(() => undefined);

    expect(await readFile(mark, 'utf8')).toContain('evil.sh');
  });

  test('keeps up with the commits of repositories inside, and with those that went', async () => {
    await using fixture = await createFixture({ 'a.txt': 'a' });
    await plant(fixture);
    const inner = join(fixture.folder, 'inner');
    await fixture.git('-C', inner, '-c', 'core.fsmonitor=false', 'commit', '--quiet', '--allow-empty', '-m', 'next');
    const commit = await fixture.git('-C', inner, 'rev-parse', 'HEAD');
    const next = await take(fixture);
    const { stdout } = await execute('git', ['--git-dir', next.gitDir, 'rev-parse', `${next.commit}:inner`], {
      env: ENV,
    });
    await rm(inner, { recursive: true });
    const without = await take(fixture);

    expect(stdout.trim()).toBe(commit);
    expect(await listing(without)).not.toHaveProperty('inner');
  });
});

describe('the name of a repository', () => {
  test.each([
    ['https://github.com/ada/engine.git', 'ada/engine'],
    ['https://github.com/ada/engine', 'ada/engine'],
    ['git@github.com:ada/engine.git', 'ada/engine'],
    ['ssh://git@example.org:2222/ada/engine.git/', 'ada/engine'],
    ['https://example.org/group/sub/engine.git', 'sub/engine'],
    ['/srv/git/engine.git', 'local/my-project'],
    ['https://example.org/a/..', 'local/my-project'],
    ['', 'local/my-project'],
  ])('of %s is %s', (remote, name) => {
    const found = repositoryName({ folder: '/home/ada/my project', remote });

    expect(`${found.owner}/${found.name}`).toBe(name);
  });
});
