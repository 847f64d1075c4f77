import { Button, Group, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Answer } from '../shell/answer.tsx';
import { api, type ApiError, type Of, told, useRead } from '../shell/api.ts';
import { ErrorState } from '../shell/error-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { StateMark } from './state-mark.tsx';

type Settings = Of<'Notifications'>;
const RULES = [
  ['ownFailures', 'A run that I caused fails', 'Not when the run before it on the same branch had failed already'],
  ['watchedFailures', 'The default branch of a repository that I watch breaks, or is whole again', ''],
  ['watchedFindings', 'A scan of such a branch finds something new that is critical or high', ''],
] as const;

/** Where one gets mail, and of what. */
export function Page() {
  const settings = useRead('/api/v1/notifications', {});
  return (
    <PageFrame
      title="Notifications"
      about="Mail about what needs you, and nothing else. The findings of a repository have the button to watch it."
    >
      <Answer of={settings}>
        {(data) => (
          <Stack gap="lg">
            {data.canMail ? null : (
              <Text>
                <StateMark mark="warn" text="This server sends no mail:" /> its operator sets smtp_host and mail_from
                first.
              </Text>
            )}
            <Address settings={data} />
            <Rules settings={data} />
          </Stack>
        )}
      </Answer>
    </PageFrame>
  );
}

/** Does something of one's own, and asks anew how it stands. */
function useChange<Input>(work: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation<unknown, ApiError, Input>({ mutationFn: work, onSuccess: () => queries.invalidateQueries() });
}

function Address({ settings }: { readonly settings: Settings }) {
  const [address, setAddress] = useState('');
  const [code, setCode] = useState('');
  const naming = useChange((text: string) =>
    told(api.PUT('/api/v1/notifications/address', { body: { address: text } })),
  );
  const confirming = useChange((text: string) =>
    told(api.POST('/api/v1/notifications/address/confirmation', { body: { code: text } })),
  );
  const removing = useChange<void>(() => told(api.DELETE('/api/v1/notifications/address', {})));
  const submit = (work: () => void) => (event: FormEvent) => {
    event.preventDefault();
    work();
  };
  const error = naming.error ?? confirming.error ?? removing.error;
  return (
    <Stack gap="sm" component="section" maw={560}>
      <Title order={2}>Address</Title>
      {settings.address === undefined ? null : (
        <Group justify="space-between">
          <Text>
            <StateMark mark="good" text="" />
            <bdi>{settings.address}</bdi>
          </Text>
          <Button size="xs" variant="default" loading={removing.isPending} onClick={() => removing.mutate()}>
            Forget it
          </Button>
        </Group>
      )}
      {settings.pendingAddress === undefined ? null : (
        <form onSubmit={submit(() => confirming.mutate(code))}>
          <Group align="flex-end">
            <TextInput
              label={`Code that was sent to ${settings.pendingAddress}`}
              required
              autoComplete="one-time-code"
              value={code}
              onChange={({ currentTarget }) => setCode(currentTarget.value)}
            />
            <Button type="submit" loading={confirming.isPending}>
              Confirm
            </Button>
          </Group>
        </form>
      )}
      <form onSubmit={submit(() => naming.mutate(address))}>
        <Group align="flex-end">
          <TextInput
            label={settings.address === undefined ? 'Mail address' : 'Another address'}
            type="email"
            required
            autoComplete="email"
            disabled={!settings.canMail}
            value={address}
            onChange={({ currentTarget }) => setAddress(currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={!settings.canMail} loading={naming.isPending}>
            Send a code
          </Button>
        </Group>
      </form>
      {error === null ? null : <ErrorState error={error} />}
    </Stack>
  );
}

function Rules({ settings }: { readonly settings: Settings }) {
  const { ownFailures, watchedFailures, watchedFindings } = settings;
  const rules = { ownFailures, watchedFailures, watchedFindings };
  const setting = useChange((wanted: typeof rules) => told(api.PUT('/api/v1/notifications/rules', { body: wanted })));
  return (
    <Stack gap="sm" component="section" maw={640}>
      <Title order={2}>Tell me when</Title>
      {RULES.map(([name, label, description]) => (
        <Switch
          key={name}
          label={label}
          description={description}
          checked={rules[name]}
          disabled={setting.isPending}
          onChange={({ currentTarget }) => setting.mutate({ ...rules, [name]: currentTarget.checked })}
        />
      ))}
      {setting.error === null ? null : <ErrorState error={setting.error} />}
    </Stack>
  );
}
