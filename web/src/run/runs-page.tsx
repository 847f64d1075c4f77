import { Anchor, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Duration, Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { dispatchPath, runPath, shortRef, shortSha } from './paths.ts';
import classes from './run.module.css';
import { LevelMark, StateIcon, stateName } from './state-mark.tsx';

const EVERY_MS = 3000;
const ROWS = 30;
const EVENTS = [
  'push',
  'pull_request',
  'pull_request_target',
  'workflow_dispatch',
  'workflow_run',
  'schedule',
  'repository_dispatch',
  'create',
  'delete',
];
const STATES = [
  { value: 'waiting', label: 'Waiting' },
  { value: 'running', label: 'Running' },
  { value: 'finished', label: 'Finished' },
] as const;
const FILTERS = ['workflow', 'branch', 'event', 'state', 'actor'] as const;

type State = Of<'Run'>['state'];
const isState = (text: string | null): text is State => STATES.some(({ value }) => value === text);

/** The runs of a repository, newest first. What is filtered stands in the address. */
export function Page() {
  const place = useRepositoryPath();
  const [query, setQuery] = useSearchParams();
  const cursor = query.get('cursor') ?? undefined;
  const state = query.get('state');
  const text = Object.fromEntries(
    (['workflow', 'branch', 'event', 'actor'] as const).flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
  const runs = useRead(
    '/api/v1/repositories/{owner}/{name}/runs',
    {
      params: {
        path: place,
        query: {
          limit: ROWS,
          ...text,
          ...(isState(state) ? { state } : {}),
          ...(cursor === undefined ? {} : { cursor }),
        },
      },
    },
    // Only the first page has what is new.
    cursor === undefined ? { everyMs: EVERY_MS } : {},
  );
  const isFiltered = FILTERS.some((name) => query.has(name));
  const change = (name: string, value: string | null) => {
    const next = new URLSearchParams(query);
    next.delete('cursor');
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
    setQuery(next, { replace: true });
  };
  return (
    <PageFrame
      title="Runs"
      actions={
        <Button component={Link} to={dispatchPath(place)} variant="default">
          Start a run
        </Button>
      }
    >
      <Filters query={query} onChange={change} />
      <Answer of={runs} rows={8}>
        {({ items, next }) => (
          <>
            {items.length === 0 ? <NoRuns isFiltered={isFiltered || cursor !== undefined} /> : <RunList runs={items} />}
            <Group justify="space-between">
              {cursor === undefined ? (
                <span />
              ) : (
                <Button variant="default" onClick={() => change('cursor', null)}>
                  Newest
                </Button>
              )}
              {next === undefined ? null : (
                <Button variant="default" onClick={() => setQuery((old) => withCursor(old, next))}>
                  Older
                </Button>
              )}
            </Group>
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

function withCursor(old: URLSearchParams, cursor: string): URLSearchParams {
  const next = new URLSearchParams(old);
  next.set('cursor', cursor);
  return next;
}

function Filters({
  query,
  onChange,
}: {
  readonly query: URLSearchParams;
  readonly onChange: (name: string, value: string | null) => void;
}) {
  const path = useRepositoryPath();
  const found = useRead('/api/v1/repositories/{owner}/{name}/workflows', { params: { path } }, { staleMs: 60_000 });
  const workflow = query.get('workflow');
  const known = (found.data?.workflows ?? []).map((one) => ({ value: one.path, label: visibleText(one.name) }));
  // One that is gone from the default branch can still be asked for.
  const workflows =
    workflow === null || known.some(({ value }) => value === workflow)
      ? known
      : [...known, { value: workflow, label: workflow }];
  return (
    <search className={classes['filters']} aria-label="Filter runs">
      <Select
        label="Workflow"
        placeholder="All"
        data={workflows}
        value={workflow}
        onChange={(value) => onChange('workflow', value)}
        clearable
        searchable
      />
      <Select
        label="Event"
        placeholder="All"
        data={EVENTS}
        value={query.get('event')}
        onChange={(value) => onChange('event', value)}
        clearable
      />
      <Select
        label="State"
        placeholder="All"
        data={STATES}
        value={query.get('state')}
        onChange={(value) => onChange('state', value)}
        clearable
      />
      <TextFilter name="branch" label="Branch" query={query} onChange={onChange} />
      <TextFilter name="actor" label="Started by" query={query} onChange={onChange} />
    </search>
  );
}

/** Taken over when one leaves it or presses Enter: not with each letter. */
function TextFilter({
  name,
  label,
  query,
  onChange,
}: {
  readonly name: string;
  readonly label: string;
  readonly query: URLSearchParams;
  readonly onChange: (name: string, value: string | null) => void;
}) {
  const value = query.get(name) ?? '';
  return (
    <TextInput
      key={value}
      label={label}
      placeholder="Any"
      defaultValue={value}
      maxLength={100}
      onBlur={({ currentTarget }) => {
        if (currentTarget.value.trim() !== value) onChange(name, currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}

function RunList({ runs }: { readonly runs: readonly Of<'Run'>[] }) {
  return (
    <ul className={`sp-panel sp-rows ${classes['list']}`} aria-label="Runs">
      {runs.map((run) => (
        <RunRow key={run.id} run={run} />
      ))}
    </ul>
  );
}

function RunRow({ run }: { readonly run: Of<'Run'> }) {
  const place = useRepositoryPath();
  const { id, number, attempt, workflow, name, event, ref, commit, level, actor, createdAt, startedAt, finishedAt } =
    run;
  return (
    <li className={`sp-row ${classes['row']}`}>
      <StateIcon name={stateName(run)} />
      <Stack gap={2}>
        <Anchor component={Link} to={runPath(place, id)} className={classes['rowTitle'] ?? ''}>
          <bdi>{visibleText(name === '' ? workflow.name : name)}</bdi>
        </Anchor>
        <div className={classes['meta']}>
          <span>
            <bdi>{visibleText(workflow.name)}</bdi> #{number}
            {attempt > 1 ? ` · attempt ${attempt}` : ''}
          </span>
          <span>{event}</span>
          <bdi className="sp-mono">{visibleText(shortRef(ref))}</bdi>
          <span className="sp-mono">{shortSha(commit)}</span>
          <bdi>{visibleText(actor.name ?? actor.id)}</bdi>
          <LevelMark level={level} />
        </div>
      </Stack>
      <div className={classes['aside']}>
        <Time at={createdAt} />
        {startedAt === undefined ? null : (
          <>
            {' · '}
            <Duration start={startedAt} end={finishedAt} />
          </>
        )}
      </div>
    </li>
  );
}

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No run fits">
        No run has all of what is chosen above. Take one filter away, or look at <Text span>all runs</Text>.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="Nothing has run yet">
      Put a workflow into <code>.github/workflows</code> and push it. It runs at once, and appears here while it does.
    </EmptyState>
  );
}
