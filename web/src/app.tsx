import { MantineProvider } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, type RouteObject } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { AREA_ROUTES } from './routes.ts';
import { ApiError } from './shell/api.ts';
import { RouteError } from './shell/error-state.tsx';
import { BareFrame, Frame } from './shell/frame.tsx';
import { styleNonce } from './shell/nonce.ts';
import { NotFoundPage } from './shell/not-found.tsx';
import { RepositoryFrame } from './shell/repository-frame.tsx';
import type { AreaRoute } from './shell/route.ts';
import { RoutesContext } from './shell/routes-context.ts';
import { PageSkeleton } from './shell/skeletons.tsx';
import { cssVariables, theme } from './shell/theme.ts';

const Messages = lazy(async () => ({ default: (await import('./shell/messages.tsx')).Messages }));

/** Answers are shown again at once for so long, while they are asked for anew. */
const KEPT_MS = 5 * 60_000;
const RETRIES_MAX = 2;
const REPOSITORY = ':owner/:name';

const isIn = (base: string) => (route: AreaRoute) => route.path === base || route.path.startsWith(`${base}/`);

function routeOf(route: AreaRoute, base = ''): RouteObject {
  const path = route.path.slice(base.length).replace(/^\//, '');
  const place = path === '' ? { index: true as const } : { path };
  return {
    ...place,
    id: route.path,
    errorElement: <RouteError />,
    lazy: async () => ({ Component: (await route.load()).Page }),
  };
}

const framed = AREA_ROUTES.filter(({ frame }) => frame === undefined);
const router = createBrowserRouter([
  {
    element: <Frame />,
    errorElement: <RouteError />,
    HydrateFallback: PageSkeleton,
    children: [
      ...framed.filter((route) => !isIn(REPOSITORY)(route)).map((route) => routeOf(route)),
      {
        path: REPOSITORY,
        element: <RepositoryFrame />,
        errorElement: <RouteError />,
        children: framed.filter(isIn(REPOSITORY)).map((route) => routeOf(route, REPOSITORY)),
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
  {
    element: <BareFrame />,
    errorElement: <RouteError />,
    HydrateFallback: PageSkeleton,
    children: AREA_ROUTES.filter(({ frame }) => frame === 'bare').map((route) => routeOf(route)),
  },
]);

/** Whoever is not signed in any more goes to sign in, and comes back to where they were. */
function onError(thrown: Error): void {
  const { pathname, search, hash } = globalThis.location;
  if (!(thrown instanceof ApiError) || thrown.status !== 401 || pathname === '/sign-in' || pathname === '/setup')
    return;
  void router.navigate(`/sign-in?return=${encodeURIComponent(pathname + search + hash)}`, { replace: true });
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      gcTime: KEPT_MS,
      staleTime: 2000,
      retry: (failures, thrown) =>
        failures < RETRIES_MAX && thrown instanceof ApiError && (thrown.status === 0 || thrown.status >= 500),
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        getStyleNonce={styleNonce}
        deduplicateInlineStyles
      >
        <Suspense>
          <Messages />
        </Suspense>
        <RoutesContext value={AREA_ROUTES}>
          <RouterProvider router={router} />
        </RoutesContext>
      </MantineProvider>
    </QueryClientProvider>
  );
}
