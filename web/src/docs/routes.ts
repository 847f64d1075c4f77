import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    // Not only `docs/*`: a repository's address has two parts as well, and would win.
    path: 'docs/:section?/*',
    load: () => import('./docs-page.tsx'),
    navigation: { label: 'Documentation', group: 'work', order: 90, key: 'o' },
  },
];
