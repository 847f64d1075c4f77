import type { Route } from './route.ts';
import { shapedDispatchRoutes, shapedRunRoutes } from './shaped-actions.ts';
import { shapedCheckRoutes, shapedRepositoryRoutes } from './shaped-repository.ts';

/** `/api/v3`: what the official actions and `octokit` use of GitHub's API, in its shape, with our roles and tokens. */
export const SHAPED_ROUTES: readonly Route[] = [
  ...shapedRepositoryRoutes,
  ...shapedCheckRoutes,
  ...shapedRunRoutes,
  ...shapedDispatchRoutes,
];
