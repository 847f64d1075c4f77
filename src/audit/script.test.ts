import { describe, expect, test } from 'vitest';
import { executionOf } from './execution.ts';
import { commandsOf, fileWritesOf } from './script.ts';

describe('commands of a script', () => {
  test('are split at separators, not in quotes or substitutions', () => {
    const commands = commandsOf('a "x; y" && b | c $(d; e)\n# f\ng \\\n  h');

    expect(commands.map(({ words }) => words[0])).toEqual(['a', 'b', 'c', 'g']);
    expect(commands[3]?.words).toEqual(['g', 'h']);
  });

  test('leave out what stands before: if, sudo, variables', () => {
    expect(commandsOf('if sudo A=1 make all; then x; fi').map(({ words }) => words[0])).toEqual(['make', 'x', 'fi']);
  });
});

describe('writes to the files of the runner', () => {
  test.each([
    ['echo "a=$B" >> "$GITHUB_OUTPUT"', 'output'],
    ['echo a=b | tee -a $GITHUB_ENV', 'env'],
    ['cat <<EOF >> ${GITHUB_ENV}\nx=$Y\nEOF', 'env'],
    ['{\n echo a=$B\n} >> $GITHUB_PATH', 'path'],
    ['echo "::set-output name=a::$B"', 'output'],
    ['"a=$B" | Out-File -Append $env:GITHUB_ENV', 'env'],
    ["core.exportVariable('A', b)", 'env'],
  ])('%s', (script, target) => {
    expect(fileWritesOf(script, commandsOf(script))).toMatchObject([{ target }]);
  });

  test('echo of the name alone is none', () => {
    expect(fileWritesOf('echo $GITHUB_ENV', commandsOf('echo $GITHUB_ENV'))).toEqual([]);
  });
});

describe('what runs the files of the workspace', () => {
  test.each([
    'make',
    'npm ci',
    'npm run build',
    'pnpm i',
    './x.sh',
    'bash scripts/a.sh',
    'source env',
    'python setup.py',
    'pip install .',
    'pip install -r requirements.txt',
    'python -m pytest',
    './gradlew build',
    'cargo test',
    'go generate ./...',
    'docker build .',
    'terraform plan',
    'npx eslint .',
    'node index.js',
  ])('%s does', (command) => {
    expect(commandsOf(command).map(executionOf)[0]).toBeDefined();
  });

  test.each([
    'echo make',
    'npm install -g x',
    'npm --version',
    'cat Makefile',
    'git diff',
    'bash -c "x"',
    'python -c x',
    'pip install x',
    'docker pull x',
    'make --version',
    'cargo --version',
    '/usr/bin/tool',
    'bash /tmp/x.sh',
    'jq . x.json',
  ])('%s does not', (command) => {
    expect(commandsOf(command).map(executionOf)[0]).toBeUndefined();
  });
});
