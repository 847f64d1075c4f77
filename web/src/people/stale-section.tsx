import { Group, Select, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Answer } from '../shell/answer.tsx';
import { useRead } from '../shell/api.ts';
import { Time } from '../shell/time.tsx';

const DAYS = ['30', '90', '180', '365'];

/** Ways in that nobody used for long: each may be one too many. */
export function StaleSection() {
  const [days, setDays] = useState('90');
  const stale = useRead('/api/v1/organisation/stale', { params: { query: { days: Number(days) } } });
  return (
    <section aria-labelledby="stale">
      <Group justify="space-between" mb="sm">
        <Title order={2} id="stale">
          Not used for long
        </Title>
        <Select
          size="xs"
          w={130}
          aria-label="Not used for how many days"
          data={DAYS.map((value) => ({ value, label: `${value} days` }))}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(value ?? '90')}
        />
      </Group>
      <Answer of={stale} rows={2}>
        {({ people, tokens, passkeys }) => {
          const rows = [
            ...people.map((one) => ({ key: `m${one.id}`, what: `member ${one.name}`, at: one.lastSeenAt })),
            ...tokens.map((one) => ({
              key: `t${one.id}`,
              what: `token ${one.name} of ${one.user.name}`,
              at: one.lastUsedAt,
            })),
            ...passkeys.map((one) => ({
              key: `p${one.id}`,
              what: `passkey ${one.name} of ${one.user.name}`,
              at: one.lastUsedAt,
            })),
          ];
          return rows.length === 0 ? (
            <Text c="dimmed" size="sm">
              Every member, token and passkey was used within {days} days.
            </Text>
          ) : (
            <div className="sp-panel sp-rows">
              {rows.map(({ key, what, at }) => (
                <Group key={key} className="sp-row" justify="space-between">
                  <Text>{what}</Text>
                  <Text size="sm" c="dimmed">
                    {at === undefined ? (
                      'never used'
                    ) : (
                      <>
                        used <Time at={at} />
                      </>
                    )}
                  </Text>
                </Group>
              ))}
            </div>
          );
        }}
      </Answer>
    </section>
  );
}
