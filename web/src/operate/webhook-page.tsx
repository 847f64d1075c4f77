import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { Dialog } from '../shell/dialog.tsx';
import { Answer } from '../shell/answer.tsx';
import { api, type ApiError, type Of, told, usePages, useRead } from '../shell/api.ts';
import { Confirm } from '../shell/confirm.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { formats } from '../shell/format.ts';
import { More } from '../shell/more.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { NotFoundPage } from '../shell/not-found.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import classes from './operate.module.css';
import { type Mark, StateMark } from './state-mark.tsx';
import { hookState, Secret } from './webhooks-page.tsx';

const LOOK_MS = 4000;
const STATES: { readonly [State in Of<'Delivery'>['state']]: Mark } = { sent: 'good', waiting: 'busy', failed: 'bad' };

/** One receiver, and what was sent to it. */
export function Page() {
  const { webhook = '' } = useParams();
  const path = useRepositoryPath();
  const hooks = useRead('/api/v1/repositories/{owner}/{name}/webhooks', { params: { path } });
  return (
    <Answer of={hooks}>
      {({ items }) => {
        const hook = items.find(({ id }) => String(id) === webhook);
        return hook === undefined ? <NotFoundPage /> : <Receiver hook={hook} />;
      }}
    </Answer>
  );
}

function Receiver({ hook }: { readonly hook: Of<'Webhook'> }) {
  const path = useRepositoryPath();
  const { owner, name } = path;
  return (
    <PageFrame
      title={`Receiver ${hook.id}`}
      heading={<bdi>{hook.url}</bdi>}
      about={
        <Anchor component={Link} to={`${repositoryPath(owner, name)}/webhooks`}>
          Webhooks and chat
        </Anchor>
      }
    >
      <Group justify="space-between" gap="sm">
        <Text component="div">
          {hookState(hook)} · {hook.kind}: {hook.events.join(', ')}
        </Text>
        <Actions hook={hook} />
      </Group>
      <Deliveries hook={hook} />
    </PageFrame>
  );
}

function Actions({ hook }: { readonly hook: Of<'Webhook'> }) {
  const path = { ...useRepositoryPath(), webhook: hook.id };
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<'remove' | 'secret' | undefined>(undefined);
  const [secret, setSecret] = useState<string | undefined>(undefined);
  const work = useMutation<unknown, ApiError, 'ping' | 'turn'>({
    mutationFn: (verb) =>
      verb === 'ping'
        ? told(api.POST('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/ping', { params: { path }, body: {} }))
        : told(
            api.PATCH('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}', {
              params: { path },
              body: { isActive: !hook.isActive },
            }),
          ),
    onSuccess: () => queries.invalidateQueries(),
    onError: ({ message }) => notifications.show({ color: 'red', title: 'It was not done', message }),
  });
  const remove = async () => {
    await told(api.DELETE('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}', { params: { path } }));
    await queries.invalidateQueries();
    await navigate(`${repositoryPath(path.owner, path.name)}/webhooks`);
  };
  const renew = async () => {
    const made = await told(
      api.POST('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/secret', { params: { path }, body: {} }),
    );
    setSecret(made.secret);
  };
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={() => work.mutate('ping')} loading={work.isPending}>
        Send a ping
      </Button>
      <Button size="xs" variant="default" onClick={() => work.mutate('turn')}>
        {hook.isActive ? 'Turn off' : 'Turn on'}
      </Button>
      {hook.kind === 'webhook' ? (
        <Button size="xs" variant="default" onClick={() => setAsked('secret')}>
          New secret
        </Button>
      ) : null}
      <Button size="xs" variant="default" onClick={() => setAsked('remove')}>
        Remove
      </Button>
      {asked === 'remove' ? (
        <Confirm
          title="Remove this receiver?"
          action="Remove"
          isDangerous
          onConfirm={remove}
          onClose={() => setAsked(undefined)}
        >
          What waits for it is not sent any more, and what was sent is forgotten.
        </Confirm>
      ) : null}
      {asked === 'secret' ? (
        <Confirm title="Make another secret?" action="Make it" onConfirm={renew} onClose={() => setAsked(undefined)}>
          From the next message on the one before verifies nothing.
        </Confirm>
      ) : null}
      {secret === undefined ? null : (
        <Dialog onClose={() => setSecret(undefined)} size="lg" title="The new secret">
          <Secret text={secret} />
        </Dialog>
      )}
    </Group>
  );
}

