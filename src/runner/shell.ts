import { fault } from './faults.ts';

/** How a script is run, and which syntax K13 has to respect. */
export type Shell = {
  readonly command: readonly [string, ...string[]];
  readonly extension: string;
  readonly syntax: 'bash' | 'sh' | 'dash' | 'zsh' | 'pwsh' | 'powershell' | 'python' | 'javascript' | 'unknown';
  /** Bash is told to leave with the first failing command. PowerShell needs lines around the script for that. */
  readonly wrap?: (script: string) => string;
};

/**
 * The command line of a `shell:` as GitHub documents it; `{0}` is the script file. No `shell:` is `bash -e {0}`, which
 * unlike `shell: bash` does not set pipefail.
 * Source: docs.github.com, workflow syntax, `jobs.<job_id>.steps[*].shell`.
 */
export function shellOf(text: string | undefined, scriptPath: string): Shell {
  if (text === undefined) return { command: ['bash', '-e', scriptPath], extension: 'sh', syntax: 'bash' };
  switch (text) {
    case 'bash':
      return {
        command: ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', scriptPath],
        extension: 'sh',
        syntax: 'bash',
      };
    case 'sh':
      return { command: ['sh', '-e', scriptPath], extension: 'sh', syntax: 'sh' };
    case 'python':
      return { command: pythonCommand(scriptPath), extension: 'py', syntax: 'python' };
    case 'pwsh':
    case 'powershell':
      return {
        command: ['pwsh', '-command', `. '${scriptPath}'`],
        extension: 'ps1',
        syntax: 'pwsh',
        wrap: (script) =>
          `$ErrorActionPreference = 'stop'\n${script}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }`,
      };
    default:
      return customShell(text, scriptPath);
  }
}

/** Debian and others install only `python3`: GitHub's images have both names. */
function pythonCommand(scriptPath: string): [string, ...string[]] {
  const choose = 'if command -v python >/dev/null 2>&1; then exec python "$1"; fi; exec python3 "$1"';
  return ['/bin/sh', '-c', choose, 'sh', scriptPath];
}

function customShell(text: string, scriptPath: string): Shell {
  if (!text.includes('{0}')) {
    throw fault('shell-invalid', `shell ${JSON.stringify(text.slice(0, 100))} is neither known nor has {0}`);
  }
  const words = text.trim().split(/\s+/);
  const [program = 'sh', ...rest] = words.map((word) => word.replaceAll('{0}', scriptPath));
  return { command: [program, ...rest], extension: extensionOf(program), syntax: syntaxOf(program, words.slice(1)) };
}

/** A custom shell has a known syntax only when the script file is run as a script of a known interpreter. */
function syntaxOf(program: string, options: readonly string[]): Shell['syntax'] {
  const evaluates = options.some(
    (word) => word === '-c' || word.includes('command') || (word !== '{0}' && word.includes('{0}')),
  );
  if (evaluates) return 'unknown';
  const base = program.slice(program.lastIndexOf('/') + 1);
  switch (base) {
    case 'bash':
    case 'sh':
    case 'dash':
    case 'zsh':
    case 'pwsh':
      return base;
    case 'python':
    case 'python3':
      return 'python';
    default:
      return 'unknown';
  }
}

function extensionOf(program: string): string {
  const base = program.slice(program.lastIndexOf('/') + 1);
  if (base.startsWith('python')) return 'py';
  if (base === 'pwsh') return 'ps1';
  return 'sh';
}
