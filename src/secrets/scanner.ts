import { digestOfValue } from '../base/index.ts';
import { type FileOutcome, type FileView, type Gap, type RulePack, type Scanner, viewOf } from '../finding/index.ts';
import { isSourceAllowed, type Source } from './allowlist.ts';
import { archiveKindOf, sealedKindOf, UNPACKED_BYTES_MAX } from './archive.ts';
import type { SecretsConfig } from './config.ts';
import { contentOf } from './encoding.ts';
import { isMediaName, sortOf } from './file-sort.ts';
import { matchesOf, matchesOfLink, matchesOfPath, type Setup } from './found.ts';
import { type IgnoreSettings, readIgnores } from './ignore.ts';
import { scanArchive } from './packed.ts';
import type { RuleMatch } from './rule-schema.ts';
import { rulesOf, ruleSetOf } from './rule-set.ts';
import { search } from './search.ts';

/** The largest file that is searched, in bytes. Larger ones are told as gaps. */
export const SECRETS_FILE_BYTES_MAX = 64 * 1024 * 1024;

export type SecretsSettings = {
  /** What `loadConfig` gave; nothing for the rules that come with the scanner. */
  readonly config?: SecretsConfig;
  /** The texts of `.gitleaksignore` and of a baseline. */
  readonly ignore?: IgnoreSettings;
  /** Whether archives are opened. */
  readonly archives?: boolean;
  /** Whether a mark on a line (`gitleaks:allow`) allows what stands there: not where the text judges itself. */
  readonly heedsMarks?: boolean;
};

/** Lines of a file as a commit added them. */
export type AddedLines = {
  readonly path: string;
  /** The lines, joined with `\n`. */
  readonly text: string;
  /** The number of each line in the file after the commit; one number when they follow each other from there. */
  readonly lines: number | readonly number[];
  readonly commit?: Source['commit'];
};

export type SecretsScanner = Scanner<undefined> & {
  /** Searches where a symbolic link leads, which nobody follows. */
  scanLink(path: string, target: string): FileOutcome<undefined>;
  /** Searches the lines that a commit added. Places are those in the file after the commit; fixes are none. */
  scanAdded(added: AddedLines): FileOutcome<undefined>;
};

/** A scanner of one pack with settings. Throws the faults of a configuration or a baseline that cannot be used. */
export function createScanner(pack: RulePack<RuleMatch>, settings: SecretsSettings): SecretsScanner {
  const rules = ruleSetOf(pack, settings.config);
  const setup: Setup = {
    rules,
    isIgnored: readIgnores(settings.ignore ?? {}),
    pathRules: rules.rules.filter(
      ({ finder, path, isSilent }) => finder === undefined && path !== undefined && !isSilent,
    ),
    opensArchives: settings.archives ?? true,
    heedsMarks: settings.heedsMarks ?? true,
  };
  return {
    kind: 'secrets',
    rules: rulesOf(rules),
    settings: digestOfValue({ pack: pack.digest, settings: JSON.stringify(settings) }),
    // Pictures, too: what they are is told by their bytes, not by their name. What is empty has a name.
    wants: (path, bytes) =>
      bytes === 0
        ? matchesOfPath(setup, path, { path }).length > 0
        : bytes <= SECRETS_FILE_BYTES_MAX || !isMediaName(path) || setup.pathRules.some((rule) => rule.path?.(path)),
    scanFile: (file) => scanFile(setup, file),
    scanLink: (path, target) => ({ matches: matchesOfLink(setup, path, target) }),
    scanAdded: (added) => scanAdded(setup, added),
  };
}

function scanFile(setup: Setup, file: FileView): FileOutcome<undefined> {
  const source = { path: file.path };
  const named = matchesOfPath(setup, file.path, source);
  if (file.bytes.length > SECRETS_FILE_BYTES_MAX) return { matches: named, gaps: [tooLarge(file)] };
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  if (isSourceAllowed(setup.rules.allowlists, source)) return { matches: named };
  const sealed = sealedKindOf(bytes);
  if (sealed !== undefined) {
    const gaps = [archiveGap(file, [`it is packed by ${sealed}, which is not opened`])];
    return { matches: named, ...(setup.opensArchives ? { gaps } : {}) };
  }
  const kind = archiveKindOf(bytes, file.path);
  if (kind !== undefined) {
    if (!setup.opensArchives) return { matches: named };
    const at = { path: file.path, inner: '', depth: 1, budget: { bytes: UNPACKED_BYTES_MAX } };
    const { matches, left } = scanArchive(setup, bytes, kind, at);
    return { matches: [...named, ...matches], ...(left.length === 0 ? {} : { gaps: [archiveGap(file, left)] }) };
  }
  const outcome = scanBytes(setup, file, bytes, source);
  return { ...outcome, matches: [...named, ...outcome.matches] };
}

function scanBytes(setup: Setup, file: FileView, bytes: Buffer, source: Source): FileOutcome<undefined> {
  const content = contentOf(bytes);
  if (content.kind === 'binary' || (isMediaName(file.path) && content.kind === 'latin1')) return { matches: [] };
  const view =
    content.kind === 'wide'
      ? viewOf(file.path, content.text)
      : // Other encodings as Latin-1, in which every byte is one character: lines and columns are the same for ASCII.
        content.kind === 'latin1'
        ? viewOf(file.path, bytes.toString('latin1'))
        : file;
  const found = search(setup.rules, content.kind === 'wide' ? Buffer.from(content.text) : bytes, () => view.text, {
    source,
    sort: sortOf(file.path),
    heedsMarks: setup.heedsMarks,
  });
  const options = { lineOf: (line: number) => line, isFile: content.kind === 'utf8' };
  return { matches: matchesOf(setup, view, found, { source, options }) };
}

function scanAdded(setup: Setup, added: AddedLines): FileOutcome<undefined> {
  const source = { path: added.path, ...(added.commit === undefined ? {} : { commit: added.commit }) };
  const { lines } = added;
  const lineOf =
    typeof lines === 'number'
      ? (line: number) => lines + line - 1
      : (line: number) => lines[line - 1] ?? lines.at(-1) ?? line;
  const view = viewOf(added.path, added.text);
  const found = search(setup.rules, Buffer.from(view.bytes), () => view.text, {
    source,
    sort: sortOf(added.path),
    heedsMarks: setup.heedsMarks,
  });
  const inText = matchesOf(setup, view, found, { source, options: { lineOf, isFile: false } });
  return { matches: [...matchesOfPath(setup, added.path, source), ...inText] };
}

function tooLarge(file: FileView): Gap {
  return {
    code: 'file-too-large',
    file: file.path,
    reason: `It has ${file.bytes.length} bytes; secrets are looked for in files of at most ${SECRETS_FILE_BYTES_MAX}.`,
    help: 'Leave data of that size out of the repository, or exclude the file.',
  };
}

function archiveGap(file: FileView, left: readonly string[]): Gap {
  return {
    code: 'archive-not-read',
    file: file.path,
    reason: `Not all of the archive was searched: ${left.slice(0, 3).join('; ')}${left.length > 3 ? ` and ${left.length - 3} more` : ''}.`,
    help: 'Look into it yourself and keep it out of the repository, or go on without: --allow-missing archive-not-read.',
  };
}
