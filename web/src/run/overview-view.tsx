import { Anchor, Group, Skeleton, Stack, Table, Title } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { GraphView } from './graph-view.tsx';
import { artifactUrl, jobPath } from './paths.ts';
import { FileLink } from './run-head.tsx';
import classes from './run.module.css';
import { LevelMark, ToneLabel } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

const SummaryText = lazy(async () => ({ default: (await import('./summary-text.tsx')).SummaryText }));

type Report = Of<'RunReport'>;
type Parts = { readonly place: RunPlace; readonly view: Of<'RunView'>; readonly report: Report | undefined };

/** What a run is and what it told: graph, annotations, summaries, artifacts. */
export function OverviewView({ place, view, report }: Parts) {
  return (
    <Stack gap="lg">
      {view.notes.length === 0 ? null : (
        <ul className={classes['notes']} aria-label="Remarks">
          {view.notes.map((note, at) => (
            <li key={`${at} ${note}`}>
              <bdi>{visibleText(note)}</bdi>
            </li>
          ))}
        </ul>
      )}
      {view.jobs.length === 0 ? null : <GraphView place={place} jobs={view.jobs} />}
      <Annotations place={place} view={view} report={report} />
      <Summaries place={place} report={report} />
      <Artifacts place={place} view={view} />
    </Stack>
  );
}

const TONES = { error: 'bad', warning: 'warn', notice: 'busy' } as const;
const WEIGHT = { error: 0, warning: 1, notice: 2 } as const;

function Annotations({ place, view, report }: Parts) {
  const all = (report?.jobs ?? [])
    .flatMap(({ id, key, annotations }) => annotations.map((annotation) => ({ ...annotation, id, key })))
    .toSorted((a, b) => WEIGHT[a.level] - WEIGHT[b.level]);
  if (all.length === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-label="Annotations">
      <Title order={2}>{formats.plural(all.length, { one: '# annotation', other: '# annotations' })}</Title>
      <ul className={`sp-panel sp-rows ${classes['list']}`}>
        {all.map((one, at) => (
          <li key={`${at} ${one.id}`} className="sp-row">
            <Group gap="xs" align="baseline">
              <ToneLabel tone={TONES[one.level]}>{one.level}</ToneLabel>
              {one.title === undefined ? null : (
                <strong className={classes['cellText']}>
                  <bdi>{visibleText(one.title)}</bdi>
                </strong>
              )}
              {one.file === undefined ? null : (
                <FileLink place={place} commit={view.commit} file={one.file} line={one.line} />
              )}
              <Anchor component={Link} to={jobPath(place, place.run, one.id, one.logLine)} size="sm">
                in <bdi>{visibleText(one.key)}</bdi>
              </Anchor>
            </Group>
            <div className={classes['message']}>
              <bdi>{visibleText(one.message)}</bdi>
            </div>
          </li>
        ))}
      </ul>
    </Stack>
  );
}

function Summaries({ place, report }: Omit<Parts, 'view'>) {
  const all = (report?.jobs ?? []).filter(({ summaries }) => summaries.length > 0);
  if (all.length === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-label="Summaries">
      <Title order={2}>Summary</Title>
      {all.map(({ id, key, summaries }) => (
        <Stack key={id} className="sp-panel" p="md" gap="sm">
          <Anchor component={Link} to={jobPath(place, place.run, id)} fw={600}>
            <bdi>{visibleText(key)}</bdi>
          </Anchor>
          <Suspense fallback={<Skeleton height={60} />}>
            {summaries.map(({ step, markdown }, at) => (
              <SummaryText key={`${at} ${step}`} markdown={markdown} />
            ))}
          </Suspense>
        </Stack>
      ))}
    </Stack>
  );
}

function Artifacts({ place, view }: Omit<Parts, 'report'>) {
  const { owner, name, run } = place;
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/runs/{run}/artifacts',
    { params: { path: { owner, name, run }, query: { attempt: view.attempt } } },
    view.state === 'finished' ? {} : { everyMs: 5000 },
  );
  const items = found.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-label="Artifacts">
      <Title order={2}>Artifacts</Title>
      <ArtifactTable place={place} artifacts={items} />
    </Stack>
  );
}

/** Artifacts with what they are worth: who could have written them, by their level. */
export function ArtifactTable({
  place,
  artifacts,
  runOf,
}: {
  readonly place: { readonly owner: string; readonly name: string };
  readonly artifacts: readonly Of<'Artifact'>[];
  /** Address of the page of a run, in lists of many. */
  readonly runOf?: (run: number) => string;
}) {
  return (
    <div className={`sp-panel ${classes['scroll']}`}>
      <Table verticalSpacing="xs" horizontalSpacing="md" aria-label="Artifacts">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            {runOf === undefined ? null : <Table.Th>Run</Table.Th>}
            <Table.Th>Size</Table.Th>
            <Table.Th>Level</Table.Th>
            <Table.Th>Digest</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Expires</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {artifacts.map(({ id, runId, name, bytes, digest, level, createdAt, expiresAt }) => (
            <Table.Tr key={id}>
              <Table.Td className={classes['cellText'] ?? ''}>
                <Anchor href={artifactUrl(place, id)} download={`artifact-${id}.zip`} inherit fw={600}>
                  <bdi>{visibleText(name)}</bdi>
                </Anchor>
              </Table.Td>
              {runOf === undefined ? null : (
                <Table.Td>
                  <Anchor component={Link} to={runOf(runId)} inherit>
                    {runId}
                  </Anchor>
                </Table.Td>
              )}
              <Table.Td>{formats.bytes(bytes)}</Table.Td>
              <Table.Td>
                <LevelMark level={level} />
              </Table.Td>
              <Table.Td className="sp-mono" title={digest}>
                {digest.replace('sha256:', '').slice(0, 12)}
              </Table.Td>
              <Table.Td>
                <Time at={createdAt} />
              </Table.Td>
              <Table.Td>{expiresAt === undefined ? '' : <Time at={expiresAt} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
