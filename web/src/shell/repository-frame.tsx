import { Anchor, Badge, Group, Stack, Text } from '@mantine/core';
import { createContext, useContext } from 'react';
import { Link, Outlet, useLocation, useParams } from 'react-router';
import { type Of, useRead } from './api.ts';
import { ErrorState } from './error-state.tsx';
import { currentEntry, entriesOf, pathIn, repositoryPath } from './navigation.ts';
import { NotFoundPage } from './not-found.tsx';
import { PageFrame } from './page.tsx';
import { useRoutes } from './routes-context.ts';
import { PageSkeleton } from './skeletons.tsx';

/** Pages that belong to the tab of another. */
const TABS: { readonly [part: string]: string } = { tree: '', blob: '', commit: '/commits', compare: '/branches' };

const RepositoryContext = createContext<Of<'Repository'> | undefined>(undefined);

/** The repository that the page is about. Only below `RepositoryFrame`. */
export function useRepository(): Of<'Repository'> {
  const repository = useContext(RepositoryContext);
  if (repository === undefined) throw new TypeError('this page is not one of a repository');
  return repository;
}

/** Its `owner` and `name`, as paths of the API want them. */
export function useRepositoryPath(): { readonly owner: string; readonly name: string } {
  const { owner, name } = useRepository();
  return { owner, name };
}

/** What stands above the pages of one repository: its name, its state and its tabs. */
export function RepositoryFrame() {
  const { owner = '', name = '' } = useParams();
  const found = useRead('/api/v1/repositories/{owner}/{name}', { params: { path: { owner, name } } });
  if (found.data === undefined) {
    if (found.error === null) return <PageSkeleton />;
    if (found.error.status === 404) return <NotFoundPage />;
    return (
      <PageFrame title={`${owner}/${name}`}>
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      </PageFrame>
    );
  }
  return (
    <RepositoryContext value={found.data}>
      <Stack gap="md">
        <Head repository={found.data} />
        <Outlet />
      </Stack>
    </RepositoryContext>
  );
}

function Head({ repository }: { readonly repository: Of<'Repository'> }) {
  const { owner, name, state } = repository;
  const { pathname } = useLocation();
  const tabs = entriesOf(useRoutes(), 'repository').map((entry) => ({ ...entry, path: pathIn(entry, owner, name) }));
  const files = repositoryPath(owner, name);
  const [, part = ''] = /^\/[^/]+\/[^/]+\/([^/]+)/.exec(pathname) ?? [];
  const current = currentEntry(tabs, Object.hasOwn(TABS, part) ? files + TABS[part] : pathname);
  return (
    <Stack gap={6}>
      <Group gap={6} wrap="wrap">
        <Text component="span" c="dimmed">
          {owner}
        </Text>
        <Text component="span" c="dimmed" aria-hidden="true">
          /
        </Text>
        <Anchor component={Link} to={files} fw={650}>
          {name}
        </Anchor>
        {state === 'active' ? null : <Badge color="yellow">{state}</Badge>}
      </Group>
      <nav className="sp-tabs" aria-label="Repository">
        {tabs.map(({ path, label }) => (
          <Link key={path} to={path} {...(current?.path === path ? { 'aria-current': 'page' as const } : {})}>
            {label}
          </Link>
        ))}
      </nav>
    </Stack>
  );
}
