import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, parseDigest } from '../base/index.ts';
import { withDraft, writeWhole } from './drafts.ts';
import { fault } from './faults.ts';
import { GIT_FETCH_MS_MAX, type GitOptions, spawnGit, tryGit } from './git.ts';
import { checkLinks, contentDigest, LINK_BYTES_MAX, readTreeListing, type TreeFile, type TreeLimits } from './tree.ts';

/**
 * Content-addressed folders, one for each content digest:
 *
 *     content/<hex>/        the files, 0444 or 0555, folders 0755 so that their owner can remove them
 *     content/<hex>.seal    the fingerprint of all names, modes, sizes, inodes and change times when it was made
 *     .tmp/                 what is being written
 *
 * A folder is used when its fingerprint is still the sealed one: the change time of a file cannot be set back by a
 * program. When it differs (a copied cache, a restored backup) the digest is computed again from the bytes; when that
 * differs too the folder is thrown away and made anew.
 */
export type ContentFolders = {
  /** The folder of the digest, verified, or nothing. */
  find(digest: Digest): Promise<string | undefined>;
  /** Extracts the tree of a commit. Safe against other processes that do the same. */
  extract(gitDir: string, commit: string): Promise<Digest>;
};

export function contentFolders(dir: string, git: string, limits: TreeLimits): ContentFolders {
  const folderOf = (digest: Digest) => join(dir, 'content', parseDigest(digest).slice('sha256:'.length));

  async function find(digest: Digest): Promise<string | undefined> {
    const folder = folderOf(digest);
    const seen = await fingerprint(folder, limits).catch(() => undefined);
    if (seen === undefined) return undefined;
    const sealed = await readFile(`${folder}.seal`, 'utf8').catch(() => '');
    if (sealed === seen) return folder;
    if ((await digestOfFolder(folder, limits).catch(() => undefined)) === digest) {
      await seal(folder, seen);
      return folder;
    }
    await discard(folder);
    return undefined;
  }

  const seal = (folder: string, text: string) => writeWhole(dir, `${folder}.seal`, text);

  async function discard(folder: string): Promise<void> {
    // Another process may have thrown it away already.
    await withDraft(dir, (draft) => rename(folder, join(draft, 'trash')).catch(() => {}));
  }

  async function extract(gitDir: string, commit: string): Promise<Digest> {
    return withDraft(dir, async (draft) => {
      const fresh = join(draft, 'content');
      await mkdir(fresh, { mode: 0o755 });
      const digest = await writeTree({ git, gitDir }, commit, fresh, limits);
      if ((await find(digest)) !== undefined) return digest;
      const folder = folderOf(digest);
      await mkdir(dirname(folder), { recursive: true });
      try {
        await rename(fresh, folder);
        await seal(folder, await fingerprint(folder, limits));
      } catch (cause) {
        // Another process was faster: what it made is as good when it is whole.
        if ((await find(digest)) === undefined) throw cause;
      }
      return digest;
    });
  }

  return { find, extract };
}

