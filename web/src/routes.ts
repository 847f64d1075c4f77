import { routes as docs } from './docs/routes.ts';
import { routes as findings } from './findings/routes.ts';
import { routes as home } from './home/routes.ts';
import { routes as operate } from './operate/routes.ts';
import { routes as people } from './people/routes.ts';
import { routes as repository } from './repository/routes.ts';
import { routes as run } from './run/routes.ts';
import type { AreaRoute } from './shell/route.ts';

/** Every page that there is. What is not here is answered by the page for what is not there. */
export const AREA_ROUTES: readonly AreaRoute[] = [
  ...home,
  ...repository,
  ...run,
  ...findings,
  ...people,
  ...operate,
  ...docs,
];
