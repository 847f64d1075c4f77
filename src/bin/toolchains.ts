import { statSync } from 'node:fs';
import { delimiter, join, normalize } from 'node:path';

/** The programs of the host that jobs find, besides those of /usr. */
export type Toolchains = {
  /** Host folders that are shown read-only at the same place inside. */
  readonly folders: readonly string[];
  /** PATH inside, before what steps add. */
  readonly searchPath: string;
  /** Variables that tell programs where their toolchain lies, as JAVA_HOME, and which certificates this machine trusts. */
  readonly variables: { readonly [name: string]: string };
};

/** What every sandbox shows of the host anyway. */
const SHOWN = ['/usr', '/opt', '/bin', '/sbin'] as const;
const STANDARD_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/**
 * Folders below a home that hold nothing but toolchains. Their neighbours hold credentials (`.cargo/credentials.toml`,
 * `.m2/settings.xml`, `.npmrc`), so that none of these may be widened to its parent.
 */
const HOME_TOOLCHAINS = [
  '.cargo/bin',
  '.rustup',
  '.pyenv',
  '.rbenv',
  '.nvm/versions',
  '.volta/bin',
  '.volta/tools',
  '.sdkman/candidates',
  '.asdf/installs',
  '.local/share/mise/installs',
  '.bun/bin',
  '.deno/bin',
  '.dotnet',
] as const;

/** Variables with the folder of a toolchain. They are handed on when the folder is shown. */
const FOLDER_VARIABLES = [
  'ANDROID_HOME',
  'DOTNET_ROOT',
  'GOROOT',
  'GRADLE_HOME',
  'JAVA_HOME',
  'M2_HOME',
  'MAVEN_HOME',
  'PYENV_ROOT',
  'RUSTUP_HOME',
] as const;

/** Variables that name the certificates which this machine trusts: a proxy of its own would be refused without them. */
const CERTIFICATE_VARIABLES = [
  'AWS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
] as const;
/** Where certificates lie in every sandbox. */
const CERTIFICATE_FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs', '/etc/pki/ca-trust', ...SHOWN];

/** Folders that the operator names by `--tools`. */
const FOLDERS_MAX = 64;

/**
 * Finds the toolchains of a machine: what lies in /usr and /opt, what the person installed below the home by the usual
 * managers, and what the operator names. Nothing else of a home is shown.
 */
export function findToolchains(options: {
  readonly env: { readonly [name: string]: string | undefined };
  /** Absolute folders of `--tools`. */
  readonly named: readonly string[];
  readonly isFolder: (path: string) => boolean;
}): Toolchains {
  const { env, isFolder } = options;
  const home = env['HOME'];
  const below = home === undefined || !home.startsWith('/') ? [] : HOME_TOOLCHAINS.map((name) => join(home, name));
  const found = [...options.named, ...below].filter((folder) => isFolder(folder)).slice(0, FOLDERS_MAX);
  // A folder inside another one that is shown needs no mount of its own.
  const folders = found.filter((folder) => !isBelow(folder, [...SHOWN, ...found.filter((other) => other !== folder)]));
  const isShown = (path: string) => isBelow(path, [...SHOWN, ...folders]);
  const wanted = (env['PATH'] ?? '').split(delimiter).filter((path) => path.startsWith('/') && isShown(path));
  const path = [...new Set([...wanted.map(normalize), ...STANDARD_PATH])];
  const variables: { [name: string]: string } = {};
  for (const name of FOLDER_VARIABLES) {
    const value = env[name];
    if (value?.startsWith('/') === true && isShown(value)) variables[name] = value;
  }
  for (const name of CERTIFICATE_VARIABLES) {
    const value = env[name];
    if (value?.startsWith('/') === true && isBelow(value, CERTIFICATE_FOLDERS)) variables[name] = value;
  }
  const rustup = below.find((folder) => folder.endsWith('/.rustup'));
  // The programs of rustup look below HOME, which is another one inside.
  if (rustup !== undefined && isShown(rustup) && isFolder(rustup)) variables['RUSTUP_HOME'] ??= rustup;
  return { folders, searchPath: path.join(delimiter), variables };
}

function isBelow(path: string, folders: readonly string[]): boolean {
  const plain = normalize(path).replace(/\/+$/, '');
  return folders.some((folder) => plain === folder || plain.startsWith(`${folder}/`));
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
