import { createHmac } from 'node:crypto';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A cache as systems without trust levels have it: keys alone, shared by all, a bound for all together. */
export class FlatCache {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, string>();

  constructor(entriesMax = Number.POSITIVE_INFINITY) {
    this.#entriesMax = entriesMax;
  }

  /** An existing key is not overwritten; the oldest entries go when there are too many. */
  save(key: string, content: string): boolean {
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, content);
    while (this.#entries.size > this.#entriesMax) this.#entries.delete([...this.#entries.keys()][0] ?? '');
    return true;
  }

  restore(...keys: readonly string[]): string | undefined {
    for (const key of keys) {
      const found = [...this.#entries].findLast(([name]) => name.startsWith(key));
      if (found !== undefined) return found[1];
    }
    return undefined;
  }
}

/** Unpacks an uncompressed zip as a naive tool does: every name, every mode, over what is there. */
export async function naiveUnzip(zip: Buffer, folder: string): Promise<void> {
  for (let at = zip.indexOf('PK\u0001\u0002'); at >= 0; at = zip.indexOf('PK\u0001\u0002', at + 4)) {
    const nameBytes = zip.readUInt16LE(at + 28);
    const mode = zip.readUInt32LE(at + 38) >>> 16;
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    const start = local + 30 + zip.readUInt16LE(local + 26);
    const content = zip.subarray(start, start + zip.readUInt32LE(at + 24));
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if ((mode & 0o170000) === 0o120000) await symlink(content.toString(), path);
    else {
      await writeFile(path, content);
      await chmod(path, mode & 0o777);
    }
  }
}

/** An address that is signed for its path, and for nothing else: any method, for ever. */
export function naiveSign(path: string): string {
  return `${path}?sig=${createHmac('sha256', 'key').update(path).digest('hex')}`;
}

export function naiveIsSigned(url: URL): boolean {
  return naiveSign(url.pathname) === `${url.pathname}${url.search}`;
}
