/** Characters of a token of `stop-commands`. Longer ones are refused: nobody types them, and they are kept in memory. */
export const STOP_TOKEN_CHARACTERS_MAX = 1_024;
/** Properties of one command. The widest command of GitHub's has seven. */
export const COMMAND_PROPERTIES_MAX = 64;

/** Where in a file a message belongs. Lines and columns count from 1. */
export type CommandPlace = {
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
  readonly endLine?: number;
  readonly column?: number;
  readonly endColumn?: number;
};

/** What one line of a step's output asks the runner to do. Values are unescaped and not masked. */
export type WorkflowCommand =
  | { readonly kind: 'add-mask'; readonly value: string }
  | { readonly kind: 'debug'; readonly message: string }
  | (CommandPlace & { readonly kind: 'notice' | 'warning' | 'error'; readonly message: string })
  | { readonly kind: 'group'; readonly title: string }
  | { readonly kind: 'endgroup' }
  | { readonly kind: 'set-output'; readonly name: string; readonly value: string }
  | { readonly kind: 'save-state'; readonly name: string; readonly value: string }
  | { readonly kind: 'add-matcher'; readonly path: string }
  | { readonly kind: 'remove-matcher'; readonly owner: string }
  | { readonly kind: 'remove-matcher-file'; readonly path: string }
  | { readonly kind: 'echo'; readonly on: boolean }
  | { readonly kind: 'stop-commands'; readonly token: string }
  /** Only a `CommandStream` gives this one: the line carried the token that commands were stopped with. */
  | { readonly kind: 'resume-commands' }
  /** A known command that is not obeyed. The step fails, as at GitHub. */
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

export type CommandLine =
  | {
      readonly kind: 'command';
      readonly command: WorkflowCommand;
      /** Show the line itself as well. Never set for masks, whose line is the secret. */
      readonly echo: boolean;
    }
  /** The line is output like any other. `warning`: it was a command that does nothing, and why. */
  | { readonly kind: 'text'; readonly warning?: string };

type Raw = { readonly name: string; readonly properties: ReadonlyMap<string, string>; readonly data: string };

const NAMES = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
]);

/** Commands whose own line GitHub does not show when `echo` is on. */
const SILENT = new Set(['add-mask', 'debug', 'notice', 'warning', 'error']);

/**
 * Parses one line without its end: `::name key=value,…::data`, or the older `##[name key=value;…]data` anywhere in the
 * line. Unknown names are not commands, so that `::std::string` stays text. Knows no state: see `CommandStream`.
 * Source of the format: actions/runner, ActionCommand.cs and ActionCommandManager.cs.
 */
export function parseCommand(line: string): WorkflowCommand | undefined {
  const raw = parseRaw(line, NAMES);
  if (raw === undefined) return undefined;
  const command = interpret(raw);
  return typeof command === 'string' ? undefined : command;
}

/** The commands of one process, with the two things that last from line to line: the stop token and `echo`. */
export class CommandStream {
  #token: string | undefined;
  #isEchoing: boolean;

  /** `echo`: whether commands are shown from the start (`ACTIONS_STEP_DEBUG`). */
  constructor(options: { readonly echo?: boolean } = {}) {
    this.#isEchoing = options.echo ?? false;
  }

