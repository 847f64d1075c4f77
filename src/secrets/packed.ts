import { isUtf8 } from 'node:buffer';
import { type Match, viewOf } from '../finding/index.ts';
import { ARCHIVE_DEPTH_MAX, type ArchiveKind, archiveKindOf, sealedKindOf, unpack } from './archive.ts';
import { contentOf } from './encoding.ts';
import { isMediaName, sortOf } from './file-sort.ts';
import { matchesOf, type Setup, wholeOf } from './found.ts';
import { search } from './search.ts';

export type PackedOutcome = { readonly matches: readonly Match[]; readonly left: readonly string[] };

type PackedPlace = {
  /** Of the file in the tree. */
  readonly path: string;
  /** The way to the archive inside it; empty: the file itself. */
  readonly inner: string;
  readonly depth: number;
  readonly budget: { bytes: number };
};

/** Searches what is packed in an archive, and in those that it holds. */
export function scanArchive(setup: Setup, bytes: Buffer, kind: ArchiveKind, at: PackedPlace): PackedOutcome {
  const { entries, left } = unpack(bytes, kind, at.budget);
  const matches: Match[] = [];
  const reasons = left.map((reason) => (at.inner === '' ? reason : `${at.inner}: ${reason}`));
  for (const entry of entries) {
    const inner = [at.inner, entry.path].filter((part) => part !== '').join('!');
    const deeper = archiveKindOf(entry.bytes, entry.path);
    const sealed = sealedKindOf(entry.bytes);
    if (deeper !== undefined && at.depth < ARCHIVE_DEPTH_MAX) {
      const outcome = scanArchive(setup, entry.bytes, deeper, { ...at, inner, depth: at.depth + 1 });
      matches.push(...outcome.matches);
      reasons.push(...outcome.left);
    } else if (deeper !== undefined) reasons.push(`${inner} lies deeper than ${ARCHIVE_DEPTH_MAX} archives`);
    else if (sealed !== undefined) reasons.push(`${inner} is packed by ${sealed}, which is not opened`);
    else matches.push(...scanEntry(setup, entry.bytes, inner, at));
  }
  return { matches, left: reasons };
}

function scanEntry(setup: Setup, bytes: Buffer, inner: string, at: PackedPlace): readonly Match[] {
  const name = inner === '' ? at.path.replace(/\.(?:gz|zst|br)$/, '') : inner.slice(inner.lastIndexOf('!') + 1);
  const content = contentOf(bytes);
  if (content.kind === 'binary' || (isMediaName(name) && !isUtf8(bytes))) return [];
  const text = content.kind === 'wide' ? content.text : content.kind === 'utf8' ? bytes : bytes.toString('latin1');
  const view = viewOf(name, text);
  const source = { path: name };
  const found = search(setup.rules, Buffer.from(view.bytes), () => view.text, {
    source,
    sort: { ...sortOf(name), isSample: sortOf(at.path).isSample || sortOf(name).isSample },
    heedsMarks: setup.heedsMarks,
  });
  const made = matchesOf(setup, view, found, {
    source,
    options: { lineOf: (line) => line, isFile: true, inner: inner === '' ? 'packed' : inner },
  });
  return made.map((match) => ({
    ...match,
    message: `${match.message} It is at line ${match.place.line} of ${inner === '' ? 'the packed file' : inner}.`,
    place: wholeOf(at.path),
  }));
}
