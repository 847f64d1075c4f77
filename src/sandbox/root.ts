import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, digestOf } from '../base/index.ts';
import { ETC_FILES } from './etc.ts';
import { run } from './namespace.ts';
import type { Tools } from './tools.ts';

/**
 * Files and folders of the host's /etc that toolchains need and that hold no secret. Everything else of /etc stays
 * outside: shadow, ssh, sudoers, private keys below /etc/ssl and /etc/pki, and gitconfig, npmrc, pip.conf and apt,
 * which may name credentials.
 */
const ETC_NAMES = [
  'alternatives',
  'bash.bashrc',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'debian_version',
  'fonts',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'lsb-release',
  'maven',
  'mime.types',
  'os-release',
  'perl',
  'pki/ca-trust',
  'pki/java',
  'pki/tls/certs',
  'pki/tls/cert.pem',
  'pki/tls/openssl.cnf',
  'profile',
  'profile.d',
  'protocols',
  'python3',
  'services',
  'skel',
  'ssl/certs',
  'ssl/cert.pem',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
  'xml',
] as const;

/** Versioned folders of toolchains in /etc: `java-17-openjdk`, `python3.11`. */
const ETC_PATTERN = /^(?:java-[\w.-]+|\.java|python3\.\d+|dotnet|mono|gradle)$/;

/** Entries of the folders below that are looked at for changes. */
const ETC_ENTRIES_MAX = 5_000;
/** Large folders whose own time tells every change, since their entries are only ever replaced. */
const ETC_LARGE = new Set(['/etc/alternatives', '/etc/ssl/certs']);

/** What of the host is the same in every sandbox: bwrap arguments that build the read-only root. */
export function hostRootArguments(options: {
  readonly toolCache: string | undefined;
  /** From `copyHostEtc`. */
  readonly etc: string;
}): string[] {
  return [
    '--ro-bind',
    '/usr',
    '/usr',
    ...topFolders(),
    ...optFolders(options.toolCache),
    '--ro-bind',
    options.etc,
    '/etc',
  ];
}

/**
 * Copies what sandboxes see of the host's /etc into a folder below `stateDir`, and returns the folder. The copy is made
 * once for each state of /etc: one mount in each process instead of forty, which costs more than all other mounts
 * together. Modes are kept, so that what others may not read stays unreadable.
 */
export async function copyHostEtc(tools: Pick<Tools, 'cp' | 'rm'>, stateDir: string): Promise<string> {
  const sources = etcSources();
  const signature = digestOf(canonicalJson([ETC_FILES, describe(sources)])).slice('sha256:'.length, 32);
  const folder = path.join(stateDir, `etc-${signature}`);
  if (exists(folder)) return folder;
  const draft = await mkdtemp(path.join(stateDir, 'etc-draft-'));
  try {
    // cp fails for what this user may not read, and copies the rest: others may not read it either.
    await run(tools.cp, ['-a', '--parents', '--', ...sources, draft]).catch(() => undefined);
    const etc = path.join(draft, 'etc');
    await mkdir(etc, { recursive: true });
    for (const [name, content] of Object.entries(ETC_FILES)) await writeFile(path.join(etc, name), content);
    await chmod(etc, 0o755);
    // Another runner may have finished the same copy meanwhile.
    await rename(etc, folder).catch(async (error: unknown) => {
      if (!exists(folder)) throw error;
    });
    return folder;
  } finally {
    await run(tools.rm, ['-rf', '--one-file-system', '--', draft]);
  }
}

function etcSources(): string[] {
  const versioned = readdirSync('/etc')
    .filter((name) => ETC_PATTERN.test(name))
    .sort();
  const names = [...ETC_NAMES, ...versioned].map((name) => `/etc/${name}`);
  return names.filter(exists);
}

/**
 * Names, sizes and times of all that is copied: a change of any makes a new copy. Some hundred calls on local files, which
 * cost far less than their way to another thread and back.
 */
function describe(sources: readonly string[]): string[] {
  const lines: string[] = [];
  const pending = [...sources];
  for (let file = pending.pop(); file !== undefined && lines.length < ETC_ENTRIES_MAX; file = pending.pop()) {
    const stat = attempt(() => lstatSync(file));
    lines.push(`${file} ${stat?.mode} ${stat?.size} ${stat?.mtimeMs}`);
    if (stat?.isDirectory() !== true || ETC_LARGE.has(file)) continue;
    const names = attempt(() => readdirSync(file)) ?? [];
    pending.push(...names.map((name) => path.join(file, name)));
  }
  return lines.sort();
}

/** Nothing where this user may not look, or what went away meanwhile. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function exists(file: string): boolean {
  return attempt(() => lstatSync(file)) !== undefined;
}

/** /bin, /lib and so on: links into /usr on merged systems, folders of their own on others. */
function topFolders(): string[] {
  const names = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
  return names.flatMap((name) => {
    const stat = attempt(() => lstatSync(`/${name}`));
    if (stat === undefined) return [];
    return stat.isSymbolicLink()
      ? ['--symlink', readlinkSync(`/${name}`), `/${name}`]
      : ['--ro-bind', `/${name}`, `/${name}`];
  });
}

/** /opt, whole; entry by entry when a tool cache must be mounted over a name that the host does not have. */
function optFolders(toolCache: string | undefined): string[] {
  const inside = '/opt/hostedtoolcache';
  if (toolCache === undefined) return ['--ro-bind-try', '/opt', '/opt'];
  const names = attempt(() => readdirSync('/opt')) ?? [];
  return [
    ...names
      .filter((name) => name !== path.basename(inside))
      .flatMap((name) => ['--ro-bind-try', `/opt/${name}`, `/opt/${name}`]),
    '--ro-bind',
    toolCache,
    inside,
  ];
}
