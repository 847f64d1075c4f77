import { Group, Stack, Text } from '@mantine/core';
import { Answer } from '../shell/answer.tsx';
import { type Of, useRead } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { PageFrame } from '../shell/page.tsx';
import classes from './operate.module.css';

type Size = Of<'Sizes'>['items'][number];

/** What the server keeps, the largest first. */
export function Page() {
  const sizes = useRead('/api/v1/installation/sizes', {});
  return (
    <PageFrame
      title="Housekeeping"
      about="What the server keeps. Logs, artifacts, deliveries and kept answers go away by themselves when their time is over; the audit log never does."
    >
      <Answer of={sizes}>
        {({ items }) => {
          const sorted = items.toSorted((one, other) => other.bytes - one.bytes);
          const most = Math.max(1, ...items.map(({ bytes }) => bytes));
          const total = items.reduce((sum, { bytes }) => sum + bytes, 0);
          return (
            <Stack gap="sm">
              <Text fw={600}>{formats.bytes(total)} in all</Text>
              <dl className={`sp-panel sp-rows ${classes['list'] ?? ''}`}>
                {sorted.map((size) => (
                  <Row key={size.name} size={size} most={most} />
                ))}
              </dl>
            </Stack>
          );
        }}
      </Answer>
    </PageFrame>
  );
}

function Row({ size, most }: { readonly size: Size; readonly most: number }) {
  const { name, bytes, entries } = size;
  return (
    <div className={classes['row'] ?? ''}>
      <dt>{name}</dt>
      <dd>
        <Group justify="space-between" gap="xs">
          <span>{bytes === 0 && entries !== undefined ? null : formats.bytes(bytes)}</span>
          {entries === undefined ? null : (
            <Text size="sm" c="dimmed">
              {formats.plural(entries, { one: '# entry', other: '# entries' })}
            </Text>
          )}
        </Group>
        {bytes === 0 ? null : (
          <div className={classes['bar'] ?? ''} aria-hidden="true">
            <div className={classes['fill'] ?? ''} style={{ inlineSize: `${Math.max(1, (bytes / most) * 100)}%` }} />
          </div>
        )}
      </dd>
    </div>
  );
}
