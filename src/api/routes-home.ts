import { z } from '@hono/zod-openapi';
import { authorise, type Principal, readableRepositories } from '../identity/index.ts';
import { repositoryById, type RepositoryRow } from '../repo/index.ts';
import type { ApiDeps } from './deps.ts';
import { self } from './route.ts';
import { runSchema, summaryOf } from './run-schema.ts';
import { limitQuery, sizeOfPage } from './schema.ts';

const recentRun = z
  .strictObject({ run: runSchema, repository: z.strictObject({ owner: z.string(), name: z.string() }) })
  .openapi('RecentRun');

/** What a person looks at first, over all repositories that they may read. */
export const homeRoutes = [
  self.json(
    {
      method: 'get',
      path: '/runs',
      verb: 'self.read',
      tag: 'Runs',
      summary:
        'Recent runs of all repositories: those that are open, or the newest of each workflow and branch by how it ended',
      query: {
        kind: z.enum(['open', 'failed', 'refused', 'passed']),
        mine: z.literal('true').optional(),
        limit: limitQuery,
      },
      reply: z.strictObject({ items: z.array(recentRun) }).openapi('RecentRuns'),
    },
    async ({ deps, principal, userId }, { query }) => {
      const runs = await deps.runs.recent({
        repositoryIds: await readableRepositories(deps.db, principal),
        kind: query.kind,
        limit: sizeOfPage(query.limit),
        ...(query.mine === undefined ? {} : { userId }),
      });
      const repositories = await visible(deps, principal, new Set(runs.map(({ repositoryId }) => repositoryId)));
      const items = runs.flatMap(({ repositoryId, ...run }) => {
        const row = repositories.get(repositoryId);
        return row === undefined ? [] : [{ run: summaryOf(run), repository: { owner: row.owner, name: row.name } }];
      });
      return { items };
    },
  ),
];

/** Those of the repositories that are there and whose runs the principal may read. */
async function visible(
  deps: ApiDeps,
  principal: Principal,
  ids: ReadonlySet<number>,
): Promise<ReadonlyMap<number, RepositoryRow>> {
  const found = new Map<number, RepositoryRow>();
  for (const id of ids) {
    if (!(await authorise(deps.db, principal, 'run.read', { type: 'repository', id }))) continue;
    const row = await repositoryById(deps.db, id);
    if (row !== undefined && row.state !== 'deleted') found.set(id, row);
  }
  return found;
}
