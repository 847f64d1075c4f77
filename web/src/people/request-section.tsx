import { Badge, Button, Group, Text, Title } from '@mantine/core';
import { api, type Of, told, useRead } from '../shell/api.ts';
import { useMe } from '../shell/me.ts';
import { Time } from '../shell/time.tsx';
import { useAct } from './use-act.ts';

const EVERY_MS = 30_000;
const SHOWN_MAX = 20;
type Request = Of<'TwoPersonRequest'>;

const WHAT: { readonly [kind in Request['kind']]: (name: string) => string } = {
  'member.owner': (name) => `Make ${name} an owner`,
  'repository.delete': (name) => `Delete the repository ${name}`,
};

/** What one owner asked for and another one has to confirm. Nothing of it: nothing is shown. */
export function RequestSection() {
  const requests = useRead('/api/v1/requests', {}, { everyMs: EVERY_MS });
  const open = (requests.data?.items ?? []).filter(({ state }) => state === 'open');
  if (open.length === 0) return null;
  return (
    <section aria-labelledby="requests">
      <Title order={2} id="requests" mb="sm">
        For a second person
      </Title>
      <div className="sp-panel sp-rows">
        {open.slice(0, SHOWN_MAX).map((request) => (
          <RequestRow key={request.id} request={request} />
        ))}
      </div>
    </section>
  );
}

function RequestRow({ request }: { readonly request: Request }) {
  const me = useMe().data;
  const path = { params: { path: { request: request.id } } };
  const confirm = useAct(() => told(api.POST('/api/v1/requests/{request}/confirm', path)));
  const cancel = useAct(() => told(api.POST('/api/v1/requests/{request}/cancel', path)));
  const isOwn = request.requestedBy.id === me?.id;
  const what = WHAT[request.kind](request.object.name);
  return (
    <Group className="sp-row" justify="space-between">
      <div>
        <Group gap="xs">
          <Text fw={600}>{what}</Text>
          <Badge variant="light" color="yellow">
            waits
          </Badge>
        </Group>
        <Text size="sm" c="dimmed">
          asked by {isOwn ? 'you' : request.requestedBy.name} <Time at={request.requestedAt} />;{' '}
          {request.dueAt === undefined ? (
            <>
              lapses <Time at={request.expiresAt} />
            </>
          ) : (
            <>
              there is no second owner: done <Time at={request.dueAt} /> unless it is cancelled
            </>
          )}
        </Text>
      </div>
      <Group gap="xs">
        {isOwn ? (
          request.dueAt === undefined && (
            <Text size="sm" c="dimmed">
              Another owner confirms it.
            </Text>
          )
        ) : (
          <Button
            size="xs"
            loading={confirm.isPending}
            aria-label={`Confirm: ${what}`}
            onClick={() => confirm.mutate(undefined)}
          >
            Confirm
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          loading={cancel.isPending}
          aria-label={`Cancel: ${what}`}
          onClick={() => cancel.mutate(undefined)}
        >
          Cancel
        </Button>
      </Group>
    </Group>
  );
}
