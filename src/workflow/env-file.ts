import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** Bytes of one env file of one step. Source: GitHub's limit of step summaries and artifact files, 1 MiB. */
export const ENV_FILE_BYTES_MAX = 1024 * 1024;
/** Entries of one env file. */
export const ENV_FILE_ENTRIES_MAX = 10_000;
/** Characters of a name. */
export const ENV_NAME_CHARACTERS_MAX = 256;
/** Bytes of one variable: with more, Linux starts no later process (MAX_ARG_STRLEN is 128 KiB with the name). */
export const ENV_VALUE_BYTES_MAX = 120 * 1024;

export type EnvFileKind = 'env' | 'output' | 'state' | 'path' | 'summary' | 'artifacts';

export type EnvFilePolicy = {
  /**
   * Refuse variables that make later processes load code (K28). The caller sets it when outside text could have steered
   * the writer, or when later steps hold secrets.
   */
  readonly refuseLoaderVariables: boolean;
};

export type EnvFileEntry = { readonly name: string; readonly value: string; readonly line: number };

/** An OCI artifact with its digest as written, or a file whose digest the runner computes inside the sandbox. */
export type ArtifactSubject = { readonly name: string; readonly digest: string };

export type EnvFile =
  | { readonly kind: 'env' | 'output' | 'state'; readonly entries: readonly EnvFileEntry[] }
  | { readonly kind: 'path'; readonly entries: readonly string[] }
  | { readonly kind: 'summary'; readonly markdown: string }
  | { readonly kind: 'artifacts'; readonly subjects: readonly ArtifactSubject[]; readonly files: readonly string[] };

/**
 * Reads what a step wrote to one of its env files: `NAME=value`, or `NAME<<DELIMITER`, lines, `DELIMITER`. All or
 * nothing: one bad line refuses the whole file, since half of an injected file is still an injection.
 * Faults `workflow/env-file-…` name the line. Source of the format: actions/runner, FileCommandManager.cs.
 */
export function parseEnvFile(bytes: Buffer, kind: EnvFileKind, policy: EnvFilePolicy): EnvFile {
  const text = decode(bytes, kind);
  switch (kind) {
    case 'summary':
      return { kind, markdown: text };
    case 'path':
      return { kind, entries: pathsOf(text) };
    case 'artifacts':
      return { kind, ...artifactsOf(text) };
    case 'env': {
      const entries = pairsOf(text, kind);
      for (const entry of entries) refuseVariable(entry, policy);
      return { kind, entries };
    }
    case 'output':
    case 'state':
      return { kind, entries: pairsOf(text, kind) };
  }
}

function decode(bytes: Buffer, kind: EnvFileKind): string {
  if (bytes.length > ENV_FILE_BYTES_MAX) {
    throw fault('env-file-too-large', `the ${kind} file has ${bytes.length} bytes, more than ${ENV_FILE_BYTES_MAX}`);
  }
  const zero = kind === 'summary' ? -1 : bytes.indexOf(0);
  if (zero !== -1) throw invalid(lineAt(bytes, zero), 'has a NUL byte');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fault('env-file-invalid', `the ${kind} file is not UTF-8`, { cause });
  }
}

function lineAt(bytes: Buffer, offset: number): number {
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) line += 1;
  return line;
}

function pairsOf(text: string, kind: EnvFileKind): EnvFileEntry[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const entries: EnvFileEntry[] = [];
  for (let index = 0; index < lines.length; index++) {
    const number = index + 1;
    const line = lines[index] ?? '';
    if (line === '' || line === '\r') continue;
    if (entries.length >= ENV_FILE_ENTRIES_MAX) {
      throw fault('env-file-too-large', `the ${kind} file has more than ${ENV_FILE_ENTRIES_MAX} entries`);
    }
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals !== -1 && (heredoc === -1 || equals < heredoc)) {
      entries.push({ name: nameOf(line.slice(0, equals), number), value: line.slice(equals + 1), line: number });
      continue;
    }
    if (heredoc === -1) throw invalid(number, `is neither NAME=value nor NAME<<DELIMITER: ${quoted(line)}`);
    const delimiter = line.slice(heredoc + 2);
    if (delimiter.trim() === '') throw invalid(number, 'has an empty delimiter after <<');
    const end = lines.indexOf(delimiter, index + 1);
    if (end === -1) throw invalid(number, `opens ${quoted(line)}, and no later line is exactly ${quoted(delimiter)}`);
    const name = nameOf(line.slice(0, heredoc), number);
    entries.push({ name, value: lines.slice(index + 1, end).join('\n'), line: number });
    index = end;
  }
  return entries;
}

