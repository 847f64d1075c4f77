import { Badge, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type ApiError, keyOf, type Of, told, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';

const PATH = '/api/v1/repositories/{owner}/{name}/access';
const ROLES = [
  { value: 'read', label: 'read: see everything' },
  { value: 'write', label: 'write: push, run workflows' },
  { value: 'maintain', label: 'maintain: runs and schedules, too' },
  { value: 'admin', label: 'admin: settings and access, too' },
];
type Role = Of<'Grant'>['role'];
type To = { readonly type: 'user' | 'team'; readonly id: number };

/** Who has which role, and a form that gives one. */
export function Access() {
  const path = useRepositoryPath();
  const grants = useRead(PATH, { params: { path } });
  const changing = useChange();
  return (
    <Stack gap="sm">
      <Answer of={grants} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Text>Nobody was given a role: only owners of the server see it.</Text>
          ) : (
            <div className="sp-panel sp-rows">
              {items.map(({ to, role }) => (
                <Group key={`${to.type} ${to.id}`} className="sp-row" justify="space-between">
                  <Group gap="xs">
                    <bdi>{to.name}</bdi>
                    <Badge color="gray">{to.type === 'user' ? 'person' : 'team'}</Badge>
                  </Group>
                  <Group gap="xs">
                    <Text component="span">{role}</Text>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Take the role of ${to.name}`}
                      onClick={() => changing.mutate({ to, role: undefined })}
                    >
                      Take away
                    </Button>
                  </Group>
                </Group>
              ))}
            </div>
          )
        }
      </Answer>
      {changing.error === null ? null : <ErrorState error={changing.error} />}
      <Give onGive={(to, role) => changing.mutate({ to, role })} isPending={changing.isPending} />
    </Stack>
  );
}

function useChange() {
  const path = useRepositoryPath();
  const queries = useQueryClient();
  return useMutation<unknown, ApiError, { readonly to: To; readonly role: Role | undefined }>({
    mutationFn: ({ to, role }) => {
      if (to.type === 'user') {
        const params = { path: { ...path, user: String(to.id) } };
        return role === undefined
          ? told(api.DELETE(`${PATH}/users/{user}`, { params }))
          : told(api.PUT(`${PATH}/users/{user}`, { params, body: { role } }));
      }
      const params = { path: { ...path, team: to.id } };
      return role === undefined
        ? told(api.DELETE(`${PATH}/teams/{team}`, { params }))
        : told(api.PUT(`${PATH}/teams/{team}`, { params, body: { role } }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(PATH) }),
  });
}

type GiveProps = { readonly onGive: (to: To, role: Role) => void; readonly isPending: boolean };

function Give({ onGive, isPending }: GiveProps) {
  const members = useRead('/api/v1/members', { params: { query: { limit: 100 } } }).data?.items ?? [];
  const teams = useRead('/api/v1/teams', {}).data?.items ?? [];
  const [who, setWho] = useState<string | null>(null);
  const [role, setRole] = useState<string>('read');
  const give = () => {
    const [, type, id] = /^(user|team) (\d+)$/.exec(who ?? '') ?? [];
    const wanted = ROLES.find(({ value }) => value === role)?.value as Role | undefined;
    if (id === undefined || wanted === undefined) return;
    onGive({ type: type === 'team' ? 'team' : 'user', id: Number(id) }, wanted);
    setWho(null);
  };
  return (
    <Group align="flex-end">
      <Select
        label="Person or team"
        searchable
        value={who}
        onChange={setWho}
        nothingFoundMessage="Nobody has this name"
        data={[
          { group: 'People', items: members.map(({ id, name }) => ({ value: `user ${id}`, label: name })) },
          { group: 'Teams', items: teams.map(({ id, name }) => ({ value: `team ${id}`, label: name })) },
        ]}
      />
      <Select
        label="Role"
        value={role}
        onChange={(next) => setRole(next ?? 'read')}
        data={ROLES}
        allowDeselect={false}
        w={260}
      />
      <Button variant="default" onClick={give} disabled={who === null} loading={isPending}>
        Give the role
      </Button>
    </Group>
  );
}