/** Writes the files of a commit below `folder`, without filters, hooks or attributes, and gives their digest. */
async function writeTree(options: GitOptions, commit: string, folder: string, limits: TreeLimits): Promise<Digest> {
  const listing = await tryGit(options, ['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  if (listing.code !== 0) throw fault('commit-missing', `${options.gitDir} does not hold the tree of ${commit}`);
  const files = readTreeListing(listing.stdout, limits);
  await makeFolders(folder, files);
  const links = new Map<string, string>();
  const hashed: { mode: string; path: string; sha256: string }[] = [];
  for await (const [file, bytes] of readBlobs(options, files)) {
    if (file.mode === '120000') links.set(file.path, linkTarget(file.path, bytes));
    else await writePlain(join(folder, file.path), bytes, file.mode === '100755' ? 0o555 : 0o444);
    hashed.push({ mode: file.mode, path: file.path, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  checkLinks(links);
  // Last, so that no file can be written through one.
  for (const [path, target] of links) await symlink(target, join(folder, path));
  return contentDigest(hashed);
}

async function makeFolders(folder: string, files: readonly TreeFile[]): Promise<void> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let path = dirname(file.path); path !== '.' && !folders.has(path); path = dirname(path)) folders.add(path);
  }
  // Sorted: a folder comes before what lies in it.
  for (const path of ['', ...[...folders].sort()]) {
    if (path !== '') await mkdir(join(folder, path));
    await chmod(join(folder, path), 0o755);
  }
}

/** The mode is set apart from the making: a strict umask would keep the user of the sandbox from reading. */
async function writePlain(path: string, bytes: Buffer, mode: number): Promise<void> {
  await writeFile(path, bytes, { flag: 'wx' });
  await chmod(path, mode);
}

function linkTarget(path: string, bytes: Buffer): string {
  const target = bytes.toString('utf8');
  if (bytes.length > LINK_BYTES_MAX || !Buffer.from(target, 'utf8').equals(bytes)) {
    throw fault('tree-unsafe', `the link ${JSON.stringify(path)} has a target that is too long or not UTF-8`);
  }
  return target;
}

/** Streams the files' bytes out of one `git cat-file --batch`, in order; one file at a time is in memory. */
async function* readBlobs(
  options: GitOptions,
  files: readonly TreeFile[],
): AsyncGenerator<readonly [TreeFile, Buffer]> {
  const child = spawnGit(options, ['cat-file', '--batch', '--buffer']);
  const timer = setTimeout(() => child.kill('SIGKILL'), GIT_FETCH_MS_MAX);
  child.stdin.on('error', () => {});
  child.on('error', () => {});
  child.stderr.resume();
  try {
    child.stdin.end(files.map((file) => `${file.oid}\n`).join(''));
    const reader = byteReader(child.stdout);
    for (const file of files) {
      const header = (await reader.until(10, 200)).toString('latin1');
      if (header !== `${file.oid} blob ${file.bytes}`) {
        throw fault('git-failed', `git cat-file answered ${JSON.stringify(header)} for ${JSON.stringify(file.path)}`);
      }
      const bytes = await reader.exactly(file.bytes);
      await reader.exactly(1);
      yield [file, bytes];
    }
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function byteReader(stream: AsyncIterable<Buffer>) {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  async function more(): Promise<Buffer> {
    const next = await chunks.next();
    if (next.done === true) throw fault('git-failed', 'git cat-file ended early');
    return next.value;
  }
  return {
    async until(byte: number, bytesMax: number): Promise<Buffer> {
      for (let at = rest.indexOf(byte); ; at = rest.indexOf(byte)) {
        if (at >= 0) {
          const line = rest.subarray(0, at);
          rest = rest.subarray(at + 1);
          return line;
        }
        if (rest.length > bytesMax) throw fault('git-failed', 'git cat-file printed a line that is too long');
        rest = Buffer.concat([rest, await more()]);
      }
    },
    async exactly(bytes: number): Promise<Buffer> {
      const parts = [rest];
      let have = rest.length;
      while (have < bytes) {
        const chunk = await more();
        parts.push(chunk);
        have += chunk.length;
      }
      const all = parts.length === 1 ? rest : Buffer.concat(parts);
      rest = all.subarray(bytes);
      return all.subarray(0, bytes);
    },
  };
}

type Walked = { readonly path: string; readonly full: string; readonly stats: Awaited<ReturnType<typeof bigStat>> };

const bigStat = (path: string) => lstat(path, { bigint: true });

/** All files and links below a folder, never following one. */
async function* walk(folder: string, limits: TreeLimits): AsyncGenerator<Walked> {
  const pending = [''];
  let entries = 0;
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    for (const entry of await readdir(join(folder, here), { withFileTypes: true })) {
      const path = here === '' ? entry.name : `${here}/${entry.name}`;
      entries += 1;
      // Folders count here too: twice the files is more than any tree that was let in can have in practice.
      if (entries > limits.entriesMax * 2) throw fault('too-large', `${folder} has more than ${entries} entries`);
      if (entry.isDirectory()) pending.push(path);
      else yield { path, full: join(folder, path), stats: await bigStat(join(folder, path)) };
    }
  }
}

async function fingerprint(folder: string, limits: TreeLimits): Promise<string> {
  const lines: string[] = [];
  for await (const { path, stats } of walk(folder, limits)) {
    lines.push(`${stats.mode} ${stats.size} ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs} ${path}\n`);
  }
  return `1 ${lines.length} ${createHash('sha256').update(lines.sort().join('')).digest('hex')}\n`;
}

/** The content digest of a folder on disk. What is neither file nor link is a fault. */
export async function digestOfFolder(folder: string, limits: TreeLimits): Promise<Digest> {
  const hashed: { mode: string; path: string; sha256: string }[] = [];
  for await (const { path, full, stats } of walk(folder, limits)) {
    if (stats.isSymbolicLink()) {
      hashed.push({ mode: '120000', path, sha256: sha256(await readlink(full, { encoding: 'buffer' })) });
    } else if (stats.isFile()) {
      if (stats.size > limits.fileBytesMax) throw fault('too-large', `${path} has ${stats.size} bytes`);
      const mode = (stats.mode & 0o100n) === 0n ? '100644' : '100755';
      hashed.push({ mode, path, sha256: sha256(await readFile(full)) });
    } else throw fault('tree-unsafe', `${JSON.stringify(path)} is neither a file nor a link`);
  }
  return contentDigest(hashed);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
