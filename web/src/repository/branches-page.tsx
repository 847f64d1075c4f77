import { Anchor, Badge, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'react-router';
import { type Of, usePages } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { formats } from '../shell/format.ts';
import { More } from '../shell/more.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { comparePath, treePath } from './addresses.ts';
import { CommitBy, CommitSubject } from './commit-line.tsx';

const TYPING_MS = 200;

/** Branches, the busiest first, with their distance from the default one. */
export function Page() {
  const place = useRepositoryPath();
  const [typed, setTyped] = useState('');
  const [query] = useDebouncedValue(typed, TYPING_MS);
  const branches = usePages('/api/v1/repositories/{owner}/{name}/branches', {
    params: { path: place, query: { limit: 30, query } },
  });
  const items = branches.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageFrame
      title={`Branches · ${place.owner}/${place.name}`}
      heading="Branches"
      actions={
        <TextInput
          size="xs"
          aria-label="Find a branch"
          placeholder="Find a branch"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      }
    >
      {branches.isPending ? <RowsSkeleton /> : null}
      {branches.error === null ? null : <ErrorState error={branches.error} onRetry={() => void branches.refetch()} />}
      {branches.data !== undefined && items.length === 0 ? (
        <EmptyState title={query === '' ? 'No branch yet' : 'No branch has this name'}>
          {query === '' ? 'The first push makes one.' : 'Type less of it, or look among the tags.'}
        </EmptyState>
      ) : null}
      {items.length === 0 ? null : (
        <div className="sp-panel sp-rows">
          {items.map((branch) => (
            <Row key={branch.name} branch={branch} />
          ))}
        </div>
      )}
      <More of={branches} />
    </PageFrame>
  );
}

function Row({ branch }: { readonly branch: Of<'Branch'> }) {
  const place = useRepositoryPath();
  const { defaultBranch } = useRepository();
  const { name, commit, isDefault, isProtected, ahead, behind } = branch;
  return (
    <Group className="sp-row" justify="space-between" gap="sm">
      <Stack gap={2} className="sp-grow">
        <Group gap="xs">
          <Anchor component={Link} to={treePath(place, name)} fw={600}>
            <bdi>
              <PlainText text={name} />
            </bdi>
          </Anchor>
          {isDefault ? <Badge color="gray">default</Badge> : null}
          {isProtected ? (
            <Badge title="Nobody may delete or force-push it; what comes to it is reviewed.">protected</Badge>
          ) : null}
        </Group>
        <Text size="sm" component="div" c="dimmed">
          <CommitSubject oid={commit.oid} subject={commit.subject} />
        </Text>
      </Stack>
      <Stack gap={2} align="flex-end">
        <CommitBy commit={commit} />
        {isDefault ? null : (
          <Anchor component={Link} size="sm" to={comparePath(place, defaultBranch, name)}>
            {ahead === undefined || behind === undefined
              ? 'Compare'
              : `${formats.number(ahead)} ahead, ${formats.number(behind)} behind`}
          </Anchor>
        )}
      </Stack>
    </Group>
  );
}
