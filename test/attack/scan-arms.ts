import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { BREACH, onHost, PATHS, type Ran } from './arena.ts';

const MAIN = path.join(import.meta.dirname, '../../src/bin/main.ts');
/** A scan starts a sandbox, and for `--fix` two jobs. */
const SCAN_MS_MAX = 100_000;

/** A folder with a tree to scan, the state of an installation, and what belongs to the person. */
export type ScanPlace = {
  readonly folder: string;
  readonly tree: string;
  readonly victim: string;
  write(files: { readonly [path: string]: string }): void;
  /** `sallyport` as a process of its own, with the state below this place. */
  sallyport(args: readonly string[], options?: { readonly state?: string; readonly searchPath?: string }): Promise<Ran>;
  git(...args: readonly string[]): Promise<string>;
  [Symbol.dispose](): void;
};

/** Not below /tmp, of which every sandbox has its own: what is out of sight there is not protected by that. */
export function makeScanPlace(): ScanPlace {
  const folder = mkdtempSync('/var/tmp/sallyport-scan-attack-');
  const [tree, victim] = [path.join(folder, 'tree'), path.join(folder, 'victim')];
  const write = (files: { readonly [path: string]: string }) => {
    for (const [name, text] of Object.entries(files)) {
      const target = path.join(folder, name);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text, { mode: 0o755 });
    }
  };
  // The sandbox of root's runs is no root: what it is shown has to be open to others.
  chmodSync(folder, 0o755);
  mkdirSync(tree);
  write({ 'victim/secret.txt': `${BREACH}\n` });
  return {
    folder,
    tree,
    victim,
    write,
    sallyport: (args, { state = 'state', searchPath } = {}) =>
      onHost([process.execPath, MAIN, ...args], {
        cwd: tree,
        env: {
          HOME: victim,
          PATH: searchPath === undefined ? PATHS : `${searchPath}:${PATHS}`,
          XDG_STATE_HOME: path.join(folder, state),
          XDG_CACHE_HOME: path.join(folder, 'cache'),
        },
        timeoutMs: SCAN_MS_MAX,
      }),
    git: async (...args) => {
      const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main'];
      return (await onHost(['git', ...identity, ...args], { cwd: tree })).output.trim();
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A listener of the host that counts who comes. */
export async function makeListener(): Promise<{
  readonly port: number;
  readonly visits: () => number;
  [Symbol.dispose](): void;
}> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    visits: () => visits,
    [Symbol.dispose]: () => void server.close(),
  };
}

/** What a hostile program tries: to read what is the person's, to write outside of its workspace, to call out. Each success is a line. */
export function grabs({ victim, tree }: ScanPlace, port: number): string {
  return [
    `cat ${victim}/secret.txt 2>/dev/null`,
    `(echo x > ${victim}/planted) 2>/dev/null && echo ${BREACH} planted`,
    `(echo x > ${tree}/planted) 2>/dev/null && echo ${BREACH} tree`,
    `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo ${BREACH} network`,
    'true',
  ].join('\n');
}
