import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HoistPart, ShellKind } from '../../src/workflow/index.ts';

/** The longest that one hostile script may run, milliseconds. */
const RUN_MS_MAX = 15_000;

/** Splits `${{ x }}` out of a script: all expressions are influenced and have the same value, but `${{ own }}`. */
export function partsOf(script: string, value: string): HoistPart[] {
  return script.split(/(\$\{\{.*?\}\})/s).map((piece) => {
    if (!/^\$\{\{.*\}\}$/s.test(piece)) return { literal: piece };
    const expression = piece.slice(3, -2).trim();
    const influenced = expression !== 'own';
    return {
      value: influenced ? value : 'own',
      expression: influenced ? expression : 'vars.own',
      influenced,
      at: { line: 1, column: 1 },
    };
  });
}

/** The script as GitHub would run it: the value in the middle of the code. */
export function splice(script: string, value: string): string {
  return script.replaceAll(/\$\{\{.*?\}\}/gs, () => value);
}

export type Ran = { readonly output: string; readonly isPwned: boolean; readonly code: number | null };

/** The body of an asynchronous function, as actions/github-script runs it. */
const GITHUB_SCRIPT = `
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const body = require('node:fs').readFileSync(process.argv[1], 'utf8');
const context = { payload: {} }, github = {}, core = { info: console.log, setOutput() {} };
new AsyncFunction('require', 'github', 'context', 'core', body)(require, github, context, core)
  .catch((error) => { console.error(error); process.exit(1); });
`;

function commandOf(shell: ShellKind, file: string): readonly [string, ...string[]] | undefined {
  switch (shell) {
    case 'bash':
    case 'sh':
    case 'dash':
      return [shell, '-e', file];
    case 'zsh':
      return ['zsh', '-f', file];
    case 'python':
      return [existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3', file];
    case 'javascript':
      return [process.execPath, '-e', GITHUB_SCRIPT, file];
    default:
      return undefined;
  }
}

/** Whether this machine can run the language. Zsh and dash are not everywhere. */
export function canRun(shell: ShellKind): boolean {
  const command = commandOf(shell, '/dev/null');
  if (command === undefined) return false;
  return command[0].startsWith('/') || spawnSync('/bin/sh', ['-c', 'command -v "$0"', command[0]]).status === 0;
}

/** Runs a script for real in an empty folder. Pwned: a file appeared whose name begins with `pwn`. */
export function run(script: string, shell: ShellKind, env: { readonly [name: string]: string } = {}): Ran {
  const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'));
  try {
    const file = path.join(folder, 'script');
    writeFileSync(file, script);
    const [program, ...args] = commandOf(shell, file) ?? ['false'];
    const result = spawnSync(program, args, {
      cwd: folder,
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: folder,
        LANG: 'C.UTF-8',
        GITHUB_OUTPUT: path.join(folder, 'output'),
        ...env,
      },
      timeout: RUN_MS_MAX,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
      input: '',
    });
    return {
      output: result.stdout,
      isPwned: readdirSync(folder).some((name) => name.startsWith('pwn')),
      code: result.status,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Titles that break out of the quotes of shells. */
export const SHELL_VALUES: readonly string[] = [
  '"; touch pwn #',
  "'; touch pwn #",
  '$(touch pwn)',
  '`touch pwn`',
  '; touch pwn',
  'a[$(touch pwn)]',
  '\ntouch pwn\n',
  'EOF\ntouch pwn\n',
  '${IFS}$(touch${IFS}pwn)',
  '\\"; touch pwn; echo \\"',
  ') ; touch pwn ; (',
  "$'\\x27; touch pwn #",
  '* ? [a-z] ~ !! {a,b}',
];

/** Titles that break out of the texts of Python. */
export const PYTHON_VALUES: readonly string[] = [
  `'; __import__("os").system("touch pwn") #`,
  `"; __import__("os").system("touch pwn") #`,
  `" + str(__import__("os").system("touch pwn")) + "`,
  `' + str(__import__("os").system("touch pwn")) + '`,
  `{__import__("os").system("touch pwn")}`,
  `'''+str(__import__('os').system('touch pwn'))+'''`,
  `"""+str(__import__('os').system('touch pwn'))+"""`,
  `__import__("os").system("touch pwn")`,
  '\\',
  'a\n__import__("os").system("touch pwn")\n',
];

/** Titles that break out of the texts of JavaScript. */
export const JAVASCRIPT_VALUES: readonly string[] = [
  `'); require('fs').writeFileSync('pwn',''); ('`,
  `"); require('fs').writeFileSync('pwn',''); ("`,
  '`+require("fs").writeFileSync("pwn","")+`',
  '${require("fs").writeFileSync("pwn","")}',
  `*/ require('fs').writeFileSync('pwn','') /*`,
  `\nrequire('fs').writeFileSync('pwn','')\n`,
  '\u2028require("fs").writeFileSync("pwn","")\u2028',
  `require('fs').writeFileSync('pwn','')`,
  '\\',
];
