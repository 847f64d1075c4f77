import { fault } from './faults.ts';
import type { Git } from './git.ts';

/** No file of a commit that the engine reads itself is larger. Workflow files have a lower limit of their own. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Workflow files of one repository. */
export const WORKFLOW_FILES_MAX = 1000;

/** Files of commits, read by git out of our own bare repository: never from the work tree. */
export type CommitFiles = {
  /** The text of a file, or nothing when it is not there or no regular file. */
  readText(commit: string, path: string): Promise<string | undefined>;
  /** Paths of workflow files, sorted. */
  listWorkflows(commit: string): Promise<readonly string[]>;
  /** Which of these names stand for commits that are here. */
  resolve(names: readonly string[]): Promise<{ readonly [name: string]: string }>;
  /** Paths that differ between the place where `commit` left `base` and `commit`. */
  changedPaths(base: string, commit: string): Promise<readonly string[] | undefined>;
};

/** What nearly every run asks for: listed by one command. */
const USUAL = ['.github/workflows', '.sallyport'] as const;

type Entry = { readonly isRegular: boolean; readonly blob: string; readonly bytes: number };

export function openCommitFiles(gitDir: string, git: Git): CommitFiles {
  const options = { cwd: gitDir, env: { GIT_DIR: gitDir } };
  const usual = new Map<string, Promise<ReadonlyMap<string, Entry>>>();
  const list = async (args: readonly string[]): Promise<ReadonlyMap<string, Entry>> => {
    const { stdout } = await git(['ls-tree', '--long', '-z', ...args], {
      ...options,
      accept: [128],
    });
    const entries = new Map<string, Entry>();
    for (const line of stdout.split('\0')) {
      const [, mode = '', blob = '', bytes = '', path = ''] =
        /^(\d{6}) [a-z]+ ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(line) ?? [];
      if (path !== '') entries.set(path, { isRegular: /^100(?:644|755)$/.test(mode), blob, bytes: Number(bytes) });
    }
    return entries;
  };
  const listUsual = (commit: string): Promise<ReadonlyMap<string, Entry>> => {
    const known = usual.get(commit) ?? list(['-r', commit, '--', ...USUAL]);
    usual.set(commit, known);
    return known;
  };
  return {
    async readText(commit, path) {
      if (!isPath(path)) return undefined;
      const isUsual = USUAL.some((folder) => path.startsWith(`${folder}/`));
      const entry = (await (isUsual ? listUsual(commit) : list([commit, '--', path]))).get(path);
      if (entry?.isRegular !== true) return undefined;
      if (entry.bytes > FILE_BYTES_MAX) throw fault('snapshot-too-large', `${path} has ${entry.bytes} bytes`);
      return (await git(['cat-file', 'blob', entry.blob], options)).stdout;
    },
    async listWorkflows(commit) {
      const listed = await listUsual(commit);
      const paths = [...listed.keys()].filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
      if (paths.length > WORKFLOW_FILES_MAX) {
        throw fault('snapshot-too-large', `there are more than ${WORKFLOW_FILES_MAX} workflow files`);
      }
      return paths.sort();
    },
    async resolve(names) {
      const found: Record<string, string> = {};
      await Promise.all(
        names.map(async (name) => {
          const answer = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], {
            ...options,
            accept: [1, 128],
          });
          if (answer.code === 0) found[name] = answer.stdout.trim();
        }),
      );
      return found;
    },
    async changedPaths(base, commit) {
      const merge = await git(['merge-base', base, commit], { ...options, accept: [1, 128] });
      if (merge.code !== 0) return undefined;
      const diff = await git(
        ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-ext-diff', merge.stdout.trim(), commit],
        { ...options, accept: [128] },
      );
      return diff.code === 0 ? diff.stdout.split('\0').filter((path) => path !== '') : undefined;
    },
  };
}

/** A path inside the tree: git must not read it as a pattern or an option. */
function isPath(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.startsWith(':') && !path.split('/').includes('..');
}
