import { Button, Group, Pill, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { api, type Of, told, usePages, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { useMe } from '../shell/me.ts';
import { PageFrame } from '../shell/page.tsx';
import { inTree } from './team-tree.ts';
import { useAct } from './use-act.ts';

const INDENT_PX = 24;
type Team = Of<'Team'>;

export function Page() {
  const me = useMe().data;
  const isOwner = me?.role === 'owner';
  const teams = useRead('/api/v1/teams', {});
  const members = usePages('/api/v1/members', { params: { query: { limit: 100 } } });
  const [isOpen, setOpen] = useState(false);
  const people = members.data?.pages.flatMap(({ items }) => items) ?? [];
  const make = isOwner ? <Button onClick={() => setOpen(true)}>Make a team</Button> : undefined;
  return (
    <PageFrame
      title="Teams"
      about="A role that a team has in a repository is that of its people. A team within another one may what that one may."
      actions={make}
    >
      <Answer of={teams}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No team yet" action={make}>
              Put people who do the same work into a team, and grant roles to it instead of to each of them.
            </EmptyState>
          ) : (
            <div className="sp-panel sp-rows">
              {inTree(items).map(({ team, depth }) => (
                <TeamRow key={team.id} team={team} depth={depth} people={people} isOwner={isOwner} />
              ))}
            </div>
          )
        }
      </Answer>
      {isOpen ? <NewTeam teams={teams.data?.items ?? []} onClose={() => setOpen(false)} /> : null}
    </PageFrame>
  );
}

type RowProps = {
  readonly team: Team;
  readonly depth: number;
  readonly people: readonly Of<'Member'>[];
  readonly isOwner: boolean;
};

function TeamRow({ team, depth, people, isOwner }: RowProps) {
  const [isAsking, setAsking] = useState(false);
  const path = (user: string) => ({ params: { path: { team: team.id, user } } });
  const add = useAct((user: string) => told(api.PUT('/api/v1/teams/{team}/members/{user}', path(user))));
  const take = useAct((user: string) => told(api.DELETE('/api/v1/teams/{team}/members/{user}', path(user))));
  const remove = useAct(() => told(api.DELETE('/api/v1/teams/{team}', { params: { path: { team: team.id } } })));
  const inside = people.filter(({ id }) => team.members.includes(id));
  const others = people.filter(({ id }) => !team.members.includes(id));
  return (
    <Group className="sp-row" justify="space-between" pl={14 + depth * INDENT_PX}>
      <Stack gap={4}>
        <Text fw={600}>{team.name}</Text>
        <Group gap={6}>
          {inside.length === 0 ? (
            <Text size="sm" c="dimmed">
              nobody yet
            </Text>
          ) : null}
          {inside.map(({ id, name }) => (
            <Pill
              key={id}
              withRemoveButton={isOwner}
              onRemove={() => take.mutate(name)}
              removeButtonProps={{
                'aria-label': `Take ${name} out of ${team.name}`,
                'aria-hidden': false,
                tabIndex: 0,
              }}
            >
              {name}
            </Pill>
          ))}
        </Group>
      </Stack>
      {isOwner ? (
        <Group gap="xs">
          <Select
            size="xs"
            w={160}
            aria-label={`Add somebody to ${team.name}`}
            placeholder="Add somebody"
            data={others.map(({ name }) => name)}
            value={null}
            searchable
            onChange={(name) => {
              if (name !== null) add.mutate(name);
            }}
          />
          <Button
            size="xs"
            variant={isAsking ? 'filled' : 'default'}
            {...(isAsking ? { color: 'red' } : {})}
            aria-label={isAsking ? `Yes, remove ${team.name}` : `Remove ${team.name}`}
            onBlur={() => setAsking(false)}
            onClick={() => (isAsking ? remove.mutate(undefined) : setAsking(true))}
          >
            {isAsking ? 'Yes, remove' : 'Remove'}
          </Button>
        </Group>
      ) : null}
    </Group>
  );
}

function NewTeam({ teams, onClose }: { readonly teams: readonly Team[]; readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const [parent, setParent] = useState<string | null>(null);
  const make = useAct(
    () =>
      told(
        api.POST('/api/v1/teams', {
          body: { name: name.trim(), ...(parent === null ? {} : { parentId: Number(parent) }) },
        }),
      ),
    onClose,
  );
  return (
    <Dialog onClose={onClose} title="Make a team">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(undefined);
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={39}
            required
            data-autofocus
          />
          <Select
            label="Within"
            placeholder="no other team"
            data={teams.map(({ id, name: label }) => ({ value: String(id), label }))}
            value={parent}
            onChange={setParent}
            clearable
          />
          <Button type="submit" loading={make.isPending}>
            Make it
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
