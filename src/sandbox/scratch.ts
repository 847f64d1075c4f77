import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { INSIDE, type Pod } from './executor.ts';
import { giveTo } from './private-file.ts';

/** Host folders behind the writable places of a job. */
export type Scratch = Pod['folders'] & {
  /** Behind `INSIDE.temp`. */
  readonly runnerTemp: string;
};

/**
 * Makes the folders behind the job's writable places, with the mount points that later mounts need. Called before
 * anything of the job runs; afterwards no path below `top` is opened by the runner.
 *
 * @param uid host uid of the job, or nothing when it is the runner's own
 */
export async function makeScratch(top: string, uid: number | undefined): Promise<Scratch> {
  const at = (name: string) => path.join(top, name);
  const below = (name: string, inside: string, outer: string) => at(path.join(name, path.relative(outer, inside)));
  const folders = { workspace: at('workspace'), home: at('home'), temp: at('temp'), runnerTemp: at('runner-temp') };
  const mountPoints = [
    below('home', INSIDE.work, INSIDE.home),
    below('workspace', INSIDE.temp, INSIDE.work),
    below('workspace', INSIDE.actions, INSIDE.work),
    below('runner-temp', INSIDE.commands, INSIDE.temp),
    below('runner-temp', INSIDE.event, INSIDE.temp),
  ];
  await chmod(top, 0o711);
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { mode: 0o755 })));
  await Promise.all(mountPoints.map((folder) => mkdir(folder, { mode: 0o755 })));
  await giveTo(uid, [...Object.values(folders), ...mountPoints]);
  await chmod(folders.temp, 0o1777);
  return folders;
}

/** The same, as a shell script for `sh -c SCRIPT sh FOLDER UID`: for a file system that only the job's namespace has. */
export const SCRATCH_SCRIPT = `
cd "$1" && umask 022 || exit 1
set -- "$2" workspace home temp runner-temp ${path.posix.join('home', path.relative(INSIDE.home, INSIDE.work))} \\
  workspace/_temp workspace/_actions \\
  runner-temp/${path.basename(INSIDE.commands)} runner-temp/${path.basename(INSIDE.event)}
uid=$1; shift
mkdir "$@" && chmod 1777 temp || exit 1
[ -z "$uid" ] || chown "$uid:$uid" "$@"`;

/** Where the folders of `SCRATCH_SCRIPT` lie. */
export function scratchFolders(top: string): Scratch {
  const at = (name: string) => path.join(top, name);
  return { workspace: at('workspace'), home: at('home'), temp: at('temp'), runnerTemp: at('runner-temp') };
}
