import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileOutcome, Kind } from '../finding/index.ts';

/** The largest file of kept results that is read or written. */
const CACHE_BYTES_MAX = 128 * 1024 * 1024;
/** Contents that are kept of one path: those of the branches that somebody goes between. */
const CONTENTS_MAX = 4;
/** Scans after which a result that none of them used is dropped. */
const GENERATIONS_MAX = 20;
const FORMAT = 'sallyport results 1';

/**
 * Results of earlier scans of one folder, by path and content, for each kind with the settings of its scanner. What is not there,
 * or is broken, is found out again.
 */
export type ResultCache = {
  digestsOf(path: string, kinds: readonly Kind[]): readonly (readonly [digest: string, kinds: readonly Kind[]])[];
  get(path: string, digest: string, kind: Kind): FileOutcome<unknown> | undefined;
  keep(path: string, digest: string, kind: Kind, outcome: FileOutcome<unknown>): void;
  /** Writes what was used and what is young, at once or not at all. A folder that can't be written is no fault. */
  save(): void;
};

/** Outcome as it is written: '' for one without anything. */
type Kept = { readonly text: string; readonly generation: number };

/** `settings`: for each kind what its scanner says of itself. */
export function openCache(file: string, settings: ReadonlyMap<Kind, string>): ResultCache {
  const tags = new Map([...settings].map(([kind, text]) => [kind, `${kind}:${shortDigest(text)}`]));
  const { entries, generation } = read(file);
  let isChanged = false;
  const tagOf = (kind: Kind) => tags.get(kind) ?? kind;
  return {
    digestsOf(path, kinds) {
      const contents = entries.get(path);
      if (contents === undefined) return [];
      return [...contents].map(([digest, kept]) => [digest, kinds.filter((kind) => kept.has(tagOf(kind)))] as const);
    },
    get(path, digest, kind) {
      const text = entries.get(path)?.get(digest)?.get(tagOf(kind))?.text;
      return text === undefined ? undefined : parse(text);
    },
    keep(path, digest, kind, outcome) {
      const contents = entries.get(path) ?? new Map<string, Map<string, Kept>>();
      entries.set(path, contents);
      const kept = contents.get(digest) ?? new Map<string, Kept>();
      // Taken out and put in again: the one that was used last stands last.
      contents.delete(digest);
      contents.set(digest, kept);
      const known = kept.get(tagOf(kind));
      if (known === undefined || known.generation !== generation) isChanged ||= known === undefined;
      // What was put off is looked at later: that says more.
      const isMore = known !== undefined && outcome.isPutOff !== true && parse(known.text)?.isPutOff === true;
      if (isMore) isChanged = true;
      kept.set(tagOf(kind), { text: known === undefined || isMore ? write(outcome) : known.text, generation });
    },
    save() {
      if (isChanged) store(file, entries, generation);
    },
  };
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function write(outcome: FileOutcome<unknown>): string {
  const isEmpty = outcome.matches.length === 0 && outcome.facts === undefined && outcome.gaps === undefined;
  return isEmpty ? '' : JSON.stringify(outcome);
}

function parse(text: string): FileOutcome<unknown> | undefined {
  if (text === '') return { matches: [] };
  // The whole file was compared with its digest: it is what an earlier scan wrote.
  return JSON.parse(text) as FileOutcome<unknown>;
}

type Entries = Map<string, Map<string, Map<string, Kept>>>;

/** Lines of `path, digest, tag, generation, outcome`, under a line with the digest of all of them. */
function read(file: string): { readonly entries: Entries; readonly generation: number } {
  const entries: Entries = new Map();
  const body = bodyOf(file);
  if (body === undefined) return { entries, generation: 1 };
  let last = 0;
  for (const line of body.split('\n')) {
    const [path, digest, tag, generation, text] = line.split('\t');
    if (path === undefined || digest === undefined || tag === undefined || text === undefined) continue;
    const made = Number(generation);
    last = Math.max(last, made);
    const name = path.includes('%') ? decodeURIComponent(path) : path;
    const contents = entries.get(name) ?? new Map<string, Map<string, Kept>>();
    entries.set(name, contents);
    const kept = contents.get(digest) ?? new Map<string, Kept>();
    contents.set(digest, kept);
    kept.set(tag, { text, generation: made });
  }
  return { entries, generation: last + 1 };
}

function bodyOf(file: string): string | undefined {
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > CACHE_BYTES_MAX) return undefined;
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    return text.slice(0, end) === `${FORMAT} ${digestOf(body)}` ? body : undefined;
  } catch {
    // The first scan, or a cache that is broken: all is found out again.
    return undefined;
  }
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url');
}

function store(file: string, entries: Entries, generation: number): void {
  const lines: string[] = [];
  let bytes = 0;
  for (const [path, contents] of entries) {
    const name = /[\t\n\r%]/.test(path) ? encodeURIComponent(path.toWellFormed()) : path;
    for (const [digest, kept] of [...contents].slice(-CONTENTS_MAX)) {
      for (const [tag, { text, generation: made }] of kept) {
        if (generation - made > GENERATIONS_MAX) continue;
        const line = `${name}\t${digest}\t${tag}\t${made}\t${text}`;
        bytes += line.length + 1;
        if (bytes > CACHE_BYTES_MAX / 2) break;
        lines.push(line);
      }
    }
  }
  const body = lines.join('\n');
  const part = `${file}.${randomUUID()}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(part, `${FORMAT} ${digestOf(body)}\n${body}`, { mode: 0o600 });
    renameSync(part, file);
  } catch {
    // Read-only home or a full disk: the next scan takes as long as this one.
    rmSync(part, { force: true });
  }
}
