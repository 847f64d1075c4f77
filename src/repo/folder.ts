import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from './faults.ts';
import { HOOK, HOOK_NAMES } from './hook.ts';

/** Files that are counted for the size of a repository. */
const FILES_MAX = 2_000_000;
/** A git that was killed is gone by then. */
const KILL_MS_MAX = 10_000;
const POLL_MS = 20;

/** Where everything of the git server lies. Only the server's user reaches it. */
export type Folders = {
  readonly root: string;
  readonly repositories: string;
  readonly hooks: string;
  readonly running: string;
  readonly staging: string;
};

export async function prepareFolders(root: string): Promise<Folders> {
  const [repositories, hooks, running, staging] = ['repositories', 'hooks', 'running', 'staging'].map((name) =>
    join(root, name),
  ) as [string, string, string, string];
  for (const folder of [root, repositories, hooks, running, staging]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await lstat(folder)).isSymbolicLink()) throw fault('folder-unsafe', `${folder} is a symbolic link`);
    await chmod(folder, 0o700);
  }
  for (const name of HOOK_NAMES) {
    const staged = join(staging, `${name}-${randomBytes(8).toString('hex')}`);
    await writeFile(staged, HOOK, { mode: 0o500 });
    await rename(staged, join(hooks, name));
  }
  return { root, repositories, hooks, running, staging };
}

/** The folder of a repository is named by its number: no name that somebody chose is part of a path. */
export function gitDirOf(folders: Folders, id: number): string {
  if (!Number.isSafeInteger(id) || id < 1) throw fault('not-found', `there is no repository ${id}`);
  return join(folders.repositories, `${id}.git`);
}

/** Regular parts of a bare repository. Everything else could make git read or write somewhere else. */
const PARTS: { readonly [name: string]: 'file' | 'folder' } = {
  HEAD: 'file',
  config: 'file',
  'packed-refs': 'file',
  objects: 'folder',
  'objects/pack': 'folder',
  'objects/info': 'folder',
  refs: 'folder',
  'refs/heads': 'folder',
  'refs/tags': 'folder',
};
const FORBIDDEN = [
  'objects/info/alternates',
  'objects/info/http-alternates',
  'commondir',
  'gitdir',
  'config.worktree',
  'info/grafts',
];

/** Refuses a folder that somebody changed so that git would leave it. */
export async function requireSafeFolder(gitDir: string): Promise<void> {
  const top = await lstat(gitDir).catch(() => undefined);
  if (top === undefined || !top.isDirectory()) throw fault('folder-unsafe', `${gitDir} is no folder`);
  for (const [name, kind] of Object.entries(PARTS)) {
    const entry = await lstat(join(gitDir, name)).catch(() => undefined);
    if (entry === undefined) continue;
    if (kind === 'file' ? !entry.isFile() : !entry.isDirectory()) {
      throw fault('folder-unsafe', `${join(gitDir, name)} is no ${kind}`);
    }
  }
  for (const name of FORBIDDEN) {
    if ((await lstat(join(gitDir, name)).catch(() => undefined)) !== undefined) {
      throw fault('folder-unsafe', `${join(gitDir, name)} must not be there`);
    }
  }
}

/** Bytes of all regular files. A link is refused; what is deleted meanwhile counts nothing. */
export async function sizeOfFolder(folder: string): Promise<number> {
  let bytes = 0;
  let files = 0;
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      files += 1;
      if (files > FILES_MAX) throw fault('too-large', `${folder} has more than ${FILES_MAX} files`);
      const path = join(at, entry.name);
      if (entry.isSymbolicLink()) throw fault('folder-unsafe', `${path} is a symbolic link`);
      if (entry.isDirectory()) open.push(path);
      else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
    }
  }
  return bytes;
}

/** Takes away what a killed git left: locks, objects in quarantine, unfinished packs. Only while no git writes there. */
export async function sweepFolder(gitDir: string): Promise<void> {
  for (const name of ['HEAD.lock', 'packed-refs.lock', 'packed-refs.new', 'config.lock', 'shallow.lock']) {
    await rm(join(gitDir, name), { force: true });
  }
  const objects = join(gitDir, 'objects');
  for (const name of await readdir(objects).catch(() => [])) {
    if (/^(tmp_objdir-|incoming-|tmp_obj_)/.test(name)) await rm(join(objects, name), { recursive: true, force: true });
  }
  for (const name of await readdir(join(objects, 'pack')).catch(() => [])) {
    if (/^(tmp_|\.tmp-)/.test(name)) await rm(join(objects, 'pack', name), { force: true });
  }
  const open = [join(gitDir, 'refs')];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) open.push(join(at, entry.name));
      else if (entry.name.endsWith('.lock')) await rm(join(at, entry.name), { force: true });
    }
  }
}

/** Remembers a git that may move refs, so that after a crash of this process the next one can end it before it looks at them. */
export async function rememberProcess(folders: Folders, pid: number): Promise<() => Promise<void>> {
  const path = join(folders.running, String(pid));
  await writeFile(path, (await startOf(pid)) ?? '');
  return () => rm(path, { force: true });
}

/** Ends what a server that crashed left running. */
export async function endLeftProcesses(folders: Folders): Promise<void> {
  for (const name of await readdir(folders.running)) {
    const pid = Number(name);
    const path = join(folders.running, name);
    const start = await readFile(path, 'utf8');
    const deadline = performance.now() + KILL_MS_MAX;
    while (Number.isSafeInteger(pid) && pid > 1 && start !== '' && (await startOf(pid)) === start) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It ended between the look and the signal.
      }
      if (performance.now() > deadline) throw fault('folder-unsafe', `the git process ${pid} does not end`);
      await sleep(POLL_MS);
    }
    await rm(path, { force: true });
  }
}

/** When a process started, by the kernel's clock; nothing when it is not there or only waits to be buried. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}
