import { Anchor, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { usePages } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { More } from '../shell/more.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Time } from '../shell/time.tsx';

/** The repositories that one may read. */
export function Page() {
  const repositories = usePages('/api/v1/repositories', { params: { query: { limit: 50 } } });
  const items = repositories.data?.pages.flatMap((page) => page.items) ?? [];
  const create = (
    <Button component={Link} to="/-/repositories/new">
      New repository
    </Button>
  );
  const isEmpty = repositories.data !== undefined && items.length === 0;
  return (
    <PageFrame title="Repositories" actions={isEmpty ? undefined : create}>
      {repositories.isPending ? <RowsSkeleton /> : null}
      {repositories.error === null ? null : (
        <ErrorState error={repositories.error} onRetry={() => void repositories.refetch()} />
      )}
      {isEmpty ? (
        <EmptyState title="No repository yet" action={create}>
          Make one and push to it: its workflows run at once. Those of others appear here when somebody lets you read
          them.
        </EmptyState>
      ) : null}
      {items.length === 0 ? null : (
        <div className="sp-panel sp-rows">
          {items.map(({ id, owner, name, createdAt, state, reason }) => (
            <Group key={id} className="sp-row" justify="space-between">
              <Stack gap={0}>
                <Group gap="xs">
                  <Anchor component={Link} to={repositoryPath(owner, name)} fw={600}>{`${owner}/${name}`}</Anchor>
                  {state === 'active' ? null : <Badge color="yellow">{state}</Badge>}
                </Group>
                {reason === undefined ? null : (
                  <Text size="sm" className="sp-bad">
                    {reason}
                  </Text>
                )}
              </Stack>
              <Text c="dimmed" size="sm">
                made <Time at={createdAt} />
              </Text>
            </Group>
          ))}
        </div>
      )}
      <More of={repositories} />
    </PageFrame>
  );
}
