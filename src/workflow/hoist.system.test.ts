import { describe, expect, test } from 'vitest';
import {
  canRun,
  JAVASCRIPT_VALUES,
  partsOf,
  PYTHON_VALUES,
  run,
  SHELL_VALUES,
  splice,
} from '../../test/support/hostile-script.ts';
import { hoistScript, type ShellKind } from './hoist.ts';

/** Scripts that print the value and nothing else, and that a hostile title takes over when it is spliced. */
const PRINTING: { readonly [shell in ShellKind]?: readonly string[] } = {
  bash: [
    "printf '%s' ${{ x }}",
    'printf \'%s\' "${{ x }}"',
    "printf '%s' '${{ x }}'",
    'T="${{ x }}"\nprintf \'%s\' "$T"',
    'f() { printf \'%s\' "$1"; }\nf "${{ x }}"',
    'printf \'%s\' "${UNSET:-${{ x }}}"',
    'A=(${{ x }})\nprintf \'%s\' "${A[0]}"',
    'if [ "${{ x }}" != "" ]; then printf \'%s\' "${{ x }}"; fi',
    '# ${{ x }}\nprintf \'%s\' "${{ x }}"',
  ],
  sh: [
    "printf '%s' ${{ x }}",
    'printf \'%s\' "${{ x }}"',
    "printf '%s' '${{ x }}'",
    'for i in ${{ x }}; do printf \'%s\' "$i"; done',
  ],
  dash: ['printf \'%s\' "${{ x }}"', "printf '%s' '${{ x }}'", 'x=${{ x }}\nprintf \'%s\' "$x"'],
  zsh: ["printf '%s' ${{ x }}", 'printf \'%s\' "${{ x }}"', "printf '%s' '${{ x }}'", 'T=${{ x }}\nprintf \'%s\' "$T"'],
  python: [
    "print('${{ x }}', end='')",
    'print("${{ x }}", end="")',
    'print("""${{ x }}""", end="")',
    'print(f"${{ x }}", end="")',
    "print(r'${{ x }}', end='')",
    'print(${{ x }}, end="")',
  ],
  javascript: [
    "process.stdout.write('${{ x }}')",
    'process.stdout.write("${{ x }}")',
    'process.stdout.write(`${{ x }}`)',
    'process.stdout.write(${{ x }})',
    '/* ${{ x }} */ process.stdout.write(`${`${{ x }}`}`)',
  ],
};

/** Other constructs, which print something of their own. */
const HARMLESS = [
  'cat <<EOF\n${{ x }}\nEOF',
  'cat <<-EOF\n\t${{ x }}\n\tEOF\necho done',
  'x=$(cat <<EOF\n${{ x }}\nEOF\n)\necho "$x"',
  'case ${{ x }} in\n a) echo 1;;\n *) echo 2;;\nesac',
  'if [[ "${{ x }}" == a* ]]; then echo 1; else echo 2; fi',
  '[[ ${{ x }} =~ ^a(b|c)$ ]] || echo no',
  'while read -r l; do echo "$l"; done < <(printf "%s" "${{ x }}")',
  'echo "T=${{ x }}" >> $GITHUB_OUTPUT',
  'export T=${{ x }}\nenv > /dev/null',
  'echo $((1+2)) "${{ x }}"',
  'echo "$(echo "$(echo ${{ x }})")"',
  'python3 - "${{ x }}" <<\'P\'\nimport sys\nprint(sys.argv[1])\nP',
];

const valuesOf = (shell: ShellKind) =>
  shell === 'python' ? PYTHON_VALUES : shell === 'javascript' ? JAVASCRIPT_VALUES : SHELL_VALUES;

/** R16. Wanted: the output is the title, letter by letter, and no file is made. */
describe.each(['bash', 'sh', 'dash', 'zsh', 'python', 'javascript'] as const)('%s', (shell) => {
  const scripts = PRINTING[shell] ?? [];

  test.skipIf(!canRun(shell)).each(scripts)('%j prints a hostile title and does not run it', (script) => {
    for (const value of valuesOf(shell)) {
      const hoisting = hoistScript(partsOf(script, value), shell);
      if (!hoisting.ok) throw new Error(hoisting.refusals[0]?.reason);

      const ran = run(hoisting.script, shell, hoisting.env);

      expect(ran.isPwned, value).toBe(false);
      expect(ran.output, value).toContain(value);
    }
  });

  test.skipIf(!canRun(shell)).each(scripts)('%j runs some hostile title when it is spliced: the control', (script) => {
    expect(valuesOf(shell).some((value) => run(splice(script, value), shell).isPwned)).toBe(true);
  });
});

test.each(HARMLESS)('bash: %j does not run a hostile title', (script) => {
  for (const value of SHELL_VALUES) {
    const hoisting = hoistScript(partsOf(script, value), 'bash');
    if (!hoisting.ok) throw new Error(hoisting.refusals[0]?.reason);

    expect(run(hoisting.script, 'bash', hoisting.env), value).toMatchObject({ isPwned: false, code: 0 });
  }
});
