import { Skeleton, Stack, VisuallyHidden } from '@mantine/core';

/** Rows of a list that is on its way. */
export function RowsSkeleton({ rows = 5 }: { readonly rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={44} />
      ))}
    </Stack>
  );
}

/** A page whose file is on its way. */
export function PageSkeleton() {
  return (
    <Stack gap="md" p="md" aria-busy="true" role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      <Skeleton height={28} width={240} />
      <RowsSkeleton />
    </Stack>
  );
}
