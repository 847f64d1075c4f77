import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { Refusal } from './program.ts';

/** Files and folders that one archive may take in. */
export const SOURCE_ENTRIES_MAX = 1_000_000;
/** Bytes of all files together, before they are compressed. A sparse file counts in full: it has to be read. */
export const SOURCE_BYTES_MAX = 32 * 1024 ** 3;
/** The longest path that the kernel takes. A job can nest folders deeper than that by going down step by step. */
export const PATH_BYTES_MAX = 4095;

/** Counts what is to be read, so that too much is refused before hours were spent on it. */
export class Measure {
  readonly #what: string;
  readonly #bytesMax: number;
  readonly #entriesMax: number;
  #bytes = 0;
  #entries = 0;

  constructor(what: string, limits: { readonly bytesMax?: number; readonly entriesMax?: number } = {}) {
    this.#what = what;
    this.#bytesMax = limits.bytesMax ?? SOURCE_BYTES_MAX;
    this.#entriesMax = limits.entriesMax ?? SOURCE_ENTRIES_MAX;
  }

  add(path: string, bytes: number): void {
    this.#entries += 1;
    this.#bytes += bytes;
    if (this.#entries > this.#entriesMax) {
      throw new Refusal(
        `${this.#what}: more than ${this.#entriesMax} files and folders. Name fewer; ${shown(path)} is over`,
      );
    }
    if (this.#bytes > this.#bytesMax) {
      const most = `more than ${this.#bytesMax} bytes before compression`;
      throw new Refusal(`${this.#what}: ${most}. Name less; with ${shown(path)} (${bytes} bytes) it is over`);
    }
  }

  /** Adds all below a path, links as links. */
  addTree(path: string): void {
    const pending = [path];
    for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
      refuseDeep(here);
      const stats = lstatSync(here, { throwIfNoEntry: false });
      if (stats === undefined) continue;
      this.add(here, stats.isFile() ? stats.size : 0);
      if (!stats.isDirectory()) continue;
      for (const entry of readdirSync(here, { withFileTypes: true })) pending.push(below(here, entry));
    }
  }
}

function below(folder: string, { name }: Dirent): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** A path that no call can take is refused by name, not with the system's word for it. */
export function refuseDeep(path: string): void {
  if (path.length * 3 <= PATH_BYTES_MAX || Buffer.byteLength(path) <= PATH_BYTES_MAX) return;
  throw new Refusal(`folders are nested too deeply: a path has more than ${PATH_BYTES_MAX} bytes: ${shown(path)}`);
}

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
