import { append } from '../auditlog/index.ts';
import { actorOf } from '../identity/index.ts';
import { fault } from './faults.ts';
import type { CacheInfo } from './ports.ts';
import { repository } from './route.ts';
import { artifactOf, artifactSchema } from './run-schema.ts';
import { cacheSchema } from './run-detail-schema.ts';
import {
  cursorQuery,
  idOfCursor,
  idPage,
  idParam,
  iso,
  levelSchema,
  limitQuery,
  pageOf,
  sizeOfPage,
} from './schema.ts';

/** What runs of a repository left: artifacts and caches. */

const cacheOf = ({ createdAt, usedAt, ...cache }: CacheInfo) => ({
  ...cache,
  createdAt: iso(createdAt),
  usedAt: iso(usedAt),
});

/** Items after the one that a page ended with, in lists that are made as a whole. */
function after<Item extends { readonly id: number }>(
  items: readonly Item[],
  cursor: string | undefined,
): readonly Item[] {
  const last = idOfCursor(cursor);
  if (last === undefined) return items;
  const at = items.findIndex(({ id }) => id === last);
  return at === -1 ? [] : items.slice(at + 1);
}

export const keptRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/artifacts',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Artifacts of all runs of a repository, newest first',
      query: { limit: limitQuery, cursor: cursorQuery, level: levelSchema.optional() },
      reply: pageOf(artifactSchema, 'ArtifactList'),
    },
    async ({ deps, repository: { id } }, { query }) => {
      const { level, cursor } = query;
      const all = await deps.runs.artifactsOf(id);
      const fits = all.filter((artifact) => level === undefined || artifact.level === level);
      const page = idPage(after(fits, cursor), sizeOfPage(query.limit));
      return { ...page, items: page.items.map(artifactOf) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/caches',
      verb: 'run.read',
      tag: 'Runs',
      summary: 'Cache entries of a repository, last used first',
      query: { limit: limitQuery, cursor: cursorQuery, level: levelSchema.optional() },
      reply: pageOf(cacheSchema, 'CachePage'),
    },
    async ({ deps, repository: { id } }, { query }) => {
      const { level, cursor } = query;
      const fits = (await deps.runs.caches(id)).filter((cache) => level === undefined || cache.level === level);
      const page = idPage(after(fits, cursor), sizeOfPage(query.limit));
      return { ...page, items: page.items.map(cacheOf) };
    },
  ),
  repository.none(
    {
      method: 'delete',
      path: '/caches/{cache}',
      verb: 'cache.remove',
      tag: 'Runs',
      summary: 'Removes a cache entry: the next job that asks for it makes it anew',
      params: { cache: idParam },
    },
    async ({ deps, principal, repository: { id } }, { params }) => {
      const cache = (await deps.runs.caches(id)).find((one) => one.id === params.cache);
      if (cache === undefined) throw fault('not-found', `there is no cache ${params.cache} in this repository`);
      // Told before it is done: what is gone was never removed without a trace.
      await deps.db.transaction((tx) =>
        append(
          tx,
          {
            actor: actorOf(principal),
            action: 'cache.remove',
            resource: { type: 'cache', id: String(cache.id) },
            outcome: 'allow',
            detail: { repository: id, key: cache.key, ref: cache.ref, level: cache.level, digest: cache.digest },
          },
          deps,
        ),
      );
      await deps.runs.removeCache(id, cache.id);
    },
  ),
];
