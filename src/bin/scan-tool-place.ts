import { existsSync, openSync, closeSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The first line of a script names its interpreter. */
const FIRST_LINE_BYTES = 512;

/** Where another tool lies, and what of this machine has to be shown to it. */
export type ToolPlace = {
  /** Its own file, links followed: the folder of a link is not shown. */
  readonly program: string;
  readonly folders: readonly string[];
  readonly variables: { readonly [name: string]: string };
};

/** Folders that a sandbox has of its own. */
const OWN = ['/tmp', '/run', '/dev', '/proc', '/sys', '/home/runner'];

/**
 * Finds what a tool needs: its folder, the virtual environment of a Python tool with the interpreter behind it, or the packages that
 * were installed for one person. A tool whose folder would show a whole home is refused: so much is not needed to run anything.
 */
export function placeOfTool(found: string, home: string | undefined): ToolPlace | { readonly refused: string } {
  const program = realpathSync(found);
  const interpreter = interpreterOf(program);
  const environment =
    environmentOf(dirname(program)) ?? (interpreter === undefined ? undefined : environmentOf(dirname(interpreter)));
  const folders = new Set([dirname(program)]);
  const variables: { [name: string]: string } = {};
  if (environment !== undefined) {
    folders.add(environment.folder);
    if (environment.base !== undefined) folders.add(environment.base);
  } else if (interpreter !== undefined && /\/python[\d.]*$/.test(interpreter)) {
    const packages = userPackages(dirname(program), interpreter);
    if (packages !== undefined) {
      folders.add(packages);
      variables['PYTHONPATH'] = packages;
    }
  }
  for (const folder of folders) {
    const own = OWN.find((one) => folder === one || folder.startsWith(`${one}/`));
    if (own !== undefined)
      return { refused: `it lies below ${own}, of which a sandbox has its own: install it elsewhere` };
    if (folder === '/' || (home !== undefined && `${home}/`.startsWith(`${folder}/`))) {
      return {
        refused: `its folder ${folder} holds a home, which is not shown to any tool: move it to a folder of its own`,
      };
    }
  }
  return { program, folders: [...folders], variables };
}

/** What a script's first line names, when it is a path. */
function interpreterOf(program: string): string | undefined {
  const buffer = Buffer.alloc(FIRST_LINE_BYTES);
  const file = openSync(program, 'r');
  try {
    const bytes = readSync(file, buffer, 0, buffer.length, 0);
    return /^#!\s*(\/\S+)/.exec(buffer.toString('latin1', 0, bytes))?.[1];
  } finally {
    closeSync(file);
  }
}

type Environment = { readonly folder: string; readonly base: string | undefined };

/** The virtual environment that a `bin` folder belongs to, and the Python that it was made from when that is none of the system's. */
function environmentOf(bin: string): Environment | undefined {
  const folder = dirname(bin);
  const settings = join(folder, 'pyvenv.cfg');
  if (!existsSync(settings)) return undefined;
  const base = /^home\s*=\s*(\/\S.*)$/m.exec(readFileSync(settings, 'utf8'))?.[1]?.trim();
  if (base === undefined || !existsSync(base) || /^\/(?:usr|bin|opt)(?:\/|$)/.test(base))
    return { folder, base: undefined };
  return { folder, base: dirname(realpathSync(base)) };
}

/** Where `pip install --user` puts packages beside the programs. */
function userPackages(bin: string, interpreter: string): string | undefined {
  const version = /python(\d\.\d+)$/.exec(existsSync(interpreter) ? realpathSync(interpreter) : interpreter)?.[1];
  const folder = join(dirname(bin), 'lib', `python${version ?? '3'}`, 'site-packages');
  return version !== undefined && existsSync(folder) ? folder : undefined;
}
