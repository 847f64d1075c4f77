import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  { path: 'setup', load: () => import('./setup-page.tsx'), frame: 'bare' },
  { path: 'sign-in', load: () => import('./sign-in-page.tsx'), frame: 'bare' },
  {
    path: '-/sessions',
    load: () => import('./sessions-page.tsx'),
    navigation: { label: 'Passkeys and sessions', group: 'personal', order: 10, key: 'y' },
  },
  {
    path: '-/tokens',
    load: () => import('./tokens-page.tsx'),
    navigation: { label: 'Tokens', group: 'personal', order: 20, key: 'k' },
  },
  {
    path: '-/people',
    load: () => import('./people-page.tsx'),
    navigation: { label: 'People', group: 'organisation', order: 10, key: 'm' },
  },
  {
    path: '-/teams',
    load: () => import('./teams-page.tsx'),
    navigation: { label: 'Teams', group: 'organisation', order: 20, key: 'e' },
  },
];
