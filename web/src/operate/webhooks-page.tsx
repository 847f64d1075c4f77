import { Anchor, Button, Checkbox, Group, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { Dialog } from '../shell/dialog.tsx';
import { Answer } from '../shell/answer.tsx';
import { api, type ApiError, type Of, told, useRead } from '../shell/api.ts';
import { Commands } from '../shell/copy.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { StateMark } from './state-mark.tsx';

type Webhook = Of<'Webhook'>;
const EVENTS = [
  ['run.completed', 'A run ended'],
  ['push', 'A branch or a tag moved'],
  ['findings.opened', 'A scan of the default branch found something new'],
  ['findings.fixed', 'Something that was found is gone'],
] as const;
export type HookEvent = (typeof EVENTS)[number][0];

/** Who is told of what happens here: programs and chats; and the badge and the feed that others read. */
export function Page() {
  const path = useRepositoryPath();
  const { owner, name } = path;
  const [isAdding, setAdding] = useState(false);
  const hooks = useRead('/api/v1/repositories/{owner}/{name}/webhooks', { params: { path } });
  const add = (
    <Button size="xs" onClick={() => setAdding(true)}>
      Add a receiver
    </Button>
  );
  return (
    <PageFrame
      title={`Webhooks of ${owner}/${name}`}
      heading="Webhooks and chat"
      about="Messages wait in an outbox that is written together with what they tell of, and are tried for a day and a half."
      actions={add}
    >
      <Answer of={hooks}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="Nobody is told" action={add}>
              Programs get a signed message for each event, chats a line. Only public addresses over https are dialled.
            </EmptyState>
          ) : (
            <div className="sp-panel sp-rows">
              {items.map((hook) => (
                <Row key={hook.id} hook={hook} />
              ))}
            </div>
          )
        }
      </Answer>
      <BadgeAndFeed />
      {isAdding ? <Adding onClose={() => setAdding(false)} /> : null}
    </PageFrame>
  );
}

export function hookState(hook: Webhook) {
  if (hook.isActive) return <StateMark mark="good" text="on" />;
  return <StateMark mark="warn" text={hook.pausedReason === undefined ? 'off' : `off: ${hook.pausedReason}`} />;
}

function Row({ hook }: { readonly hook: Webhook }) {
  const { owner, name } = useRepositoryPath();
  return (
    <Group className="sp-row" justify="space-between" align="flex-start" gap="sm">
      <Stack gap={2} style={GROW}>
        <Anchor component={Link} to={`${repositoryPath(owner, name)}/webhooks/${hook.id}`} className="sp-mono">
          <bdi>{hook.url}</bdi>
        </Anchor>
        <Text size="sm" c="dimmed">
          {hook.kind}: {hook.events.join(', ')}
        </Text>
      </Stack>
      <Text size="sm" component="span">
        {hookState(hook)}
      </Text>
    </Group>
  );
}

const GROW = { minWidth: 0, flex: '1 1 14rem' } as const;

function Adding({ onClose }: { readonly onClose: () => void }) {
  const path = useRepositoryPath();
  const queries = useQueryClient();
  const [kind, setKind] = useState<Webhook['kind']>('webhook');
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<readonly HookEvent[]>(['run.completed']);
  const adding = useMutation<Of<'NewWebhook'>, ApiError>({
    mutationFn: () =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/webhooks', {
          params: { path },
          body: { kind, url, events: [...events] },
        }),
      ),
    onSuccess: async ({ secret }) => {
      await queries.invalidateQueries();
      if (secret === undefined) onClose();
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    adding.mutate();
  };
  return (
    <Dialog onClose={onClose} size="lg" title="Add a receiver">
      {adding.data?.secret === undefined ? (
        <form onSubmit={onSubmit}>
          <Stack gap="sm">
            <SegmentedControl
              aria-label="Kind"
              value={kind}
              onChange={(value) => setKind(value === 'chat' ? 'chat' : 'webhook')}
              data={[
                { value: 'webhook', label: 'Program' },
                { value: 'chat', label: 'Chat' },
              ]}
            />
            <TextInput
              data-autofocus
              label="Address"
              type="url"
              required
              placeholder={kind === 'chat' ? 'https://hooks.slack.com/services/…' : 'https://example.org/hooks/ci'}
              description={
                kind === 'chat'
                  ? 'The address of an incoming webhook. It is sealed, and only its host is shown from now on'
                  : 'https, and an address that everybody can reach'
              }
              value={url}
              onChange={({ currentTarget }) => setUrl(currentTarget.value)}
            />
            <EventChoice value={events} onChange={setEvents} />
            {adding.error === null ? null : <ErrorState error={adding.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={adding.isPending} disabled={events.length === 0}>
                Add
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Secret text={adding.data.secret} />
      )}
    </Dialog>
  );
}

export function EventChoice({
  value,
  onChange,
}: {
  readonly value: readonly HookEvent[];
  readonly onChange: (events: readonly HookEvent[]) => void;
}) {
  return (
    <Checkbox.Group
      label="Of what"
      value={[...value]}
      onChange={(chosen) => onChange(EVENTS.map(([event]) => event).filter((event) => chosen.includes(event)))}
    >
      <Stack gap={6} mt={6}>
        {EVENTS.map(([event, label]) => (
          <Checkbox key={event} value={event} label={label} description={event} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

/** A secret is told once: who closes this without it makes another. */
export const Secret = ({ text }: { readonly text: string }) => (
  <Stack gap="sm" role="status">
    <Text size="sm">
      Give this secret to the receiver, which verifies each message with it. It is shown now and never again; when it is
      lost, make another.
    </Text>
    <Commands text={text} label="secret" />
  </Stack>
);

function BadgeAndFeed() {
  const { owner, name } = useRepository();
  const path = { owner, name };
  const queries = useQueryClient();
  const badge = useRead('/api/v1/repositories/{owner}/{name}/badge', { params: { path } });
  const setting = useMutation<unknown, ApiError, boolean>({
    mutationFn: (isPublic) =>
      told(api.PUT('/api/v1/repositories/{owner}/{name}/badge', { params: { path }, body: { isPublic } })),
    onSuccess: () => queries.invalidateQueries(),
  });
  const base = `${globalThis.location.origin}/api/v1/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  return (
    <Stack gap="sm" component="section" className="sp-panel" p="md">
      <Text fw={600}>Badge and feed</Text>
      <Group gap="md">
        <img src={`${base}/badge.svg`} alt="How the default branch stands" height={20} />
        <Switch
          label="Everybody may see the badge"
          checked={badge.data?.isPublic ?? false}
          disabled={badge.data === undefined || setting.isPending}
          onChange={({ currentTarget }) => setting.mutate(currentTarget.checked)}
        />
      </Group>
      {setting.error === null ? null : <ErrorState error={setting.error} />}
      <Commands text={`![Runs](${base}/badge.svg)`} label="badge" />
      <Text size="sm" c="dimmed">
        Readers of feeds can&rsquo;t sign in: give them a token with the scope run.read and nothing else, for this
        repository only, in the address.
      </Text>
      <Commands text={`${base}/runs.atom?token=…`} label="feed" />
    </Stack>
  );
}
