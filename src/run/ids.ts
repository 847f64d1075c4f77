import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** How often a number is tried for while other processes take the same one. */
const TRIES_MAX = 1000;

/** Positive whole numbers that are never given twice, across processes and restarts. */
export type Ids = {
  /** The first of `count` numbers in a row that nobody else gets. */
  take(counter: string, count?: number): Promise<number>;
  /** The number of a name, the same for ever: of a repository, an owner, a user. */
  ofName(kind: string, name: string): Promise<number>;
};

/**
 * Counters as files below `<folder>/ids`. A counter is one file whose name is the last number that was given; taking
 * renames it, which only one process can do: no lock that a killed process could leave behind.
 */
export function openIds(folder: string): Ids {
  const root = join(folder, 'ids');
  const take = async (counter: string, count = 1): Promise<number> => {
    const place = join(root, counter);
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      const last = await lastOf(root, place);
      const renamed = await rename(join(place, String(last)), join(place, String(last + count))).then(
        () => true,
        (thrown: unknown) => {
          if (codeOf(thrown) === 'ENOENT') return false;
          throw fault('state-unusable', `the counter ${place} can't be written`, { cause: thrown });
        },
      );
      if (renamed) return last + 1;
    }
    throw fault('state-unusable', `the counter ${place} changed ${TRIES_MAX} times while a number was taken`);
  };
  const ofName = async (kind: string, name: string): Promise<number> => {
    const folderOfKind = join(root, `of-${kind}`);
    const file = join(folderOfKind, digestOf(name.toLowerCase()).slice('sha256:'.length));
    const known = await readNumber(file);
    if (known !== undefined) return known;
    await mkdir(folderOfKind, { recursive: true, mode: 0o700 });
    const taken = await take(kind);
    // Whoever comes first wins, the other number is lost: numbers may have gaps. The file appears with its number in it, since
    // whoever comes second reads it at once.
    const fresh = join(folderOfKind, `new-${randomUUID()}`);
    try {
      await writeFile(fresh, String(taken), { flag: 'wx', mode: 0o600 });
      await link(fresh, file).catch((thrown: unknown) => {
        if (codeOf(thrown) !== 'EEXIST') throw thrown;
      });
    } catch (thrown) {
      throw fault('state-unusable', `${file} can't be written`, { cause: thrown });
    } finally {
      await rm(fresh, { force: true });
    }
    return (await readNumber(file)) ?? taken;
  };
  return { take, ofName };
}

async function lastOf(root: string, place: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const names = await readdir(place).catch(async (thrown: unknown) => {
      if (codeOf(thrown) !== 'ENOENT') throw fault('state-unusable', `${place} can't be read`, { cause: thrown });
      await createCounter(root, place);
      return ['0'];
    });
    const numbers = names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
    if (numbers.length > 0) return Math.max(...numbers);
  }
  throw fault('state-unusable', `the counter ${place} holds no number`);
}

/** Puts a counter in place whole: renaming onto a folder that has something in it fails, so only one creates it. */
async function createCounter(root: string, place: string): Promise<void> {
  const fresh = join(root, `new-${randomUUID()}`);
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await writeFile(join(fresh, '0'), '', { mode: 0o600 });
    await rename(fresh, place).catch((thrown: unknown) => {
      const code = codeOf(thrown);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
    });
  } catch (thrown) {
    throw fault('state-unusable', `the counter ${place} can't be made`, { cause: thrown });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function readNumber(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
