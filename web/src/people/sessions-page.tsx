import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useQueryClient } from '@tanstack/react-query';
import { api, type Of, told, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { PageFrame } from '../shell/page.tsx';
import { Time } from '../shell/time.tsx';
import { PasskeySection } from './passkey-section.tsx';
import { useAct } from './use-act.ts';

const METHODS: { readonly [method in Of<'Session'>['method']]: string } = {
  passkey: 'with a passkey',
  recovery: 'with a recovery code',
  oidc: 'by single sign-on',
};

export function Page() {
  return (
    <PageFrame title="Passkeys and sessions" about="The ways in that are yours, and where you are signed in.">
      <Stack gap="xl">
        <PasskeySection />
        <SessionSection />
      </Stack>
    </PageFrame>
  );
}

function SessionSection() {
  const sessions = useRead('/api/v1/user/sessions', {});
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const end = useAct((session: number) =>
    told(api.DELETE('/api/v1/user/sessions/{session}', { params: { path: { session } } })),
  );
  const endAll = useAct(
    () => told(api.DELETE('/api/v1/user/sessions', {})),
    () => {
      queries.clear();
      void navigate('/sign-in');
    },
  );
  return (
    <section aria-labelledby="sessions">
      <Group justify="space-between" mb="sm">
        <Title order={2} id="sessions">
          Sessions
        </Title>
        {isAsking ? (
          <Group gap="xs">
            <Button size="xs" color="red" loading={endAll.isPending} onClick={() => endAll.mutate(undefined)}>
              End all, this one too
            </Button>
            <Button size="xs" variant="default" onClick={() => setAsking(false)}>
              Keep them
            </Button>
          </Group>
        ) : (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            Sign out everywhere
          </Button>
        )}
      </Group>
      <Text c="dimmed" size="sm" mb="sm">
        A session ends after 12 hours without use, and after 7 days. It works in the browser and in the network where it
        began, and nowhere else.
      </Text>
      <Answer of={sessions}>
        {({ items }) => (
          <div className="sp-panel sp-rows">
            {items.map((session) => (
              <Group key={session.id} className="sp-row" justify="space-between" wrap="nowrap">
                <div>
                  <Group gap="xs">
                    <Text fw={600}>{session.agent}</Text>
                    {session.current ? (
                      <Badge variant="light" color="green">
                        this one
                      </Badge>
                    ) : null}
                  </Group>
                  <Text size="sm" c="dimmed">
                    {session.network}, signed in {METHODS[session.method]} <Time at={session.createdAt} />, used{' '}
                    <Time at={session.lastUsedAt} />
                  </Text>
                </div>
                {session.current ? null : (
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={`Sign out ${session.agent}, ${session.network}`}
                    onClick={() => end.mutate(session.id)}
                  >
                    Sign out
                  </Button>
                )}
              </Group>
            ))}
          </div>
        )}
      </Answer>
    </section>
  );
}
