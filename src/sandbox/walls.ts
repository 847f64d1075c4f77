import type { WallName } from '../protocol/index.ts';
import { findTool } from './tools.ts';

/** The command that mends a missing or soft bound. */
export function remedyFor(wall: WallName, root: boolean): string {
  switch (wall) {
    case 'hard-memory':
    case 'hard-pids':
    case 'hard-cpu':
      return root
        ? 'start the runner where /sys/fs/cgroup is writable, as by `systemd-run --scope -p Delegate=yes sallyport …`'
        : 'start it with `systemd-run --user --scope -p Delegate=yes sallyport …`, or as root';
    case 'hard-disk':
      return root
        ? `${packageManager().install(['e2fsprogs'])} && modprobe loop`
        : 'run as root, or ask for a disk that fits into half of the memory';
    default:
      return 'run `sallyport doctor`';
  }
}

export type PackageManager = {
  /** The command that installs packages by their Debian names. */
  install(packages: readonly string[]): string;
};

/** The command line of each known package manager, in the order they are looked for. */
const MANAGERS = [
  ['apt-get', 'apt-get install -y'],
  ['dnf', 'dnf install -y'],
  ['pacman', 'pacman -S --needed'],
  ['zypper', 'zypper install -y'],
] as const;

export function packageManager(find: (name: string) => string | undefined = findTool): PackageManager {
  const found = MANAGERS.find(([name]) => find(name) !== undefined);
  return {
    install: (packages) =>
      found === undefined ? `install ${packages.join(' ')}` : `${found[1]} ${packages.join(' ')}`,
  };
}

/** The walls as lines for people, as `doctor` prints them: name, state, reason, and what mends it. */
export function explainWalls(
  walls: readonly { name: string; state: string; reason: string; remedy?: string }[],
): string[] {
  const width = Math.max(...walls.map((wall) => wall.name.length));
  return walls.flatMap((wall) => [
    `${wall.name.padEnd(width)}  ${wall.state.padEnd('missing'.length)}  ${wall.reason}`,
    ...(wall.remedy === undefined || wall.state === 'hard' ? [] : [`${' '.repeat(width)}  mend: ${wall.remedy}`]),
  ]);
}
