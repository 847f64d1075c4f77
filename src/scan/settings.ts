import { isUtf8 } from 'node:buffer';
import type { Tree } from '../source/index.ts';

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
  /** Texts of the files whose paths are wanted. */
  readWhere(isWanted: (path: string) => boolean): Promise<readonly NamedText[]>;
  /** Whether what the tree itself says may make a scan more lenient: not in gate mode. */
  readonly trustsTree: boolean;
  readonly options: ScannerOptions;
};

/** Reads texts of a tree by their paths. What is not UTF-8 is no text: written back it would be another file. */
export function textReader(tree: Tree): (path: string) => Promise<string | undefined> {
  return async (path) => {
    const reading = await tree.readPath(path);
    return reading.ok && isUtf8(reading.bytes) ? decoder.decode(reading.bytes) : undefined;
  };
}

/** As scanners see it: a byte order mark stays, so that offsets fit. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function settingsSource(
  tree: Tree,
  { trustsTree, options }: { readonly trustsTree: boolean; readonly options: ScannerOptions },
): SettingsSource {
  const readText = async (path: string) => {
    const reading = await tree.readPath(path);
    if (!reading.ok || reading.bytes.length > SETTINGS_BYTES_MAX) return undefined;
    return new TextDecoder().decode(reading.bytes);
  };
  const readWhere = async (isWanted: (path: string) => boolean) => {
    const found: NamedText[] = [];
    for (const { path } of await tree.list()) {
      const text = isWanted(path) ? await readText(path) : undefined;
      if (text !== undefined) found.push({ file: path, text });
    }
    return found;
  };
  return {
    readText,
    readWhere,
    readFolder: (prefix) => readWhere((path) => path.startsWith(prefix)),
    trustsTree,
    options,
  };
}
