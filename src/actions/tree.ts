import { createHash } from 'node:crypto';
import { excerpt } from '../base/index.ts';
import type { Digest } from '../base/index.ts';
import { fault } from './faults.ts';

/** One file or symbolic link of a tree. */
export type TreeFile = {
  readonly mode: '100644' | '100755' | '120000';
  readonly path: string;
  readonly oid: string;
  readonly bytes: number;
};

export type TreeLimits = {
  /** Files and links of one action's repository. */
  readonly entriesMax: number;
  /** Bytes of all of them. */
  readonly bytesMax: number;
  /** Bytes of one; it is held in memory while it is written. */
  readonly fileBytesMax: number;
};

const PATH_BYTES_MAX = 1024;
const PATH_DEPTH_MAX = 64;
/** Links that follow one another, as the kernel counts them. */
const LINK_HOPS_MAX = 40;
export const LINK_BYTES_MAX = 4096;

/** Reads the output of `git ls-tree -r -z -l --full-tree`, and refuses every path that a hostile tree could use. */
export function readTreeListing(listing: Buffer, limits: TreeLimits): readonly TreeFile[] {
  const files: TreeFile[] = [];
  let total = 0;
  let start = 0;
  while (start < listing.length) {
    const end = listing.indexOf(0, start);
    if (end < 0) throw fault('git-failed', 'the listing of the tree ends in the middle of an entry');
    const file = readEntry(listing.subarray(start, end));
    total += file.bytes;
    files.push(file);
    if (files.length > limits.entriesMax) throw fault('too-large', `the tree has more than ${limits.entriesMax} files`);
    if (file.bytes > limits.fileBytesMax) {
      throw fault(
        'too-large',
        `${JSON.stringify(file.path)} has ${file.bytes} bytes, more than ${limits.fileBytesMax}`,
      );
    }
    if (total > limits.bytesMax) throw fault('too-large', `the tree has more than ${limits.bytesMax} bytes`);
    start = end + 1;
  }
  checkShape(files);
  return files;
}

function readEntry(entry: Buffer): TreeFile {
  const tab = entry.indexOf(9);
  const [mode = '', kind = '', oid = '', size = ''] = entry.subarray(0, tab).toString('latin1').split(/ +/);
  const path = readPath(entry.subarray(tab + 1));
  if (kind === 'commit' || mode === '160000') {
    throw fault('submodule-refused', `${JSON.stringify(path)} is a submodule`);
  }
  if (kind !== 'blob' || (mode !== '100644' && mode !== '100755' && mode !== '120000')) {
    throw fault('tree-unsafe', `${JSON.stringify(path)} has the mode ${mode}`);
  }
  const bytes = Number(size);
  if (!Number.isSafeInteger(bytes))
    throw fault('commit-missing', `the content of ${JSON.stringify(path)} is not there`);
  return { mode, path, oid, bytes };
}

function readPath(bytes: Buffer): string {
  const path = bytes.toString('utf8');
  const name = JSON.stringify(excerpt(path));
  if (bytes.length > PATH_BYTES_MAX)
    throw fault('tree-unsafe', `the path ${name} is longer than ${PATH_BYTES_MAX} bytes`);
  if (!Buffer.from(path, 'utf8').equals(bytes)) throw fault('tree-unsafe', `the path ${name} is not UTF-8`);
  const parts = path.split('/');
  if (parts.length > PATH_DEPTH_MAX) throw fault('tree-unsafe', `the path ${name} is more than ${PATH_DEPTH_MAX} deep`);
  if (parts.some(isBadPart)) throw fault('tree-unsafe', `the path ${name} is not safe to write`);
  return path;
}

/** `.git` in every spelling that some file system takes for it, and what is not a plain name. */
function isBadPart(part: string): boolean {
  const plain = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').toLowerCase();
  return (
    part === '' ||
    part === '.' ||
    part === '..' ||
    /^\.git(?:[ .]*|:.*)$/.test(plain) ||
    /^git~\d+$/.test(plain) ||
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f\\]/.test(part)
  );
}

/** No path twice, and nothing below a file or a link: else writing would follow a link of the tree itself. */
function checkShape(files: readonly TreeFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw fault('tree-unsafe', `the path ${JSON.stringify(path)} is there twice`);
    paths.add(path);
  }
  for (const { path } of files) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (paths.has(path.slice(0, slash))) {
        throw fault('tree-unsafe', `${JSON.stringify(path)} lies below a file or link`);
      }
    }
  }
}

/**
 * Refuses links that leave the tree, also by way of other links: each step is walked as the kernel would walk it.
 * `links` maps the path of each link to its target.
 */
export function checkLinks(links: ReadonlyMap<string, string>): void {
  for (const path of links.keys()) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')).split('/') : [];
    walkLink(path, folder, links);
  }
}

function walkLink(path: string, folder: readonly string[], links: ReadonlyMap<string, string>): void {
  const refuse = (why: string) => fault('tree-unsafe', `the link ${JSON.stringify(path)} ${why}`);
  const target = links.get(path) ?? '';
  if (target === '' || target.includes('\0')) throw refuse('has no target');
  const here = [...folder];
  let pending = partsOf(target, refuse);
  let hops = 1;
  while (pending.length > 0) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (here.pop() === undefined) throw refuse('leaves the repository');
      continue;
    }
    if (part.toLowerCase() === '.git') throw refuse('leads to .git');
    here.push(part);
    const next = links.get(here.join('/'));
    if (next === undefined) continue;
    hops += 1;
    if (hops > LINK_HOPS_MAX) throw refuse('goes round in circles');
    here.pop();
    pending = [...partsOf(next, refuse), ...rest];
  }
}

function partsOf(target: string, refuse: (why: string) => Error): string[] {
  if (target.startsWith('/')) throw refuse('is absolute');
  return target.split('/');
}

/**
 * The content digest: SHA-256 over the sorted list of `mode SP path NUL sha256-of-bytes LF`, the hash in lower-case
 * hexadecimal digits, the lines sorted by their bytes. A link's bytes are its target.
 */
export function contentDigest(
  files: readonly { readonly mode: string; readonly path: string; readonly sha256: string }[],
): Digest {
  const lines = files.map((file) => Buffer.from(`${file.mode} ${file.path}\0${file.sha256}\n`, 'utf8'));
  lines.sort((a, b) => a.compare(b));
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return `sha256:${hash.digest('hex')}`;
}