function nameOf(name: string, line: number): string {
  if (name === '') throw invalid(line, 'has no name before the value');
  if (name.length > ENV_NAME_CHARACTERS_MAX) throw invalid(line, `has a name of ${name.length} characters`);
  if (/[\s\p{Cc}\p{Cf}]/u.test(name))
    throw invalid(line, `has blanks or control characters in its name: ${quoted(name)}`);
  return name;
}

function pathsOf(text: string): string[] {
  const paths: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const path = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (path === '') continue;
    if (/\p{Cc}/u.test(path)) throw invalid(index + 1, 'has control characters in a path');
    if (paths.length >= ENV_FILE_ENTRIES_MAX) {
      throw fault('env-file-too-large', `the path file has more than ${ENV_FILE_ENTRIES_MAX} entries`);
    }
    paths.push(path);
  }
  return paths;
}

const DIGEST_HEX: { readonly [algorithm: string]: number } = { sha256: 64, sha384: 96, sha512: 128 };

/** Source of the format: actions/runner, CreateArtifactsFileCommand.cs. */
function artifactsOf(text: string): { subjects: ArtifactSubject[]; files: string[] } {
  const subjects: ArtifactSubject[] = [];
  const files: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const number = index + 1;
    if (line.includes('=')) throw invalid(number, 'has a =, which is reserved in this file');
    if (subjects.length + files.length >= ENV_FILE_ENTRIES_MAX) {
      throw fault('env-file-too-large', `the artifacts file has more than ${ENV_FILE_ENTRIES_MAX} entries`);
    }
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(line)?.[1]?.toLowerCase();
    const rest = scheme === undefined ? line : line.slice(scheme.length + 3);
    if (rest.trim() === '') throw invalid(number, 'names nothing after its scheme');
    if (scheme !== undefined && scheme !== 'file' && scheme !== 'oci') {
      throw invalid(number, `has the scheme ${quoted(scheme)}; only file:// and oci:// are known`);
    }
    const subject = scheme === 'file' ? undefined : ociOf(rest);
    if (subject === undefined && scheme === 'oci') throw invalid(number, `has no digest: ${quoted(rest)}`);
    if (subject === undefined) files.push(rest);
    else subjects.push(subject);
  }
  return { subjects, files };
}

function ociOf(text: string): ArtifactSubject | undefined {
  const parts = /^(.+)@(sha256|sha384|sha512):([0-9a-fA-F]+)$/.exec(text);
  if (parts === null) return undefined;
  const [, name = '', algorithm = '', hex = ''] = parts;
  if (hex.length !== DIGEST_HEX[algorithm]) return undefined;
  return { name, digest: `${algorithm}:${hex.toLowerCase()}` };
}

function refuseVariable(entry: EnvFileEntry, policy: EnvFilePolicy): void {
  const name = entry.name.toUpperCase();
  if (name === 'NODE_OPTIONS' || name.startsWith('GITHUB_') || name.startsWith('RUNNER_')) {
    throw fault('env-file-reserved', `line ${entry.line} sets ${quoted(entry.name)}, which steps may not set`);
  }
  const reason = loaderReason(entry.name);
  if (policy.refuseLoaderVariables && reason !== undefined) {
    throw fault('env-file-loader', `line ${entry.line} sets ${quoted(entry.name)}: ${reason}`);
  }
  if (Buffer.byteLength(entry.value) > ENV_VALUE_BYTES_MAX) {
    throw fault(
      'env-file-too-large',
      `line ${entry.line}: ${quoted(entry.name)} has more than ${ENV_VALUE_BYTES_MAX} bytes`,
    );
  }
}

