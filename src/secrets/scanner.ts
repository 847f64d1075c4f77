import { isUtf8 } from 'node:buffer';
import { digestOfValue } from '../base/index.ts';
import {
  type FileOutcome,
  type FileView,
  type Gap,
  type Match,
  type RulePack,
  type Scanner,
  viewOf,
} from '../finding/index.ts';
import { isSourceAllowed, type Source } from './allowlist.ts';
import { ARCHIVE_DEPTH_MAX, type ArchiveKind, archiveKindOf, unpack, UNPACKED_BYTES_MAX } from './archive.ts';
import { digestOfSecret } from './checks.ts';
import type { SecretRule } from './compile.ts';
import type { SecretsConfig } from './config.ts';
import { entropyOf } from './entropy.ts';
import { sortOf } from './file-sort.ts';
import { fixOf } from './fix.ts';
import { type IgnoreSettings, readIgnores } from './ignore.ts';
import { evidenceOf, redacted } from './redact.ts';
import type { RuleMatch } from './rule-schema.ts';
import { rulesOf, ruleSetOf } from './rule-set.ts';
import { type Located, search } from './search.ts';

/** The largest file that is searched, in bytes. Larger ones are told as gaps. */
export const SECRETS_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** How far into a file a zero byte tells that it is no text. Bytes. */
const HEAD_BYTES = 8_000;

/** Hits before and after one that are redacted in its evidence. */
const NEIGHBOURS = 20;

/** Pictures, sound, fonts, programs: looked at by their name only. Archives and stores of keys are not among them. */
const NO_TEXT =
  /\.(?:png|jpe?g|gif|webp|bmp|ico|icns|tiff?|psd|avif|heic|mp[34]|m4[av]|mov|avi|mkv|webm|wav|flac|ogg|woff2?|ttf|otf|eot|exe|dll|so|dylib|a|o|obj|lib|class|pyc|pyo|wasm|node|pdb|pdf|xz|bz2|zst|7z|rar|lz4|br|parquet|npy|npz|h5|onnx|pt|safetensors|gguf)$/i;

export type SecretsSettings = {
  /** What `loadConfig` gave; nothing for the rules that come with the scanner. */
  readonly config?: SecretsConfig;
  /** The texts of `.gitleaksignore` and of a baseline. */
  readonly ignore?: IgnoreSettings;
  /** Whether archives are opened. */
  readonly archives?: boolean;
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
  /** Searches the lines that a commit added. Places are those in the file after the commit; fixes are none. */
  scanAdded(added: AddedLines): FileOutcome<undefined>;
};

