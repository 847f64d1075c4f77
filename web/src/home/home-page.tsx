import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { RunState } from '../shell/run-state.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Duration, Time } from '../shell/time.tsx';
import { FirstRun } from './first-run.tsx';

/** What is not over is looked at again soon. */
const OPEN_MS = 3000;
const ENDED_MS = 10_000;
const SHOWN_MAX = 10;

const useRuns = (kind: 'open' | 'failed' | 'refused' | 'passed', mine: boolean) =>
  useRead(
    '/api/v1/runs',
    { params: { query: { kind, limit: SHOWN_MAX, ...(mine ? { mine: 'true' as const } : {}) } } },
    { everyMs: kind === 'open' ? OPEN_MS : ENDED_MS },
  );

/** What needs this person, what runs, what was refused. Before the first green run: how to come to it. */
export function Page() {
  const [failed, refused] = [useRuns('failed', true), useRuns('refused', false)];
  const [open, passed] = [useRuns('open', false), useRuns('passed', false)];
  const all = [failed, refused, open, passed];
  const error = all.find((one) => one.error !== null && one.data === undefined)?.error;
  const isLoading = all.some(({ isPending }) => isPending);
  const isFresh = !isLoading && passed.data?.items.length === 0;
  return (
    <PageFrame title="Home">
      {error === undefined || error === null ? null : (
        <ErrorState error={error} onRetry={() => void Promise.all(all.map((one) => one.refetch()))} />
      )}
      {isLoading && error === undefined ? <RowsSkeleton /> : null}
      {isFresh ? <FirstRun open={open.data?.items ?? []} /> : null}
      <Section title="Needs you" runs={failed.data?.items} none={isFresh ? undefined : 'Nothing of yours failed.'}>
        Runs that you began and that failed, the newest of each workflow and branch.
      </Section>
      <Section title="Running" runs={open.data?.items} none={isFresh ? undefined : 'Nothing runs at the moment.'}>
        What runs or waits, in all repositories that you may read.
      </Section>
      <Section title="Refused" runs={refused.data?.items} none={isFresh ? undefined : 'Nothing was refused lately.'}>
        Runs of which nothing ran: the run tells why, and what to do.
      </Section>
      <Section title="Passed" runs={passed.data?.items}>
        The newest of each workflow and branch.
      </Section>
    </PageFrame>
  );
}

type SectionProps = {
  readonly title: string;
  readonly runs: readonly Of<'RecentRun'>[] | undefined;
  /** What is said when there are none; without it nothing is shown. */
  readonly none?: string | undefined;
  readonly children: ReactNode;
};

function Section({ title, runs, none, children }: SectionProps) {
  if (runs === undefined || (runs.length === 0 && none === undefined)) return null;
  return (
    <Stack gap={6} component="section" aria-label={title}>
      <Group gap="xs" align="baseline">
        <Title order={2}>{title}</Title>
        <Text size="sm" c="dimmed">
          {runs.length === 0 ? none : children}
        </Text>
      </Group>
      {runs.length === 0 ? null : (
        <div className="sp-panel sp-rows">
          {runs.map((recent) => (
            <Row key={recent.run.id} recent={recent} />
          ))}
        </div>
      )}
    </Stack>
  );
}

function Row({ recent: { run, repository } }: { readonly recent: Of<'RecentRun'> }) {
  const { owner, name } = repository;
  const branch = run.ref.replace(/^refs\/(?:heads|tags)\//, '');
  return (
    <Group className="sp-row" justify="space-between" gap="sm" wrap="nowrap">
      <Group gap="sm" wrap="nowrap" className="sp-grow">
        <RunState state={run.state} conclusion={run.conclusion} isShort />
        <Stack gap={0} className="sp-grow">
          <Anchor
            component={Link}
            to={`${repositoryPath(owner, name)}/runs/${run.id}`}
            lineClamp={1}
            fw={600}
            c="inherit"
          >
            <bdi>
              <PlainText text={run.name} />
            </bdi>
          </Anchor>
          <Text size="sm" c="dimmed" lineClamp={1} component="div">
            {owner}/{name}, <PlainText text={run.workflow.name} /> #{run.number} on{' '}
            <bdi>
              <PlainText text={branch} />
            </bdi>
          </Text>
        </Stack>
      </Group>
      <Text size="sm" c="dimmed" ta="end" component="div">
        <Time at={run.finishedAt ?? run.createdAt} />
        {run.startedAt === undefined ? null : (
          <div>
            <Duration start={run.startedAt} end={run.finishedAt} />
          </div>
        )}
      </Text>
    </Group>
  );
}
