import type { Command } from 'commander';
import { idleProgram } from '../../src/cli/fixture.ts';

/** The page of all commands: what `--help` prints of each, in the order of `sallyport --help`. */
export function renderCommands(): string {
  const program = idleProgram();
  return `${[
    '# Commands',
    '',
    'What `--help` prints of each command. All take `--json`, `--debug` and `--no-color`; exit codes are in the [README](../../README.md#commands).',
    'Written by `node scripts/commands.ts`.',
    ...leaves(program).flatMap(({ path, command }) => ['', `## ${path}`, '', '```text', helpOf(command), '```']),
  ].join('\n')}\n`;
}

function leaves(command: Command, path = 'sallyport'): { readonly path: string; readonly command: Command }[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  return children.length === 0
    ? [{ path, command }]
    : children.flatMap((child) => leaves(child, `${path} ${child.name()}`));
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}