/** A scanner of one pack with settings. Throws the faults of a configuration or a baseline that cannot be used. */
export function createScanner(pack: RulePack<RuleMatch>, settings: SecretsSettings): SecretsScanner {
  const rules = ruleSetOf(pack, settings.config);
  const isIgnored = readIgnores(settings.ignore ?? {});
  const pathRules = rules.rules.filter(
    ({ finder, path, isSilent }) => finder === undefined && path !== undefined && !isSilent,
  );
  const opensArchives = settings.archives ?? true;

  const matchesOf = (
    view: FileView,
    found: readonly Located[],
    source: Source,
    options: { readonly lineOf: (line: number) => number; readonly isFile: boolean; readonly inner?: string },
  ): Match[] =>
    found.flatMap((hit, index) => {
      const place = view.placeAt(hit.start, hit.end);
      const line = options.lineOf(place.line);
      const question = { file: view.path, rules: namesOf(hit.rule), line, secret: hit.secret };
      if (isIgnored({ ...question, ...(source.commit === undefined ? {} : { commit: source.commit.sha }) })) return [];
      // Those on the same line are among the neighbours: hits come in the order of the text.
      const others = found
        .slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS)
        .filter((other) => other !== hit && other.layer === undefined);
      return [
        {
          rule: hit.rule.rule.id,
          place: { ...place, line, endLine: options.lineOf(place.endLine) },
          message: messageOf(hit, options.inner),
          evidence:
            hit.layer === undefined ? evidenceOf(view.text, hit, others) : evidenceOf(hit.layer.text, hit.layer, []),
          ...(options.inner === undefined ? {} : { scope: options.inner }),
          identity: identityOf(hit),
          confidence: hit.confidence,
          fix: fixOf(hit, view, options.isFile && hit.layer === undefined && options.inner === undefined),
        },
      ];
    });

  const ofPath = (path: string, source: Source): Match[] =>
    isSourceAllowed(rules.allowlists, source)
      ? []
      : pathRules
          .filter((rule) => rule.path?.(path) === true && !isSourceAllowed(rule.allowlists, source))
          .filter((rule) => !isIgnored({ file: path, rules: namesOf(rule), line: 0, secret: '' }))
          .map((rule) => ({
            rule: rule.rule.id,
            place: { file: path, line: 1, column: 1, endLine: 1, endColumn: 1 },
            message: `${rule.rule.title}: the file by its name.`,
            evidence: path,
            confidence: rule.rule.confidence,
            fix: {
              kind: 'none',
              reason: 'The file itself is the secret: take it out of the repository and ignore it.',
              followUp: rule.rotate.trim(),
            },
          }));

  const scanBytes = (file: FileView, bytes: Buffer, source: Source): FileOutcome<undefined> => {
    const utf16 = utf16Of(bytes);
    const view = utf16 === undefined ? file : viewOf(file.path, utf16);
    if (utf16 === undefined && isBinary(bytes)) return { matches: [] };
    const body = utf16 === undefined ? bytes : Buffer.from(utf16);
    const sort = sortOf(file.path);
    if (utf16 !== undefined || isUtf8(bytes)) {
      const found = search(rules, body, () => view.text, { source, sort });
      return { matches: matchesOf(view, found, source, { lineOf: (line) => line, isFile: utf16 === undefined }) };
    }
    // Other encodings: as Latin-1, in which every byte is one character; lines and columns are the same for ASCII.
    const latin = viewOf(file.path, bytes.toString('latin1'));
    const found = search(rules, bytes, () => latin.text, { source, sort });
    return { matches: matchesOf(latin, found, source, { lineOf: (line) => line, isFile: false }) };
  };

  const scanArchive = (
    bytes: Buffer,
    kind: ArchiveKind,
    at: { readonly path: string; readonly inner: string; readonly depth: number; readonly budget: { bytes: number } },
  ): { matches: Match[]; left: string[] } => {
    const { entries, left } = unpack(bytes, kind, at.budget);
    const matches: Match[] = [];
    const reasons = left.map((reason) => (at.inner === '' ? reason : `${at.inner}: ${reason}`));
    for (const entry of entries) {
      const inner = [at.inner, entry.path].filter((part) => part !== '').join('!');
      const deeper = archiveKindOf(entry.bytes);
      if (deeper !== undefined && at.depth < ARCHIVE_DEPTH_MAX) {
        const outcome = scanArchive(entry.bytes, deeper, { ...at, inner, depth: at.depth + 1 });
        matches.push(...outcome.matches);
        reasons.push(...outcome.left);
        continue;
      }
      if (deeper !== undefined) reasons.push(`${inner} lies deeper than ${ARCHIVE_DEPTH_MAX} archives`);
      if (deeper !== undefined || NO_TEXT.test(entry.path) || isBinary(entry.bytes)) continue;
      const name = inner === '' ? at.path.replace(/\.gz$/, '') : inner.slice(inner.lastIndexOf('!') + 1);
      const view = viewOf(name, isUtf8(entry.bytes) ? entry.bytes : entry.bytes.toString('latin1'));
      const source = { path: name };
      const found = search(rules, Buffer.from(view.bytes), () => view.text, { source, sort: sortOf(name) });
      const made = matchesOf(view, found, source, {
        lineOf: (line) => line,
        isFile: true,
        inner: inner === '' ? 'packed' : inner,
      });
      const whole = { file: at.path, line: 1, column: 1, endLine: 1, endColumn: 1 };
      matches.push(
        ...made.map((match) => ({
          ...match,
          message: `${match.message} It is at line ${match.place.line} of ${inner === '' ? 'the packed file' : inner}.`,
          place: whole,
        })),
      );
    }
    return { matches, left: reasons };
  };

  return {
    kind: 'secrets',
    rules: rulesOf(rules),
    settings: digestOfValue({ pack: pack.digest, settings: JSON.stringify(settings) }),
    wants: (path, bytes) => bytes > 0 && (!NO_TEXT.test(path) || pathRules.some((rule) => rule.path?.(path) === true)),
    scanFile(file) {
      const source = { path: file.path };
      const named = ofPath(file.path, source);
      if (NO_TEXT.test(file.path)) return { matches: named };
      if (file.bytes.length > SECRETS_FILE_BYTES_MAX) return { matches: named, gaps: [tooLarge(file)] };
      const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
      const kind = archiveKindOf(bytes);
      if (kind !== undefined && !isSourceAllowed(rules.allowlists, source)) {
        if (!opensArchives) return { matches: named };
        const { matches, left } = scanArchive(bytes, kind, {
          path: file.path,
          inner: '',
          depth: 1,
          budget: { bytes: UNPACKED_BYTES_MAX },
        });
        return { matches: [...named, ...matches], ...(left.length === 0 ? {} : { gaps: [archiveGap(file, left)] }) };
      }
      const outcome = scanBytes(file, bytes, source);
      return { ...outcome, matches: [...named, ...outcome.matches] };
    },
    scanAdded(added) {
      const source = { path: added.path, ...(added.commit === undefined ? {} : { commit: added.commit }) };
      const { lines } = added;
      const lineOf =
        typeof lines === 'number'
          ? (line: number) => lines + line - 1
          : (line: number) => lines[line - 1] ?? lines.at(-1) ?? line;
      const view = viewOf(added.path, added.text);
      const found = search(rules, Buffer.from(view.bytes), () => view.text, { source, sort: sortOf(added.path) });
      return { matches: [...ofPath(added.path, source), ...matchesOf(view, found, source, { lineOf, isFile: false })] };
    },
  };
}

