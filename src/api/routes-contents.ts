import { z } from '@hono/zod-openapi';
import { isFault } from '../base/index.ts';
import { type RepositoryReader, type RepositoryRow, ZERO } from '../repo/index.ts';
import { blobKindOf, imageTypeOf } from './blob-kind.ts';
import {
  blobSchema,
  branchSchema,
  commitLine,
  commitSchema,
  commitViewSchema,
  comparisonSchema,
  tagSchema,
  treeSchema,
} from './contents-schema.ts';
import { fault } from './faults.ts';
import { repository, type RepositoryCall } from './route.ts';
import { pageOf, pageQuery, sizeOfPage } from './schema.ts';

/** Commits and refs that paging passes over. */
const SKIP_MAX = 100_000;
/** Of a file that is told as text. */
const TEXT_BYTES_MAX = 1024 * 1024;
/** Of a file that is sent as it is. */
const RAW_BYTES_MAX = 16 * 1024 * 1024;
/** Of a comparison. */
const COMMITS_MAX = 100;
/** Branches that are counted at once: each is a process. */
const COUNTED_AT_ONCE = 4;

const revision = z.string().min(1).max(200);
const path = z.string().max(4096);
const shaParam = { sha: z.string().regex(/^[0-9a-f]{40}$/, 'the whole id of a commit') };
const namedQuery = { ...pageQuery, query: z.string().max(200).optional() };

const TYPES = { blob: 'file', tree: 'folder', commit: 'submodule' } as const;

