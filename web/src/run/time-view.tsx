import { Anchor, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { useNow } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { type FlameBar, type FlameRow, flameOf, ticksOf } from './flame.ts';
import { jobPath, runPath, shortSha } from './paths.ts';
import classes from './run.module.css';
import type { RunPlace } from './use-run.ts';

type Parts = { readonly place: RunPlace; readonly view: Of<'RunView'>; readonly report: Of<'RunReport'> };

const ROW = 34;
const HEAD = 22;
const BAR = 16;

/** Where the time of a run went, and what took longer than when it was last green. */
export function TimeView({ place, view, report }: Parts) {
  return (
    <Stack gap="lg">
      <FlameChart place={place} view={view} report={report} />
      <ComparisonTable place={place} view={view} />
    </Stack>
  );
}

function FlameChart({ place, view, report }: Parts) {
  const now = useNow();
  const steps = new Map(report.jobs.map((job) => [job.id, job.steps]));
  const flame = flameOf(view.jobs, steps, now);
  const span = Math.max(1, flame.toMs - flame.fromMs);
  const height = HEAD + flame.rows.length * ROW;
  if (flame.rows.length === 0) return <Text c="dimmed">Nothing of it has run yet.</Text>;
  const at = (ms: number) => `${((ms / span) * 100).toFixed(3)}%`;
  return (
    <Stack component="section" gap="xs" aria-label="Time">
      <Title order={2}>Time</Title>
      <Legend />
      <div className={`sp-panel ${classes['scroll']}`} tabIndex={0} role="region" aria-label="Chart of times">
        <div className={classes['flamePlane']}>
          <svg className={classes['flame']} height={height} role="group" aria-label="Times of jobs and steps">
            {ticksOf(span).map((tick) => (
              <g key={tick}>
                <line x1={at(tick)} x2={at(tick)} y1={HEAD - 4} y2={height} />
                <text
                  className={classes['axis']}
                  x={at(tick)}
                  y={12}
                  dx={tick === 0 ? 2 : 0}
                  textAnchor={tick === 0 ? 'start' : tick / span > 0.95 ? 'end' : 'middle'}
                >
                  {formats.duration(tick)}
                </text>
              </g>
            ))}
            {flame.rows.map((row, index) => (
              <FlameLine
                key={row.id}
                row={row}
                y={HEAD + index * ROW}
                at={(ms) => at(ms - flame.fromMs)}
                widthOf={at}
                href={jobPath(place, place.run, row.id)}
              />
            ))}
          </svg>
        </div>
      </div>
    </Stack>
  );
}

function FlameLine({
  row,
  y,
  at,
  widthOf,
  href,
}: {
  readonly row: FlameRow;
  readonly y: number;
  readonly at: (ms: number) => string;
  readonly widthOf: (ms: number) => string;
  readonly href: string;
}) {
  const [first] = row.bars;
  // Its name would not fit behind where it begins.
  const isLate = Number.parseFloat(at(first?.fromMs ?? 0)) > 75;
  return (
    <g>
      <Link to={href}>
        <text
          x={isLate ? '100%' : at(first?.fromMs ?? 0)}
          y={y + 11}
          dx={isLate ? 0 : 3}
          textAnchor={isLate ? 'end' : 'start'}
        >
          {visibleText(row.name).slice(0, 80)}
        </text>
      </Link>
      {row.bars.map((bar, index) => (
        <rect
          key={`${index} ${bar.label}`}
          className={classOf(bar)}
          x={at(bar.fromMs)}
          y={y + 15}
          width={widthOf(bar.toMs - bar.fromMs)}
          height={BAR}
          rx={2}
        >
          <title>{`${visibleText(bar.label)}: ${formats.duration(bar.toMs - bar.fromMs)}, ${bar.state}`}</title>
        </rect>
      ))}
    </g>
  );
}

function classOf({ kind, state }: FlameBar): string {
  if (kind === 'queue') return classes['barQueue'] ?? '';
  if (kind === 'setup') return classes['barSetup'] ?? '';
  if (kind === 'rest') return classes['barRest'] ?? '';
  const name = { failure: 'barBad', running: 'barBusy', success: 'barGood' }[state] ?? 'barQuiet';
  return classes[name] ?? '';
}

function Legend() {
  const entries = [
    ['barQueue', 'waits for a runner'],
    ['barSetup', 'set-up and end'],
    ['barGood', 'step'],
    ['barBad', 'step that failed'],
    ['barBusy', 'step that runs'],
    ['barRest', 'between steps'],
  ] as const;
  return (
    <div className={classes['meta']}>
      {entries.map(([name, text]) => (
        <span key={name}>
          <svg width="12" height="12" aria-hidden="true">
            <rect className={classes[name]} width="12" height="12" rx="2" />
          </svg>{' '}
          {text}
        </span>
      ))}
    </div>
  );
}

function ComparisonTable({ place, view }: Omit<Parts, 'report'>) {
  const { owner, name, run } = place;
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/runs/{run}/comparison',
    { params: { path: { owner, name, run }, query: { attempt: view.attempt } } },
    view.state === 'finished' ? { staleMs: 60_000 } : { everyMs: 5000 },
  );
  if (found.data === undefined) return null;
  const { base, jobs } = found.data;
  return (
    <Stack component="section" gap="xs" aria-label="Comparison">
      <Title order={2}>Beside the last green run</Title>
      {base === undefined ? (
        <Text c="dimmed">No earlier run of this workflow on this ref was green.</Text>
      ) : (
        <>
          <Text>
            Run{' '}
            <Anchor component={Link} to={runPath(place, base.id)} inherit underline="always">
              #{base.number}
            </Anchor>{' '}
            of <span className="sp-mono">{shortSha(base.commit)}</span>.
          </Text>
          <div
            className={`sp-panel ${classes['scroll']}`}
            tabIndex={0}
            role="region"
            aria-label="Times beside those of the last green run"
          >
            <Table verticalSpacing={4} horizontalSpacing="md">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Job, step</Table.Th>
                  <Table.Th>Now</Table.Th>
                  <Table.Th>Then</Table.Th>
                  <Table.Th>Difference</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {jobs.flatMap((job) => [
                  <ComparedRow key={job.key} name={job.name} of={job} isJob />,
                  ...job.steps.map((step) => (
                    <ComparedRow key={`${job.key} ${step.id}`} name={step.name} of={step} isJob={false} />
                  )),
                ])}
              </Table.Tbody>
            </Table>
          </div>
        </>
      )}
    </Stack>
  );
}

