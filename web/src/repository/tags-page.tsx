import { Anchor, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { usePages } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { Commands } from '../shell/copy.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { More } from '../shell/more.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { treePath } from './addresses.ts';
import { CommitBy, CommitSubject } from './commit-line.tsx';

/** Tags, the newest first. */
export function Page() {
  const place = useRepositoryPath();
  const tags = usePages('/api/v1/repositories/{owner}/{name}/tags', { params: { path: place, query: { limit: 50 } } });
  const items = tags.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageFrame title={`Tags · ${place.owner}/${place.name}`} heading="Tags">
      {tags.isPending ? <RowsSkeleton /> : null}
      {tags.error === null ? null : <ErrorState error={tags.error} onRetry={() => void tags.refetch()} />}
      {tags.data !== undefined && items.length === 0 ? (
        <EmptyState
          title="No tag yet"
          action={<Commands label="the command" text={'git tag -a v1.0.0 -m "The first"\ngit push origin v1.0.0'} />}
        >
          A tag names one commit for good: it can't be moved to another one here.
        </EmptyState>
      ) : null}
      {items.length === 0 ? null : (
        <div className="sp-panel sp-rows">
          {items.map(({ name, oid, commit }) => (
            <Group key={name} className="sp-row" justify="space-between" gap="sm">
              <Stack gap={6} className="sp-grow">
                <Anchor component={Link} to={treePath(place, `refs/tags/${name}`)} fw={600}>
                  <bdi>
                    <PlainText text={name} />
                  </bdi>
                </Anchor>
                {commit === undefined ? (
                  <Text size="sm" c="dimmed">
                    It names no commit, but the object {oid.slice(0, 10)}.
                  </Text>
                ) : (
                  <Text size="sm" c="dimmed" component="div">
                    <CommitSubject oid={commit.oid} subject={commit.subject} />
                  </Text>
                )}
              </Stack>
              {commit === undefined ? null : <CommitBy commit={commit} />}
            </Group>
          ))}
        </div>
      )}
      <More of={tags} />
    </PageFrame>
  );
}
