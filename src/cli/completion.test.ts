import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { renderCompletion } from './completion.ts';
import { idleProgram } from './fixture.ts';

const program = idleProgram();

/** Without files, which bash would offer as well. */
const empty = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => rmdirSync(empty));

/** What bash would offer after the words. */
function complete(...words: readonly string[]): readonly string[] {
  const script = `${renderCompletion(program, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _sallyport
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: empty, timeout: 10_000 })
    .split('\n')
    .filter((line) => line !== '');
}

test('bash completes commands, nested commands, options and their values', () => {
  expect(complete('sallyport', 'pl')).toEqual(['plan']);
  expect(complete('sallyport', 'mirror', 'a')).toEqual(['add']);
  expect(complete('sallyport', 'run', '--ar')).toEqual(['--artifacts']);
  expect(complete('sallyport', 'run', '--require', 'hard-m')).toEqual(['hard-memory']);
  expect(complete('sallyport', 'completion', 'z')).toEqual(['zsh']);
  expect(complete('sallyport', 'mirror', 'sync', '--js')).toEqual(['--json']);
});

test.each(['zsh', 'fish'])('the script for %s names every command and option', (shell) => {
  const script = renderCompletion(program, shell);

  for (const command of program.commands) {
    expect(script).toContain(command.name());
    for (const option of command.options) expect(script).toContain(option.long?.slice(2));
  }
});
