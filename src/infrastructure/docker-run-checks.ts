import type { Edit, Fix } from '../finding/index.ts';
import type { DockerCheck } from './docker-checks.ts';
import { assignmentsOf, type Dockerfile, type Instruction } from './docker-read.ts';
import { type Command, flagAt, type Word } from './docker-shell.ts';
import { none, type Report } from './report.ts';
import type { DockerRunMatch } from './rule-schema.ts';
import { isSecretValue } from './secret-value.ts';

type Ran = { readonly command: Command; readonly instruction: Instruction };

export function* ran({ instructions }: Dockerfile): Iterable<Ran> {
  for (const instruction of instructions) {
    if (instruction.keyword === 'RUN') for (const command of instruction.commands) yield { command, instruction };
  }
}

/** The rules that name a command, its words and flags. */
export function* judgeRun(docker: Dockerfile, match: DockerRunMatch): Iterable<Report> {
  const { run, fix } = match;
  for (const { command } of ran(docker)) {
    if (!run.name.includes(command.name)) continue;
    const texts = command.words.map(({ text }) => text);
    if (!run.words.every((word) => texts.includes(word))) continue;
    const flag = run.anyFlag.map((name) => flagAt(command, name)).find((word) => word !== undefined);
    if (run.anyFlag.length > 0 && flag === undefined) continue;
    if (run.noFlag.some((name) => flagAt(command, name) !== undefined)) continue;
    yield {
      span: { start: flag?.start ?? command.start, end: flag?.end ?? command.end },
      message: messageOf(match.message, flag?.text ?? command.name),
      identity: wordsOf(command),
      fix: fixOf(docker, { command, flag, fix }),
    };
  }
}

/** What tells two commands apart, whatever flags a mend adds or takes. */
function wordsOf(command: Command): string {
  return [command.name, ...command.words.map(({ text }) => text).filter((text) => !text.startsWith('-'))].join(' ');
}

function messageOf(template: string, value: string): string {
  return template.replaceAll('{value}', value);
}

function fixOf(
  docker: Dockerfile,
  {
    command,
    flag,
    fix,
  }: { readonly command: Command; readonly flag: Word | undefined; readonly fix: DockerRunMatch['fix'] },
): Fix {
  if ('none' in fix) return none(fix.none, fix.followUp);
  const { file } = docker;
  if ('addFlag' in fix) {
    const word = command.words.find(({ text }) => text === fix.after);
    if (word === undefined || file.text.slice(word.start, word.end) !== fix.after)
      return none('The command is put together by a script.', `Add ${fix.addFlag}.`);
    return {
      kind: 'edit',
      title: `Add ${fix.addFlag}`,
      edits: [{ file: file.path, start: word.end, end: word.end, text: ` ${fix.addFlag}` }],
    };
  }
  if (flag === undefined || file.text.slice(flag.start, flag.end) !== flag.text)
    return none('The command is put together by a script.', `Take ${fix.removeFlag} out.`);
  return {
    kind: 'edit',
    title: `Take ${flag.text} out`,
    edits: [withoutFlag(file.path, file.text, flag, fix.removeFlag)],
  };
}

/** Of `-fsSk` only the letter goes; a whole flag goes with the space before it. */
function withoutFlag(path: string, text: string, flag: Word, name: string): Edit {
  if (/^-[A-Za-z]{2,}$/.test(flag.text) && /^-[A-Za-z]$/.test(name)) {
    return { file: path, start: flag.start, end: flag.end, text: flag.text.replaceAll(name[1] ?? '', '') };
  }
  const isSpaced = text[flag.start - 1] === ' ';
  return { file: path, start: flag.start - (isSpaced ? 1 : 0), end: flag.end, text: '' };
}

const DOWNLOADERS: ReadonlySet<string> = new Set(['curl', 'wget', 'fetch', 'http', 'https']);
const INTERPRETERS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'ash',
  'dash',
  'zsh',
  'ksh',
  'python',
  'python2',
  'python3',
  'perl',
  'ruby',
  'node',
  'php',
  'pwsh',
]);

export const downloadPiped: DockerCheck = function* (docker) {
  for (const instruction of docker.instructions) {
    if (instruction.keyword !== 'RUN') continue;
    let source: Command | undefined;
    for (const command of instruction.commands) {
      if (source !== undefined && INTERPRETERS.has(command.name) && runsInput(command))
        yield pipedReport(source, command);
      if (DOWNLOADERS.has(command.name)) source = command.isPiped ? command : undefined;
      else if (!command.isPiped) source = undefined;
      yield* substituted(command);
    }
  }
};

