import { statSync } from 'node:fs';
import path from 'node:path';
import { run } from './namespace.ts';
import type { Tools } from './tools.ts';

/**
 * A place in the job's own mount namespace for mounts that only the preparation of a sandbox sees. /sys has no other
 * use there, and every machine has it.
 */
const STAGE = '/sys';

const SCRIPT = `
"$0" -t tmpfs -o mode=755,size=64k,nosuid,nodev tmpfs ${STAGE} || exit 1
number=0
for source; do
  if [ -d "$source" ]; then mkdir "${STAGE}/$number"; else : > "${STAGE}/$number"; fi || exit 1
  "$0" --bind "$source" "${STAGE}/$number" || exit 1
  number=$((number + 1))
done`;

/**
 * Lets a job of a root runner reach host paths below folders that only root may pass, such as an installation in
 * /root: as root, in the job's mount namespace, each is mounted where the job's user can reach it.
 *
 * @returns the path to mount from, for any host path
 */
export async function stageUnreachable(
  tools: Tools,
  holderPid: number,
  paths: readonly string[],
): Promise<(host: string) => string> {
  const hidden = [...new Set(paths.filter((host) => !isReachable(host)))];
  if (hidden.length === 0) return (host) => host;
  await run(tools.nsenter, [`--mount=/proc/${holderPid}/ns/mnt`, '--', tools.sh, '-c', SCRIPT, tools.mount, ...hidden]);
  return (host) => {
    const number = hidden.findIndex((folder) => host === folder || host.startsWith(`${folder}/`));
    const folder = hidden[number];
    return folder === undefined ? host : path.join(STAGE, String(number), path.relative(folder, host));
  };
}

/** Whether a foreign user may pass every folder above a path. A path that is absent is left to its mount to tell. */
function isReachable(host: string): boolean {
  const OTHERS_MAY_PASS = 0o001;
  for (let above = path.dirname(host); ; above = path.dirname(above)) {
    if ((modeOf(above) & OTHERS_MAY_PASS) === 0) return false;
    if (above === path.dirname(above)) return true;
  }
}

/** All permissions for what is absent. */
function modeOf(folder: string): number {
  try {
    return statSync(folder).mode;
  } catch {
    return 0o777;
  }
}
