import { isFault } from '../../../src/base/index.ts';
import { CommandStream, parseEnvFile } from '../../../src/workflow/index.ts';
import { run } from '../../support/hostile-script.ts';
import type { Attack } from '../attack.ts';

/** What a lenient runner does: every line with a `=` becomes a variable of the next step. */
function naive(text: string): { [name: string]: string } {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function strict(text: string): { refused: boolean; detail: string } {
  try {
    const file = parseEnvFile(Buffer.from(text), 'env', { refuseLoaderVariables: true });
    return { refused: false, detail: `taken as ${file.kind}` };
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    return { refused: true, detail: `${thrown.code}: ${thrown.message}` };
  }
}

type Case = {
  readonly id: string;
  readonly title: string;
  readonly written: string;
  readonly next: 'bash' | 'python' | 'javascript';
};

/** R17: a step writes outside text to $GITHUB_ENV, and the next step, which has secrets, starts with it. */
const CASES: readonly Case[] = [
  {
    id: 'R17-newline-bash-env',
    title: 'a title of two lines sets BASH_ENV for the next step',
    written: 'TITLE=fix\nBASH_ENV=$(touch pwn)\n',
    next: 'bash',
  },
  {
    id: 'R17-bash-function',
    title: 'a title of two lines replaces a command by a function',
    written: 'TITLE=fix\nBASH_FUNC_true%%=() { touch pwn; }\n',
    next: 'bash',
  },
  {
    id: 'R17-heredoc-end',
    title: 'a body that ends its own here-document',
    written: 'BODY<<EOF\nfix\nEOF\nBASH_ENV=$(touch pwn)\nEOF<<EOF\nEOF\n',
    next: 'bash',
  },
];

const NEXT_STEP = 'true';

const files: Attack[] = CASES.map((entry) => ({
  id: entry.id,
  title: entry.title,
  controls: ['K28'],
  control: () => {
    const ran = run(NEXT_STEP, entry.next, naive(entry.written));
    return Promise.resolve({
      succeeded: ran.isPwned,
      detail: ran.isPwned ? 'the next step ran the payload' : 'nothing happened',
    });
  },
  product: () => Promise.resolve(strict(entry.written)),
}));

const LINE = '::set-env name=BASH_ENV::$(touch pwn)';

const commands: Attack[] = [
  {
    id: 'R17-set-env',
    title: 'printed text sets a variable of later steps',
    controls: ['K28'],
    control: () => {
      const [, name = '', value = ''] = /^::set-env name=(\w+)::(.*)$/.exec(LINE) ?? [];
      const ran = run(NEXT_STEP, 'bash', { [name]: value });
      return Promise.resolve({ succeeded: ran.isPwned, detail: 'a runner that obeys set-env' });
    },
    product: () => {
      const result = new CommandStream().push(LINE);
      const refused = result.kind === 'command' && result.command.kind === 'refused';
      return Promise.resolve({ refused, detail: refused ? 'set-env is refused' : 'set-env was obeyed' });
    },
  },
];

export const attacks: Attack[] = [...files, ...commands];
