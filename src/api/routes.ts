import type { Route } from './route.ts';
import { contentRoutes } from './routes-contents.ts';
import { keptRoutes } from './routes-kept.ts';
import { auditRoutes, metaRoutes, runnerRoutes, variableRoutes } from './routes-operate.ts';
import { accessRoutes, memberRoutes, signInRoutes, teamRoutes, tokenRoutes } from './routes-people.ts';
import { repositoryRoutes } from './routes-repositories.ts';
import { runDetailRoutes } from './routes-run-details.ts';
import { runRoutes } from './routes-runs.ts';

/** Everything below `/api/v1`: what is served, described and tested is this list. */
export const ROUTES: readonly Route[] = [
  ...metaRoutes,
  ...signInRoutes,
  ...tokenRoutes,
  ...memberRoutes,
  ...teamRoutes,
  ...repositoryRoutes,
  ...contentRoutes,
  ...accessRoutes,
  ...runRoutes,
  ...runDetailRoutes,
  ...keptRoutes,
  ...variableRoutes,
  ...runnerRoutes,
  ...auditRoutes,
];