/** The id, and what gitleaks calls it: ignore files and baselines were written with that. */
function namesOf(rule: SecretRule): readonly string[] {
  return [
    rule.rule.id,
    ...rule.rule.aliases
      .filter((alias) => /^(?:gitleaks|betterleaks)\//.test(alias))
      .map((alias) => alias.slice(alias.indexOf('/') + 1)),
  ];
}

function messageOf(hit: Located, inner: string | undefined): string {
  const what =
    hit.name === undefined || hit.exactness > 1
      ? hit.rule.rule.title
      : `${hit.rule.rule.title}, assigned to ${hit.name.slice(0, 60)}`;
  const where = hit.layer === undefined ? '' : ' It is encoded here, which hides it from nobody.';
  return `${what}: ${redacted(hit.secret)}.${where}${inner === undefined ? '' : ' It is packed in an archive.'}`;
}

/** What cannot be guessed is told apart by its digest; a password by what it is assigned to, which gives nothing away. */
function identityOf(hit: Located): string {
  const isRandom = hit.exactness >= 2 && hit.secret.length >= 20 && entropyOf(hit.secret) > 3;
  return isRandom ? digestOfSecret(hit.secret) : `${hit.name ?? ''} ${hit.secret.length}`;
}

/** UTF-16 by its mark, or by zero bytes at every other place. The mark becomes a character, as in UTF-8. */
function utf16Of(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le');
  if (first === 0xfe && second === 0xff)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  let even = 0;
  let odd = 0;
  const sample = Math.min(bytes.length, 512) & ~1;
  for (let at = 0; at < sample; at += 2) {
    if (bytes[at] === 0) even += 1;
    if (bytes[at + 1] === 0) odd += 1;
  }
  if (odd > sample * 0.4 && even === 0) return bytes.toString('utf16le');
  if (even > sample * 0.4 && odd === 0)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  return undefined;
}

function isBinary(bytes: Buffer): boolean {
  const at = bytes.indexOf(0);
  return at !== -1 && at < HEAD_BYTES;
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
  };
}