/** A script or a command of its own would be run, not the input. */
function runsInput(command: Command): boolean {
  const own = command.words.find(({ text }) => !text.startsWith('-'));
  if (command.words.some(({ text }) => text === '-c' || text === '-m' || text === '-e')) return false;
  return own === undefined || command.words.some(({ text }) => text === '-s' || text === '-' || text === '/dev/stdin');
}

function pipedReport(source: Command, command: Command): Report {
  return {
    span: { start: source.start, end: command.end },
    message: `What ${source.name} downloads is run by ${command.name} unseen: whoever controls the server or the name runs code in the build.`,
    fix: none(
      'The checksum of the script is not known here.',
      'Download to a file, compare its checksum or signature, then run it; or install a pinned package.',
    ),
  };
}

/** `bash -c "$(curl …)"`, `eval "$(wget …)"`, `sh <(curl …)`. */
function* substituted(command: Command): Iterable<Report> {
  if (!INTERPRETERS.has(command.name) && command.name !== 'eval' && command.name !== 'source' && command.name !== '.')
    return;
  const word = command.words.find(({ text }) => /(?:\$\(|`|<\()\s*(?:curl|wget)\s/.test(text));
  if (word === undefined) return;
  yield {
    span: { start: command.start, end: command.end },
    message: `${command.name} runs what a download gives, unseen: whoever controls the server or the name runs code in the build.`,
    fix: none(
      'The checksum of the script is not known here.',
      'Download to a file, compare its checksum or signature, then run it.',
    ),
  };
}

export const sudo: DockerCheck = function* (docker) {
  for (const { command } of ran(docker)) {
    const word = command.launchers.find(({ text }) => text === 'sudo');
    if (word === undefined) continue;
    yield {
      span: word,
      message: 'sudo in an image gives its user a way back to root.',
      fix: none(
        'Whether the user of this step has the rights without it is not known.',
        'Do what needs root before USER, without sudo, and leave sudo out of the image.',
      ),
    };
  }
};

const INSTALLS: ReadonlySet<string> = new Set(['apt-get', 'apt', 'aptitude']);

export const aptNotCleaned: DockerCheck = function* ({ stages }) {
  const final = stages.at(-1);
  for (const instruction of final?.instructions ?? []) {
    if (instruction.keyword !== 'RUN' || instruction.flags.some(({ text }) => text.includes('type=cache'))) continue;
    const install = instruction.commands.find(
      (command) => INSTALLS.has(command.name) && command.words.some(({ text }) => text === 'install'),
    );
    if (install === undefined || /\/var\/lib\/apt(?:\/lists|\/\*|\b)/.test(instruction.args)) continue;
    yield {
      span: { start: install.start, end: install.end },
      identity: wordsOf(install),
      message: 'The package lists stay in the layer: size, and a picture of what was old when it was built.',
      fix: none(
        'Where the command ends may depend on the script.',
        'End the same RUN with: && rm -rf /var/lib/apt/lists/*',
      ),
    };
  }
};

/** Tools of the system that upgrade everything to what is newest on that day. */
export const systemUpgrade: DockerCheck = function* (docker) {
  for (const { command } of ran(docker)) {
    const texts = command.words.map(({ text }) => text);
    const isApt = INSTALLS.has(command.name) && texts.some((text) => /^(?:dist-upgrade|full-upgrade)$/.test(text));
    if (!isApt) continue;
    yield {
      span: command,
      message: `${command.name} ${texts.find((text) => text.endsWith('upgrade')) ?? ''} may change the release of the system, so that builds of one file differ.`,
      fix: none(
        'The packages that need it are not known here.',
        'Take a newer base image, pinned by digest; upgrade single packages by name.',
      ),
    };
  }
};

export const updateAlone: DockerCheck = function* ({ instructions }) {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'RUN' || instruction.flags.some(({ text }) => text.includes('type=cache'))) continue;
    const update = instruction.commands.find(
      (command) => INSTALLS.has(command.name) && command.words.some(({ text }) => text === 'update'),
    );
    const others = instruction.commands.filter(
      (command) => command !== update && !['set', 'echo', 'rm', ''].includes(command.name),
    );
    if (update === undefined || others.length > 0) continue;
    yield {
      span: update,
      message:
        'The lists are fetched in a layer of their own; the build cache keeps it, and later installs get old packages.',
      fix: none('Which RUN installs is for the author to say.', 'Put apt-get update and apt-get install into one RUN.'),
    };
  }
};

const PINNED_NPM = /^(?:@[\w.-]+\/)?[\w.-]+@\d|^(?:\.{0,2}\/|file:|https?:|git)|\.tgz$/;
const PINNED_PIP = /[=~<>!]=|^(?:\.{0,2}\/|-|https?:|git\+|file:)|^\.|\$|\.whl$|\.tar\.gz$| @ |@/;

export const packagesUnpinned: DockerCheck = function* (docker) {
  for (const { command } of ran(docker)) {
    const words = command.words.filter(({ text }) => !text.startsWith('-') && !/[<>|]/.test(text[0] ?? ''));
    const loose = loosePackages(command, words);
    if (loose.length === 0) continue;
    yield {
      span: command,
      message: `${command.name} installs ${loose.slice(0, 3).join(', ')} in whatever version is newest on the day of the build.`,
      fix: none(
        'The version that was tested is not known here.',
        'Name the version, better a lockfile with checksums.',
      ),
    };
  }
};

function loosePackages(command: Command, words: readonly Word[]): readonly string[] {
  const texts = words.map(({ text }) => text);
  if (/^pip[\d.]*$/.test(command.name) || (/^python[\d.]*$/.test(command.name) && texts[0] === 'pip')) {
    const at = texts.indexOf('install');
    if (
      at === -1 ||
      ['-r', '--requirement', '-c', '--constraint', '-e', '--editable'].some(
        (flag) => flagAt(command, flag) !== undefined,
      )
    )
      return [];
    const values = new Set(
      command.words.flatMap(({ text }, index) =>
        /^--?(?:[itf]|index-url|extra-index-url|trusted-host|target|prefix|root|find-links|timeout|cache-dir|python|platform|retries|proxy|cert)$/.test(
          text,
        )
          ? [command.words[index + 1]?.text ?? '']
          : [],
      ),
    );
    return texts
      .slice(at + 1)
      .filter(
        (text) =>
          text !== '' && !PINNED_PIP.test(text) && !values.has(text) && !/^(?:pip|setuptools|wheel)$/.test(text),
      );
  }
  if (command.name === 'npm' || command.name === 'pnpm') {
    const at = texts.findIndex((text) => ['install', 'i', 'add'].includes(text));
    const isGlobal = command.words.some(
      ({ text }) => text === '-g' || text === '--global' || text === '--location=global',
    );
    if (at === -1 || !isGlobal) return [];
    return texts.slice(at + 1).filter((text) => !PINNED_NPM.test(text) && !text.includes('$'));
  }
  if (command.name === 'gem' && texts[0] === 'install') {
    if (['-v', '--version', '-f', '--file', '-g'].some((flag) => flagAt(command, flag) !== undefined)) return [];
    return texts.slice(1).filter((text) => !/:\d|\$|\.gem$/.test(text));
  }
  return [];
}

export const chmodWorld: DockerCheck = function* (docker) {
  for (const { command } of ran(docker)) {
    if (command.name !== 'chmod') continue;
    const mode = command.words.find(
      ({ text }) =>
        /^(?:[0-7]?[0-7]{2}[2367]|(?:a|o|ugo|uog)?\+(?:rwx|w|rw|wx)|(?:a|o|ugo)=(?:rwx|rw|w))$/.test(text) &&
        !text.startsWith('+w') &&
        text !== '+w',
    );
    // The sticky bit is what keeps a shared folder safe.
    if (mode === undefined || /^1[0-7]{3}$/.test(mode.text)) continue;
    yield {
      span: command,
      identity: wordsOf(command),
      message: `chmod ${mode.text} lets every process in the container change these files.`,
      fix: none(
        'Who has to write is not known here.',
        'Give the files to the user that runs (COPY --chown, chown) and keep 755 or 644.',
      ),
    };
  }
};

export const setuid: DockerCheck = function* (docker) {
  for (const { command } of ran(docker)) {
    if (command.name !== 'chmod') continue;
    const mode = command.words.find(({ text }) => /^(?:0?[4-7][0-7]{3}|[ug]*\+[rwx]*s[rwx]*)$/.test(text));
    if (mode === undefined) continue;
    yield {
      span: command,
      message: `chmod ${mode.text} makes a program that runs with the rights of its owner, whoever starts it.`,
      fix: none(
        'Whether it is needed is not known here.',
        'Leave the bit out; give the one capability that is needed.',
      ),
    };
  }
};

const TLS_OFF: { readonly [name: string]: RegExp } = {
  NODE_TLS_REJECT_UNAUTHORIZED: /^0$/,
  PYTHONHTTPSVERIFY: /^0$/,
  GIT_SSL_NO_VERIFY: /^(?:1|true|yes|on)$/i,
  NPM_CONFIG_STRICT_SSL: /^false$/i,
  npm_config_strict_ssl: /^false$/i,
};

export const tlsOff: DockerCheck = function* (docker) {
  for (const instruction of docker.instructions) {
    const pairs =
      instruction.keyword === 'ENV'
        ? assignmentsOf(instruction).map(([name, value, word]) => ({ name, value: value?.text, word }))
        : instruction.commands.flatMap((command) =>
            [...command.assignments, ...(command.name === 'export' ? command.words : [])].map(pairOf),
          );
    for (const { name, value, word } of pairs) {
      if (value === undefined || TLS_OFF[name]?.test(value) !== true) continue;
      yield tlsReport(word, `${name}=${value}`);
    }
    if (instruction.keyword !== 'RUN') continue;
    for (const command of instruction.commands) {
      const text = command.words.map((word) => word.text).join(' ');
      if (command.name === 'git' && /http\.(?:\S+\.)?sslverify[= ](?:false|0)\b/i.test(text))
        yield tlsReport(command, 'http.sslVerify=false');
      else if (/^(?:npm|yarn|pnpm)$/.test(command.name) && /strict-ssl[= ]false\b|--no-strict-ssl\b/.test(text))
        yield tlsReport(command, 'strict-ssl=false');
      else if (
        /^(?:yum|dnf|yum-config-manager|echo|printf)$/.test(command.name) &&
        /\bsslverify\s?=\s?(?:0|false)\b/i.test(text) &&
        !text.includes('http.')
      )
        yield tlsReport(command, 'sslverify=false');
    }
  }
};

function pairOf(word: Word): { readonly name: string; readonly value: string | undefined; readonly word: Word } {
  const at = word.text.indexOf('=');
  return { name: word.text.slice(0, Math.max(at, 0)), value: at === -1 ? undefined : word.text.slice(at + 1), word };
}

function tlsReport(span: { readonly start: number; readonly end: number }, what: string): Report {
  return {
    span: { start: span.start, end: span.end },
    message: `${what} turns the check of certificates off: anyone on the way can give other content.`,
    fix: none('What it was put there for is not known.', 'Add the missing certificate authority to the image instead.'),
  };
}

export const passwordInCommand: DockerCheck = function* (docker) {
  for (const instruction of docker.instructions) {
    if (instruction.keyword !== 'RUN') continue;
    for (const [at, command] of instruction.commands.entries()) {
      const next = instruction.commands[at + 1];
      const pair =
        ['echo', 'printf'].includes(command.name) && command.isPiped && next?.name === 'chpasswd'
          ? command.words
              .map(({ text }) => /^['"]?[\w.-]+:([^\s:]+)/.exec(text)?.[1])
              .find((text) => text !== undefined)
          : undefined;
      if (pair === undefined || !isSecretValue('password', pair.replace(/\\n$/, ''))) continue;
      yield {
        span: { start: command.start, end: next?.end ?? command.end },
        message: 'The password of an account is in the text of the build and the same in every container.',
        evidence: `${command.name} [secret] | chpasswd`,
        fix: none(
          'How people should log in is not known here.',
          'Leave accounts without a password; containers need none.',
        ),
      };
    }
  }
};

export const insecureRun: DockerCheck = function* (docker) {
  for (const instruction of docker.instructions) {
    const flag =
      instruction.keyword === 'RUN'
        ? instruction.flags.find(({ text }) => /^--security=insecure$/.test(text))
        : undefined;
    if (flag !== undefined) {
      yield {
        span: flag,
        message: 'The step runs with all rights on the machine that builds.',
        fix: none('What the step needs is not known here.', 'Do without, or build that part on a machine of its own.'),
      };
    }
    for (const command of instruction.commands) {
      const word =
        ['docker', 'podman', 'nerdctl'].includes(command.name) && command.words[0]?.text === 'run'
          ? flagAt(command, '--privileged')
          : undefined;
      if (word !== undefined)
        yield {
          span: word,
          message: `${command.name} run --privileged starts a container with all rights on the host.`,
          fix: none(
            'What the container needs is not known here.',
            'Give it the single capabilities or devices that it needs.',
          ),
        };
    }
  }
};
