import { Group, Stack, Tabs } from '@mantine/core';
import { useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';
import type { Of } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { useKeys } from '../shell/keys.ts';
import { NotFoundPage } from '../shell/not-found.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { visibleText } from './ansi.ts';
import { JobList } from './job-list.tsx';
import { NetworkView } from './network-view.tsx';
import { OverviewView } from './overview-view.tsx';
import { PlanView } from './plan-view.tsx';
import { RunActions } from './run-actions.tsx';
import { AttemptChoice, Refusal, RunFacts } from './run-head.tsx';
import classes from './run.module.css';
import { stateName, stateWord } from './state-mark.tsx';
import { TimeView } from './time-view.tsx';
import { TrustView } from './trust-view.tsx';
import { type RunPlace, useRun, useRunReport } from './use-run.ts';

const VIEWS = [
  { name: 'overview', label: 'Overview', key: '1' },
  { name: 'time', label: 'Time', key: '2' },
  { name: 'network', label: 'Network', key: '3' },
  { name: 'trust', label: 'Trust', key: '4' },
  { name: 'plan', label: 'Plan and lock', key: '5' },
] as const;
type View = (typeof VIEWS)[number]['name'];

export function Page() {
  const { run: text = '' } = useParams();
  const { owner, name } = useRepositoryPath();
  const [query] = useSearchParams();
  const run = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
  if (run === undefined) return <NotFoundPage />;
  const attempt = /^[1-9]\d{0,4}$/.test(query.get('attempt') ?? '') ? Number(query.get('attempt')) : undefined;
  return <Run key={run} place={{ owner, name, run }} attempt={attempt} />;
}

function Run({ place, attempt }: { readonly place: RunPlace; readonly attempt: number | undefined }) {
  const found = useRun(place, attempt);
  if (found.data === undefined && found.error?.status === 404) return <NotFoundPage />;
  const view = found.data;
  const title =
    view === undefined ? `Run ${place.run}` : visibleText(view.name === '' ? view.workflow.name : view.name);
  return (
    <PageFrame
      title={view === undefined ? title : `${stateWord(stateName(view))}: ${title}`}
      heading={<bdi>{title}</bdi>}
      about={view === undefined ? undefined : <RunFacts place={place} view={view} />}
      actions={
        view === undefined ? undefined : (
          <>
            <AttemptChoice place={place} view={view} />
            <RunActions place={place} view={view} />
          </>
        )
      }
    >
      <Answer of={found}>{(data) => <RunBody place={place} view={data} />}</Answer>
    </PageFrame>
  );
}

function RunBody({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  const [query, setQuery] = useSearchParams();
  const shown = VIEWS.find(({ name }) => name === query.get('view'))?.name ?? 'overview';
  const keys = useMemo(
    () =>
      VIEWS.map(({ name, label, key }) => ({ keys: key, label, run: () => setQuery((old) => withView(old, name)) })),
    [setQuery],
  );
  useKeys(keys);
  if (view.jobs.length === 0) {
    return (
      <Stack gap="lg">
        <Refusal place={place} view={view} />
        <OverviewView place={place} view={view} report={undefined} />
      </Stack>
    );
  }
  return (
    <div className={classes['columns']}>
      <Stack gap="xs">
        <Group justify="space-between">
          <h2 className={classes['sideTitle']}>Jobs</h2>
        </Group>
        <JobList place={place} jobs={view.jobs} />
      </Stack>
      <Tabs
        value={shown}
        onChange={(value) =>
          setQuery((old) => withView(old, VIEWS.find(({ name }) => name === value)?.name ?? 'overview'))
        }
        keepMounted={false}
      >
        <Tabs.List mb="md" className={classes['tabs'] ?? ''}>
          {VIEWS.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Refusal place={place} view={view} />
        <Views place={place} view={view} shown={shown} />
      </Tabs>
    </div>
  );
}

function withView(old: URLSearchParams, view: View): URLSearchParams {
  const next = new URLSearchParams(old);
  if (view === 'overview') next.delete('view');
  else next.set('view', view);
  return next;
}

function Views({
  place,
  view,
  shown,
}: {
  readonly place: RunPlace;
  readonly view: Of<'RunView'>;
  readonly shown: View;
}) {
  const report = useRunReport(place, view);
  return (
    <Tabs.Panel value={shown}>
      {shown === 'overview' ? <OverviewView place={place} view={view} report={report.data} /> : null}
      {shown === 'plan' ? <PlanView place={place} view={view} /> : null}
      {shown === 'overview' || shown === 'plan' ? null : (
        <Answer of={report}>
          {(data) => {
            if (shown === 'time') return <TimeView place={place} view={view} report={data} />;
            if (shown === 'network') return <NetworkView place={place} report={data} />;
            return <TrustView place={place} view={view} report={data} />;
          }}
        </Answer>
      )}
    </Tabs.Panel>
  );
}
