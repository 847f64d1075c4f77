import { Button, Table, Text, VisuallyHidden } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Of, told, usePages } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { formats } from '../shell/format.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { LevelFilter, useLevel } from './level-filter.tsx';
import { shortRef } from './paths.ts';
import { tellFailure } from './run-actions.tsx';
import classes from './run.module.css';
import { LevelMark } from './state-mark.tsx';

const CACHES = '/api/v1/repositories/{owner}/{name}/caches';

/** What jobs kept for later jobs. */
export function Page() {
  const place = useRepositoryPath();
  const level = useLevel();
  const found = usePages(CACHES, {
    params: { path: place, query: { limit: 50, ...(level === undefined ? {} : { level }) } },
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const bytes = items.reduce((sum, cache) => sum + cache.bytes, 0);
  return (
    <PageFrame
      title="Caches"
      about="A job reads only entries that were written at its own level or above, on its own ref, its base or the default branch."
    >
      <LevelFilter />
      {found.error === null ? null : <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data === undefined ? (
        found.error === null ? (
          <RowsSkeleton />
        ) : null
      ) : items.length === 0 ? (
        <EmptyState title={level === undefined ? 'No job has kept a cache' : 'None of this level'}>
          A job keeps files for later ones with <code>actions/cache</code>. What is not used for a week is removed.
        </EmptyState>
      ) : (
        <>
          <Text c="dimmed">
            {formats.plural(items.length, { one: '# entry', other: '# entries' })}
            {found.hasNextPage ? ' so far' : ''}, {formats.bytes(bytes)}
          </Text>
          <CacheTable caches={items} />
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

function CacheTable({ caches }: { readonly caches: readonly Of<'Cache'>[] }) {
  return (
    <div className={`sp-panel ${classes['scroll']}`} tabIndex={0} role="region" aria-label="Caches">
      <Table verticalSpacing="xs" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th>Ref</Table.Th>
            <Table.Th>Size</Table.Th>
            <Table.Th>Level</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>
              <VisuallyHidden>What to do</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {caches.map((cache) => (
            <Table.Tr key={cache.id}>
              <Table.Td className={`sp-mono ${classes['cellText']}`}>
                <bdi>{visibleText(cache.key)}</bdi>
              </Table.Td>
              <Table.Td className={`sp-mono ${classes['cellText']}`}>
                <bdi>{visibleText(shortRef(cache.ref))}</bdi>
              </Table.Td>
              <Table.Td>{formats.bytes(cache.bytes)}</Table.Td>
              <Table.Td>
                <LevelMark level={cache.level} />
              </Table.Td>
              <Table.Td>
                <Time at={cache.usedAt} />
              </Table.Td>
              <Table.Td>
                <Time at={cache.createdAt} />
              </Table.Td>
              <Table.Td>
                <Remove cache={cache} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** Asks once more in its own place: what is removed is made again by the next job that needs it. */
function Remove({ cache }: { readonly cache: Of<'Cache'> }) {
  const { owner, name } = useRepositoryPath();
  const client = useQueryClient();
  const [isSure, setSure] = useState(false);
  const remove = useMutation({
    mutationFn: () =>
      told(
        api.DELETE('/api/v1/repositories/{owner}/{name}/caches/{cache}', {
          params: { path: { owner, name, cache: cache.id } },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: ({ queryKey: [path] }) => path === CACHES });
      notifications.show({ message: 'The entry is gone. The next job that needs it makes it anew.' });
    },
    onError: tellFailure,
  });
  if (!isSure) {
    return (
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setSure(true)}
        aria-label={`Remove ${visibleText(cache.key)}`}
      >
        Remove
      </Button>
    );
  }
  return (
    <Button
      size="compact-sm"
      color="red"
      loading={remove.isPending}
      autoFocus
      onBlur={() => setSure(false)}
      onClick={() => remove.mutate()}
    >
      Really remove
    </Button>
  );
}
