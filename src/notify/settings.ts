import { append, type AppendDeps } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { actorOf, type Principal } from '../identity/index.ts';
import type { NotifyTables } from './tables.ts';

/** Whether everybody may see the badge of a repository. Nobody said so: no. */
export async function hasPublicBadge(db: Database, repositoryId: number): Promise<boolean> {
  const row = await db
    .as<NotifyTables>()
    .selectFrom('notify_repository')
    .select('public_badge')
    .where('repository_id', '=', String(repositoryId))
    .executeTakeFirst();
  return row?.public_badge ?? false;
}

export async function setPublicBadge(
  deps: AppendDeps & { readonly db: Database },
  principal: Principal,
  repositoryId: number,
  isPublic: boolean,
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx
      .as<NotifyTables>()
      .insertInto('notify_repository')
      .values({ repository_id: String(repositoryId), public_badge: isPublic })
      .onConflict((on) => on.column('repository_id').doUpdateSet({ public_badge: isPublic }))
      .execute();
    const resource = { type: 'repository', id: String(repositoryId) };
    const detail = { public: isPublic };
    await append(tx, { actor: actorOf(principal), action: 'badge.set', resource, outcome: 'allow', detail }, deps);
  });
}
