import { Button, Group, Stack, Text } from '@mantine/core';
import { Link, useParams, useSearchParams } from 'react-router';
import { type Of, usePages } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { Copy } from '../shell/copy.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { formats } from '../shell/format.ts';
import { More } from '../shell/more.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Time } from '../shell/time.tsx';
import { commitsPath, treePath } from './addresses.ts';
import { CommitSubject } from './commit-line.tsx';
import { EmptyRepository } from './empty-repository.tsx';
import { RefSwitcher } from './ref-switcher.tsx';

/** The history of a branch, or of one path of it. */
export function Page() {
  const { defaultBranch } = useRepository();
  const place = useRepositoryPath();
  const refName = useParams()['ref'] ?? defaultBranch;
  const path = useSearchParams()[0].get('path') ?? '';
  const commits = usePages('/api/v1/repositories/{owner}/{name}/commits', {
    params: { path: place, query: { revision: refName, limit: 50, ...(path === '' ? {} : { path }) } },
  });
  const items = commits.data?.pages.flatMap((page) => page.items) ?? [];
  const isEmpty = refName === defaultBranch && commits.error?.code === 'api/not-found';
  return (
    <PageFrame
      title={`Commits · ${place.owner}/${place.name}`}
      heading="Commits"
      about={path === '' ? undefined : <>that changed {path}</>}
      actions={
        <>
          {path === '' ? null : (
            <Button component={Link} to={commitsPath(place, refName)} size="xs" variant="default">
              All commits
            </Button>
          )}
          <RefSwitcher current={refName} to={(ref) => commitsPath(place, ref, path)} />
        </>
      }
    >
      {isEmpty ? <EmptyRepository /> : null}
      {commits.error === null || isEmpty ? null : (
        <ErrorState error={commits.error} onRetry={() => void commits.refetch()} />
      )}
      {commits.isPending ? <RowsSkeleton rows={8} /> : null}
      {commits.data !== undefined && items.length === 0 ? (
        <EmptyState title="No commit changed this path">
          It is not there, or was never touched on this branch.
        </EmptyState>
      ) : null}
      {days(items).map(([day, own]) => (
        <Stack key={day} gap={6}>
          <Text size="sm" c="dimmed" fw={600} component="h2">
            {day}
          </Text>
          <div className="sp-panel sp-rows">
            {own.map((commit) => (
              <Row key={commit.oid} commit={commit} />
            ))}
          </div>
        </Stack>
      ))}
      <More of={commits} />
    </PageFrame>
  );
}

function days(commits: readonly Of<'Commit'>[]): readonly (readonly [string, readonly Of<'Commit'>[]])[] {
  const groups = Map.groupBy(commits, ({ committer }) => formats.day(new Date(committer.date)));
  return [...groups];
}

function Row({ commit }: { readonly commit: Of<'Commit'> }) {
  const place = useRepositoryPath();
  const { oid, message, author, parents } = commit;
  const [subject = ''] = message.split('\n');
  return (
    <Group className="sp-row" justify="space-between" wrap="nowrap" gap="sm">
      <Stack gap={0} className="sp-grow">
        <CommitSubject oid={oid} subject={subject} />
        <Text size="sm" c="dimmed" lineClamp={1} component="div">
          <bdi>
            <PlainText text={author.name} />
          </bdi>
          , <Time at={author.date} />
          {parents.length > 1 ? ', a merge' : ''}
        </Text>
      </Stack>
      <Group gap="xs" wrap="nowrap">
        <Button
          component={Link}
          to={treePath(place, oid)}
          size="compact-xs"
          variant="subtle"
          visibleFrom="sm"
          aria-label={`Files at ${oid.slice(0, 10)}`}
        >
          Files
        </Button>
        <span className="sp-mono">{oid.slice(0, 10)}</span>
        <Copy text={oid} label="Copy id" />
      </Group>
    </Group>
  );
}
