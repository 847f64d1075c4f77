import { Anchor, Button, Code, Group, List, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, type ApiError, type Of, told } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { repositoryPath } from '../shell/navigation.ts';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { SEVERITIES } from './severity.tsx';

const GAPS_SHOWN = 10;

type Stand = Of<'FindingStand'>;

const WORDS: { readonly [Verdict in Stand['verdict']]: { readonly text: string; readonly tone: string } } = {
  unknown: { text: 'Not scanned yet', tone: '' },
  clean: { text: '✓ Nothing found', tone: 'sp-good' },
  findings: { text: '', tone: 'sp-bad' },
  incomplete: { text: '! Not everything was looked at', tone: 'sp-warn' },
};

/** How a branch stands, by its newest scan. */
export function StandLine({ stand, branch }: { readonly stand: Stand; readonly branch: string }) {
  const { verdict, open, scan, pending, suppressed } = stand;
  const count = Object.values(open).reduce((sum, one) => sum + one, 0);
  const parts = SEVERITIES.filter((one) => (open[one] ?? 0) > 0).map(
    (one) => `${formats.number(open[one] ?? 0)} ${one}`,
  );
  const { text, tone } = WORDS[verdict];
  const found = count === 0 ? '' : formats.plural(count, { one: '# open finding', other: '# open findings' });
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={2}>
        <Text fw={600} className={tone}>
          {[text, found].filter((part) => part !== '').join(' · ')}
        </Text>
        <Text c="dimmed" size="sm" component="div">
          {parts.length === 0 ? null : <>{formats.list(parts)}. </>}
          {suppressed === 0 ? null : <>{formats.number(suppressed)} suppressed. </>}
          {scan?.finishedAt === undefined ? (
            'The default branch is scanned after each push, and once a day.'
          ) : (
            <>
              Scanned <Time at={scan.finishedAt} /> at <CommitLink commit={scan.commit} />,{' '}
              {formats.plural(scan.files, { one: '# file', other: '# files' })}.
            </>
          )}
        </Text>
      </Stack>
      <ScanButton branch={branch} isPending={pending !== undefined} />
    </Group>
  );
}

export function CommitLink({ commit }: { readonly commit: string }) {
  const { owner, name } = useRepositoryPath();
  return (
    <Anchor component={Link} to={`${repositoryPath(owner, name)}/commit/${commit}`} className="sp-mono">
      {commit.slice(0, 10)}
    </Anchor>
  );
}

function ScanButton({ branch, isPending }: { readonly branch: string; readonly isPending: boolean }) {
  const path = useRepositoryPath();
  const queries = useQueryClient();
  const scanning = useMutation<unknown, ApiError>({
    mutationFn: () =>
      told(api.POST('/api/v1/repositories/{owner}/{name}/scans', { params: { path }, body: { branch } })),
    onSuccess: () => queries.invalidateQueries(),
    onError: ({ message }) => notifications.show({ color: 'red', title: 'No scan was begun', message }),
  });
  return (
    <Button
      variant="default"
      size="xs"
      loading={scanning.isPending}
      disabled={isPending}
      onClick={() => scanning.mutate()}
    >
      {isPending ? 'A scan is under way' : 'Scan now'}
    </Button>
  );
}

/** What a scan could not look at: without it nobody may take an empty list for a clean one. */
export function ScanGaps({ scan }: { readonly scan: Of<'Scan'> }) {
  if (scan.state === 'failed') {
    return (
      <Stack className="sp-panel" p="md" gap="xs" role="status">
        <Text fw={600} className="sp-bad">
          ✗ The last scan failed
        </Text>
        <Text size="sm">
          <bdi>{scan.error ?? 'It gave no reason.'}</bdi> What is listed is from the scan before it.
        </Text>
      </Stack>
    );
  }
  if (scan.gaps.length === 0) return null;
  const title = `${formats.plural(scan.gaps.length, { one: '# thing was', other: '# things were' })} not looked at`;
  return (
    <Stack className="sp-panel" p="md" gap="xs" role="status">
      <Text fw={600} className="sp-warn">
        ! {title}
      </Text>
      <List size="sm" spacing={4}>
        {scan.gaps.slice(0, GAPS_SHOWN).map((gap) => (
          <List.Item key={`${gap.code} ${gap.file ?? ''} ${gap.reason}`}>
            <bdi>{gap.reason}</bdi> {gap.help} <Code>{gap.code}</Code>
          </List.Item>
        ))}
      </List>
      {scan.gaps.length > GAPS_SHOWN ? <Text size="sm">and {scan.gaps.length - GAPS_SHOWN} more</Text> : null}
    </Stack>
  );
}
