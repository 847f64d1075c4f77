import type { Route } from './route.ts';
import { contentRoutes } from './routes-contents.ts';
import { keptRoutes } from './routes-kept.ts';
import { homeRoutes } from './routes-home.ts';
import { findingRoutes } from './routes-findings.ts';
import { feedRoutes } from './routes-feeds.ts';
import { installationRoutes } from './routes-installation.ts';
import { contactRoutes, webhookRoutes } from './routes-notify.ts';
import { auditRoutes, metaRoutes, runnerRoutes, variableRoutes } from './routes-operate.ts';
import { accessRoutes, memberRoutes, signInRoutes, teamRoutes, tokenRoutes } from './routes-people.ts';
import { repositoryRoutes } from './routes-repositories.ts';
import { requestRoutes } from './routes-requests.ts';
import { reviewRoutes } from './routes-review.ts';
import { runDetailRoutes } from './routes-run-details.ts';
import { runRoutes } from './routes-runs.ts';
import { externalRoutes } from './routes-external.ts';
import { ownSessionRoutes, passkeyRoutes, sessionSignInRoutes } from './routes-session.ts';

/** Everything below `/api/v1`: what is served, described and tested is this list. */
export const ROUTES: readonly Route[] = [
  ...metaRoutes,
  ...signInRoutes,
  ...sessionSignInRoutes,
  ...externalRoutes,
  ...ownSessionRoutes,
  ...passkeyRoutes,
  ...tokenRoutes,
  ...memberRoutes,
  ...teamRoutes,
  ...requestRoutes,
  ...reviewRoutes,
  ...repositoryRoutes,
  ...contentRoutes,
  ...homeRoutes,
  ...accessRoutes,
  ...runRoutes,
  ...runDetailRoutes,
  ...keptRoutes,
  ...variableRoutes,
  ...runnerRoutes,
  ...auditRoutes,
  ...findingRoutes,
  ...webhookRoutes,
  ...contactRoutes,
  ...feedRoutes,
  ...installationRoutes,
];
