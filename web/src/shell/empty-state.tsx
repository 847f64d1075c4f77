import { Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

type EmptyProps = {
  readonly title: string;
  /** Why it is empty and what would fill it. */
  readonly children?: ReactNode;
  /** The one thing to do next. */
  readonly action?: ReactNode;
};

/** In the place of a list that is empty. It teaches: what belongs here and how it gets here. */
export function EmptyState({ title, children, action }: EmptyProps) {
  return (
    <Stack className="sp-panel" align="center" gap="xs" p="xl" ta="center">
      <Title order={2}>{title}</Title>
      {children === undefined ? null : (
        <Text c="dimmed" maw={560} component="div">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
