import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listChanges } from './changes.ts';
import { folderTree } from './folder-tree.ts';
import { commitTree, indexTree, openRepository } from './object-tree.ts';
import { GIT, testRepository } from '../../test/support/git-repository.ts';
import { findRepository, type Repository, resolveCommit } from './repository.ts';
import type { Tree } from './tree.ts';

async function contents(tree: Tree): Promise<{ readonly [path: string]: string }> {
  const found: { [path: string]: string } = {};
  for (const entry of await tree.list()) {
    const reading = entry.kind === 'file' ? await tree.read(entry) : undefined;
    found[entry.path] =
      reading?.ok === true ? Buffer.from(reading.bytes).toString('utf8') : (reading?.reason ?? entry.kind);
  }
  tree.close();
  return found;
}

function open(root: string): Repository {
  const repository = findRepository(root);
  if (repository === undefined) throw new TypeError(`${root} is no repository`);
  return repository;
}

/** Its process ends with this one. */
const opened = (root: string) => openRepository(GIT, open(root));

describe('a folder', () => {
  test('in git has the tracked files and the untracked that are not ignored', async () => {
    using repo = testRepository();
    repo.write({ '.gitignore': 'out/\n', 'a.txt': 'a', 'sub/ü "b".txt': 'b', 'out/x': 'x', gone: 'g' });
    repo.commit();
    rmSync(join(repo.root, 'gone'));
    repo.write({ 'new.txt': 'n' });

    const tree = folderTree(repo.root, { git: GIT, repository: open(repo.root) });

    expect(await contents(tree)).toEqual({
      '.gitignore': 'out/\n',
      'a.txt': 'a',
      'sub/ü "b".txt': 'b',
      'new.txt': 'n',
    });
  });

  test('below the top has paths below itself', async () => {
    using repo = testRepository();
    repo.write({ 'a.txt': 'a', 'sub/b.txt': 'b' });
    const commit = repo.commit();
    const repository = open(join(repo.root, 'sub'));

    const listed = await contents(folderTree(join(repo.root, 'sub'), { git: GIT, repository }));

    expect(listed).toEqual({ 'b.txt': 'b' });
    expect(await contents(commitTree(openRepository(GIT, repository), commit))).toEqual(listed);
    expect(await contents(indexTree(openRepository(GIT, repository)))).toEqual(listed);
  });

  test('that the repository around it ignores is walked when it is named', async () => {
    using repo = testRepository();
    repo.write({ '.gitignore': 'out/\n', 'out/x/y.txt': 'y' });
    repo.commit();
    const folder = join(repo.root, 'out');

    expect(await contents(folderTree(folder, { git: GIT, repository: open(folder) }))).toEqual({ 'x/y.txt': 'y' });
  });

  test('never follows a link, lists a pipe or enters a repository inside', async () => {
    using repo = testRepository();
    const outside = mkdtempSync(join(tmpdir(), 'sallyport-outside-'));
    writeFileSync(join(outside, 'secret.txt'), 'secret');
    repo.write({ 'dir/secret.txt': 'tracked', 'inner/file': 'x' });
    execFileSync('git', ['init', '-q'], { cwd: join(repo.root, 'inner') });
    repo.git('add', 'dir');
    repo.git('commit', '-q', '-m', 'First');
    // A tracked file whose folder became a link afterwards.
    rmSync(join(repo.root, 'dir'), { recursive: true });
    symlinkSync(outside, join(repo.root, 'dir'));
    symlinkSync(join(outside, 'secret.txt'), join(repo.root, 'link.txt'));
    execFileSync('mkfifo', [join(repo.root, 'pipe')]);

    const listed = await contents(folderTree(repo.root, { git: GIT, repository: open(repo.root) }));

    expect(listed).toEqual({
      dir: 'symlink',
      'dir/secret.txt': 'gone',
      inner: 'submodule',
      'link.txt': 'symlink',
    });
    rmSync(outside, { recursive: true });
  });

  test.runIf(process.geteuid?.() !== 0)('tells what it can not read', async () => {
    using repo = testRepository();
    repo.write({ 'closed/a.txt': 'a', 'b.txt': 'b' });
    chmodSync(join(repo.root, 'closed'), 0o000);
    chmodSync(join(repo.root, 'b.txt'), 0o000);

    const listed = await contents(folderTree(repo.root, { git: GIT, repository: open(repo.root) }));
    chmodSync(join(repo.root, 'closed'), 0o700);

    expect(listed).toEqual({ closed: 'unreadable', 'b.txt': 'unreadable' });
  });

  test('does not start what its repository configures', async () => {
    using repo = testRepository();
    const trap = join(repo.root, 'trap.sh');
    repo.write({
      'trap.sh': '#!/bin/sh\ntouch "$(dirname "$0")/sprung"\ncat\n',
      '.gitattributes': '* filter=trap diff=trap\n',
      'a.txt': 'a',
    });
    chmodSync(trap, 0o755);
    const base = repo.commit();
    repo.write({ 'a.txt': 'changed' });
    for (const setting of [
      'core.fsmonitor',
      'core.pager',
      'filter.trap.clean',
      'filter.trap.process',
      'diff.trap.command',
      'diff.trap.textconv',
      'diff.external',
      'core.hooksPath',
      'gpg.program',
    ]) {
      repo.git('config', setting, setting === 'core.hooksPath' ? repo.root : trap);
    }
    repo.git('config', 'core.worktree', tmpdir());
    repo.git('config', 'log.showSignature', 'true');
    const repository = open(repo.root);

    await contents(folderTree(repo.root, { git: GIT, repository }));
    await contents(indexTree(openRepository(GIT, repository)));
    const changes = await listChanges(openRepository(GIT, repository), {
      base,
      head: { kind: 'folder', root: repo.root },
    });

    expect(existsSync(join(repo.root, 'sprung'))).toBe(false);
    expect(changes.map(({ head }) => head?.path)).toEqual(['a.txt']);
  });
});