function Deliveries({ hook }: { readonly hook: Of<'Webhook'> }) {
  const path = { ...useRepositoryPath(), webhook: hook.id };
  const found = usePages(
    '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries',
    { params: { path } },
    { everyMs: LOOK_MS },
  );
  return (
    <Stack gap="sm" component="section">
      <Title order={2}>Deliveries</Title>
      <Answer of={found}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return <EmptyState title="Nothing was sent">Send a ping to see whether it arrives.</EmptyState>;
          }
          return (
            <>
              <div className="sp-panel sp-rows">
                {items.map((delivery) => (
                  <DeliveryRow key={delivery.id} delivery={delivery} webhook={hook.id} />
                ))}
              </div>
              <More of={found} />
            </>
          );
        }}
      </Answer>
    </Stack>
  );
}

function DeliveryRow({ delivery, webhook }: { readonly delivery: Of<'Delivery'>; readonly webhook: number }) {
  const [isOpen, setOpen] = useState(false);
  const { id, event, state, attempts, status, error, ms, createdAt, nextAt } = delivery;
  return (
    <Stack className="sp-row" gap={6}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" component="div">
          <StateMark mark={STATES[state]} text={state} /> · <span className="sp-mono">{event}</span>
          {status === undefined ? null : ` · ${status}`}
          {ms === undefined ? null : ` in ${formats.duration(ms)}`}
          {error === undefined ? null : (
            <>
              {' '}
              · <bdi>{error}</bdi>
            </>
          )}
        </Text>
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            <Time at={createdAt} />
          </Text>
          <Button size="compact-xs" variant="default" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Hide' : 'Show'}
          </Button>
        </Group>
      </Group>
      {nextAt === undefined || state !== 'waiting' || attempts === 0 ? null : (
        <Text size="sm" c="dimmed">
          {formats.plural(attempts, { one: '# try', other: '# tries' })}; the next <Time at={nextAt} />
        </Text>
      )}
      {isOpen ? <DeliveryDetail webhook={webhook} id={id} /> : null}
    </Stack>
  );
}

function DeliveryDetail({ webhook, id }: { readonly webhook: number; readonly id: number }) {
  const path = { ...useRepositoryPath(), webhook, delivery: id };
  const queries = useQueryClient();
  const found = useRead('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}', {
    params: { path },
  });
  const replaying = useMutation<unknown, ApiError>({
    mutationFn: () =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}/replay', {
          params: { path },
          body: {},
        }),
      ),
    onSuccess: () => queries.invalidateQueries(),
    onError: ({ message }) => notifications.show({ color: 'red', title: 'It was not sent again', message }),
  });
  return (
    <Answer of={found} rows={2}>
      {({ payload, answer, messageId, state }) => (
        <Stack gap="xs">
          <Text size="sm" c="dimmed" className="sp-mono">
            webhook-id: {messageId}
          </Text>
          <pre className={`sp-panel ${classes['json'] ?? ''}`} tabIndex={0} role="group" aria-label="What was sent">
            <bdi>{indented(payload)}</bdi>
          </pre>
          {answer === undefined || answer === '' ? null : (
            <pre className={`sp-panel ${classes['json'] ?? ''}`} tabIndex={0} role="group" aria-label="The answer">
              <bdi>{answer}</bdi>
            </pre>
          )}
          {state === 'waiting' ? null : (
            <Group>
              <Button size="xs" variant="default" loading={replaying.isPending} onClick={() => replaying.mutate()}>
                Send it again
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Answer>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    // As it was sent.
    return text;
  }
}
