import { Anchor, Button, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link, useLocation, useNavigate, useParams, useSearchParams } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { NotFoundPage } from '../shell/not-found.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Duration, Span } from './spans.tsx';
import { visibleText } from './ansi.ts';
import type { JobLog, LogPlace } from './job-log.ts';
import { JobList } from './job-list.tsx';
import { type LogTarget, LogView, stepState, stepTitle, useJobLog, useLogVersion } from './log-view.tsx';
import logClasses from './log.module.css';
import { runPath } from './paths.ts';
import { RunActions, useRerun } from './run-actions.tsx';
import classes from './run.module.css';
import { LevelMark, StateIcon, StateMark, stateName, stateWord } from './state-mark.tsx';
import { type RunPlace, useRun } from './use-run.ts';

const ID = /^[1-9]\d{0,14}$/;

export function Page() {
  const { run = '', job = '' } = useParams();
  const { owner, name } = useRepositoryPath();
  if (!ID.test(run) || !ID.test(job)) return <NotFoundPage />;
  return <Job key={`${run} ${job}`} place={{ owner, name, run: Number(run), job: Number(job) }} />;
}

/** The address of a job names the run and no attempt: the server says which one it is of. */
function Job({ place }: { readonly place: LogPlace }) {
  const { owner, name, run, job } = place;
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}',
    { params: { path: { owner, name, run, job } } },
    { staleMs: 60_000 },
  );
  if (found.error?.status === 404) return <NotFoundPage />;
  if (found.data !== undefined) {
    return <JobOfRun place={place} runPlace={{ owner, name, run }} attempt={found.data.attempt} />;
  }
  return (
    <PageFrame title="Job">
      <Answer of={found} rows={8}>
        {() => null}
      </Answer>
    </PageFrame>
  );
}

function JobOfRun({
  place,
  runPlace,
  attempt,
}: {
  readonly place: LogPlace;
  readonly runPlace: RunPlace;
  readonly attempt: number;
}) {
  const found = useRun(runPlace, attempt);
  const view = found.data;
  const job = view?.jobs.find(({ id }) => id === place.job);
  if (view !== undefined && job === undefined) return <NotFoundPage />;
  const title = job === undefined ? 'Job' : visibleText(job.name);
  return (
    <PageFrame
      title={job === undefined ? title : `${stateWord(stateName(job))}: ${title}`}
      heading={<bdi>{title}</bdi>}
      about={view === undefined || job === undefined ? undefined : <JobFacts place={runPlace} view={view} job={job} />}
      actions={
        view === undefined || job === undefined ? undefined : <JobActions place={runPlace} view={view} job={job} />
      }
    >
      <Answer of={found}>
        {(data) => (job === undefined ? null : <JobBody place={place} runPlace={runPlace} view={data} job={job} />)}
      </Answer>
    </PageFrame>
  );
}

type Parts = { readonly place: RunPlace; readonly view: Of<'RunView'>; readonly job: Of<'Job'> };

function JobFacts({ place, view, job }: Parts) {
  const isNewest = view.attempt === 1;
  return (
    <div className={classes['meta']}>
      <StateMark name={stateName(job)} />
      {job.startedAt === undefined ? null : <Duration start={job.startedAt} end={job.finishedAt} />}
      <span>
        in{' '}
        <Anchor component={Link} to={runPath(place, place.run, isNewest ? undefined : view.attempt)} inherit>
          <bdi>{visibleText(view.workflow.name)}</bdi> #{view.number}
          {isNewest ? '' : `, attempt ${view.attempt}`}
        </Anchor>
      </span>
      {job.runner === undefined ? null : <span>on {visibleText(job.runner)}</span>}
      <LevelMark level={job.level} />
    </div>
  );
}

function JobActions({ place, view, job }: Parts) {
  const rerun = useRerun(place);
  if (view.state !== 'finished') return <RunActions place={place} view={view} />;
  return (
    <Button variant="default" loading={rerun.isPending} onClick={() => rerun.mutate({ job: job.id })}>
      Run this job again
    </Button>
  );
}

function JobBody({
  place,
  runPlace,
  view,
  job,
}: {
  readonly place: LogPlace;
  readonly runPlace: RunPlace;
  readonly view: Of<'RunView'>;
  readonly job: Of<'Job'>;
}) {
  const log = useJobLog(place);
  const { hash } = useLocation();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const line = /^#L([1-9]\d{0,8})$/.exec(hash)?.[1];
  const [step, setStep] = useState<{ readonly id: string; readonly count: number }>();
  const target = useMemo(
    (): LogTarget => ({
      ...(step === undefined ? (line === undefined ? {} : { line: Number(line) - 1 }) : { step: step.id }),
      count: (step?.count ?? 0) * 1e9 + Number(line ?? 0),
    }),
    [line, step],
  );
  const goTo = (wanted: number) => {
    setStep(undefined);
    void navigate({ search: query.toString(), hash: `L${wanted + 1}` }, { replace: true, preventScrollReset: true });
  };
  return (
    <div className={logClasses['page']}>
      <Stack gap="md">
        {log === undefined ? null : (
          <Stack gap={4}>
            <h2 className={classes['sideTitle']}>Steps</h2>
            <StepList log={log} onStep={(id) => setStep((old) => ({ id, count: (old?.count ?? 0) + 1 }))} />
          </Stack>
        )}
        <Stack gap={4} className={classes['wideOnly'] ?? ''}>
          <h2 className={classes['sideTitle']}>Jobs of this run</h2>
          <JobList place={runPlace} jobs={view.jobs} current={job.id} />
        </Stack>
      </Stack>
      <Stack gap="sm">
        {job.reason === undefined ? null : (
          <div className={`${classes['message']} ${classes[job.conclusion === 'failure' ? 'bad' : 'quiet']}`}>
            <bdi>{visibleText(job.reason)}</bdi>
          </div>
        )}
        {log === undefined ? (
          <RowsSkeleton rows={8} />
        ) : log.state === 'failed' ? (
          <ErrorState error={log.failure} />
        ) : (
          <LogView log={log} place={place} target={target} isRunning={job.state !== 'finished'} onLine={goTo} />
        )}
      </Stack>
    </div>
  );
}

/** The steps with their times. A click goes to where a step begins in the log. */
function StepList({ log, onStep }: { readonly log: JobLog; readonly onStep: (id: string) => void }) {
  useLogVersion(log);
  const outer = log.steps.filter(({ id }) => !id.includes('/'));
  if (outer.length === 0) return <Text c="dimmed">None has begun.</Text>;
  return (
    <ul className={classes['jobs']} aria-label="Steps">
      {outer.map((step) => (
        <li key={step.id}>
          <button type="button" onClick={() => onStep(step.id)}>
            <StateIcon name={stepState(step)} />
            <bdi>{stepTitle(step.id, step.name)}</bdi>
            <span className={classes['nodeAside']}>
              <Span startMs={step.startedAt} endMs={step.finishedAt} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
