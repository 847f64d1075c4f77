import { Anchor, Group, Text } from '@mantine/core';
import { Link } from 'react-router';
import { useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { Time } from '../shell/time.tsx';

export function Page() {
  const repositories = useRead('/api/v1/repositories', { params: { query: { limit: 100 } } });
  return (
    <PageFrame title="Repositories">
      <Answer of={repositories}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No repository yet">Make one and push to it: its workflows run at once.</EmptyState>
          ) : (
            <div className="sp-panel sp-rows">
              {items.map(({ id, owner, name, createdAt }) => (
                <Group key={id} className="sp-row" justify="space-between">
                  <Anchor component={Link} to={repositoryPath(owner, name)} fw={600}>{`${owner}/${name}`}</Anchor>
                  <Text c="dimmed" size="sm">
                    made <Time at={createdAt} />
                  </Text>
                </Group>
              ))}
            </div>
          )
        }
      </Answer>
    </PageFrame>
  );
}
