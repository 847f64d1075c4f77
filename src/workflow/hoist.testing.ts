import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HoistPart, ShellKind } from './hoist.ts';

/** The longest that one hostile script may run, milliseconds. */
const RUN_MS_MAX = 10_000;

/** Splits `${{ x }}` out of a script; all expressions are influenced and have the same value. */
export function partsOf(script: string, value: string): HoistPart[] {
  return script.split(/(\$\{\{.*?\}\})/s).map((piece) => {
    if (!/^\$\{\{.*\}\}$/s.test(piece)) return { literal: piece };
    const expression = piece.slice(3, -2).trim();
    return { value, expression, influenced: expression !== 'own', at: { line: 1, column: 1 } };
  });
}

/** The script as GitHub would run it. */
export function splice(script: string, value: string): string {
  return script.replaceAll(/\$\{\{.*?\}\}/gs, () => value);
}

export type Ran = { readonly output: string; readonly isPwned: boolean; readonly code: number | null };

/** github-script: the body of an asynchronous function with `github`, `context` and `core`. */
const GITHUB_SCRIPT = `
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const body = require('node:fs').readFileSync(process.argv[1], 'utf8');
const context = { payload: {} }, github = {}, core = { info: console.log, setOutput() {} };
new AsyncFunction('require', 'github', 'context', 'core', body)(require, github, context, core).catch((e) => { console.error(e); process.exit(1); });
`;

/** Runs a script for real in an empty folder. Pwned: a file whose name contains `pwn` appeared. */
export function run(script: string, shell: ShellKind, env: { readonly [name: string]: string } = {}): Ran {
  const folder = mkdtempSync(path.join(tmpdir(), 'hoist-'));
  const file = path.join(folder, 'script');
  writeFileSync(file, script);
  const commands: { readonly [kind: string]: readonly string[] } = {
    bash: ['bash', '-e', file],
    sh: ['sh', '-e', file],
    dash: ['dash', '-e', file],
    zsh: ['zsh', '-f', file],
    python: ['/usr/bin/python3', file],
    javascript: [process.execPath, '-e', GITHUB_SCRIPT, file],
  };
  const [program = 'false', ...args] = commands[shell] ?? [];
  const result = spawnSync(program, args, {
    cwd: folder,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: folder,
      LANG: 'C.UTF-8',
      GITHUB_OUTPUT: path.join(folder, 'out'),
      ...env,
    },
    timeout: RUN_MS_MAX,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    input: '',
  });
  const isPwned =
    existsSync(path.join(folder, 'pwn')) ||
    existsSync(path.join(folder, 'pwn #')) ||
    existsSync(path.join(folder, 'pwned'));
  rmSync(folder, { recursive: true, force: true });
  return { output: `${result.stdout}`, isPwned, code: result.status };
}
