import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    path: '',
    load: () => import('./home-page.tsx'),
    navigation: { label: 'Home', group: 'work', order: 10, key: 'h' },
  },
];
