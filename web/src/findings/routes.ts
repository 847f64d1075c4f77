import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    path: ':owner/:name/findings',
    load: () => import('./findings-page.tsx'),
    navigation: { label: 'Findings', group: 'repository', order: 50, key: 'i' },
  },
  { path: ':owner/:name/findings/:finding', load: () => import('./finding-page.tsx') },
];