/** Differences below this are noise. */
const NOISE_MS = 500;

function ComparedRow({
  name,
  of: { durationMs, baseMs, conclusion },
  isJob,
}: {
  readonly name: string;
  readonly of: { readonly durationMs?: number; readonly baseMs?: number; readonly conclusion?: string };
  readonly isJob: boolean;
}) {
  const difference = durationMs === undefined || baseMs === undefined ? undefined : durationMs - baseMs;
  const isNoise = difference === undefined || Math.abs(difference) < NOISE_MS;
  const sign = difference !== undefined && difference < 0 ? '−' : '+';
  return (
    <Table.Tr>
      <Table.Td className={classes['cellText'] ?? ''} fw={isJob ? 600 : 400}>
        <bdi className={isJob ? undefined : classes['inner']}>{visibleText(name)}</bdi>
        {conclusion === 'failure' ? <span className="sp-bad"> failed</span> : null}
      </Table.Td>
      <Table.Td>{durationMs === undefined ? '—' : formats.duration(durationMs)}</Table.Td>
      <Table.Td>{baseMs === undefined ? '—' : formats.duration(baseMs)}</Table.Td>
      <Table.Td className={isNoise ? '' : classes[difference < 0 ? 'faster' : 'slower']}>
        {difference === undefined
          ? durationMs === undefined
            ? 'only then'
            : baseMs === undefined
              ? 'only now'
              : ''
          : isNoise
            ? '≈'
            : `${sign}${formats.duration(Math.abs(difference))}`}
      </Table.Td>
    </Table.Tr>
  );
}
