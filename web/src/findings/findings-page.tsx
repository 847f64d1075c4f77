import { Anchor, Group, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { Answer } from '../shell/answer.tsx';
import { type Of, usePages, useRead } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { More } from '../shell/more.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepository } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { WatchButton } from '../shell/watch-button.tsx';
import { SEVERITIES, SeverityBadge } from './severity.tsx';
import { ScanGaps, StandLine } from './stand.tsx';
import { Trend } from './trend.tsx';

const WAIT_MS = 250;
const BUSY_MS = 3000;
const STATES = ['open', 'suppressed', 'fixed'] as const;
const KINDS = ['secrets', 'code', 'dependencies', 'workflows', 'infrastructure', 'suppressions'] as const;

type Filter = {
  readonly state: (typeof STATES)[number];
  readonly severity?: (typeof SEVERITIES)[number];
  readonly kind?: (typeof KINDS)[number];
  readonly text?: string;
};

const among = <Name extends string>(names: readonly Name[], text: string | null) => names.find((name) => name === text);

/** The filters lie in the address: what somebody sees can be sent to others. */
function useFilter() {
  const [search, setSearch] = useSearchParams();
  const severity = among(SEVERITIES, search.get('severity'));
  const kind = among(KINDS, search.get('kind'));
  const text = search.get('text') ?? '';
  const filter: Filter = {
    state: among(STATES, search.get('state')) ?? 'open',
    ...(severity === undefined ? {} : { severity }),
    ...(kind === undefined ? {} : { kind }),
    ...(text === '' ? {} : { text }),
  };
  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return { filter, branch: search.get('branch'), set };
}

export function Page() {
  const { owner, name, defaultBranch } = useRepository();
  const { filter, branch: chosen, set } = useFilter();
  const branch = chosen ?? defaultBranch;
  const path = { owner, name };
  const stand = useRead(
    '/api/v1/repositories/{owner}/{name}/findings/summary',
    { params: { path, query: { branch } } },
    { everyMs: (data) => (data?.pending === undefined ? false : BUSY_MS) },
  );
  const trend = useRead('/api/v1/repositories/{owner}/{name}/findings/trend', { params: { path, query: { branch } } });
  return (
    <PageFrame title={`Findings of ${owner}/${name}`} heading="Findings" actions={<WatchButton />}>
      <Answer of={stand} rows={1}>
        {(data) => (
          <Stack gap="sm">
            <StandLine stand={data} branch={branch} />
            {data.scan === undefined ? null : <ScanGaps scan={data.scan} />}
          </Stack>
        )}
      </Answer>
      {trend.data === undefined ? null : <Trend days={trend.data.items} />}
      <Filters filter={filter} set={set} branches={branchesOf(stand.data, defaultBranch)} branch={branch} />
      <List filter={filter} branch={branch} verdict={stand.data?.verdict} />
    </PageFrame>
  );
}

function branchesOf(stand: Of<'FindingStand'> | undefined, main: string): readonly string[] {
  const names = (stand?.refs ?? []).map((ref) => ref.replace(/^refs\/heads\//, ''));
  return [...new Set([main, ...names])];
}

function Filters({
  filter,
  set,
  branch,
  branches,
}: {
  readonly filter: Filter;
  readonly set: (name: string, value: string | null) => void;
  readonly branch: string;
  readonly branches: readonly string[];
}) {
  return (
    <Group gap="xs" align="flex-end" role="search" aria-label="Findings">
      <SegmentedControl
        aria-label="State"
        size="xs"
        value={filter.state}
        onChange={(value) => set('state', value === 'open' ? null : value)}
        data={[
          { value: 'open', label: 'Open' },
          { value: 'suppressed', label: 'Suppressed' },
          { value: 'fixed', label: 'Fixed' },
        ]}
      />
      <Chosen
        label="Severity"
        value={filter.severity}
        names={SEVERITIES}
        onChange={(value) => set('severity', value)}
      />
      <Chosen label="Kind" value={filter.kind} names={KINDS} onChange={(value) => set('kind', value)} />
      {branches.length > 1 ? (
        <Select
          size="xs"
          w={170}
          aria-label="Branch"
          data={[...branches]}
          value={branch}
          allowDeselect={false}
          onChange={(value) => set('branch', value)}
        />
      ) : null}
      <Search value={filter.text ?? ''} onChange={(value) => set('text', value)} />
    </Group>
  );
}

const Chosen = ({
  label,
  value,
  names,
  onChange,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly names: readonly string[];
  readonly onChange: (value: string | null) => void;
}) => (
  <Select
    size="xs"
    w={150}
    aria-label={label}
    placeholder={`Any ${label.toLowerCase()}`}
    data={[...names]}
    value={value ?? null}
    clearable
    onChange={onChange}
  />
);

function Search({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <TextInput
      size="xs"
      w={220}
      type="search"
      aria-label="Search in paths, titles and rules"
      placeholder="Path, title or rule"
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        onChange(currentTarget.value);
      }}
    />
  );
}

function List({
  filter,
  branch,
  verdict,
}: {
  readonly filter: Filter;
  readonly branch: string;
  readonly verdict: Of<'FindingStand'>['verdict'] | undefined;
}) {
  const { owner, name } = useRepository();
  const [query] = useDebouncedValue({ ...filter, branch }, WAIT_MS);
  const found = usePages('/api/v1/repositories/{owner}/{name}/findings', { params: { path: { owner, name }, query } });
  return (
    <Answer of={found}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        if (items.length === 0) return <Nothing filter={filter} verdict={verdict} />;
        return (
          <Stack gap="sm">
            <div className="sp-panel sp-rows">
              {items.map((item) => (
                <Row key={item.id} finding={item} />
              ))}
            </div>
            <More of={found} />
          </Stack>
        );
      }}
    </Answer>
  );
}

