import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [
  {
    path: '-/runners',
    load: () => import('./runners-page.tsx'),
    navigation: { label: 'Runners', group: 'organisation', order: 40, key: 'u' },
  },
  {
    path: '-/audit',
    load: () => import('./audit-page.tsx'),
    navigation: { label: 'Audit log', group: 'organisation', order: 50, key: 'a' },
  },
  { path: '-/audit/:entry', load: () => import('./audit-entry-page.tsx') },
  {
    path: '-/doctor',
    load: () => import('./doctor-page.tsx'),
    navigation: { label: 'Doctor', group: 'organisation', order: 60, key: 'd' },
  },
  {
    path: '-/settings',
    load: () => import('./settings-page.tsx'),
    navigation: { label: 'Settings', group: 'organisation', order: 70 },
  },
  {
    path: '-/housekeeping',
    load: () => import('./housekeeping-page.tsx'),
    navigation: { label: 'Housekeeping', group: 'organisation', order: 80 },
  },
  {
    path: '-/notifications',
    load: () => import('./notifications-page.tsx'),
    navigation: { label: 'Notifications', group: 'personal', order: 30, key: 'n' },
  },
  {
    path: ':owner/:name/webhooks',
    load: () => import('./webhooks-page.tsx'),
    navigation: { label: 'Webhooks', group: 'repository', order: 90, key: 'w' },
  },
  { path: ':owner/:name/webhooks/:webhook', load: () => import('./webhook-page.tsx') },
];
