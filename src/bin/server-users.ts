import { chmod, chown, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export type User = { readonly uid: number; readonly gid: number };

/**
 * Whom the processes run as when the server is root: the first of these that the machine has. PostgreSQL wants one with a name; for
 * the others there is a number that no scheme gives out (systemd's "Users, Groups, UIDs and GIDs": 60578 to 61183 are unused).
 */
const USERS = {
  database: { names: ['sallyport-database', 'postgres', 'nobody'], id: 65_534 },
  keeper: { names: ['sallyport-keeper'], id: 60_602 },
  witness: { names: ['sallyport-witness'], id: 60_603 },
} as const;

export type ServerUsers = { readonly database: User; readonly keeper: User; readonly witness: User };

/** The users of the processes, or nothing when this process can't choose. */
export async function serverUsers(uid: number): Promise<ServerUsers | undefined> {
  if (uid !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const lines = passwd.split('\n').map((line) => line.split(':'));
  const user = ({ names, id }: { readonly names: readonly string[]; readonly id: number }): User => {
    for (const name of names) {
      const [, , found, group] = lines.find(([candidate]) => candidate === name) ?? [];
      if (found !== undefined && group !== undefined) return { uid: Number(found), gid: Number(group) };
    }
    return { uid: id, gid: id };
  };
  return { database: user(USERS.database), keeper: user(USERS.keeper), witness: user(USERS.witness) };
}

/** A folder that belongs to a user alone, below folders that he can pass. */
export async function folderOf(path: string, user: User | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  if (user !== undefined) await chown(path, user.uid, user.gid);
}

/** Whether another user can reach a file: every folder above lets everybody pass. */
export async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