function Row({ finding }: { readonly finding: Of<'FindingSummary'> }) {
  const { owner, name } = useRepository();
  const { id, severity, title, file, line, rule, tool, firstSeenAt, fixedAt } = finding;
  return (
    <Group className="sp-row" gap="sm" wrap="nowrap" align="flex-start">
      <SeverityBadge severity={severity} />
      <Stack gap={2} style={GROW}>
        <Anchor component={Link} to={`${repositoryPath(owner, name)}/findings/${id}`} fw={600}>
          <bdi>{title}</bdi>
        </Anchor>
        <Text size="sm" c="dimmed" component="div">
          <span className="sp-mono">
            <bdi>{file}</bdi>:{line}
          </span>{' '}
          · <bdi>{rule}</bdi>
          {tool === undefined ? null : (
            <>
              {' '}
              · by <bdi>{tool}</bdi>
            </>
          )}
        </Text>
      </Stack>
      <Text size="sm" c="dimmed" visibleFrom="sm" style={FIXED}>
        {fixedAt === undefined ? (
          <>
            seen <Time at={firstSeenAt} />
          </>
        ) : (
          <>
            fixed <Time at={fixedAt} />
          </>
        )}
      </Text>
    </Group>
  );
}

const GROW = { minWidth: 0, flex: '1 1 auto' } as const;
const FIXED = { flex: 'none' } as const;

/** An empty list means something else each time. */
function Nothing({
  filter,
  verdict,
}: {
  readonly filter: Filter;
  readonly verdict: Of<'FindingStand'>['verdict'] | undefined;
}): ReactNode {
  if (filter.severity !== undefined || filter.kind !== undefined || filter.text !== undefined) {
    return <EmptyState title="Nothing fits">No finding of this state fits the filters. Take one away.</EmptyState>;
  }
  if (filter.state === 'suppressed') {
    return (
      <EmptyState title="Nothing is suppressed">
        A finding is suppressed by an entry in .sallyport/suppressions.yml with an owner, a reason and an end. Open one
        to get the entry.
      </EmptyState>
    );
  }
  if (filter.state === 'fixed') {
    return <EmptyState title="Nothing was fixed yet">What a later scan does not find any more comes here.</EmptyState>;
  }
  if (verdict === 'clean') {
    return <EmptyState title="Nothing found">The last scan looked at everything and found nothing.</EmptyState>;
  }
  if (verdict === 'incomplete') {
    return (
      <EmptyState title="Nothing found in what was looked at">
        Parts were left out, so that this does not mean that the branch is clean. See above what was missing.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="Not scanned yet">
      Push to the default branch: code, secrets, dependencies, workflows and infrastructure files are scanned.
    </EmptyState>
  );
}
