import type { Route } from './route.ts';
import { contentRoutes } from './routes-contents.ts';
import { homeRoutes } from './routes-home.ts';
import { findingRoutes } from './routes-findings.ts';
import { feedRoutes } from './routes-feeds.ts';
import { installationRoutes } from './routes-installation.ts';
import { contactRoutes, webhookRoutes } from './routes-notify.ts';
import { auditRoutes, metaRoutes, runnerRoutes, variableRoutes } from './routes-operate.ts';
import { accessRoutes, memberRoutes, signInRoutes, teamRoutes, tokenRoutes } from './routes-people.ts';
import { repositoryRoutes } from './routes-repositories.ts';
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
  ...homeRoutes,
  ...accessRoutes,
  ...runRoutes,
  ...variableRoutes,
  ...runnerRoutes,
  ...auditRoutes,
  ...findingRoutes,
  ...webhookRoutes,
  ...contactRoutes,
  ...feedRoutes,
  ...installationRoutes,
];
