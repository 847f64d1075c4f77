import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    path: ':owner/:name/runs',
    load: () => import('./runs-page.tsx'),
    navigation: { label: 'Runs', group: 'repository', order: 20, key: 'r' },
  },
  { path: ':owner/:name/runs/:run', load: () => import('./run-page.tsx') },
  { path: ':owner/:name/runs/:run/jobs/:job', load: () => import('./job-page.tsx') },
  {
    path: ':owner/:name/dispatch',
    load: () => import('./dispatch-page.tsx'),
    navigation: { label: 'Start a run', group: 'repository', order: 60 },
  },
  {
    path: ':owner/:name/schedules',
    load: () => import('./schedules-page.tsx'),
    navigation: { label: 'Schedules', group: 'repository', order: 62 },
  },
  {
    path: ':owner/:name/artifacts',
    load: () => import('./artifacts-page.tsx'),
    navigation: { label: 'Artifacts', group: 'repository', order: 64 },
  },
  {
    path: ':owner/:name/caches',
    load: () => import('./caches-page.tsx'),
    navigation: { label: 'Caches', group: 'repository', order: 66 },
  },
];
