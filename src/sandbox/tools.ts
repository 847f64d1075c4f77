import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fault } from './faults.ts';

/** Where system programs lie. The search path of the caller is not used: what it names might be anybody's. */
const FOLDERS = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'] as const;

/** Host programs that raise and lower the walls, by absolute path. */
export type Tools = {
  readonly bwrap: string;
  readonly unshare: string;
  readonly nsenter: string;
  readonly sh: string;
  readonly env: string;
  readonly cat: string;
  readonly mount: string;
  readonly ip: string;
  readonly cp: string;
  readonly rm: string;
  readonly find: string;
  readonly du: string;
};

const NAMES = ['bwrap', 'unshare', 'nsenter', 'sh', 'env', 'cat', 'mount', 'ip', 'cp', 'rm', 'find', 'du'] as const;

/** The package that brings a program, where it is not named like it. */
const PACKAGES: { readonly [program: string]: string } = {
  bwrap: 'bubblewrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount or util-linux',
  ip: 'iproute2',
  env: 'coreutils',
  cat: 'coreutils',
  cp: 'coreutils',
  rm: 'coreutils',
  du: 'coreutils',
  find: 'findutils',
};

/** The absolute path of a system program, or nothing. */
export function findTool(name: string): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false; // Not there or not executable: the next folder may have it.
    }
  });
}

/** Finds all programs that the executor needs. A missing one is a fault that names its package. */
export function findTools(given: Partial<Tools> = {}): Tools {
  const found = (name: (typeof NAMES)[number]): string => {
    const file = given[name] ?? findTool(name);
    if (file === undefined) throw fault('tool-missing', `${name} is not installed (package ${PACKAGES[name] ?? name})`);
    return file;
  };
  return {
    bwrap: found('bwrap'),
    unshare: found('unshare'),
    nsenter: found('nsenter'),
    sh: found('sh'),
    env: found('env'),
    cat: found('cat'),
    mount: found('mount'),
    ip: found('ip'),
    cp: found('cp'),
    rm: found('rm'),
    find: found('find'),
    du: found('du'),
  };
}
