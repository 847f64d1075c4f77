import { Button, Group } from '@mantine/core';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ApiError } from './api.ts';

/** The button below a list that has more pages. */
export function More({ of }: { readonly of: UseInfiniteQueryResult<unknown, ApiError> }) {
  if (!of.hasNextPage) return null;
  return (
    <Group justify="center">
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        Show more
      </Button>
    </Group>
  );
}