/** Why a variable makes other programs load code, by exact name. */
const LOADER_NAMES: { readonly [name: string]: string } = {
  PATH: 'it chooses which programs later steps run',
  BASH_ENV: 'bash runs the file that it names at each start',
  ENV: 'sh runs the file that it names',
  SHELLOPTS: 'bash takes its options from it',
  BASHOPTS: 'bash takes its options from it',
  PS4: 'bash expands it, with commands inside, while tracing',
  PROMPT_COMMAND: 'bash runs it as a command',
  IFS: 'it changes how shells split words',
  CDPATH: 'it changes where cd leads',
  ZDOTDIR: 'zsh runs start files from it',
  FPATH: 'zsh loads functions from it',
  SHELL: 'programs start it as the shell',
  EDITOR: 'programs start it',
  VISUAL: 'programs start it',
  PAGER: 'programs start it',
  BROWSER: 'programs start it',
  LESSOPEN: 'less runs it as a command',
  LESSCLOSE: 'less runs it as a command',
  MANPAGER: 'man runs it as a command',
  NODE_OPTIONS: 'node loads modules that it names',
  NODE_PATH: 'node loads modules from it',
  NODE_REPL_EXTERNAL_MODULE: 'node loads the module that it names',
  ELECTRON_RUN_AS_NODE: 'it turns programs into interpreters',
  BUN_OPTIONS: 'bun loads modules that it names',
  PERL5OPT: 'perl loads modules that it names',
  PERL5LIB: 'perl loads modules from it',
  PERLLIB: 'perl loads modules from it',
  PERL5DB: 'perl runs it as code',
  RUBYOPT: 'ruby loads files that it names',
  RUBYLIB: 'ruby loads files from it',
  GEM_PATH: 'ruby loads packages from it',
  GEM_HOME: 'ruby loads packages from it',
  BUNDLE_GEMFILE: 'bundler runs the file that it names',
  JAVA_TOOL_OPTIONS: 'java loads agents that it names',
  JDK_JAVA_OPTIONS: 'java loads agents that it names',
  _JAVA_OPTIONS: 'java loads agents that it names',
  JAVA_OPTS: 'starters of java programs pass it on',
  CLASSPATH: 'java loads classes from it',
  MAVEN_OPTS: 'maven passes it to java',
  MAVEN_ARGS: 'maven takes options from it',
  GRADLE_OPTS: 'gradle passes it to java',
  ANT_OPTS: 'ant passes it to java',
  SBT_OPTS: 'sbt passes it to java',
  PHPRC: 'php reads the settings that it names',
  PHP_INI_SCAN_DIR: 'php reads settings from it',
  LUA_INIT: 'lua runs it as code',
  LUA_PATH: 'lua loads modules from it',
  LUA_CPATH: 'lua loads modules from it',
  R_PROFILE: 'R runs the file that it names',
  R_PROFILE_USER: 'R runs the file that it names',
  R_ENVIRON: 'R reads settings from the file that it names',
  JULIA_LOAD_PATH: 'julia loads packages from it',
  GCONV_PATH: 'the C library loads modules from it',
  LOCPATH: 'the C library loads locale data from it',
  NLSPATH: 'the C library loads messages from it',
  GLIBC_TUNABLES: 'it changes how the C library starts programs',
  MALLOC_TRACE: 'the C library writes to the file that it names',
  HOSTALIASES: 'it changes what host names mean',
  RES_OPTIONS: 'it changes how host names are looked up',
  LOCALDOMAIN: 'it changes how host names are looked up',
  OPENSSL_CONF: 'openssl loads engines that it names',
  OPENSSL_ENGINES: 'openssl loads engines from it',
  OPENSSL_MODULES: 'openssl loads modules from it',
  SSLKEYLOGFILE: 'TLS keys are written to the file that it names',
  SSL_CERT_FILE: 'it changes which certificates are trusted',
  SSL_CERT_DIR: 'it changes which certificates are trusted',
  NODE_EXTRA_CA_CERTS: 'it changes which certificates are trusted',
  NODE_TLS_REJECT_UNAUTHORIZED: 'it turns off the check of certificates',
  REQUESTS_CA_BUNDLE: 'it changes which certificates are trusted',
  CURL_CA_BUNDLE: 'it changes which certificates are trusted',
  CURL_HOME: 'curl reads its settings from it',
  WGETRC: 'wget reads the settings that it names',
  HTTP_PROXY: 'it sends requests to another host',
  HTTPS_PROXY: 'it sends requests to another host',
  ALL_PROXY: 'it sends requests to another host',
  HOME: 'programs read their settings from it',
  XDG_CONFIG_HOME: 'programs read their settings from it',
  XDG_CONFIG_DIRS: 'programs read their settings from it',
  XDG_DATA_HOME: 'programs read their data from it',
  SSH_ASKPASS: 'ssh runs it as a command',
  SSH_AUTH_SOCK: 'ssh asks it for keys',
  SUDO_ASKPASS: 'sudo runs it as a command',
  SUDO_EDITOR: 'sudo starts it',
  MAKEFLAGS: 'make takes code from it',
  GNUMAKEFLAGS: 'make takes code from it',
  MAKEFILES: 'make runs the files that it names',
  MFLAGS: 'make takes options from it',
  CC: 'builds start it as the compiler',
  CXX: 'builds start it as the compiler',
  LD: 'builds start it as the linker',
  CPP: 'builds start it as the preprocessor',
  GCC_EXEC_PREFIX: 'gcc starts its parts from it',
  COMPILER_PATH: 'gcc starts its parts from it',
  GOFLAGS: 'go takes options, also programs to run, from it',
  GOENV: 'go reads the settings that it names',
  GOPROXY: 'go fetches modules from it',
  GONOSUMDB: 'it turns off the check of modules',
  GONOSUMCHECK: 'it turns off the check of modules',
  GOINSECURE: 'it turns off the check of modules',
  GOTOOLCHAIN: 'go starts the toolchain that it names',
  RUSTC: 'cargo starts it as the compiler',
  RUSTC_WRAPPER: 'cargo starts it around the compiler',
  RUSTC_WORKSPACE_WRAPPER: 'cargo starts it around the compiler',
  RUSTDOC: 'cargo starts it',
  RUSTFLAGS: 'rustc takes a linker from it',
  CARGO_HOME: 'cargo reads its settings from it',
  RUSTUP_HOME: 'rustup starts toolchains from it',
  RUSTUP_TOOLCHAIN: 'rustup starts the toolchain that it names',
  CMAKE_TOOLCHAIN_FILE: 'cmake runs the file that it names',
  TAR_OPTIONS: 'tar takes options, also programs to run, from it',
  RSYNC_RSH: 'rsync runs it as a command',
  CVS_RSH: 'cvs runs it as a command',
  GZIP: 'gzip takes options from it',
  DOCKER_HOST: 'docker sends its commands there',
  DOCKER_CONFIG: 'docker reads its settings from it',
  KUBECONFIG: 'kubectl reads its settings, also programs to run, from it',
  AWS_CONFIG_FILE: 'AWS clients read their settings, also programs to run, from it',
  AWS_SHARED_CREDENTIALS_FILE: 'AWS clients read their settings from it',
  VIMINIT: 'vim runs it as commands',
  EXINIT: 'vi runs it as commands',
  TERMINFO: 'programs load terminal data from it',
  TERMCAP: 'programs load terminal data from it',
  INPUTRC: 'readline reads the settings that it names',
  PSMODULEPATH: 'PowerShell loads modules from it',
  COMSPEC: 'programs start it as the shell',
  PATHEXT: 'it chooses which programs run',
  COREPACK_NPM_REGISTRY: 'corepack fetches programs from it',
  PIP_INDEX_URL: 'pip fetches packages from it',
  PIP_EXTRA_INDEX_URL: 'pip fetches packages from it',
  PIP_CONFIG_FILE: 'pip reads the settings that it names',
  UV_INDEX_URL: 'uv fetches packages from it',
  ACTIONS_ALLOW_UNSECURE_COMMANDS: 'it lets printed text set variables',
};

