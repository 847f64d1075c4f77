import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The user inside every sandbox. */
export const JOB_UID = 1000;

export type NetworkFiles = {
  /** Whole content of /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Lines for /etc/hosts on top of those for localhost. */
  readonly hosts: string;
};

/** Files of /etc that are the same in every sandbox. Nothing of the host is in them. The last two are mount points. */
export const ETC_FILES = {
  passwd: [
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    `runner:x:${JOB_UID}:${JOB_UID}:runner:/home/runner:/bin/bash`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  ].join('\n'),
  group: `root:x:0:\nrunner:x:${JOB_UID}:\nnogroup:x:65534:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  hostname: 'job\n',
  'resolv.conf': '',
  hosts: '',
} as const;

/** Files that each job has of its own, mounted over those of the same name. */
export const ETC_OF_JOB = ['resolv.conf', 'hosts'] as const;

const LOCALHOST = '127.0.0.1 localhost job\n::1 localhost ip6-localhost ip6-loopback\n';

/** Rewrites the two files of name resolution in place, so that processes that run already see the new content. */
export async function writeNetworkFiles(folder: string, files: NetworkFiles): Promise<void> {
  await Promise.all([
    writeFile(path.join(folder, 'resolv.conf'), files.resolvConf),
    writeFile(path.join(folder, 'hosts'), `${LOCALHOST}${files.hosts}`),
  ]);
}
