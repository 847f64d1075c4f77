import type { AreaRoute } from '../shell/route.ts';

const REPOSITORY = ':owner/:name';

export const routes: readonly AreaRoute[] = [
  {
    path: '-/repositories',
    load: () => import('./repositories-page.tsx'),
    navigation: { label: 'Repositories', group: 'work', order: 20, key: 'p' },
  },
  { path: '-/repositories/new', load: () => import('./new-page.tsx') },
  {
    path: REPOSITORY,
    load: () => import('./files-page.tsx'),
    navigation: { label: 'Files', group: 'repository', order: 10, key: 'f' },
  },
  { path: `${REPOSITORY}/tree/:ref/*`, load: () => import('./files-page.tsx') },
  { path: `${REPOSITORY}/blob/:ref/*`, load: () => import('./blob-page.tsx') },
  {
    path: `${REPOSITORY}/commits/:ref?`,
    load: () => import('./commits-page.tsx'),
    navigation: { label: 'Commits', group: 'repository', order: 20, key: 'c' },
  },
  { path: `${REPOSITORY}/commit/:sha`, load: () => import('./commit-page.tsx') },
  { path: `${REPOSITORY}/compare`, load: () => import('./compare-page.tsx') },
  {
    path: `${REPOSITORY}/branches`,
    load: () => import('./branches-page.tsx'),
    navigation: { label: 'Branches', group: 'repository', order: 30, key: 'b' },
  },
  {
    path: `${REPOSITORY}/tags`,
    load: () => import('./tags-page.tsx'),
    navigation: { label: 'Tags', group: 'repository', order: 40, key: 't' },
  },
  {
    path: `${REPOSITORY}/settings`,
    load: () => import('./settings-page.tsx'),
    navigation: { label: 'Settings', group: 'repository', order: 100, key: 's' },
  },
];
