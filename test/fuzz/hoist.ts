import { hoistScript, type ShellKind } from '../../src/workflow/index.ts';
import { canRun, JAVASCRIPT_VALUES, partsOf, PYTHON_VALUES, run, SHELL_VALUES } from '../support/hostile-script.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

const X = '${{ x }}';
/** Pieces of scripts, balanced and not. */
const SHELL_PIECES = [
  X,
  X,
  X,
  `"${X}"`,
  `'${X}'`,
  `"a ${X} b"`,
  'echo ',
  'printf %s ',
  'cat ',
  'T=',
  'export T=',
  '$T',
  '"$T"',
  '"',
  "'",
  '`',
  '$(',
  ')',
  '((',
  '))',
  '$((',
  '${T:-',
  '${',
  '}',
  '{ ',
  '; }',
  '\n',
  '\n',
  '; ',
  ' | ',
  ' && ',
  'bash',
  'sh -c ',
  'eval ',
  '[[ ',
  ' ]]',
  ' -eq 1',
  '[ ',
  ' ]',
  ' = a',
  '<<EOF\n',
  '\nEOF\n',
  "<<'EOF'\n",
  '<<< ',
  '<(',
  '> out ',
  '# ',
  '\\',
  '$',
  'if ',
  '; then ',
  '; fi',
  'for i in ',
  '; do ',
  '; done',
  'case ',
  ' in a) ',
  ';; esac',
  'f() { ',
  'f ',
  '"$1"',
  'a[',
  ']',
  '=1',
  'local ',
  'declare -i ',
  'read v',
  'xargs ',
  'env ',
  'test ',
  '-v ',
  '!',
  '&',
  '~',
  '*',
] as const;
const PYTHON_PIECES = [
  X,
  X,
  `'${X}'`,
  `"${X}"`,
  `"""${X}"""`,
  `f"${X}"`,
  `f'{1}${X}'`,
  `r'${X}'`,
  `b"${X}"`,
  'print(',
  ')',
  't = ',
  't',
  "'",
  '"',
  '"""',
  "'''",
  'f"',
  '{',
  '}',
  '\\',
  '\n',
  '\n  ',
  '#',
  ', ',
  ' + ',
  'if t:',
  '[',
  ']',
  'str(',
  '1',
  '%',
  '.format(1)',
  'u',
  'rb',
] as const;
const JAVASCRIPT_PIECES = [
  X,
  X,
  `'${X}'`,
  `"${X}"`,
  `\`${X}\``,
  `\`a \${1} ${X}\``,
  'console.log(',
  ')',
  'const t = ',
  't',
  "'",
  '"',
  '`',
  '${',
  '{',
  '}',
  '\\',
  '\n',
  '; ',
  '//',
  '/*',
  '*/',
  '/',
  '[',
  ']',
  ', ',
  ' + ',
  '.x',
  'return ',
  'x => ',
  '1',
  '(',
  ':',
  '?',
] as const;

const LANGUAGES: readonly {
  readonly shell: ShellKind;
  readonly pieces: readonly string[];
  readonly values: readonly string[];
}[] = [
  { shell: 'bash', pieces: SHELL_PIECES, values: SHELL_VALUES },
  { shell: 'zsh', pieces: SHELL_PIECES, values: SHELL_VALUES },
  { shell: 'dash', pieces: SHELL_PIECES, values: SHELL_VALUES },
  { shell: 'python', pieces: PYTHON_PIECES, values: PYTHON_VALUES },
  { shell: 'javascript', pieces: JAVASCRIPT_PIECES, values: JAVASCRIPT_VALUES },
];

/** Real processes that one call may start. */
const RUNS_MAX = 150;

/**
 * Random scripts with random hostile values. Wanted: never an exception, the influenced value never in the script, and
 * of the scripts that are accepted the first 150 are run: the payload must not.
 */
export function fuzzHoist(
  seed: number,
  rounds: number,
  options: { readonly runsMax?: number } = {},
): FuzzOutcome & { readonly accepted: number } {
  const { pick, many } = chooser(randomOf(seed));
  const languages = LANGUAGES.filter(({ shell }) => canRun(shell));
  const failures: string[] = [];
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const { shell, pieces, values } = pick(languages);
    const script = many(pieces, 9) + pick(pieces.slice(0, 6)) + many(pieces, 4);
    const value = pick(values);
    const where = `seed ${seed} round ${round} ${shell} ${JSON.stringify(script)} with ${JSON.stringify(value)}`;
    try {
      const hoisting = hoistScript(partsOf(script, value), shell);
      if (!hoisting.ok || !script.includes(X)) continue;
      accepted += 1;
      if (accepted > Math.min(options.runsMax ?? RUNS_MAX, RUNS_MAX)) continue;
      if (run(hoisting.script, shell, hoisting.env).isPwned)
        failures.push(`${where}: ran the payload: ${hoisting.script}`);
    } catch (thrown) {
      failures.push(`${where}: ${String(thrown)}`);
    }
  }
  return { rounds, failures, accepted };
}
