import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, type ApiError, keyOf, type Of, told } from './api.ts';
import { ErrorState } from './error-state.tsx';
import { useMe } from './me.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;
const RULE = 'Letters, digits, dots, dashes and underscores; no dash or dot in front.';

const problemOf = (text: string) => (text === '' || NAME.test(text) ? undefined : RULE);

/** Makes a repository. */
export function RepositoryForm({ onMade }: { readonly onMade: (repository: Of<'Repository'>) => void }) {
  const me = useMe().data;
  const [owner, setOwner] = useState<string | undefined>(undefined);
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const body = { owner: owner ?? me?.name ?? '', name };
  const making = useMutation<Of<'Repository'>, ApiError>({
    mutationFn: () => told(api.POST('/api/v1/repositories', { body })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: keyOf('/api/v1/repositories') });
      onMade(made);
    },
  });
  const isReady = NAME.test(body.owner) && NAME.test(name);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) making.mutate();
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="sm" maw={520}>
        <Group align="flex-start" grow preventGrowOverflow={false}>
          <TextInput
            label="Owner"
            description="A person, a team or a project"
            required
            value={body.owner}
            onChange={({ currentTarget }) => setOwner(currentTarget.value)}
            error={problemOf(body.owner)}
          />
          <TextInput
            label="Name"
            description="What it is called in addresses"
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            error={problemOf(name)}
          />
        </Group>
        {making.error === null ? null : <ErrorState error={making.error} />}
        <Group>
          <Button type="submit" loading={making.isPending} disabled={!isReady}>
            Create repository
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
