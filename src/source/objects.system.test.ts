import { chmodSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GIT, testRepository } from '../../test/support/git-repository.ts';
import { createObjectReader } from './cat-file.ts';
import { listCommits } from './history.ts';
import { openRepository } from './object-tree.ts';
import { findRepository, mergeBase } from './repository.ts';
import { FILE_BYTES_MAX } from './tree.ts';
import { chainOf, treeChanges } from './tree-changes.ts';

function opened(root: string) {
  const repository = findRepository(root);
  if (repository === undefined) throw new TypeError(`${root} is no repository`);
  return openRepository(GIT, repository);
}

describe('the reader of objects', () => {
  test('answers in order, whatever is asked for', async () => {
    using repo = testRepository();
    repo.write({ a: 'one\n', 'sub/ü b': 'two\nblobs\n' });
    const commit = repo.commit();
    const { objects } = opened(repo.root);

    const [a, info, missing, folder, head, long, lines] = await Promise.all([
      objects.read(`${commit}:a`),
      objects.info(`${commit}:sub/ü b`),
      objects.read(`${commit}:${'x'.repeat(3000)}`),
      objects.read(`${commit}:sub`),
      objects.raw('HEAD', 'commit'),
      objects.info('x'.repeat(100_000)),
      objects.info(`${commit}:a\nHEAD`),
    ]);
    objects.close();

    expect(a.ok && Buffer.from(a.bytes).toString()).toBe('one\n');
    expect(info).toMatchObject({ type: 'blob', bytes: 10 });
    expect(missing).toEqual({ ok: false, reason: 'gone' });
    expect(folder).toEqual({ ok: false, reason: 'gone' });
    expect(head?.id).toBe(commit);
    expect([long, lines]).toEqual([undefined, undefined]);
  });

  test('passes over what is too large, and reads on after it', async () => {
    using repo = testRepository();
    repo.write({ large: new Uint8Array(FILE_BYTES_MAX + 1), small: 'small' });
    const commit = repo.commit();
    const { objects } = opened(repo.root);

    const readings = await Promise.all([objects.read(`${commit}:large`), objects.read(`${commit}:small`)]);
    objects.close();

    expect(readings[0]).toEqual({ ok: false, reason: 'too-large' });
    expect(readings[1]).toMatchObject({ ok: true });
  });

  test('asks a git that is too old for this in its own way', async () => {
    using repo = testRepository();
    repo.write({ a: 'one\n' });
    const commit = repo.commit();
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-old-git-'));
    const path = join(folder, 'git');
    writeFileSync(path, `#!/bin/sh\ncase "$*" in *--batch-command*) exit 129;; esac\nexec ${GIT.path} "$@"\n`);
    chmodSync(path, 0o755);
    const objects = createObjectReader({ ...GIT, path }, { gitDir: join(repo.root, '.git') });

    const [head, a, info] = await Promise.all([
      objects.info('HEAD^{commit}'),
      objects.read(`${commit}:a`),
      objects.info(`${commit}:a`),
    ]);
    objects.close();
    rmSync(folder, { recursive: true });

    expect([head?.id, a.ok, info?.bytes]).toEqual([commit, true, 4]);
  });

  test('ends every question when git is not there', async () => {
    using repo = testRepository();
    const objects = createObjectReader({ ...GIT, path: '/nonexistent/git' }, { gitDir: join(repo.root, '.git') });

    expect(await objects.read('HEAD')).toEqual({ ok: false, reason: 'unreadable' });
    expect(await objects.info('HEAD')).toBeUndefined();
  });
});

describe('what differs between two commits', () => {
  test('is what git says, where nothing may have moved', async () => {
    using repo = testRepository();
    repo.write({ same: 's', a: 'a', 'a.b/c': 'c', 'd/e/f': 'f', 'd/g': 'g', link: 'x', run: 'r', 'was/folder': '1' });
    const first = repo.commit();
    repo.write({ a: 'b', 'd/e/f': 'other', 'd/ü\n': 'new', 'new/deep/er/x': 'x', 'a.c': 'c' });
    unlinkSync(join(repo.root, 'link'));
    symlinkSync('same', join(repo.root, 'link'));
    chmodSync(join(repo.root, 'run'), 0o755);
    const second = repo.commit();
    rmSync(join(repo.root, 'd'), { recursive: true });
    unlinkSync(join(repo.root, 'a'));
    const third = repo.commit();
    const { objects } = opened(repo.root);

    for (const [base, head] of [
      [first, second],
      [second, third],
      [first, first],
    ] as const) {
      const lines = repo.git('diff-tree', '-r', '--raw', '-z', '--no-abbrev', '--no-renames', base, head).split('\0');
      const told = lines.flatMap((line, at) =>
        at % 2 === 1 ? [`${lines[at - 1]?.slice(1, -2).replaceAll(/\b0+\b/g, '')} ${line}`] : [],
      );
      const changes = await treeChanges(objects, { base, head });
      const found = changes?.map(({ from, to }) => `${from.mode} ${to.mode} ${from.blob} ${to.blob} ${to.path}`);
      expect(found?.sort()).toEqual(told.sort());
    }
    objects.close();
  });

  test('is left to git where a file may have moved', async () => {
    using repo = testRepository();
    repo.write({ a: 'a' });
    const base = repo.commit();
    repo.git('mv', 'a', 'b');
    const head = repo.commit();
    const { objects } = opened(repo.root);

    expect(await treeChanges(objects, { base, head })).toBeUndefined();
    objects.close();
  });

  test('a chain of commits is followed; a merge is left to git, with the same answers', async () => {
    using repo = testRepository();
    const base = repo.commit('Base');
    const one = repo.commit('One');
    const two = repo.commit('Two');
    repo.git('checkout', '-q', '-b', 'side', base);
    const side = repo.commit('Side');
    repo.git('merge', '-q', '-m', 'Merge', two);
    const merge = repo.git('rev-parse', 'HEAD');
    const at = opened(repo.root);

    expect(await chainOf(at.objects, { base, head: two })).toEqual([two, one]);
    expect(await chainOf(at.objects, { base, head: merge })).toBeUndefined();
    expect(await chainOf(at.objects, { base: side, head: two })).toBeUndefined();
    expect(await listCommits(at, { base, head: two })).toEqual([one, two]);
    expect(new Set(await listCommits(at, { base, head: merge }))).toEqual(new Set([one, two, side, merge]));
    expect(await mergeBase(at, [base, two])).toBe(base);
    expect(await mergeBase(at, [side, two])).toBe(base);
    at.objects.close();
  });
});
