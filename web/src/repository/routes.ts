import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    path: '-/repositories',
    load: () => import('./repositories-page.tsx'),
    navigation: { label: 'Repositories', group: 'work', order: 20, key: 'p' },
  },
];
