import { Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import { formats } from '../shell/format.ts';
import { type Day, everyDay } from './days.ts';
import classes from './finding.module.css';
import { SEVERITIES } from './severity.tsx';

const WIDTH = 720;
const HEIGHT = 96;
/** Few days do not become wide bars: they stand at the right, where today is. */
const DAYS_MIN = 30;

const countOf = (day: Day) => SEVERITIES.reduce((sum, severity) => sum + (day.open[severity] ?? 0), 0);

/** Open findings by day, as bars; the same as a table for those who do not see it. */
export function Trend({ days: given }: { readonly days: readonly Day[] }) {
  const days = everyDay(given);
  if (days.length < 2) return null;
  const most = Math.max(1, ...days.map(countOf));
  const step = WIDTH / Math.max(DAYS_MIN, days.length);
  const from = WIDTH - step * days.length;
  const shown = SEVERITIES.filter((severity) => days.some((day) => (day.open[severity] ?? 0) > 0));
  return (
    <Stack gap={6} className="sp-panel" p="sm">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          Open findings by day
        </Text>
        <Group gap="sm">
          {shown.map((severity) => (
            <Group key={severity} gap={6}>
              <svg className={classes['swatch'] ?? ''} viewBox="0 0 10 10" aria-hidden="true">
                <rect width="10" height="10" rx="2" className={classes[severity] ?? ''} />
              </svg>
              <Text size="xs">{severity}</Text>
            </Group>
          ))}
        </Group>
      </Group>
      <svg
        className={classes['chart'] ?? ''}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {days.map((day, at) => (
          <Bar key={day.day} day={day} x={from + at * step} width={step - 3} most={most} />
        ))}
        <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className={classes['axis'] ?? ''} />
      </svg>
      <Text size="xs" c="dimmed" ta="end">
        {formats.day(new Date(days[0]?.day ?? ''))} – {formats.day(new Date(days.at(-1)?.day ?? ''))}
      </Text>
      <TrendTable days={days} />
    </Stack>
  );
}

function Bar({
  day,
  x,
  width,
  most,
}: {
  readonly day: Day;
  readonly x: number;
  readonly width: number;
  readonly most: number;
}) {
  let top = HEIGHT;
  const heightOf = (count: number) => (count / most) * (HEIGHT - 6);
  return (
    <g>
      <title>{`${day.day}: ${countOf(day)}${day.isComplete ? '' : ', not everything was looked at'}`}</title>
      {SEVERITIES.map((severity) => {
        const height = heightOf(day.open[severity] ?? 0);
        top -= height;
        return height === 0 ? null : (
          <rect key={severity} x={x} y={top} width={width} height={height} className={classes[severity] ?? ''} />
        );
      })}
      {day.isComplete ? null : (
        <rect x={x} y={top - 4} width={width} height={4} className={classes['incomplete'] ?? ''} />
      )}
    </g>
  );
}

const TrendTable = ({ days }: { readonly days: readonly Day[] }) => (
  <VisuallyHidden>
    <table>
      <caption>Open findings by day</caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          {SEVERITIES.map((severity) => (
            <th key={severity} scope="col">
              {severity}
            </th>
          ))}
          <th scope="col">Whole</th>
        </tr>
      </thead>
      <tbody>
        {days.map((day) => (
          <tr key={day.day}>
            <th scope="row">{day.day}</th>
            {SEVERITIES.map((severity) => (
              <td key={severity}>{day.open[severity] ?? 0}</td>
            ))}
            <td>{day.isComplete ? 'yes' : 'no'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </VisuallyHidden>
);
