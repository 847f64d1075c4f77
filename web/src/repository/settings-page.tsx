import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type ApiError, type Of, told } from '../shell/api.ts';
import { Confirm } from '../shell/confirm.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepository } from '../shell/repository-frame.tsx';
import { Access } from './access.tsx';

const PATH = '/api/v1/repositories/{owner}/{name}';

/** Name, state, access and end of a repository. */
export function Page() {
  const { owner, name } = useRepository();
  return (
    <PageFrame title={`Settings · ${owner}/${name}`} heading="Settings">
      <Section title="Access" about="Who may do what. Owners of the server may all.">
        <Access />
      </Section>
      <Section title="Name" about="Old addresses end: clones have to be told the new one.">
        <Rename />
      </Section>
      <Section title="State" about="An archived repository can be read, and nothing in it changes or runs.">
        <Archive />
      </Section>
      <Section title="End" about="Deletes files, history and runs. Backups that were made before still have them.">
        <Delete />
      </Section>
    </PageFrame>
  );
}

type SectionProps = { readonly title: string; readonly about: string; readonly children: ReactNode };

const Section = ({ title, about, children }: SectionProps) => (
  <section className="sp-panel sp-body" aria-label={title}>
    <Stack gap="sm">
      <div>
        <Title order={2}>{title}</Title>
        <Text c="dimmed" size="sm">
          {about}
        </Text>
      </div>
      {children}
    </Stack>
  </section>
);

function Rename() {
  const { owner, name } = useRepository();
  const [to, setTo] = useState({ owner, name });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const renaming = useMutation<Of<'Repository'>, ApiError>({
    mutationFn: () => told(api.PATCH(PATH, { params: { path: { owner, name } }, body: to })),
    onSuccess: async (row) => {
      await navigate(`${repositoryPath(row.owner, row.name)}/settings`);
      await queries.invalidateQueries();
    },
  });
  const isSame = to.owner === owner && to.name === name;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!isSame) renaming.mutate();
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="sm" maw={520}>
        <Group grow align="flex-end">
          <TextInput
            label="Owner"
            value={to.owner}
            onChange={({ currentTarget: { value } }) => setTo({ ...to, owner: value })}
          />
          <TextInput
            label="Name"
            value={to.name}
            onChange={({ currentTarget: { value } }) => setTo({ ...to, name: value })}
          />
        </Group>
        {renaming.error === null ? null : <ErrorState error={renaming.error} />}
        <Group>
          <Button type="submit" variant="default" disabled={isSame} loading={renaming.isPending}>
            Rename
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Archive() {
  const { owner, name, state } = useRepository();
  const [isAsked, setAsked] = useState(false);
  const queries = useQueryClient();
  const next = state === 'archived' ? 'active' : 'archived';
  const action = state === 'archived' ? 'Bring back' : 'Archive';
  return (
    <>
      <Group>
        <Button variant="default" onClick={() => setAsked(true)} disabled={state !== 'active' && state !== 'archived'}>
          {action}
        </Button>
      </Group>
      {isAsked ? (
        <Confirm
          title={`${action} ${owner}/${name}`}
          action={action}
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            await told(api.PATCH(PATH, { params: { path: { owner, name } }, body: { state: next } }));
            await queries.invalidateQueries();
          }}
        >
          {next === 'archived'
            ? 'Nobody can push to it and no workflow runs until it is brought back.'
            : 'People can push to it again, and its workflows run.'}
        </Confirm>
      ) : null}
    </>
  );
}

function Delete() {
  const { owner, name } = useRepository();
  const [isAsked, setAsked] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  return (
    <>
      <Group>
        <Button color="red.9" onClick={() => setAsked(true)}>
          Delete this repository
        </Button>
      </Group>
      {isAsked ? (
        <Confirm
          title={`Delete ${owner}/${name}`}
          action="Delete it"
          typed={`${owner}/${name}`}
          isDangerous
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            await told(api.DELETE(PATH, { params: { path: { owner, name } } }));
            await navigate('/-/repositories', { replace: true });
            await queries.invalidateQueries();
          }}
        >
          Its files, history and runs can't be had back from here.
        </Confirm>
      ) : null}
    </>
  );
}
