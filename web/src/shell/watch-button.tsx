import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type ApiError, told, useRead } from './api.ts';
import { useRepositoryPath } from './repository-frame.tsx';

/** Watches a repository: mail when its default branch breaks, or a scan finds something urgent. */
export function WatchButton() {
  const path = useRepositoryPath();
  const queries = useQueryClient();
  const watch = useRead('/api/v1/repositories/{owner}/{name}/watch', { params: { path } });
  const isWatched = watch.data?.isWatched ?? false;
  const changing = useMutation<unknown, ApiError>({
    mutationFn: () =>
      told(api.PUT('/api/v1/repositories/{owner}/{name}/watch', { params: { path }, body: { isWatched: !isWatched } })),
    onSuccess: () => queries.invalidateQueries(),
    onError: ({ message }) => notifications.show({ color: 'red', title: 'It was not done', message }),
  });
  return (
    <Button
      size="xs"
      variant="default"
      aria-pressed={isWatched}
      disabled={watch.data === undefined}
      loading={changing.isPending}
      onClick={() => changing.mutate()}
    >
      {isWatched ? 'Watched' : 'Watch'}
    </Button>
  );
}
