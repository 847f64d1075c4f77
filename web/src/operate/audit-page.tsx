import { Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { Answer } from '../shell/answer.tsx';
import { type Of, usePages } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { More } from '../shell/more.tsx';
import { PageFrame } from '../shell/page.tsx';
import { Time } from '../shell/time.tsx';
import { entryFacts } from './entry-facts.ts';
import { type Mark, StateMark } from './state-mark.tsx';

const FIELDS = [
  ['action', 'Action', 'ref.update'],
  ['actor', 'Who', 'their number'],
  ['resourceType', 'Kind', 'repository'],
  ['resource', 'What', 'its number'],
] as const;
type Field = (typeof FIELDS)[number][0];

export const OUTCOMES: { readonly [outcome: string]: readonly [mark: Mark, text: string] } = {
  allow: ['good', 'done'],
  deny: ['bad', 'denied'],
  error: ['warn', 'failed'],
};

/** What happened, newest first. Nothing is ever taken away from it. */
export function Page() {
  const [search, setSearch] = useSearchParams();
  const query = Object.fromEntries(
    FIELDS.flatMap(([name]) => {
      const value = search.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
  const entries = usePages('/api/v1/audit', { params: { query } });
  return (
    <PageFrame
      title="Audit log"
      about="Every change of state, in the transaction that made it. Entries are leaves of a tree whose root is signed: open one to prove it."
    >
      <Filter key={search.toString()} search={search} onChange={setSearch} />
      <Answer of={entries}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return <EmptyState title="Nothing fits">No entry has these values. Names must be whole.</EmptyState>;
          }
          return (
            <Stack gap="sm">
              <div className="sp-panel sp-rows">
                {items.map((item) => (
                  <Row key={item.id} entry={item} />
                ))}
              </div>
              <More of={entries} />
            </Stack>
          );
        }}
      </Answer>
    </PageFrame>
  );
}

function Filter({
  search,
  onChange,
}: {
  readonly search: URLSearchParams;
  readonly onChange: (next: URLSearchParams) => void;
}) {
  const [values, setValues] = useState<{ readonly [Name in Field]?: string }>(() =>
    Object.fromEntries(FIELDS.map(([name]) => [name, search.get(name) ?? ''])),
  );
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    onChange(new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')));
  };
  return (
    <form onSubmit={onSubmit} role="search" aria-label="Audit log">
      <Group gap="xs" align="flex-end">
        {FIELDS.map(([name, label, placeholder]) => (
          <TextInput
            key={name}
            size="xs"
            w={150}
            label={label}
            placeholder={placeholder}
            value={values[name] ?? ''}
            onChange={({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value })}
          />
        ))}
        <Button type="submit" size="xs" variant="default">
          Filter
        </Button>
        {search.size === 0 ? null : (
          <Button size="xs" variant="subtle" onClick={() => onChange(new URLSearchParams())}>
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
}

function Row({ entry }: { readonly entry: Of<'AuditEntry'> }) {
  const { action, actor, resource, outcome, time } = entryFacts(entry.body);
  const [mark, text] = OUTCOMES[outcome] ?? ['none', outcome];
  return (
    <Group className="sp-row" gap="sm" justify="space-between" align="flex-start">
      <Stack gap={2} style={GROW}>
        <Anchor component={Link} to={`/-/audit/${entry.id}`} className="sp-mono">
          <bdi>{action}</bdi>
        </Anchor>
        <Text size="sm" c="dimmed">
          <bdi>{resource}</bdi>, by <bdi>{actor}</bdi>
        </Text>
      </Stack>
      <Group gap="sm">
        <Text size="sm" component="span">
          <StateMark mark={mark} text={text} />
        </Text>
        <Text size="sm" c="dimmed">
          <Time at={time} />
        </Text>
      </Group>
    </Group>
  );
}

const GROW = { minWidth: 0, flex: '1 1 14rem' } as const;
