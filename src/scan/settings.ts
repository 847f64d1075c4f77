import type { Tree, TreeEntry } from '../source/index.ts';

/** The largest file of settings that is read. */
const SETTINGS_BYTES_MAX = 4 * 1024 * 1024;

/** A text that somebody named on the command line, with its name for messages. */
export type NamedText = { readonly file: string; readonly text: string };

/** What was asked for on the command line, for scanners. All of it is plain data. */
export type ScannerOptions = {
  /** `--secrets-config FILE` */
  readonly secretsConfig?: NamedText;
  /** The files of `--rules DIR`. */
  readonly rules?: readonly NamedText[];
  /** `--allow-missing advisories` */
  readonly allowMissing?: readonly string[];
};

/** Where settings come from: the tree that may decide, which in gate mode is the base, and the command line. */
export type SettingsSource = {
  /** The text of a file, or nothing when there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Texts of the files below a folder, sorted by path. */
  readFolder(prefix: string): Promise<readonly NamedText[]>;
  /** Whether what the tree itself says may make a scan more lenient: not in gate mode. */
  readonly trustsTree: boolean;
  readonly options: ScannerOptions;
};

/** Reads texts of a tree by their paths. */
export function textReader(tree: Tree): (path: string) => Promise<string | undefined> {
  let index: Promise<ReadonlyMap<string, TreeEntry>> | undefined;
  return async (path) => {
    index ??= tree.list().then((list) => new Map(list.map((entry) => [entry.path, entry])));
    const entry = (await index).get(path);
    if (entry === undefined || entry.kind !== 'file') return undefined;
    const reading = await tree.read(entry);
    return reading.ok ? decoder.decode(reading.bytes) : undefined;
  };
}

/** As scanners see it: a byte order mark stays, so that offsets fit. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function settingsSource(
  tree: Tree,
  { trustsTree, options }: { readonly trustsTree: boolean; readonly options: ScannerOptions },
): SettingsSource {
  let index: Promise<ReadonlyMap<string, TreeEntry>> | undefined;
  const entries = () => {
    index ??= tree.list().then((list) => new Map(list.map((entry) => [entry.path, entry])));
    return index;
  };
  const readText = async (path: string) => {
    const entry = (await entries()).get(path);
    if (entry === undefined || entry.kind !== 'file' || entry.bytes > SETTINGS_BYTES_MAX) return undefined;
    const reading = await tree.read(entry);
    return reading.ok ? new TextDecoder().decode(reading.bytes) : undefined;
  };
  return {
    readText,
    async readFolder(prefix) {
      const found: NamedText[] = [];
      for (const path of (await entries()).keys()) {
        const text = path.startsWith(prefix) ? await readText(path) : undefined;
        if (text !== undefined) found.push({ file: path, text });
      }
      return found;
    },
    trustsTree,
    options,
  };
}
