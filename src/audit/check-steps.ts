import type { AuditContext } from './context.ts';
import { none, removeEntry, shellKindOf } from './fixes.ts';
import { type AuditedStep, inputNode, inputOf, titleOf } from './model.ts';
import { type Command, commandsOf } from './script.ts';
import { at, entriesOf, type Entry, type Scalar, textOf, type YamlNode } from './yaml-tree.ts';

/** What scripts and steps do that is a flaw wherever they run. `isRelease`: the run makes what others install. */
export function checkSteps(
  context: AuditContext,
  steps: readonly AuditedStep[],
  options: { readonly scope: string },
): void {
  for (const step of steps) {
    if (step.run !== undefined) checkRun(context, step, step.run, options.scope);
    checkEnv(context, step.env, options.scope);
    checkShell(context, step, options.scope);
    checkSetup(context, step, options.scope);
  }
}

function checkRun(context: AuditContext, step: AuditedStep, run: Scalar, scope: string): void {
  checkScriptText(context, run, { scope, title: titleOf(step), shell: step.shell });
}

/** The same for scripts of every CI system. */
export function checkScriptText(
  context: AuditContext,
  run: Scalar,
  place: { readonly scope: string; readonly title: string; readonly shell: string },
): void {
  if (
    !/curl|wget|iwr|Invoke-WebRequest|irm|npm|pnpm|yarn|pip|gem|go |cargo|brew|bun|::set-env|::add-path|http:/.test(
      run.text,
    )
  )
    return;
  const commands = commandsOf(run.text);
  for (const [index, command] of commands.entries()) {
    const span = context.reader.lineSpan(run, command.line);
    const base = { span, scope: place.scope };
    const fetched = unverified(command, commands[index + 1]);
    if (fetched !== undefined) {
      context.report({
        ...base,
        rule: 'unverified-script-exec',
        message: `What ${fetched} answers is run as it comes: whoever holds that server, or its name, runs code here`,
        identity: `${place.title} ${fetched}`,
        fix: none(
          'the script has to be looked at once',
          'Fetch a fixed version to a file, compare its SHA-256 with one in the repository, then run it.',
        ),
      });
    }
    const adhoc = adhocInstall(command);
    if (adhoc !== undefined) {
      context.report({
        ...base,
        rule: 'adhoc-packages',
        message: `\`${adhoc}\` installs whatever is newest at the time, outside of any lock`,
        identity: `${place.title} ${adhoc}`,
      });
    }
    const url = insecureUrl(command);
    if (url !== undefined) {
      context.report({
        ...base,
        rule: 'insecure-url-scheme',
        message: `\`${url}\` is fetched without protection: anyone on the way can change it`,
        identity: url,
      });
    }
  }
  const old = /::(set-env|add-path)\s/.exec(run.text);
  if (old !== null && shellKindOf(place.shell) !== 'unknown') {
    const line = run.text.slice(0, old.index).split('\n').length - 1;
    context.report({
      rule: 'insecure-commands',
      span: context.reader.lineSpan(run, line),
      message: `\`::${old[1]}\` is a command that any printed line can give, and that was turned off for it`,
      severity: 'low',
      scope: place.scope,
      identity: old[1] ?? '',
    });
  }
}

const FETCHES = /^(?:curl|wget)$/;
const RUNS =
  /^(?:bash|sh|zsh|dash|fish|python[\d.]*|node|perl|ruby|php|source|iex|Invoke-Expression|tclsh|pwsh|deno)$/i;

