import type { CommitFiles } from '../engine/index.ts';
import type { FilePlace, RepositoryReader } from '../repo/index.ts';
import { fault } from './faults.ts';

/** No file that the engine reads itself is larger. Workflow files have a lower limit of their own. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const WORKFLOW_FILES_MAX = 1000;
const FOLDERS = ['.github/workflows', '.sallyport'];

/** Files of commits of one repository, listed once for each commit. */
export function commitFiles(reader: RepositoryReader): CommitFiles {
  const listed = new Map<string, Promise<ReadonlyMap<string, FilePlace>>>();
  const list = (commit: string, folders: readonly string[]): Promise<ReadonlyMap<string, FilePlace>> => {
    const key = `${commit} ${folders.join(' ')}`;
    const known =
      listed.get(key) ??
      reader.listFiles(commit, folders).then((files) => new Map(files.map((file) => [file.path, file] as const)));
    listed.set(key, known);
    return known;
  };
  return {
    async readText(commit, path) {
      const parts = path.split('/');
      if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
      const isUsual = FOLDERS.some((folder) => path.startsWith(`${folder}/`));
      const file = (await list(commit, isUsual ? FOLDERS : [path])).get(path);
      if (file === undefined || !/^100(?:644|755)$/.test(file.mode)) return undefined;
      if (file.bytes > FILE_BYTES_MAX) throw fault('workflow-invalid', `${path} has ${file.bytes} bytes`);
      return (await reader.readBlob(file.oid, FILE_BYTES_MAX)).toString('utf8');
    },
    async listWorkflows(commit) {
      const files = await list(commit, FOLDERS);
      const paths = [...files.keys()].filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
      if (paths.length > WORKFLOW_FILES_MAX) {
        throw fault('workflow-invalid', `there are more than ${WORKFLOW_FILES_MAX} workflow files`);
      }
      return paths.sort();
    },
    async resolve(names) {
      const found = await Promise.all(names.map(async (name) => [name, await reader.resolve(name)] as const));
      return Object.fromEntries(found.flatMap(([name, oid]) => (oid === undefined ? [] : [[name, oid]])));
    },
    async changedPaths(base, commit) {
      const merge = await reader.mergeBase(base, commit);
      return merge === undefined ? undefined : (await reader.changedPaths(merge, commit)).map(({ path }) => path);
    },
  };
}
