import { link, mkdir, mkdtemp, open, readdir, readFile, rm, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { assert, excerpt, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';
import type { Indexed, IdSource, RecordIndex } from './record-index.ts';

/** Largest file of the index. Bytes. */
const RECORD_BYTES_MAX = 16 * 1024;
/** Used ids kept as markers below the highest. A process would have to sleep through so many to reuse one. */
const ID_MARKERS_KEPT = 1_000;
const ID_ATTEMPTS_MAX = 10_000;

/** Records as `<dir>/<partition>/<name>.json`. The modification time of a file is its last use. */
export function fileIndex<Value>(options: {
  readonly dir: string;
  readonly temp: string;
  readonly schema: z.ZodType<Value>;
  readonly now: () => number;
}): RecordIndex<Value> {
  /** Parsed files, by path; a file is read again when its inode or change time differ. */
  const parsed = new Map<string, { readonly mark: string; readonly value: Value }>();
  const pathOf = (partition: string, name: string) => join(options.dir, safeName(partition), `${safeName(name)}.json`);

  async function read(path: string): Promise<{ value: Value; usedAt: number } | undefined> {
    try {
      const info = await stat(path);
      const mark = `${info.ino} ${info.ctimeMs}`;
      const known = parsed.get(path);
      if (known?.mark === mark) return { value: known.value, usedAt: info.mtimeMs };
      if (info.size > RECORD_BYTES_MAX) throw fault('index-broken', `${path} has ${info.size} bytes`);
      const value = parse(path, await readFile(path, 'utf8'), options.schema);
      parsed.set(path, { mark, value });
      return { value, usedAt: info.mtimeMs };
    } catch (error) {
      // Another process removed it between the listing and the look.
      if (!isCode(error, 'ENOENT')) throw error;
      parsed.delete(path);
      return undefined;
    }
  }

  async function partitions(): Promise<readonly string[]> {
    return namesIn(options.dir);
  }

  return {
    async add(partition, name, value) {
      const path = pathOf(partition, name);
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      const own = await mkdtemp(join(options.temp, 'record-'));
      try {
        await writeSynced(join(own, 'record'), `${JSON.stringify(value)}\n`, options.now());
        // A hard link fails when the name is taken; a rename would replace what is there.
        await link(join(own, 'record'), path);
        return true;
      } catch (error) {
        if (isCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },

    async all(partition) {
      const found: Indexed<Value>[] = [];
      for (const each of partition === undefined ? await partitions() : [safeName(partition)]) {
        for (const file of await namesIn(join(options.dir, each))) {
          if (!file.endsWith('.json')) continue;
          const record = await read(join(options.dir, each, file));
          if (record !== undefined) found.push({ partition: each, name: file.slice(0, -5), ...record });
        }
      }
      return found;
    },

    async touch(record) {
      const now = options.now() / 1000;
      await utimes(pathOf(record.partition, record.name), now, now).catch((error: unknown) => ignoreMissing(error));
    },

    async remove(record) {
      const path = pathOf(record.partition, record.name);
      parsed.delete(path);
      return unlink(path).then(
        () => true,
        (error: unknown) => ignoreMissing(error),
      );
    },
  };
}

/** Ids as empty files: making one exclusively takes the id. */
export function fileIds(dir: string): IdSource {
  return {
    async next() {
      const used = (await namesIn(dir)).map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
      const highest = used.reduce((max, id) => Math.max(max, id), 0);
      for (let id = highest + 1; id <= highest + ID_ATTEMPTS_MAX; id += 1) {
        if (!(await take(join(dir, String(id))))) continue;
        for (const old of used) if (old < id - ID_MARKERS_KEPT) await rm(join(dir, String(old)), { force: true });
        return id;
      }
      throw fault('index-broken', `no id is free above ${highest} in ${dir}`);
    },
  };
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function writeSynced(path: string, text: string, now: number): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.utimes(now / 1000, now / 1000);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parse<Value>(path: string, text: string, schema: z.ZodType<Value>): Value {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw fault('index-broken', `${path}: ${excerpt(reasonOf(error))}`, { cause: error });
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch((error: unknown) => {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return [];
    throw error;
  });
}

function safeName(name: string): string {
  assert(/^[0-9a-z]{1,80}$/.test(name), 'a name in the index is a digest or a number');
  return name;
}

function ignoreMissing(error: unknown): false {
  if (isCode(error, 'ENOENT')) return false;
  throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
