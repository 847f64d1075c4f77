import type { Command, Option } from 'commander';
import { fault } from './faults.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One command of the tree with what may follow it. */
type Node = {
  /** `` for the program itself, `mirror add` for a nested one. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }[];
  readonly choices: readonly string[];
};

/** The completion script of a shell, from the tree of commands, so that it can't fall behind it. */
export function renderCompletion(program: Command, shell: string): string {
  const nodes = nodesOf(program, '');
  switch (shell) {
    case 'bash':
      return renderBash(nodes);
    case 'zsh':
      return renderZsh(nodes);
    case 'fish':
      return renderFish(nodes);
    default:
      throw fault(
        'usage',
        `there is no completion for ${JSON.stringify(shell.slice(0, 40))}, only ${SHELLS.join(', ')}`,
      );
  }
}

function nodesOf(command: Command, path: string): readonly Node[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  const node: Node = {
    path,
    description: command.description(),
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), HELP],
    choices: command.name() === 'completion' ? SHELLS : [],
  };
  const below = children.flatMap((child) => nodesOf(child, path === '' ? child.name() : `${path} ${child.name()}`));
  return [node, ...below];
}

const HELP = { flags: ['-h', '--help'], description: 'show the help', takesValue: false, choices: [] };

function optionOf(option: Option): Node['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    takesValue: option.required,
    choices: option.argChoices ?? [],
  };
}

function wordsOf(node: Node): string {
  return [
    ...node.commands.map(({ name }) => name),
    ...node.choices,
    ...node.options.flatMap(({ flags }) => flags),
  ].join(' ');
}

function renderBash(nodes: readonly Node[]): string {
  const words = nodes.map((node) => `    ${JSON.stringify(node.path)}) words=${JSON.stringify(wordsOf(node))} ;;`);
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => JSON.stringify(path));
  const choices = nodes.flatMap(({ options }) =>
    options
      .filter((option) => option.choices.length > 0)
      .map(
        (option) =>
          `    ${option.flags.join('|')}) COMPREPLY=($(compgen -W ${JSON.stringify(option.choices.join(' '))} -- "$current")); return ;;`,
      ),
  );
  const valued = nodes.flatMap(({ options }) =>
    options.filter((option) => option.takesValue && option.choices.length === 0).flatMap(({ flags }) => flags),
  );
  return `# bash completion of sallyport
_sallyport() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word words candidate at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    candidate=\${path:+$path }$word
    case $candidate in ${paths.join('|')}) path=$candidate ;; esac
  done
  case $previous in
${choices.join('\n')}
    ${[...new Set(valued)].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case $path in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case $current in -*) ;; *) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
}
complete -o filenames -F _sallyport sallyport
`;
}

function renderZsh(nodes: readonly Node[]): string {
  const cases = nodes.map((node) => {
    const commands = node.commands.map(({ name, description }) => zshPair(name, description));
    const choices = node.choices.map((choice) => zshPair(choice, ''));
    const options = node.options.flatMap(({ flags, description }) => flags.map((flag) => zshPair(flag, description)));
    return `    ${JSON.stringify(node.path)})
      words_of=(${[...commands, ...choices].join(' ')})
      options_of=(${options.join(' ')}) ;;`;
  });
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => JSON.stringify(path));
  return `#compdef sallyport
_sallyport() {
  local route= word candidate at
  local -a words_of options_of
  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    candidate=\${route:+$route }$word
    case $candidate in (${paths.join('|')}) route=$candidate ;; esac
  done
  case $route in
${cases.join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe option options_of
  else
    (( $#words_of )) && _describe command words_of
    _files
  fi
}
if [[ $funcstack[1] == _sallyport ]]; then _sallyport "$@"; else compdef _sallyport sallyport; fi
`;
}

function zshPair(name: string, description: string): string {
  return `'${name.replaceAll(':', String.raw`\:`)}:${description.replaceAll("'", '’').replaceAll(':', String.raw`\:`)}'`;
}

function renderFish(nodes: readonly Node[]): string {
  const lines = ['# fish completion of sallyport'];
  for (const node of nodes) {
    const parts = node.path === '' ? [] : node.path.split(' ');
    const names = node.commands.map(({ name }) => name).join(' ');
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const none = names === '' ? '' : `not __fish_seen_subcommand_from ${names}`;
    const condition = [seen, none].filter((part) => part !== '').join('; and ') || 'true';
    for (const { name, description } of node.commands) {
      lines.push(`complete -c sallyport -f -n '${condition}' -a ${name} -d ${fishQuote(description)}`);
    }
    for (const choice of node.choices) lines.push(`complete -c sallyport -f -n '${condition}' -a ${choice}`);
    for (const { flags, description, takesValue, choices } of node.options) {
      const named = flags
        .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        .join(' ');
      const value = choices.length > 0 ? ` -x -a ${fishQuote(choices.join(' '))}` : takesValue ? ' -r' : '';
      lines.push(`complete -c sallyport -n '${seen || 'true'}' ${named}${value} -d ${fishQuote(description)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
