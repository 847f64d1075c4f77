import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The user inside every sandbox. */
export const JOB_UID = 1000;

export type NetworkFiles = {
  /** Whole content of /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Lines for /etc/hosts on top of those for localhost. */
  readonly hosts: string;
};

const FILES = {
  passwd: [
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    `runner:x:${JOB_UID}:${JOB_UID}:runner:/home/runner:/bin/bash`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ],
  group: ['root:x:0:', `runner:x:${JOB_UID}:`, 'nogroup:x:65534:'],
  'nsswitch.conf': [
    'passwd: files',
    'group: files',
    'shadow: files',
    'hosts: files dns',
    'services: files',
    'protocols: files',
  ],
} as const;

const LOCALHOST = '127.0.0.1 localhost job\n::1 localhost ip6-localhost ip6-loopback\n';

/** Writes the files of /etc that every sandbox gets instead of the host's. Nothing of the host is in them. */
export async function writeEtc(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  const all = Object.entries(FILES).map(([name, lines]) => writeFile(path.join(folder, name), `${lines.join('\n')}\n`));
  await Promise.all([...all, writeNetworkFiles(folder, { resolvConf: '', hosts: '' })]);
}

/** Rewrites the two files of name resolution in place, so that processes that run already see the new content. */
export async function writeNetworkFiles(folder: string, files: NetworkFiles): Promise<void> {
  await Promise.all([
    writeFile(path.join(folder, 'resolv.conf'), files.resolvConf),
    writeFile(path.join(folder, 'hosts'), `${LOCALHOST}${files.hosts}`),
  ]);
}

/** Names of the generated files, as they are mounted below /etc. */
export const ETC_GENERATED = [...Object.keys(FILES), 'resolv.conf', 'hosts'] as const;
