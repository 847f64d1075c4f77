import { isLoaderVariable } from './env-file.ts';
import type { Analysis, Edit, PartRefusal } from './hoist-parts.ts';
import {
  CODE_OPTION,
  EVALUATORS,
  INTEGER_VARIABLES,
  INTERPRETER_OPTIONS,
  INTERPRETERS,
  PLAIN_SHORT_OPTIONS,
  PRINTERS,
  RUN_SUBCOMMANDS,
  WRAPPERS,
} from './hoist-shell-commands.ts';
import { type Command, type Facts, fileKey, Refs, type ShellDialect, type Word, wordsOf } from './hoist-shell-facts.ts';
import { ShellReader } from './hoist-shell-read.ts';

/**
 * How the influenced parts of a shell script become data: each is replaced by a quoted variable. Refused is every part
 * that could be evaluated a second time: directly, or by way of variables, files, pipes and positional parameters. That
 * flow is followed without regard to order, so it errs on the side of refusing.
 */
export function analyseShell(text: string, names: readonly string[], dialect: ShellDialect): Analysis {
  const facts = new ShellReader(text, dialect).read();
  const judge = new Judge(facts, dialect);
  for (const command of facts.commands) judge.command(command);
  judge.assignments();
  const edits: Edit[] = [];
  for (const [part, { at, quoting }] of facts.quoting) {
    const name = names[part] ?? '';
    const reference = `\${${name}}`;
    const forms = { bare: `"${reference}"`, double: reference, single: `'"${reference}"'`, comment: reference };
    edits.push({ from: at, to: at + 1, text: forms[quoting] });
  }
  return { edits, refusals: judge.refusals(), optionLike: judge.optionLike };
}

