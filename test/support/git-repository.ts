import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GitProgram } from '../../src/source/index.ts';

const program = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();

export const GIT: GitProgram = { path: program, env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' } };

/** A repository in a folder of its own, for tests. */
export function testRepository() {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-source-'));
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  git('init', '-q', '-b', 'main');
  return {
    root,
    git,
    write(files: { readonly [path: string]: string | Uint8Array }) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
    },
    commit(message = 'Next') {
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
