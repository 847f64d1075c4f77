import { mkdir } from 'node:fs/promises';
import { type Digest, isFault } from '../base/index.ts';
import { contentFolders } from './content.ts';
import { fault } from './faults.ts';
import { ACTION_LIMITS, readPlain } from './open.ts';

/** A commit in a bare repository on this machine. */
export type CommitSource = { readonly gitDir: string; readonly commit: string };

/** The content of the commit of a run, outside every sandbox: for `$/` references and for what local actions must be. */
export type CommitContent = {
  /** A read-only host folder with the whole tree. Faults: `actions/too-large`, `actions/tree-unsafe`. */
  folder(source: CommitSource): Promise<string>;
  /** One small file of the tree, or nothing when it is not there. Never follows links. */
  readText(source: CommitSource, path: string, bytesMax: number): Promise<string | undefined>;
  /** The content digest of one folder of the tree, '' for all of it; nothing when the commit has no such folder. */
  digest(source: CommitSource, path: string): Promise<Digest | undefined>;
};

/** Opens the content-addressed folders of commits. May be shared by processes. */
export async function openCommitContent(options: {
  readonly dir: string;
  readonly git: string;
}): Promise<CommitContent> {
  await mkdir(options.dir, { recursive: true });
  const content = contentFolders(options.dir, options.git, ACTION_LIMITS);
  const known = new Map<string, Promise<Digest>>();

  function digestOfTree(source: CommitSource, tree: string): Promise<Digest> {
    const key = `${source.gitDir}\0${tree}`;
    const found = known.get(key) ?? content.extract(source.gitDir, tree);
    known.set(key, found);
    return found;
  }

  async function folder(source: CommitSource): Promise<string> {
    const digest = await digestOfTree(source, source.commit);
    const found = await content.find(digest);
    if (found !== undefined) return found;
    known.delete(`${source.gitDir}\0${source.commit}`);
    await digestOfTree(source, source.commit);
    const made = await content.find(digest);
    if (made === undefined) throw fault('digest-mismatch', `the content ${digest} could not be kept`);
    return made;
  }

  return {
    folder,
    readText: async (source, path, bytesMax) => readPlain(await folder(source), path, bytesMax),
    async digest(source, path) {
      if (path === '' || path === '.') return digestOfTree(source, source.commit);
      try {
        return await digestOfTree(source, `${source.commit}:${path}`);
      } catch (error) {
        if (isFault(error, 'actions/commit-missing')) return undefined;
        throw error;
      }
    },
  };
}
