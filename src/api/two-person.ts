import { unreachable } from '../base/index.ts';
import { authorise, performDueRequests, type Principal, setRole, type TwoPersonRequest } from '../identity/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';

type Deps = Pick<ApiDeps, 'db' | 'now' | 'random' | 'repo'>;

/** Does what a second owner confirmed, or what waited its day. Whoever asked has to be able to do it still. */
export function performerOf(deps: Deps): (request: TwoPersonRequest, as: Principal) => Promise<void> {
  return async ({ kind, object }, as) => {
    switch (kind) {
      case 'member.owner': {
        if (!(await authorise(deps.db, as, 'member.manage', { type: 'organisation' }))) {
          throw fault('not-allowed', 'whoever asked is not an owner any more');
        }
        await setRole(deps, as, object.id, 'owner');
        return;
      }
      case 'repository.delete': {
        const on = { type: 'repository', id: object.id } as const;
        if (!(await authorise(deps.db, as, 'repository.administer', on))) {
          throw fault('not-allowed', 'whoever asked does not administer the repository any more');
        }
        await deps.repo.delete(as, object.id);
        return;
      }
      default:
        return unreachable(kind);
    }
  };
}

/** For the housework of the server. */
export const performDue = (deps: Deps): Promise<void> => performDueRequests(deps, performerOf(deps));
