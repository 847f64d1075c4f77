import { lstat, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { excerpt } from '../base/index.ts';
import type { ConfigEntry } from '../git/index.ts';
import { fault } from './faults.ts';
import { requireSafeFolder, sizeOfFolder } from './folder.ts';
import { unpackRepository } from './import-archive.ts';

export type ImportFrom =
  | { readonly kind: 'url'; readonly url: string }
  /** A repository on the machine of the server: bare, or with a work tree. */
  | { readonly kind: 'folder'; readonly path: string }
  /** What `git bundle create FILE --all` writes. */
  | { readonly kind: 'bundle'; readonly path: string }
  /** A zip, tar or tar.gz of a bare repository, or of a work tree with its `.git`. */
  | { readonly kind: 'archive'; readonly path: string };

/** What git fetches from, and the settings that open this way and no other. */
export type ImportSource = { readonly place: string; readonly settings: readonly ConfigEntry[] };

export type ImportNetwork = {
  /** The addresses of a name. */
  lookup(host: string): Promise<readonly string[]>;
  /** Also plain http, and addresses of the machine and of the network that it stands in. Named for what it is. */
  readonly unsafePrivateImport?: boolean;
};

const BUNDLE_HEAD = /^# v[23] git bundle\n/;
const HEAD_BYTES = 32;
const POINTER_BYTES_MAX = 4096;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

export async function importSource(
  from: ImportFrom,
  {
    staged,
    bytesMax,
    network,
  }: { readonly staged: string; readonly bytesMax: number; readonly network: ImportNetwork },
): Promise<ImportSource> {
  switch (from.kind) {
    case 'url':
      return urlSource(from.url, network);
    case 'folder':
      return { place: await viewOf(await requirePath(from.path), staged, bytesMax), settings: FILE };
    case 'archive': {
      const path = await requirePath(from.path);
      const unpacked = await unpackRepository(path, join(staged, 'unpacked'), bytesMax);
      return { place: await viewOf(unpacked, staged, bytesMax), settings: FILE };
    }
    case 'bundle':
      return { place: await requireBundle(await requirePath(from.path), bytesMax), settings: FILE };
  }
}

const FILE: readonly ConfigEntry[] = [['protocol.file.allow', 'always']];

/** Private, shared and special networks, by RFC 6890 and its successors. */
function privateNetworks(): BlockList {
  const list = new BlockList();
  for (const [address, bits] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const) {
    list.addSubnet(address, bits, 'ipv4');
  }
  return list;
}

const PRIVATE = privateNetworks();

/** Of IPv6 only what is routed by everybody, without what embeds an address of IPv4. */
function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !PRIVATE.check(address, 'ipv4');
  return isIP(address) === 6 && /^[23]/.test(address) && !/^(2002:|2001:0?:|2001:db8:)/i.test(address);
}

/** The name is resolved here, once, and git connects to what was looked at: a second answer of the name counts nothing. */
async function urlSource(text: string, network: ImportNetwork): Promise<ImportSource> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isUnsafe = network.unsafePrivateImport === true;
  if (url === undefined || (url.protocol !== 'https:' && !(isUnsafe && url.protocol === 'http:'))) {
    throw fault('import-refused', `${JSON.stringify(excerpt(text, 100))} is no https address`);
  }
  if (url.username !== '' || url.password !== '') throw fault('import-refused', 'the address holds a password');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await network.lookup(host) : [host];
  const [address] = addresses;
  if (address === undefined) throw fault('import-refused', `${excerpt(host, 100)} has no address`);
  if (!isUnsafe && !addresses.every(isPublic)) {
    throw fault('import-refused', `${excerpt(host, 100)} is an address of a private network`);
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? HTTPS_PORT : HTTP_PORT) : Number(url.port);
  const literal = isIP(address) === 6 ? `[${address}]` : address;
  const scheme = url.protocol.slice(0, -1);
  return {
    place: url.href,
    settings: [
      [`protocol.${scheme}.allow`, 'always'],
      ...(isIP(host) === 0 ? [['http.curloptResolve', `${host}:${port}:${literal}`] as const] : []),
    ],
  };
}

async function requirePath(path: string): Promise<string> {
  if (!isAbsolute(path) || path.includes('\0'))
    throw fault('import-refused', 'a path on the server begins with a slash');
  if ((await lstat(path).catch(() => undefined)) === undefined) {
    throw fault('import-refused', `${JSON.stringify(excerpt(path, 200))} is not there`);
  }
  return path;
}

async function requireBundle(path: string, bytesMax: number): Promise<string> {
  const entry = await lstat(path);
  if (!entry.isFile()) throw fault('import-refused', 'a bundle is a file');
  if (entry.size > bytesMax) throw fault('over-quota', `the bundle has ${entry.size} bytes, ${bytesMax} are allowed`);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    if (!BUNDLE_HEAD.test(buffer.toString('latin1', 0, bytesRead)))
      throw fault('import-refused', 'the file is no bundle of git');
  } finally {
    await file.close();
  }
  return path;
}

/**
 * A repository of our own whose objects and refs are those of the folder: neither its configuration nor its hooks are ever read. What
 * leads out of the folder (links, alternates, linked work trees) is refused: it could hand out what is elsewhere on this machine.
 */
async function viewOf(path: string, staged: string, bytesMax: number): Promise<string> {
  const below = join(path, '.git');
  const entry = await lstat(below).catch(() => undefined);
  if (entry?.isFile() === true)
    throw fault('import-refused', 'this is a linked work tree: name the repository that it belongs to');
  const gitDir = entry?.isDirectory() === true ? below : path;
  const top = await lstat(gitDir);
  const head = await lstat(join(gitDir, 'HEAD')).catch(() => undefined);
  if (!top.isDirectory() || head?.isFile() !== true || head.size > POINTER_BYTES_MAX) {
    throw fault('import-refused', `${JSON.stringify(excerpt(path, 200))} is no repository of git`);
  }
  await requireSafeFolder(gitDir);
  const bytes = (await sizeOfFolder(join(gitDir, 'objects'))) + (await sizeOfFolder(join(gitDir, 'refs')));
  if (bytes > bytesMax) throw fault('over-quota', `the repository has ${bytes} bytes, ${bytesMax} are allowed`);
  const view = join(staged, 'view.git');
  await mkdir(view, { recursive: true });
  await writeFile(join(view, 'HEAD'), await readFile(join(gitDir, 'HEAD')));
  await writeFile(join(view, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  const parts = new Set(await readdir(gitDir));
  for (const name of ['objects', 'refs', 'packed-refs', 'shallow'].filter((name) => parts.has(name))) {
    await symlink(join(gitDir, name), join(view, name));
  }
  return view;
}
