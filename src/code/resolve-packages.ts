import type { ModuleFile, ModuleName } from './resolve.ts';

/** Files of the tree by the name of the file and by the folder that they are in. */
type Index = {
  readonly byName: ReadonlyMap<string, readonly string[]>;
  readonly byFolder: ReadonlyMap<string, readonly string[]>;
  /** Folders by their last name. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
};

const indexes = new WeakMap<ReadonlySet<string>, Index>();

/** The most files that one name may mean. */
const FILES_MAX = 64;

/** `com.acme.store` and `Users` mean `com/acme/store/Users.java`, wherever the sources begin. */
export function resolveJava(files: ReadonlySet<string>, { from, module, path }: ModuleName): readonly ModuleFile[] {
  const index = indexOf(files);
  const found: ModuleFile[] = [];
  for (const one of module.split('|')) {
    const names = one === '' ? [] : one.split('.');
    const [first] = path;
    if (first !== undefined) {
      for (const file of index.byName.get(`${first}.java`) ?? []) {
        const folder = folderOf(file);
        // Neighbours are of one package, whatever the folders are called.
        const isMeant = folder === folderOf(from) || (one !== '' && endsWithPath(folder, names.join('/')));
        if (isMeant) found.push({ file, rest: path });
      }
    }
    // A class in a class, or a member that is imported as such: the file is called after the class.
    const owner = names.at(-1) ?? '';
    if (!/^[A-Z]/.test(owner)) continue;
    for (const file of index.byName.get(`${owner}.java`) ?? []) {
      if (!endsWithPath(folderOf(file), names.slice(0, -1).join('/'))) continue;
      found.push({ file, rest: path }, { file, rest: [owner, ...path] });
    }
  }
  return found.slice(0, FILES_MAX);
}

/** A package of Go is a folder; `.` is the folder of the file itself. */
export function resolveGo(files: ReadonlySet<string>, { from, module, path }: ModuleName): readonly ModuleFile[] {
  const index = indexOf(files);
  if (module === '.') return filesOf(index, folderOf(from), path);
  const names = module.split('/');
  // Where the module begins is not known: the longest end of the path that is a folder of the tree is meant.
  const folders = index.folders.get(names.at(-1) ?? '') ?? [];
  let best: string | undefined;
  let length = 0;
  for (const folder of folders) {
    const common = commonEnd(folder.split('/'), names);
    if (common > length) {
      best = folder;
      length = common;
    }
  }
  return best === undefined || (length < 2 && names.length > 2 && best.includes('/')) ? [] : filesOf(index, best, path);
}

function filesOf(index: Index, folder: string, path: readonly string[]): readonly ModuleFile[] {
  const files = (index.byFolder.get(folder) ?? []).filter((file) => !file.endsWith('_test.go'));
  return files.slice(0, FILES_MAX).map((file) => ({ file, rest: path }));
}

function commonEnd(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  return length;
}

function endsWithPath(folder: string, path: string): boolean {
  return path === '' || folder === path || folder.endsWith(`/${path}`);
}

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}

function indexOf(files: ReadonlySet<string>): Index {
  const known = indexes.get(files);
  if (known !== undefined) return known;
  const byName = new Map<string, string[]>();
  const byFolder = new Map<string, string[]>();
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = folderOf(file);
    if (file.endsWith('.java')) add(byName, file.slice(folder === '' ? 0 : folder.length + 1), file);
    else if (file.endsWith('.go')) {
      if (!byFolder.has(folder)) add(folders, folder.split('/').at(-1) ?? '', folder);
      add(byFolder, folder, file);
    }
  }
  const index = { byName, byFolder, folders };
  indexes.set(files, index);
  return index;
}

function add(into: Map<string, string[]>, key: string, value: string): void {
  const known = into.get(key);
  if (known === undefined) into.set(key, [value]);
  else known.push(value);
}
