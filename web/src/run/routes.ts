import type { AreaRoute } from '../shell/route.ts';

export const routes: readonly AreaRoute[] = [];
