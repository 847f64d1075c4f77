import { Button, Group, NumberInput, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { api, type Of, told } from '../shell/api.ts';
import { useAct } from './use-act.ts';

export type Invitation = { readonly name: string; readonly code: string; readonly expiresAt: string };

type Role = Of<'Member'>['role'];
const ROLES: readonly { readonly role: Role; readonly about: string }[] = [
  { role: 'member', about: 'what is granted in a repository' },
  { role: 'outside', about: 'likewise, for a time, and nothing of the organisation' },
  { role: 'auditor', about: 'reads everything' },
  { role: 'security', about: 'reads everything, and revokes tokens' },
  { role: 'owner', about: 'everything; a second owner has to confirm it' },
];
const OUTSIDE_DAYS_DEFAULT = 90;
const OUTSIDE_DAYS_MAX = 366;

type InviteProps = { readonly onClose: () => void; readonly onInvited: (invitation: Invitation) => void };

export function InviteDialog({ onClose, onInvited }: InviteProps) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [days, setDays] = useState<number | string>(OUTSIDE_DAYS_DEFAULT);
  const invite = useAct(
    () =>
      told(
        api.POST('/api/v1/members', {
          body: { name: name.trim(), role, ...(role === 'outside' ? { days: Number(days) } : {}) },
        }),
      ),
    ({ member, code, expiresAt }) => onInvited({ name: member.name, code, expiresAt }),
  );
  return (
    <Dialog onClose={onClose} title="Invite somebody" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate(undefined);
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Letters, digits and dashes. It is never given to somebody else."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={39}
            required
            data-autofocus
          />
          <Radio.Group
            label="Role"
            value={role}
            onChange={(value) => setRole(ROLES.find((one) => one.role === value)?.role ?? 'member')}
          >
            <Stack gap="xs" mt="xs">
              {ROLES.map((one) => (
                <Radio key={one.role} value={one.role} label={one.role} description={one.about} />
              ))}
            </Stack>
          </Radio.Group>
          {role === 'outside' ? (
            <NumberInput
              label="Days until they are gone"
              min={1}
              max={OUTSIDE_DAYS_MAX}
              value={days}
              onChange={setDays}
              required
            />
          ) : null}
          <Group>
            <Button type="submit" loading={invite.isPending}>
              Invite
            </Button>
            <Text size="sm" c="dimmed">
              Your passkey approves it. You get a link to hand over.
            </Text>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
