import { Group, Stack, Text } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { formats } from '../shell/format.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { comparePath } from './addresses.ts';
import { CommitBy, CommitSubject } from './commit-line.tsx';
import { DiffFiles } from './diff-files.tsx';
import { RefSwitcher } from './ref-switcher.tsx';

/** What one branch has that another has not. */
export function Page() {
  const { defaultBranch } = useRepository();
  const place = useRepositoryPath();
  const [params] = useSearchParams();
  const base = params.get('base') ?? defaultBranch;
  const head = params.get('head') ?? defaultBranch;
  const compared = useRead('/api/v1/repositories/{owner}/{name}/compare', {
    params: { path: place, query: { base, head } },
  });
  return (
    <PageFrame title={`Compare · ${place.owner}/${place.name}`} heading="Compare">
      <Group gap="xs">
        <RefSwitcher current={base} to={(ref) => comparePath(place, ref, head)} />
        <Text component="span">and what is new in</Text>
        <RefSwitcher current={head} to={(ref) => comparePath(place, base, ref)} />
      </Group>
      <Answer of={compared}>
        {({ ahead, behind, commits, diff }) =>
          commits.length === 0 && diff.files.length === 0 ? (
            <EmptyState title="Nothing new">{`${head} has no commit that ${base} has not.`}</EmptyState>
          ) : (
            <Stack gap="md">
              <Text c="dimmed">
                {ahead === undefined ? 'Many' : formats.plural(ahead, { one: '# commit', other: '# commits' })} ahead
                {behind === undefined || behind === 0 ? '' : `, ${formats.number(behind)} behind`}
              </Text>
              <div className="sp-panel sp-rows">
                {commits.map(({ oid, message, author }) => (
                  <Stack key={oid} className="sp-row" gap={0}>
                    <CommitSubject oid={oid} subject={message.split('\n')[0] ?? ''} />
                    <CommitBy commit={{ oid, author: author.name, date: author.date, subject: '' }} />
                  </Stack>
                ))}
              </div>
              <DiffFiles diff={diff} base={base} head={head} />
            </Stack>
          )
        }
      </Answer>
    </PageFrame>
  );
}