describe('changes', () => {
  test('between commits have moved files with where they were', async () => {
    using repo = testRepository();
    const text = Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join('');
    repo.write({ 'old.txt': text, 'gone.txt': 'g', 'same.txt': 's' });
    const base = repo.commit();
    renameSync(join(repo.root, 'old.txt'), join(repo.root, 'new.txt'));
    rmSync(join(repo.root, 'gone.txt'));
    repo.write({ 'new.txt': `${text}more\n`, 'added.txt': 'a' });
    const head = repo.commit();

    const changes = await listChanges(opened(repo.root), { base, head: { kind: 'commit', commit: head } });

    expect(
      changes.map(({ base, head }) => `${base?.path ?? '-'} ${head?.path ?? '-'} ${head?.bytes ?? ''}`).sort(),
    ).toEqual(['- added.txt 1', 'gone.txt - ', `old.txt new.txt ${text.length + 5}`]);
  });

  test('to the folder have what is staged, what is not, and what nobody has added', async () => {
    using repo = testRepository();
    repo.write({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'sub/d.txt': 'd' });
    const base = repo.commit();
    repo.write({ 'a.txt': 'staged' });
    repo.git('add', 'a.txt');
    repo.write({ 'b.txt': 'not staged', 'e.txt': 'new', 'sub/d.txt': 'deep' });
    rmSync(join(repo.root, 'c.txt'));
    const paths = async (root: string) => {
      const changes = await listChanges(opened(root), { base, head: { kind: 'folder', root } });
      return changes.map(({ base, head }) => `${base?.path ?? '-'} ${head?.path ?? '-'}`).sort();
    };

    expect(await paths(repo.root)).toEqual(['- e.txt', 'a.txt a.txt', 'b.txt b.txt', 'c.txt -', 'sub/d.txt sub/d.txt']);
    expect(await paths(join(repo.root, 'sub'))).toEqual(['d.txt d.txt']);
  });
});

describe('objects', () => {
  test('of many sizes are read whole and in order', async () => {
    using repo = testRepository();
    const files = Object.fromEntries(
      [0, 1, 2, 63, 4096, 65_535, 65_536, 65_537, 1_000_000].map((size) => [`f${size}`, 'x'.repeat(size)]),
    );
    repo.write(files);
    mkdirSync(join(repo.root, 'empty'));
    const commit = repo.commit();
    const tree = commitTree(opened(repo.root), commit);

    const entries = await tree.list();
    const readings = await Promise.all(entries.map((entry) => tree.read(entry)));

    expect(
      Object.fromEntries(
        entries.map(({ path }, at) => [
          path,
          readings[at]?.ok === true ? Buffer.from(readings[at].bytes).toString() : '',
        ]),
      ),
    ).toEqual(files);
    expect(entries.map(({ bytes }) => bytes)).toEqual(
      readings.map((reading) => (reading.ok ? reading.bytes.length : -1)),
    );
    tree.close();
  });

  test.each(['--upload-pack=x', 'nowhere', '-h', 'HEAD:a', ''])('the name %j is no commit', async (name) => {
    using repo = testRepository();
    repo.write({ a: 'a' });
    repo.commit();

    await expect(resolveCommit(opened(repo.root), name)).rejects.toMatchObject({ code: 'source/revision-unknown' });
  });
});
