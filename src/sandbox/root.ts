import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';

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

/** What of the host is the same in every sandbox: bwrap arguments that build the read-only root. */
export async function hostRootArguments(options: { readonly toolCache?: string | undefined }): Promise<string[]> {
  const parts = await Promise.all([topFolders(), etcFolders(), optFolders(options.toolCache)]);
  return ['--ro-bind', '/usr', '/usr', ...parts.flat()];
}

/** /bin, /lib and so on: links into /usr on merged systems, folders of their own on others. */
async function topFolders(): Promise<string[]> {
  const names = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
  const parts = names.map(async (name) => {
    const stat = await lstat(`/${name}`).catch(() => undefined);
    if (stat === undefined) return [];
    return stat.isSymbolicLink()
      ? ['--symlink', await readlink(`/${name}`), `/${name}`]
      : ['--ro-bind', `/${name}`, `/${name}`];
  });
  return (await Promise.all(parts)).flat();
}

async function etcFolders(): Promise<string[]> {
  const versioned = (await readdir('/etc')).filter((name) => ETC_PATTERN.test(name)).sort();
  const present = await Promise.all(
    [...ETC_NAMES, ...versioned].map(async (name) => ({
      name,
      // The file that a link ends at must exist, else bwrap would refuse the whole sandbox.
      there: await lstat(`/etc/${name}`).then(
        () => true,
        () => false,
      ),
    })),
  );
  return present
    .filter((entry) => entry.there)
    .flatMap(({ name }) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]);
}

/** /opt, whole; entry by entry when a tool cache must be mounted over a name that the host does not have. */
async function optFolders(toolCache: string | undefined): Promise<string[]> {
  const inside = '/opt/hostedtoolcache';
  if (toolCache === undefined) return ['--ro-bind-try', '/opt', '/opt'];
  const names = await readdir('/opt').catch(() => []);
  return [
    ...names
      .filter((name) => name !== path.basename(inside))
      .flatMap((name) => ['--ro-bind-try', `/opt/${name}`, `/opt/${name}`]),
    '--ro-bind',
    toolCache,
    inside,
  ];
}