/** Files that programs run or obey when they start. */
const STARTED =
  /\.(?:bashrc|bash_profile|bash_login|profile|zshrc|zshenv|zprofile|zlogin|gitconfig|npmrc|yarnrc|pypirc|netrc|curlrc|wgetrc|vimrc|inputrc|condarc)\b|\.git\/|\.ssh\/|\.config\/|^["']?\/etc\//;

/** Goes through the commands, adds places where data is evaluated, and follows where outside text gets. */
class Judge {
  readonly #facts: Facts;
  readonly #dialect: ShellDialect;
  readonly #integers = new Set<string>(INTEGER_VARIABLES);
  readonly optionLike = new Set<number>();

  constructor(facts: Facts, dialect: ShellDialect) {
    this.#facts = facts;
    this.#dialect = dialect;
  }

  #sink(refs: Refs, reason: string, fix?: string): void {
    this.#facts.sinks.push({ refs, reason, ...(fix === undefined ? {} : { fix }) });
  }

  #sinkWords(words: readonly Word[], reason: string): void {
    for (const word of words) this.#sink(word.refs, reason);
  }

  /** Code that is written out: variables of the environment that it names reach it. */
  #sinkCode(words: readonly Word[], reason: string): void {
    const refs = new Refs();
    for (const word of words) for (const name of wordsOf(word.raw)) refs.names.add(name);
    this.#sink(refs, reason);
  }

  #assign(name: string, refs: Refs): void {
    this.#facts.assignments.push({ name, refs });
  }

  command(command: Command): void {
    this.#writes(command);
    if (command.words.length > 0) this.#words(command.words, command);
  }

  /** Variables that have their text computed or loaded as code by their very name. */
  assignments(): void {
    for (const { name, refs } of this.#facts.assignments) {
      if (isLoaderVariable(name)) this.#sink(refs, `it is put into ${name}, which programs act upon`);
      if (this.#integers.has(name)) this.#sink(refs, `it is put into ${name}, a number, and is computed`);
    }
  }

  /** Files: what reads a file that was written here depends on what was written. */
  #writes(command: Command): void {
    const flows = flowOf(command);
    for (const word of command.writes) {
      const key = fileKey(word.raw);
      if (key !== undefined) this.#assign(key, flows);
      if (/GITHUB_PATH/.test(word.raw))
        this.#sink(flows, 'it is written to $GITHUB_PATH and would choose which programs run');
      if (STARTED.test(word.raw))
        this.#sink(flows, `it is written to ${word.raw}, which programs act upon when they start`);
      if (/GITHUB_ENV/.test(word.raw) && command.words[0]?.literal === 'echo') this.#environmentName(command.words);
    }
  }

  /** `echo "${{ x }}=1" >> $GITHUB_ENV`. */
  #environmentName(words: readonly Word[]): void {
    for (const word of words.slice(1)) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*(?:=|<<)/.test(word.prefix))
        this.#sink(word.refs, 'it is the name of a variable in $GITHUB_ENV');
    }
  }

  /** A command by its words. Also called for the command inside of `sudo`, `env`, `xargs` and the like. */
  #words(words: readonly Word[], command: Command): void {
    const [first, ...rest] = words;
    if (first === undefined) return;
    if (first.literal === undefined) {
      this.#sink(first.refs, 'it would name the command that is run');
      this.#sinkWords(rest, 'the command that it is handed to is not written out, and could evaluate it');
      return;
    }
    this.#sink(first.refs, 'the command that is run could contain it');
    const name = first.literal.slice(first.literal.lastIndexOf('/') + 1);
    this.#nested(name, rest, command);
    if (this.#facts.functions.has(first.literal)) {
      for (const word of rest) this.#assign('@', word.refs);
      return;
    }
    if (this.#builtin(name, rest, command)) return;
    if (WRAPPERS.has(name)) return this.#wrapper(name, rest, command);
    if (EVALUATORS.has(name)) {
      this.#sinkWords(rest, `${name} evaluates what it is given`);
      this.#sinkCode(rest, `${name} evaluates code that uses it`);
      for (const refs of command.stdin) this.#sink(refs, `${name} evaluates what it reads`);
      return;
    }
    if (INTERPRETERS.has(name) || /^(?:python|pypy|perl|ruby|php|lua|node)[\d.]+$/.test(name))
      return this.#interpreter(name, rest, command);
    this.#program(name, rest, command);
  }

  /** An interpreter named among the arguments: `docker exec c bash -c …`, `retry 3 sh -c …`. */
  #nested(name: string, words: readonly Word[], command: Command): void {
    if (PRINTERS.has(name) || INTERPRETERS.has(name)) return;
    for (const [index, word] of words.entries()) {
      const base = word.literal?.slice(word.literal.lastIndexOf('/') + 1) ?? '';
      if (!INTERPRETERS.has(base) && base !== 'eval') continue;
      this.#words(words.slice(index), command);
      return;
    }
  }

  #wrapper(name: string, words: readonly Word[], command: Command): void {
    if (this.#dialect !== 'zsh') this.#sinkUnquoted(words, name);
    for (const [index, word] of words.entries()) {
      const text = word.literal ?? word.prefix;
      if (/^(?:-S|--split-string|-s|-i|--login|--shell|-c|--command)/.test(text) && name !== 'command') {
        this.#sinkWords(words, `${name} takes it apart and runs it`);
        for (const refs of command.stdin) this.#sink(refs, `${name} evaluates what it reads`);
      }
      const variable = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(word.prefix)?.[1];
      if (variable !== undefined) {
        if (isLoaderVariable(variable)) this.#sink(word.refs, `it is put into ${variable}, which programs act upon`);
        this.#assign(variable, word.refs);
        continue;
      }
      // Options, and their numbers, durations and names of the most common kinds.
      if (word.literal !== undefined && /^(?:[-+].*|[\d.]+[smhd]?|run|exec|root|KILL|TERM|INT)$/.test(word.literal))
        continue;
      this.#words(words.slice(index), command);
      // The word may as well be the value of an option, as in `sudo -u NAME COMMAND`.
      if ((words[index - 1]?.literal ?? '').startsWith('-')) this.#words(words.slice(index + 1), command);
      if (name === 'xargs' && !PRINTERS.has(word.literal ?? '')) {
        for (const refs of command.stdin) this.#sink(refs, 'xargs splits it into arguments of another command');
      }
      return;
    }
  }

  #interpreter(name: string, words: readonly Word[], command: Command): void {
    let hasScript = false;
    for (const [index, word] of words.entries()) {
      if (word.literal === '-o' && name.endsWith('sh')) continue;
      if (word.literal !== undefined && words[index - 1]?.literal === '-o') continue;
      if (word.literal === '-') {
        // The script is read, what follows are its arguments.
        hasScript = true;
        break;
      }
      if (word.literal !== undefined && INTERPRETER_OPTIONS.test(word.literal)) continue;
      if (word.literal === '-m' && name.startsWith('py')) {
        this.#module(words.slice(index + 1));
        hasScript = true;
        break;
      }
      if ((word.literal ?? word.prefix).startsWith('-') || word.literal === undefined) {
        this.#sinkWords(words, `${name} can take it as code`);
        this.#sinkCode(words, `${name} is given code that uses it`);
        if (word.literal !== undefined || word.prefix.startsWith('-')) break;
      }
      // The script file; what follows are its arguments.
      this.#sink(word.refs, `it would be part of what ${name} runs`);
      hasScript = true;
      break;
    }
    const isReading = words.some(
      (word) => word.literal === '-' || word.literal === '-s' || word.literal === '/dev/stdin',
    );
    if (!hasScript || isReading) for (const refs of command.stdin) this.#sink(refs, `${name} runs what it reads`);
    if (hasScript && this.#dialect !== 'zsh') this.#sinkUnquoted(words, name);
  }

  /** `python -m NAME`: some modules take code. */
  #module(words: readonly Word[]): void {
    const [module, ...rest] = words;
    if (module === undefined) return;
    this.#sink(module.refs, 'it would name what is run');
    if (['timeit', 'code', 'pdb', 'trace', 'cProfile', 'profile', 'runpy'].includes(module.literal ?? 'code')) {
      this.#sinkWords(rest, 'it would be taken as code');
    }
  }

  #builtin(name: string, words: readonly Word[], command: Command): boolean {
    switch (name) {
      case 'echo':
      case ':':
      case 'true':
      case 'false':
        return true;
      case 'printf':
        this.#printf(words);
        return true;
      case 'print':
        this.#print(words);
        return true;
      case '[':
      case 'test':
        this.#test(name, words);
        return true;
      case 'set':
        this.#set(words);
        return true;
      case 'cd':
      case 'pushd':
        return true;
      case 'alias':
        this.#sink(
          this.#facts.all,
          'the script defines aliases, so that its commands may be others than those written',
        );
        return true;
      case 'exec':
        if (words.length > 0) return false;
        this.#sink(
          flowOf({ ...command, stdin: command.stdin.slice(0, 1) }),
          'exec makes it the input or output of everything that follows',
        );
        return true;
      case 'getopts':
        for (const word of words.slice(0, 2)) this.#sink(word.refs, 'getopts takes it as a name');
        for (const variable of [words[1]?.literal ?? 'OPTARG', 'OPTARG']) this.#assign(variable, this.#facts.all);
        return true;
      case 'read':
      case 'mapfile':
      case 'readarray':
        this.#read(words);
        return true;
      case 'declare':
      case 'typeset':
      case 'local':
      case 'readonly':
      case 'export':
      case 'integer':
      case 'float':
        this.#declare(name, words);
        return true;
      case 'cp':
      case 'mv':
      case 'ln':
      case 'install':
      case 'tee':
      case 'dd':
        this.#copy(words, command);
        return false;
      default:
        return false;
    }
  }

  /** The format is a language of its own, and in first place could be the option `-v name[…]`. */
  #printf(words: readonly Word[]): void {
    let rest = words;
    if (rest[0]?.literal === '-v') {
      const target = rest[1];
      if (target !== undefined) {
        this.#sink(target.refs, 'printf takes it as the name of a variable');
        this.#assign(/^[A-Za-z_]\w*/.exec(target.raw)?.[0] ?? '', this.#refsOf(rest.slice(2)));
      }
      rest = rest.slice(2);
    }
    if (rest[0]?.literal === '--') rest = rest.slice(1);
    const [format, ...values] = rest;
    if (format === undefined) return;
    const fix = "Write printf '%s\\n' and the value after it.";
    this.#sink(format.refs, 'it is part of the format of printf', fix);
    const isPlain = /^(?:[^%]|%%|%-?\d*[sbcq])*$/.test(format.literal ?? '%d');
    if (!isPlain && this.#dialect === 'zsh') this.#sinkWords(values, 'zsh computes what printf shows as a number');
  }

  /** zsh: `-P` expands prompts, `-v` assigns, `-f` is printf. */
  #print(words: readonly Word[]): void {
    for (const [index, word] of words.entries()) {
      if (word.literal === '--' || word.literal === '-') return;
      if (word.literal !== undefined && /^-[nrlNoOcaC]+$/.test(word.literal)) continue;
      if (word.literal?.startsWith('-') === true || word.prefix === '')
        this.#sinkWords(words.slice(index), 'print could take it as an option, or expands it');
      return;
    }
  }

  /** Only shapes in which no operand can become an operator. */
  #test(name: string, all: readonly Word[]): void {
    const words = name === '[' && all.at(-1)?.literal === ']' ? all.slice(0, -1) : all;
    if (this.#dialect !== 'zsh') this.#sinkUnquoted(words, name);
    const operands = words[0]?.literal === '!' ? words.slice(1) : words;
    const literals = operands.map((word) => word.literal);
    const [first, second] = literals;
    const isUnary =
      operands.length === 2 && first !== undefined && /^-[a-hknoprstuwxzGLNOS]$/.test(first) && first !== '-o';
    const isBinary =
      operands.length === 3 && second !== undefined && /^(?:=|==|!=|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef))$/.test(second);
    if (operands.length <= 1 && words.length === operands.length) return;
    if (isUnary && !(first === '-t' && this.#dialect === 'zsh')) return;
    if (isBinary && !(this.#dialect === 'zsh' && /^-(?:eq|ne|lt|le|gt|ge)$/.test(second))) return;
    const fix = 'Compare one value in each [ ], as [ "$NAME" = text ], and join them with && or ||.';
    for (const word of operands) this.#sink(word.refs, `${name} could take it as an operator, or computes it`, fix);
  }

  #set(words: readonly Word[]): void {
    const dashes = words.findIndex((word) => word.literal === '--');
    const options = dashes === -1 ? words : words.slice(0, dashes);
    this.#sinkWords(options, 'set takes it as options');
    for (const word of dashes === -1 ? [] : words.slice(dashes + 1)) this.#assign('@', word.refs);
  }

  /** What is read can come from anywhere in the script. */
  #read(words: readonly Word[]): void {
    for (const [index, word] of words.entries()) {
      if (words[index - 1]?.literal !== '-p')
        this.#sink(word.refs, 'read takes it as the name of a variable or as options');
      if (word.literal !== undefined && /^[A-Za-z_]\w*$/.test(word.literal))
        this.#assign(word.literal, this.#facts.all);
    }
    for (const variable of ['REPLY', 'MAPFILE']) this.#assign(variable, this.#facts.all);
  }

  #declare(name: string, words: readonly Word[]): void {
    const options = words.filter((word) => /^[-+]/.test(word.literal ?? word.prefix));
    const isPlain =
      options.every((word) => /^(?:-[xrgluhH]+|--)$/.test(word.literal ?? '')) &&
      name !== 'integer' &&
      name !== 'float';
    for (const word of words) {
      if (options.includes(word)) continue;
      const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?:\+?=|$)/.exec(word.prefix)?.[1];
      const isNamed = variable !== undefined && (word.literal !== undefined || word.prefix.includes('='));
      if (!isNamed) {
        this.#sink(word.refs, `${name} takes it as the name of a variable`);
        continue;
      }
      this.#assign(variable, word.refs);
      if (!isPlain) {
        this.#integers.add(variable);
        this.#sink(word.refs, `${name} with these options computes it`);
      }
      if (name !== 'export' && this.#facts.arrays.has(variable))
        this.#sink(word.refs, `${name} evaluates the value of an array`);
      if (this.#dialect === 'sh' || this.#dialect === 'dash') this.#sinkUnquoted([word], name);
    }
  }

  /** Copies: any of the names may be the target. */
  #copy(words: readonly Word[], command: Command): void {
    const flows = flowOf(command);
    for (const word of words) {
      const key = fileKey(word.raw.replace(/^of=/, ''));
      if (key !== undefined) this.#assign(key, flows);
      if (/GITHUB_PATH/.test(word.raw))
        this.#sink(flows, 'it is written to $GITHUB_PATH and would choose which programs run');
    }
  }

  /** Any other program: its arguments are data, but those that it is known to run. */
  #program(name: string, words: readonly Word[], command: Command): void {
    const subcommand = Object.hasOwn(RUN_SUBCOMMANDS, name) ? RUN_SUBCOMMANDS[name] : undefined;
    const runs =
      subcommand !== undefined && words.some((word) => word.literal !== undefined && subcommand.test(word.literal));
    if (runs) this.#sinkWords(words, `${name} can run what it is given here`);
    if (name === 'git' && words.some((word) => word.literal === '--exec' || word.literal === '-x'))
      this.#sinkWords(words, 'git runs it');
    if (name === 'jq' || name === 'yq') this.#query(name, words);
    if (this.#dialect !== 'zsh') this.#sinkUnquoted(words, name);
    let isAfterDashes = false;
    for (const [index, word] of words.entries()) {
      if (word.literal === '--') isAfterDashes = true;
      const before = words[index - 1]?.literal ?? '';
      const attached = /^(--?[A-Za-z][\w-]*)=/.exec(word.prefix)?.[1] ?? '';
      for (const option of [before, attached]) {
        const isHarmless = option.length === 2 && PLAIN_SHORT_OPTIONS.has(name);
        if (CODE_OPTION.test(option) && !isHarmless) this.#sink(word.refs, `${name} ${option} could run it`);
      }
      if (word.firstPart !== undefined && !isAfterDashes && !PRINTERS.has(name)) this.optionLike.add(word.firstPart);
    }
    if (command.hasRedirects && name === 'patch') this.#sinkWords(words, 'patch follows it');
  }

  /** The program of jq is the first word; values come by `--arg`. */
  #query(name: string, words: readonly Word[]): void {
    const fix = `Hand the value over: ${name} --arg name "$NAME" '… $name …'`;
    for (const [index, word] of words.entries()) {
      const isValue = /^--(?:arg|argjson|slurpfile|rawfile)$/.test(words[index - 2]?.literal ?? '');
      if (!isValue) this.#sink(word.refs, `it would be part of the program of ${name}`, fix);
    }
  }

  /** A variable without quotes is split: its text can become options and further arguments. */
  #sinkUnquoted(words: readonly Word[], name: string): void {
    for (const word of words) {
      if (word.unquoted.size === 0) continue;
      const refs = new Refs();
      for (const variable of word.unquoted) refs.names.add(variable);
      this.#sink(
        refs,
        `a variable with it is given to ${name} without quotes, and is split into several arguments`,
        'Write the variable in double quotes.',
      );
    }
  }

  #refsOf(words: readonly Word[]): Refs {
    const refs = new Refs();
    for (const word of words) refs.merge(word.refs);
    return refs;
  }

  /** Which parts reach which names, until nothing changes; then the sinks that they reach. One reason a part. */
  refusals(): PartRefusal[] {
    const reach = new Map<string, Set<number>>();
    const partsOf = (refs: Refs): Set<number> => {
      const parts = new Set(refs.parts);
      for (const name of refs.names) for (const part of reach.get(name) ?? []) parts.add(part);
      return parts;
    };
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const { name, refs } of this.#facts.assignments) {
        const parts = partsOf(refs);
        if (!name.includes(':') && name !== '@')
          reach.set(`word:${name}`, new Set([...(reach.get(`word:${name}`) ?? []), ...parts]));
        if (parts.size === 0) continue;
        const known = reach.get(name) ?? new Set<number>();
        const size = known.size;
        for (const part of parts) known.add(part);
        reach.set(name, known);
        if (known.size !== size) isChanged = true;
      }
    }
    const refusals = new Map<number, PartRefusal>();
    for (const { refs, reason, fix } of this.#facts.sinks) {
      for (const part of partsOf(refs)) {
        if (!refusals.has(part)) refusals.set(part, { part, reason, ...(fix === undefined ? {} : { fix }) });
      }
    }
    return [...refusals.values()].sort((a, b) => a.part - b.part);
  }
}

/** What a command writes depends on what it mentions and reads. */
function flowOf(command: Command): Refs {
  const refs = new Refs();
  refs.merge(command.refs);
  for (const stdin of command.stdin) refs.merge(stdin);
  return refs;
}