/** `curl … | sh`, `bash <(curl …)`, `bash -c "$(curl …)"`, `iwr … | iex`. */
function unverified(command: Command, next: Command | undefined): string | undefined {
  const [program = ''] = command.words;
  const { raw } = command;
  const isFetch = FETCHES.test(program) || /^(?:iwr|irm|Invoke-WebRequest|Invoke-RestMethod)$/i.test(program);
  if (isFetch && command.isPiped && next?.pipeline === command.pipeline) {
    const words = next.words.filter((word) => word !== 'sudo' && !word.startsWith('-'));
    if (RUNS.test(words[0]?.replace(/^.*\//, '') ?? '') && isRunning(next)) return hostOf(raw);
  }
  if (
    /(?:^|\s)(?:bash|sh|zsh|source|\.|python[\d.]*|eval|iex)\s[^|]*(?:<\(|\$\(|`)\s*(?:curl|wget|iwr|irm)\s/.test(raw)
  )
    return hostOf(raw);
  if (/^(?:iex|Invoke-Expression)\b.*(?:DownloadString|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)/i.test(raw))
    return hostOf(raw);
  if (/^deno\s+run\b.*https?:/.test(raw)) return hostOf(raw);
  return undefined;
}

/** `python -m json.tool`, `node -e …` and `python -c …` read what comes as data. */
function isRunning(command: Command): boolean {
  return !command.words.some(
    (word, index) =>
      index > 0 && /^-(?:c|e|m|p|ne|pe|n)$/.test(word) && !/^(?:ba|z|da)?sh$/.test(command.words[0] ?? ''),
  );
}

function hostOf(raw: string): string {
  return /https?:\/\/([^/\s"'`)]+)/.exec(raw)?.[1] ?? 'the address';
}

/** An install of a named package without a version, where no lock can be meant. */
function adhocInstall(command: Command): string | undefined {
  const [program = '', verb = '', ...rest] = command.words;
  const name = program.replace(/^.*\//, '');
  const args = rest.filter(
    (arg, index) => !arg.startsWith('-') && !/^(?:>|2>|&|\|)/.test(arg) && !isValueOf(rest[index - 1]),
  );
  const loose = (isPinned: (arg: string) => boolean) =>
    args.find((arg) => /^[@A-Za-z]/.test(arg) && !arg.includes('\ue000') && !isPinned(arg));
  let found: string | undefined;
  if (/^(?:npm|pnpm|bun)$/.test(name) && /^(?:i|install|add)$/.test(verb))
    found = loose(
      (arg) => /.@\d|.@\^|.@~/.test(arg) || /^(?:file|git|https?):|\.tgz$|\//.test(arg.replace(/^@[^/]+\//, '')),
    );
  else if (name === 'yarn' && (verb === 'add' || (verb === 'global' && rest[0] === 'add')))
    found = loose((arg) => arg === 'add' || /.@\d/.test(arg));
  else if (/^pip[\d.]*$/.test(name) && verb === 'install') found = isListed(rest) ? undefined : loose(isPinnedPython);
  else if (/^python[\d.]*$/.test(name) && verb === '-m' && rest[0] === 'pip' && rest[1] === 'install') {
    const tail = rest.slice(2);
    const packages = tail.filter((arg, index) => !arg.startsWith('-') && !isValueOf(tail[index - 1]));
    found = isListed(tail) ? undefined : packages.find((arg) => /^[A-Za-z]/.test(arg) && !isPinnedPython(arg));
  } else if (name === 'pipx' && (verb === 'install' || verb === 'run')) found = loose(isPinnedPython);
  else if (name === 'gem' && /^(?:i|install)$/.test(verb))
    found = rest.some((arg) => /^(?:-v|--version)/.test(arg))
      ? undefined
      : loose((arg) => /:\d/.test(arg) || arg.endsWith('.gem'));
  else if (name === 'cargo' && verb === 'install')
    found = rest.some((arg) => /^(?:--version|--vers|--git|--path|--locked)/.test(arg))
      ? undefined
      : loose((arg) => /@\d/.test(arg));
  else if (name === 'go' && verb === 'install')
    found = args.find((arg) => arg.endsWith('@latest') || /@(?:master|main)$/.test(arg));
  return found === undefined ? undefined : `${name} ${verb === '-m' ? 'pip install' : verb} ${found}`.slice(0, 120);
}

function isValueOf(option: string | undefined): boolean {
  return (
    option !== undefined &&
    /^(?:-r|--requirement|-c|--constraint|-i|--index-url|--extra-index-url|-t|--target|--prefix|--registry|-w|--root|--features|--filter|-C|--dir|-f|--find-links|-v|--version|--tag|--python)$/.test(
      option,
    )
  );
}

function isListed(args: readonly string[]): boolean {
  return args.some((arg) => /^(?:-r|--requirement|-c|--constraint|--require-hashes)/.test(arg));
}

/** The tools of packaging themselves count as there; so do files, folders and addresses. */
function isPinnedPython(arg: string): boolean {
  return (
    /[=<>~!]=|@|[/\\]|^\.|\.(?:whl|txt|gz|toml)$/.test(arg) || /^(?:pip|setuptools|wheel|build|virtualenv)$/i.test(arg)
  );
}

function insecureUrl(command: Command): string | undefined {
  if (!/^(?:curl|wget|git|pip[\d.]*|npm|iwr|Invoke-WebRequest|aria2c)$/i.test(command.words[0] ?? '')) return undefined;
  const url = /\bhttp:\/\/[^\s"'`)|]+/.exec(command.raw)?.[0];
  if (
    url === undefined ||
    /^http:\/\/(?:localhost|127\.|0\.0\.0\.0|\[::1\]|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|host\.docker|[\w-]+(?::\d+)?(?:\/|$)|\$|\ue000|169\.254\.|metadata)/.test(
      url,
    )
  )
    return undefined;
  return url.slice(0, 120);
}

/** Variables that weaken the runner. */
export function checkEnv(context: AuditContext, env: YamlNode | undefined, scope: string): void {
  for (const entry of entriesOf(env)) {
    const value = textOf(entry.value)?.toLowerCase() ?? '';
    if (entry.key.text === 'ACTIONS_ALLOW_UNSECURE_COMMANDS' && value !== '' && value !== 'false') {
      context.report({
        rule: 'insecure-commands',
        span: entry.key,
        message: 'Any line that a step prints may set variables and the path of later steps',
        scope,
        identity: 'env',
        fix: removeFix(context, env, entry),
      });
    }
    if (
      /^(?:ACTIONS_(?:RUNNER|STEP)_DEBUG|CI_DEBUG_TRACE|CI_DEBUG_SERVICES)$/i.test(entry.key.text) &&
      /^(?:true|1)$/.test(value)
    ) {
      context.report({
        rule: 'debug-enabled',
        span: entry.key,
        message: `\`${entry.key.text}\` writes into the log what masks do not know`,
        scope,
        identity: entry.key.text,
        fix: removeFix(context, env, entry),
      });
    }
  }
}

function removeFix(context: AuditContext, env: YamlNode | undefined, entry: Entry) {
  const isOnly = entriesOf(env).length <= 1;
  const edit = isOnly ? undefined : removeEntry(context, entry);
  if (edit !== undefined) return { kind: 'edit' as const, title: `Take ${entry.key.text} out`, edits: [edit] };
  const { start, end } = entry.value;
  return {
    kind: 'edit' as const,
    title: `Turn ${entry.key.text} off`,
    edits: [{ file: context.file.path, start, end, text: 'false' }],
  };
}

function checkShell(context: AuditContext, step: AuditedStep, scope: string): void {
  checkShellName(context, at(step.body, 'shell'), scope);
}

export function checkShellName(context: AuditContext, shell: YamlNode | undefined, scope: string): void {
  const text = textOf(shell);
  if (shell === undefined || text === undefined || text.includes('${{')) return;
  if (/^cmd\b/.test(text)) {
    context.report({
      rule: 'misfeature',
      span: shell,
      message: '`cmd` has no sound way to quote: text that comes in ends where it wants to',
      scope,
      identity: text,
    });
  }
}

function checkSetup(context: AuditContext, step: AuditedStep, scope: string): void {
  const install = step.actionName === 'actions/setup-python' ? inputNode(step, 'pip-install') : undefined;
  if (install === undefined || inputOf(step, 'pip-install') === '') return;
  context.report({
    rule: 'misfeature',
    span: install,
    message: '`pip-install` puts packages into the interpreter of the runner, without a lock',
    scope,
    identity: 'pip-install',
  });
}