  /** One line without its end. While commands are stopped every line is text, but the one that carries the token. */
  push(line: string): CommandLine {
    if (this.#token !== undefined) {
      const raw = parseRaw(line, new Set([this.#token]));
      if (raw === undefined) return { kind: 'text' };
      this.#token = undefined;
      return { kind: 'command', command: { kind: 'resume-commands' }, echo: true };
    }
    const raw = parseRaw(line, NAMES);
    if (raw === undefined) return { kind: 'text' };
    const command = interpret(raw);
    if (typeof command === 'string') return { kind: 'text', warning: command };
    if (command.kind === 'stop-commands') {
      this.#token = command.token.toLowerCase();
      return { kind: 'command', command, echo: true };
    }
    const echo = this.#isEchoing && !SILENT.has(raw.name);
    if (command.kind === 'echo') this.#isEchoing = command.on;
    return { kind: 'command', command, echo };
  }
}

function parseRaw(line: string, names: ReadonlySet<string>): Raw | undefined {
  return parseColons(line, names) ?? parseBrackets(line, names);
}

function parseColons(line: string, names: ReadonlySet<string>): Raw | undefined {
  const text = line.trimStart();
  if (!text.startsWith('::')) return undefined;
  const end = text.indexOf('::', 2);
  if (end === -1) return undefined;
  const head = splitHead(text.slice(2, end), names, { separator: ',', unescape: unescapeProperty });
  return head && { ...head, data: unescapeData(text.slice(end + 2)) };
}

function parseBrackets(line: string, names: ReadonlySet<string>): Raw | undefined {
  const start = line.indexOf('##[');
  if (start === -1) return undefined;
  const end = line.indexOf(']', start);
  if (end === -1) return undefined;
  const head = splitHead(line.slice(start + 3, end), names, { separator: ';', unescape: unescapeBracket });
  return head && { ...head, data: unescapeBracket(line.slice(end + 1)) };
}

function splitHead(
  head: string,
  names: ReadonlySet<string>,
  form: { readonly separator: string; readonly unescape: (text: string) => string },
): Omit<Raw, 'data'> | undefined {
  const space = head.indexOf(' ');
  const name = (space === -1 ? head : head.slice(0, space)).toLowerCase();
  if (!names.has(name)) return undefined;
  const properties = new Map<string, string>();
  if (space === -1) return { name, properties };
  for (const pair of head
    .slice(space + 1)
    .trim()
    .split(form.separator, COMMAND_PROPERTIES_MAX)) {
    const equals = pair.indexOf('=');
    if (equals <= 0 || equals === pair.length - 1) continue;
    properties.set(pair.slice(0, equals).trim().toLowerCase(), form.unescape(pair.slice(equals + 1)));
  }
  return { name, properties };
}

const ESCAPES: { readonly [code: string]: string } = {
  '%25': '%',
  '%0D': '\r',
  '%0A': '\n',
  '%3A': ':',
  '%2C': ',',
  '%3B': ';',
  '%5D': ']',
};
const unescapeBy = (pattern: RegExp) => (text: string) => text.replace(pattern, (code) => ESCAPES[code] ?? code);
const unescapeData = unescapeBy(/%(?:25|0D|0A)/g);
const unescapeProperty = unescapeBy(/%(?:25|0D|0A|3A|2C)/g);
const unescapeBracket = unescapeBy(/%(?:25|0D|0A|3B|5D)/g);

const UNSECURE: { readonly [name: string]: string } = {
  'set-env': 'The command set-env is refused: any text that a step prints could set variables. Write to $GITHUB_ENV.',
  'add-path': 'The command add-path is refused: any text that a step prints could set the path. Write to $GITHUB_PATH.',
};

/** A command, or the warning of one that does nothing. */
function interpret(raw: Raw): WorkflowCommand | string {
  const { name, properties, data } = raw;
  const refused = (reason: string): WorkflowCommand => ({ kind: 'refused', name, reason });
  switch (name) {
    case 'set-env':
    case 'add-path':
      return refused(UNSECURE[name] ?? '');
    case 'add-mask':
      return data.trim() === '' ? 'An empty text cannot be masked.' : { kind: 'add-mask', value: data };
    case 'debug':
      return { kind: 'debug', message: data };
    case 'notice':
    case 'warning':
    case 'error':
      return { kind: name, message: data, ...placeOf(properties) };
    case 'group':
      return { kind: 'group', title: data };
    case 'endgroup':
      return { kind: 'endgroup' };
    case 'set-output':
    case 'save-state': {
      const key = properties.get('name');
      if (key === undefined || key === '')
        return refused(`The command ${name} needs a name: ::${name} name=NAME::VALUE`);
      return { kind: name, name: key, value: data };
    }
    case 'add-matcher':
      return data === '' ? 'The command add-matcher needs the path of a file.' : { kind: 'add-matcher', path: data };
    case 'remove-matcher':
      return removalOf(properties.get('owner') ?? '', data);
    case 'echo':
      return echoOf(data, refused);
    default:
      return stopOf(data, refused);
  }
}

function removalOf(owner: string, path: string): WorkflowCommand | string {
  if (owner !== '' && path !== '') return 'The command remove-matcher takes either an owner or a file, not both.';
  if (owner !== '') return { kind: 'remove-matcher', owner };
  if (path !== '') return { kind: 'remove-matcher-file', path };
  return 'The command remove-matcher needs an owner or a file.';
}

function echoOf(data: string, refused: (reason: string) => WorkflowCommand): WorkflowCommand {
  const value = data.trim().toLowerCase();
  if (value !== 'on' && value !== 'off') return refused("The command echo takes 'on' or 'off'.");
  return { kind: 'echo', on: value === 'on' };
}

/** A token that is itself a command could be printed by anything, and would end the pause. */
function stopOf(token: string, refused: (reason: string) => WorkflowCommand): WorkflowCommand {
  const name = token.toLowerCase();
  if (name === '' || name === 'pause-logging' || NAMES.has(name)) {
    return refused('The command stop-commands needs a token that nobody can guess, and that is no command itself.');
  }
  // A token with a blank or a separator could never be written as `::token::`, and commands would stay off for ever.
  if (/[\s\]]|::/.test(name) || name.length > STOP_TOKEN_CHARACTERS_MAX) {
    return refused('The token of stop-commands may have no blanks, no :: and no ], and is to be short.');
  }
  return { kind: 'stop-commands', token };
}

/** GitHub's rules: an end without a start is the start, columns need one line, what runs backwards is dropped. */
function placeOf(properties: ReadonlyMap<string, string>): CommandPlace {
  const endLine = numberOf(properties.get('endline'));
  const endColumn = numberOf(properties.get('endcolumn'));
  const line = numberOf(properties.get('line')) ?? endLine;
  const column = numberOf(properties.get('col')) ?? endColumn;
  const title = properties.get('title');
  const file = properties.get('file');
  const isForward = line === undefined || endLine === undefined || endLine >= line;
  const isOneLine = line !== undefined && (endLine === undefined || endLine === line);
  const isForwardColumn = column === undefined || endColumn === undefined || endColumn >= column;
  return {
    ...(title === undefined ? {} : { title }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined || !isForward ? {} : { line }),
    ...(endLine === undefined || !isForward ? {} : { endLine }),
    ...(column === undefined || !isOneLine || !isForwardColumn ? {} : { column }),
    ...(endColumn === undefined || !isOneLine || !isForwardColumn ? {} : { endColumn }),
  };
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d{1,9}\s*$/.test(text)) return undefined;
  return Number(text);
}