export const contentRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/refs',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'Branches and tags',
      query: { ...pageQuery, kind: z.enum(['branches', 'tags']).optional() },
      reply: pageOf(
        z.strictObject({ ref: z.string(), oid: z.string(), peeled: z.string().optional() }).openapi('Ref'),
        'RefPage',
      ),
    },
    async ({ deps, repository: { id } }, { query }) => {
      const reader = await deps.repo.reader(id);
      const { items, next } = await reader.listRefs({
        ...(query.kind === undefined ? {} : { prefix: query.kind === 'tags' ? 'refs/tags/' : 'refs/heads/' }),
        skip: skipOf(query.cursor),
        limit: sizeOfPage(query.limit),
      });
      return { items, ...nextOf(next) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/branches',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'Branches, those with the newest commits first, and how far each is from the default branch',
      query: namedQuery,
      reply: pageOf(branchSchema, 'BranchPage'),
    },
    async ({ deps, repository: row }, { query }) => {
      const reader = await deps.repo.reader(row.id);
      const { items, next } = await reader.listBranches({ ...searchOf(query) });
      const base = await reader.resolve(`refs/heads/${row.defaultBranch}`);
      const branches: z.input<typeof branchSchema>[] = [];
      for (let at = 0; at < items.length; at += COUNTED_AT_ONCE) {
        const some = items.slice(at, at + COUNTED_AT_ONCE).map(async ({ name, commit }) => {
          const isDefault = name === row.defaultBranch;
          const far = base === undefined || isDefault ? undefined : await reader.distance(base, commit.oid);
          return { name, commit, isDefault, isProtected: isDefault, ...far };
        });
        branches.push(...(await Promise.all(some)));
      }
      return { items: branches, ...nextOf(next) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/tags',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'Tags, the newest first',
      query: namedQuery,
      reply: pageOf(tagSchema, 'TagPage'),
    },
    async ({ deps, repository: { id } }, { query }) => {
      const { items, next } = await (await deps.repo.reader(id)).listTags({ ...searchOf(query) });
      return { items, ...nextOf(next) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/tree',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'What a folder holds at a branch, a tag or a commit',
      query: { revision: revision.optional(), path: path.optional() },
      reply: treeSchema,
    },
    async (call, { query }) => {
      const { reader, commit } = await at(call, query.revision);
      const folder = query.path ?? '';
      const entries = (await reader.listTree(commit, folder)).map(({ name, type, mode, oid, bytes }) => ({
        name,
        type: mode === '120000' ? ('link' as const) : TYPES[type],
        mode,
        oid,
        ...(bytes === undefined ? {} : { bytes }),
      }));
      return { commit, path: folder, entries };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/tree/commits',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'The last commit of each entry of a folder, as far as it is quick to tell',
      query: { revision: revision.optional(), path: path.optional() },
      reply: z
        .strictObject({
          commit: z.string(),
          path: z.string(),
          entries: z.array(z.strictObject({ name: z.string(), last: commitLine })),
        })
        .openapi('TreeCommits'),
    },
    async (call, { query }) => {
      const { reader, commit } = await at(call, query.revision);
      const folder = query.path ?? '';
      const entries = [...(await reader.lastCommits(commit, folder))].map(([name, last]) => ({ name, last }));
      return { commit, path: folder, entries };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/blob',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'A file as text, when it is one',
      query: { revision: revision.optional(), path: path.min(1) },
      reply: blobSchema,
    },
    async (call, { query }) => {
      const { reader, commit } = await at(call, query.revision);
      const { place, bytes } = await fileAt(reader, commit, { path: query.path, bytesMax: TEXT_BYTES_MAX });
      const kind: z.input<typeof blobSchema>['kind'] = bytes === undefined ? 'large' : blobKindOf(place.mode, bytes);
      const text = bytes !== undefined && (kind === 'text' || kind === 'link') ? { text: bytes.toString('utf8') } : {};
      return { commit, path: query.path, ...place, kind, ...text };
    },
  ),
  repository.bytes(
    {
      method: 'get',
      path: '/raw',
      verb: 'repository.read',
      tag: 'Contents',
      summary:
        'The bytes of a file. Who wrote them is not known to be harmless: a browser keeps them, and shows plain images only.',
      type: 'application/octet-stream',
      query: { revision: revision.optional(), path: path.min(1) },
    },
    async (call, { query }) => {
      const { reader, commit } = await at(call, query.revision);
      const { bytes } = await fileAt(reader, commit, { path: query.path, bytesMax: RAW_BYTES_MAX });
      if (bytes === undefined) throw fault('file-large', `it has more than ${RAW_BYTES_MAX} bytes`);
      const type = imageTypeOf(bytes);
      const name = encodeURIComponent(query.path.split('/').at(-1) ?? 'file').replaceAll("'", '%27');
      return {
        bytes: once(bytes),
        ...(type === undefined ? {} : { type }),
        headers: {
          'content-length': String(bytes.length),
          'content-disposition': `${type === undefined ? 'attachment' : 'inline'}; filename*=UTF-8''${name}`,
        },
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/commits',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'Commits that a branch, a tag or a commit reaches; with a path, those that changed it',
      query: { ...pageQuery, revision: revision.optional(), path: path.min(1).optional() },
      reply: pageOf(commitSchema, 'CommitPage'),
    },
    async (call, { query }) => {
      const { reader, commit } = await at(call, query.revision);
      const limit = sizeOfPage(query.limit);
      const { items, next } = await reader.listCommits(commit, {
        skip: skipOf(query.cursor),
        limit,
        ...(query.path === undefined ? {} : { path: query.path }),
      });
      return { items, ...nextOf(next) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/commits/{sha}',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'One commit, and what it changed against its first parent',
      params: shaParam,
      query: { path: path.min(1).optional() },
      reply: commitViewSchema,
    },
    async ({ deps, repository: { id } }, { params, query }) => {
      const reader = await deps.repo.reader(id);
      const commit = await reader.readCommit(params.sha);
      const diff = await reader.diff({ base: commit.parents[0] ?? ZERO, head: commit.oid, ...pathOf(query) });
      return { commit, diff };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/compare',
      verb: 'repository.read',
      tag: 'Contents',
      summary: 'What a head has that a base has not, since they parted',
      query: { base: revision, head: revision, path: path.min(1).optional() },
      reply: comparisonSchema,
    },
    async (call, { query }) => {
      const { reader, commit: base } = await at(call, query.base);
      const { commit: head } = await at(call, query.head);
      const mergeBase = await reader.mergeBase(base, head);
      const [far, commits, diff] = await Promise.all([
        reader.distance(base, head),
        reader.listCommits(head, { without: base, limit: COMMITS_MAX }),
        reader.diff({ base: mergeBase ?? base, head, ...pathOf(query) }),
      ]);
      const parted = mergeBase === undefined ? {} : { mergeBase };
      return { base, head, ...parted, ...far, commits: commits.items, diff };
    },
  ),
];

const pathOf = (query: { readonly path?: string | undefined }) =>
  query.path === undefined ? {} : { path: query.path };

function searchOf(query: {
  readonly query?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}) {
  return {
    ...(query.query === undefined ? {} : { query: query.query }),
    skip: skipOf(query.cursor),
    limit: sizeOfPage(query.limit),
  };
}

type Place = { readonly reader: RepositoryReader; readonly commit: string };

/** The commit that a branch, a tag or an id means; without one, that of the default branch. */
async function at(call: RepositoryCall, revision: string | undefined): Promise<Place> {
  const { id, defaultBranch }: RepositoryRow = call.repository;
  const reader = await call.deps.repo.reader(id);
  const commit = await reader.resolve(revision ?? defaultBranch);
  if (commit === undefined) throw fault('not-found', 'there is no such branch, tag or commit');
  return { reader, commit };
}

/** Facts of a file, and its bytes when they are not too many. */
async function fileAt(
  reader: RepositoryReader,
  commit: string,
  { path, bytesMax }: { readonly path: string; readonly bytesMax: number },
): Promise<{
  readonly place: { readonly oid: string; readonly mode: string; readonly bytes: number };
  readonly bytes: Buffer | undefined;
}> {
  try {
    const { mode, oid, bytes } = await reader.readFile(commit, path, bytesMax);
    return { place: { mode, oid, bytes: bytes.length }, bytes };
  } catch (thrown) {
    if (!isFault(thrown, 'repo/too-large')) throw thrown;
    const [found] = await reader.listFiles(commit, [path]);
    if (found === undefined) throw thrown;
    return { place: { mode: found.mode, oid: found.oid, bytes: found.bytes }, bytes: undefined };
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const nextOf = (skip: number | undefined) =>
  skip === undefined ? {} : { next: Buffer.from(`s${skip}`).toString('base64url') };

function skipOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const skip = Number(/^s(\d{1,6})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1]);
  if (!(skip <= SKIP_MAX)) throw fault('request-invalid', 'query.cursor: not the `next` of a page');
  return skip;
}
