import { createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from '@hono/zod-openapi';
import { openRequest, readableRepositories } from '../identity/index.ts';
import { KEPT_DAYS, type RepositoryRow } from '../repo/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { organisation, repository, self, type ServerEvent } from './route.ts';
import { requestOf, requestSchema } from './routes-requests.ts';
import { idOfCursor, idPage, idParam, iso, pageOf, pageQuery, repositorySchema, sizeOfPage, time } from './schema.ts';

const name = z.string().min(1).max(100);
/** First parts of the server's own addresses. */
const RESERVED_OWNERS = ['api', 'runner', 'healthz', 'readyz', 'metrics', 'setup', 'sign-in', 'docs'];
const owner = name.refine((text) => !RESERVED_OWNERS.includes(text.toLowerCase()), 'the server needs this name itself');
const branch = z.string().min(1).max(190);
const DAY_MS = 86_400_000;
const ARCHIVE_BYTES_MAX = 4 * 1024 ** 3;
const SPOOL_NAME_BYTES = 12;
/** The first bytes of what `git bundle create` writes, of whatever version. */
const BUNDLE = '# v';
const deletedSchema = z
  .strictObject({ id: z.int(), owner: z.string(), name: z.string(), deletedAt: time, purgedAt: time })
  .openapi('DeletedRepository');
/** Pages of repositories that are read for one page of those that the person may see. */
const SCANS_MAX = 10;

export function repositoryOf(deps: Pick<ApiDeps, 'origin'>, row: RepositoryRow) {
  const { stoppedReason, createdAt, ...rest } = row;
  return {
    ...rest,
    ...(stoppedReason === undefined ? {} : { reason: stoppedReason }),
    cloneUrl: `${deps.origin}/${row.owner}/${row.name}.git`,
    createdAt: iso(createdAt),
  };
}

export const repositoryRoutes = [
  self.json(
    {
      method: 'get',
      path: '/repositories',
      verb: 'self.read',
      tag: 'Repositories',
      summary: 'The repositories that one may read',
      query: pageQuery,
      reply: pageOf(repositorySchema, 'RepositoryPage'),
    },
    async ({ deps, principal }, { query }) => {
      const limit = sizeOfPage(query.limit);
      const found: RepositoryRow[] = [];
      // Somebody with few grants among many repositories is asked for by these, not by walking through all.
      const readable = await readableRepositories(deps.db, principal);
      let after = idOfCursor(query.cursor) ?? 0;
      for (let scan = 0; scan < SCANS_MAX && found.length <= limit; scan += 1) {
        if (readable !== 'all' && !readable.some((id) => id > after)) break;
        const from = readable === 'all' ? after : Math.min(...readable.filter((id) => id > after)) - 1;
        const rows = await deps.repo.list(principal, { after: from, limit: limit + 1 });
        const last = rows.at(-1);
        if (last === undefined) break;
        found.push(...rows);
        after = last.id;
      }
      return idPage(
        found.map((row) => repositoryOf(deps, row)),
        limit,
      );
    },
  ),
  organisation.json(
    {
      method: 'post',
      path: '/repositories',
      verb: 'repository.create',
      tag: 'Repositories',
      summary: 'Makes an empty repository',
      status: 201,
      body: z.strictObject({ owner, name, defaultBranch: branch.optional() }),
      reply: repositorySchema,
    },
    async ({ deps, principal }, { body }) => {
      const { defaultBranch, ...wanted } = body;
      const row = await deps.repo.create(principal, {
        ...wanted,
        ...(defaultBranch === undefined ? {} : { defaultBranch }),
      });
      return repositoryOf(deps, row);
    },
  ),
  organisation.events(
    {
      method: 'post',
      path: '/repositories/import',
      verb: 'repository.create',
      tag: 'Repositories',
      summary: 'Makes a repository of another one; tells how far it is',
      describes: '`progress` {phase, percent?}, then `done` {repository} or `failed` {problem}',
      body: z.strictObject({ owner, name, url: z.url().max(2000) }),
    },
    async ({ deps, principal, signal }, { body }) => {
      const events = new Channel();
      void deps.repo
        .import({
          owner: body.owner,
          name: body.name,
          from: { kind: 'url', url: body.url },
          principal,
          signal,
          progress: (data) => events.push({ event: 'progress', data }),
        })
        .then(
          (row) => events.end({ event: 'done', data: { repository: repositoryOf(deps, row) } }),
          (thrown: unknown) => events.fail(thrown),
        );
      return events;
    },
  ),
  organisation.json(
    {
      method: 'put',
      path: '/imports/{owner}/{name}',
      verb: 'repository.create',
      tag: 'Repositories',
      summary: 'Makes a repository of an archive (zip, tar, tar.gz) of one, or of a bundle of git, which is the body',
      takesFile: true,
      bodyBytesMax: ARCHIVE_BYTES_MAX,
      status: 201,
      params: { owner, name },
      reply: repositorySchema,
    },
    async ({ deps, principal, signal, content }, { params }) =>
      spooled(deps, content, async (path) => {
        const kind = await kindOfFile(path);
        const request = { ...params, from: { kind, path }, principal, signal };
        return repositoryOf(deps, await deps.repo.import(request));
      }),
  ),
  repository.json(
    {
      method: 'get',
      path: '',
      verb: 'repository.read',
      tag: 'Repositories',
      summary: 'One repository',
      reply: repositorySchema,
    },
    async ({ deps, repository: row }) => repositoryOf(deps, row),
  ),
  repository.json(
    {
      method: 'patch',
      path: '',
      verb: 'repository.administer',
      tag: 'Repositories',
      summary:
        'Renames a repository, archives it, brings it back, or makes another branch its default: one of these at once',
      body: z.union([
        z.strictObject({ owner: owner.optional(), name }),
        z.strictObject({ defaultBranch: branch }),
        z.strictObject({ state: z.enum(['active', 'archived']) }),
      ]),
      reply: repositorySchema,
    },
    async ({ deps, principal, repository: row }, { body }) => {
      if ('state' in body) {
        const isArchived = body.state === 'archived';
        const changed = isArchived ? deps.repo.archive(principal, row.id) : deps.repo.unarchive(principal, row.id);
        return repositoryOf(deps, await changed);
      }
      if ('defaultBranch' in body) {
        return repositoryOf(deps, await deps.repo.setDefaultBranch(principal, row.id, body.defaultBranch));
      }
      const to = { owner: body.owner ?? row.owner, name: body.name };
      return repositoryOf(deps, await deps.repo.rename(principal, row.id, to));
    },
  ),
  repository.json(
    {
      method: 'delete',
      path: '',
      verb: 'repository.administer',
      tag: 'Repositories',
      summary:
        'Asks to delete a repository with all that git has of it: a second owner confirms it; then it can be restored for a week',
      approval: 'act',
      status: 202,
      reply: z.strictObject({ request: requestSchema }).openapi('DeletionRequested'),
    },
    async ({ deps, principal, repository: { id, owner: of, name: called } }) => {
      const object = { id, name: `${of}/${called}` };
      return { request: requestOf(await openRequest(deps, principal, { kind: 'repository.delete', object })) };
    },
  ),
  // Whose they are decides: those that one may administer, as for all others, which the git server asks the same decision.
  self.json(
    {
      method: 'get',
      path: '/deleted-repositories',
      verb: 'self.read',
      tag: 'Repositories',
      summary: 'Deleted repositories that one may bring back',
      reply: pageOf(deletedSchema, 'DeletedRepositoryPage'),
    },
    async ({ deps, principal }) => {
      const rows = await deps.repo.listDeleted(principal);
      return {
        items: rows.map(({ id, owner: of, name: called, deletedAt }) => ({
          id,
          owner: of,
          name: called,
          deletedAt: iso(deletedAt),
          purgedAt: iso(new Date(deletedAt.getTime() + KEPT_DAYS * DAY_MS)),
        })),
      };
    },
  ),
  self.json(
    {
      method: 'post',
      path: '/deleted-repositories/{deleted}/restore',
      verb: 'self.read',
      tag: 'Repositories',
      summary: 'Brings back a deleted repository, under its name when that is free',
      params: { deleted: idParam },
      reply: repositorySchema,
    },
    async ({ deps, principal }, { params }) => repositoryOf(deps, await deps.repo.restore(principal, params.deleted)),
  ),
  self.none(
    {
      method: 'delete',
      path: '/deleted-repositories/{deleted}',
      verb: 'self.read',
      approval: 'act',
      tag: 'Repositories',
      summary: 'Takes away a deleted repository for good, before its week is over',
      params: { deleted: idParam },
    },
    async ({ deps, principal }, { params }) => deps.repo.purge(principal, params.deleted),
  ),
];

/** Writes a file that comes in to the disk, for as long as `work` reads it. */
async function spooled<T>(
  { spool, random }: Pick<ApiDeps, 'spool' | 'random'>,
  content: AsyncIterable<Uint8Array> | undefined,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (spool === undefined || content === undefined) throw fault('not-found', 'files are not taken here');
  const path = join(spool, Buffer.from(random(SPOOL_NAME_BYTES)).toString('hex'));
  await mkdir(spool, { recursive: true, mode: 0o700 });
  try {
    await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    return await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

async function kindOfFile(path: string): Promise<'bundle' | 'archive'> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BUNDLE.length), 0, BUNDLE.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === BUNDLE ? 'bundle' : 'archive';
  } finally {
    await file.close();
  }
}

/** Progress that waits for its reader: only the newest is kept. */
class Channel implements AsyncIterable<ServerEvent> {
  #waiting: ServerEvent | undefined;
  #last: ServerEvent | undefined;
  #error: unknown;
  #isOver = false;
  #wake = () => {};

  push(event: ServerEvent): void {
    this.#waiting = event;
    this.#wake();
  }

  end(event: ServerEvent): void {
    this.#last = event;
    this.#isOver = true;
    this.#wake();
  }

  fail(thrown: unknown): void {
    this.#error = thrown;
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerEvent> {
    for (;;) {
      const event = this.#waiting;
      this.#waiting = undefined;
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (this.#isOver) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#last === undefined) throw this.#error;
    yield this.#last;
  }
}