/** Why a variable makes other programs load code, by the beginning of its name. */
const LOADER_PREFIXES: readonly (readonly [prefix: string, reason: string])[] = [
  ['LD_', 'the dynamic linker loads libraries that it names'],
  ['DYLD_', 'the dynamic linker loads libraries that it names'],
  ['BASH_FUNC_', 'bash takes it as a function'],
  ['GIT_', 'git takes programs and settings from it'],
  ['NPM_CONFIG_', 'npm takes its settings, also a shell, from it'],
  ['YARN_', 'yarn takes its settings, also programs, from it'],
  ['PNPM_', 'pnpm takes its settings from it'],
  ['CARGO_TARGET_', 'cargo takes a linker and a runner from it'],
  ['CARGO_BUILD_', 'cargo takes a compiler from it'],
  ['COR_', '.NET loads profilers that it names'],
  ['CORECLR_', '.NET loads profilers that it names'],
  ['DOTNET_', '.NET loads code that it names'],
  ['ASAN_', 'sanitizers take files from it'],
];

/** Why a variable of this name makes later processes load code or change whom they trust, or nothing. Any case. */
export function loaderReason(name: string): string | undefined {
  const upper = name.toUpperCase();
  // PYTHONPATH, PYTHONSTARTUP and all their kin, but not PYTHON_VERSION nor setup-python's pythonLocation.
  if (/^PYTHON[A-Z]/.test(upper) && upper !== 'PYTHONLOCATION') return 'python loads code that it names';
  // Names and dates of commits are data.
  if (/^GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)$/.test(upper)) return undefined;
  const exact = Object.hasOwn(LOADER_NAMES, upper) ? LOADER_NAMES[upper] : undefined;
  return exact ?? LOADER_PREFIXES.find(([prefix]) => upper.startsWith(prefix))?.[1];
}

/** Whether a variable of this name makes later processes load code or change whom they trust (K28). */
export function isLoaderVariable(name: string): boolean {
  return loaderReason(name) !== undefined;
}

function invalid(line: number, what: string) {
  return fault('env-file-invalid', `line ${line} ${what}`, { at: { line, column: 1 } });
}

function quoted(text: string): string {
  return JSON.stringify(excerpt(text, 100));
}
