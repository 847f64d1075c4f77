import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../base/index.ts';
import { writeWhole } from './drafts.ts';
import type { RepositoryName } from './reference.ts';

/** What is remembered of a commit: its content, and that a branch or tag of its repository reached it. */
export type CommitRecord = { readonly version: 1; readonly digest: Digest; readonly reachedAt: number };

/** Records of commits below `dir/commits/<owner>/<repo>`. A record is there whole or not at all. */
export function commitRecords(dir: string) {
  const pathOf = (name: RepositoryName, commit: string) =>
    join(dir, 'commits', name.owner.toLowerCase(), name.repo.toLowerCase(), `${commit}.json`);
  return {
    async read(name: RepositoryName, commit: string): Promise<CommitRecord | undefined> {
      const text = await readFile(pathOf(name, commit), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : parseRecord(text);
    },
    write: (name: RepositoryName, commit: string, record: CommitRecord): Promise<void> =>
      writeWhole(dir, pathOf(name, commit), `${JSON.stringify(record)}\n`),
  };
}

function parseRecord(text: string): CommitRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { version, digest, reachedAt } = { version: 0, digest: '', reachedAt: 0, ...value };
    return version === 1 && isDigest(digest) ? { version, digest, reachedAt } : undefined;
  } catch {
    // A record of another kind is none: the commit is looked at again.
    return undefined;
  }
}
