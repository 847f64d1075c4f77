import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const GIT = '/usr/bin/git';

export type TestRepository = {
  readonly work: string;
  readonly bare: string;
  /** Writes files and commits everything; gives the commit. */
  commit(files: { readonly [path: string]: string }): string;
  /** Forced, into the bare repository of the mirror. */
  push(...refspecs: readonly string[]): void;
};

/** A mirror folder below `root` with bare repositories that a test fills. */
export function openMirror(root: string) {
  const mirror = join(root, 'mirror');
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
  };

  function git(cwd: string, ...args: readonly string[]): string {
    return execFileSync(GIT, [...args], { cwd, env, encoding: 'utf8', timeout: 30_000, stdio: 'pipe' }).trim();
  }

  function makeRepository(name: string): TestRepository {
    const work = join(root, 'work', name);
    const bare = join(mirror, `${name}.git`);
    mkdirSync(work, { recursive: true });
    mkdirSync(dirname(bare), { recursive: true });
    git(work, 'init', '-q', '-b', 'main');
    git(root, 'init', '-q', '--bare', bare);
    git(bare, 'config', 'uploadpack.allowFilter', 'true');
    git(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    return {
      work,
      bare,
      commit(files) {
        for (const [path, content] of Object.entries(files)) {
          mkdirSync(dirname(join(work, path)), { recursive: true });
          writeFileSync(join(work, path), content);
        }
        git(work, 'add', '-A');
        git(work, 'commit', '-q', '--allow-empty', '-m', 'commit');
        return git(work, 'rev-parse', 'HEAD');
      },
      push: (...refspecs) => void git(work, 'push', '-q', '-f', bare, ...refspecs),
    };
  }

  return { mirror, git, makeRepository };
}
