import { Stack, Text } from '@mantine/core';
import { Commands } from '../shell/copy.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { useRepository } from '../shell/repository-frame.tsx';
import { pushCommands } from '../shell/push-commands.ts';

/** What to do with a repository that has no commit yet. */
export function EmptyRepository() {
  const { cloneUrl, defaultBranch } = useRepository();
  const [signIn, existing, fresh] = pushCommands({ cloneUrl, defaultBranch, origin: globalThis.location.origin });
  return (
    <EmptyState title="There is nothing here yet">
      <Stack gap="sm" ta="start">
        <Text>Once: sign in on your machine, so that git finds your token.</Text>
        <Commands label="sign-in" text={signIn} />
        <Text>Push a repository that you have:</Text>
        <Commands label="push" text={existing} />
        <Text>Or begin a new one:</Text>
        <Commands label="beginning" text={fresh} />
      </Stack>
    </EmptyState>
  );
}
