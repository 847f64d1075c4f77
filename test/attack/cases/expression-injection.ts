import { hoistScript, type ShellKind } from '../../../src/workflow/index.ts';
import { canRun, partsOf, run, splice } from '../../support/hostile-script.ts';
import type { Attack } from '../attack.ts';

type Case = {
  readonly id: string;
  readonly title: string;
  readonly shell: ShellKind;
  readonly script: string;
  readonly value: string;
};

const SHELL_TITLE = '"; touch pwn #';
const SINGLE_TITLE = "'; touch pwn; echo '";

/** R16: a title, a branch name or a body in a script. Each prints its value, so that the literal can be looked for. */
const PRINTED: readonly Case[] = [
  ...(['bash', 'sh', 'dash', 'zsh'] as const).flatMap((shell) => [
    {
      id: `R16-${shell}-title`,
      title: `a title in double quotes in ${shell}`,
      shell,
      script: 'printf \'%s\' "${{ x }}"',
      value: SHELL_TITLE,
    },
    {
      id: `R16-${shell}-single`,
      title: `a title in single quotes in ${shell}`,
      shell,
      script: "printf '%s' '${{ x }}'",
      value: SINGLE_TITLE,
    },
    {
      id: `R16-${shell}-bare`,
      title: `a branch name without quotes in ${shell}`,
      shell,
      script: "printf '%s' ${{ x }}",
      value: 'a;>pwn',
    },
    {
      id: `R16-${shell}-body`,
      title: `a body of several lines in a here-document in ${shell}`,
      shell,
      script: 'cat <<EOF\n${{ x }}\nEOF',
      value: 'a\nEOF\ntouch pwn\n',
    },
  ]),
  {
    id: 'R16-python-title',
    title: 'a title in a text of Python',
    shell: 'python',
    script: 'print("${{ x }}")',
    value: '"); __import__("os").system("touch pwn") #',
  },
  {
    id: 'R16-python-format',
    title: 'a title in an f-string',
    shell: 'python',
    script: 'print(f"${{ x }}")',
    value: `{__import__('os').system('touch pwn')}`,
  },
  {
    id: 'R16-python-body',
    title: 'a body in triple quotes',
    shell: 'python',
    script: 'print("""${{ x }}""")',
    value: `""");__import__("os").system("touch pwn")#`,
  },
  {
    id: 'R16-github-script-title',
    title: 'a title in a text of github-script',
    shell: 'javascript',
    script: "console.log('${{ x }}')",
    value: `'); require('fs').writeFileSync('pwn', ''); ('`,
  },
  {
    id: 'R16-github-script-template',
    title: 'a title in a template of github-script',
    shell: 'javascript',
    script: 'console.log(`${{ x }}`)',
    value: '${require("fs").writeFileSync("pwn", "")}',
  },
];

/** Places where no quoting helps: the script must be refused before anything runs. */
const REFUSED: readonly Case[] = [
  {
    id: 'R16-bash-eval',
    title: 'a title that eval takes apart again',
    shell: 'bash',
    script: 'T="${{ x }}"\neval "echo $T"',
    value: '$(touch pwn)',
  },
  {
    id: 'R16-bash-nested',
    title: 'a title in bash -c',
    shell: 'bash',
    script: 'bash -c "echo ${{ x }}"',
    value: '$(touch pwn)',
  },
  {
    id: 'R16-bash-arithmetic',
    title: 'an input compared as a number',
    shell: 'bash',
    script: '[[ "${{ x }}" -gt 1 ]] || true',
    value: 'a[$(touch pwn)]',
  },
  {
    id: 'R16-bash-pipe',
    title: 'a title that is piped into a shell',
    shell: 'bash',
    script: 'echo "echo ${{ x }}" | sh',
    value: '$(touch pwn)',
  },
  {
    id: 'R16-bash-file',
    title: 'a title in a script file that is run later',
    shell: 'bash',
    script: 'echo "echo ${{ x }}" > s.sh\nbash s.sh',
    value: ';touch pwn',
  },
  {
    id: 'R16-bash-declare',
    title: 'a title that declare takes for an array',
    shell: 'bash',
    script: 'a=(1)\ndeclare a="${{ x }}"',
    value: '(\\$(touch pwn))',
  },
  {
    id: 'R16-python-system',
    title: 'a title in os.system',
    shell: 'python',
    script: 'import os\nt = "${{ x }}"\nos.system("echo " + t)',
    value: ';touch pwn',
  },
  {
    id: 'R16-github-script-exec',
    title: 'a title in execSync',
    shell: 'javascript',
    script: 'require("child_process").execSync("echo ${{ x }}")',
    value: ';touch pwn',
  },
];

function attackOf(entry: Case, isPrinted: boolean): Attack {
  return {
    id: entry.id,
    title: entry.title,
    controls: ['K13'],
    control: () => {
      const ran = run(splice(entry.script, entry.value), entry.shell);
      return Promise.resolve({
        succeeded: ran.isPwned,
        detail: ran.isPwned ? 'spliced: the payload ran' : 'spliced: nothing happened',
      });
    },
    product: () => {
      const hoisting = hoistScript(partsOf(entry.script, entry.value), entry.shell);
      if (!hoisting.ok)
        return Promise.resolve({ refused: !isPrinted, detail: `refused: ${hoisting.refusals[0]?.reason ?? ''}` });
      const ran = run(hoisting.script, entry.shell, hoisting.env);
      const isLiteral = ran.output.includes(entry.value.trim());
      return Promise.resolve({
        refused: isPrinted && !ran.isPwned && isLiteral,
        detail: ran.isPwned
          ? 'the payload ran'
          : isLiteral
            ? 'the title was printed letter by letter'
            : `printed ${JSON.stringify(ran.output.slice(0, 80))}`,
      });
    },
  };
}

/** Shells that this machine lacks are left out; vectors cover them. */
export const attacks: Attack[] = [
  ...PRINTED.filter(({ shell }) => canRun(shell)).map((entry) => attackOf(entry, true)),
  ...REFUSED.filter(({ shell }) => canRun(shell)).map((entry) => attackOf(entry, false)),
];
