import { Button } from '@mantine/core';
import { usePages } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { LevelFilter, useLevel } from './level-filter.tsx';
import { ArtifactTable } from './overview-view.tsx';
import { runPath } from './paths.ts';

/** What the runs of a repository left to be downloaded. */
export function Page() {
  const place = useRepositoryPath();
  const level = useLevel();
  const found = usePages('/api/v1/repositories/{owner}/{name}/artifacts', {
    params: { path: place, query: { limit: 50, ...(level === undefined ? {} : { level }) } },
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageFrame
      title="Artifacts"
      about="A job that downloads an artifact of a lower level drops to that level, and people should trust it no more than that."
    >
      <LevelFilter />
      {found.error === null ? null : <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data === undefined ? (
        found.error === null ? (
          <RowsSkeleton />
        ) : null
      ) : items.length === 0 ? (
        <EmptyState title={level === undefined ? 'No run has left an artifact' : 'None of this level'}>
          A job keeps files with <code>actions/upload-artifact</code>; they can be downloaded here until they expire.
        </EmptyState>
      ) : (
        <>
          <ArtifactTable place={place} artifacts={items} runOf={(run) => runPath(place, run)} />
          {found.hasNextPage ? (
            <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              More
            </Button>
          ) : null}
        </>
      )}
    </PageFrame>
  );
}
