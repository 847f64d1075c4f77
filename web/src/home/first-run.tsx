import { Anchor, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { Commands } from '../shell/copy.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { pushCommands } from '../shell/push-commands.ts';
import { RepositoryForm } from '../shell/repository-form.tsx';
import classes from './first-run.module.css';

const LOOK_MS = 3000;

/** The way to the first green run: a repository, a push, and waiting for what it does. */
export function FirstRun({ open }: { readonly open: readonly Of<'RecentRun'>[] }) {
  const repositories = useRead('/api/v1/repositories', { params: { query: { limit: 100 } } }, { everyMs: LOOK_MS });
  return (
    <section className="sp-panel sp-body" aria-label="First steps">
      <Stack gap="md">
        <div>
          <Title order={2}>Three steps to the first green run</Title>
          <Text c="dimmed" size="sm">
            Workflows are those of GitHub Actions, in .github/workflows. They run in a sandbox without a way out, unless
            you list one.
          </Text>
        </div>
        <Answer of={repositories} rows={3}>
          {({ items }) => (
            <Steps
              repository={items.find(({ state }) => state === 'active')}
              open={open}
              refetch={() => void repositories.refetch()}
            />
          )}
        </Answer>
      </Stack>
    </section>
  );
}

type StepsProps = {
  readonly repository: Of<'Repository'> | undefined;
  readonly open: readonly Of<'RecentRun'>[];
  readonly refetch: () => void;
};

function Steps({ repository, open, refetch }: StepsProps) {
  const [running] = open;
  return (
    <ol className={classes['steps'] ?? ''}>
      <Step title="Make a repository" isDone={repository !== undefined}>
        {repository === undefined ? (
          <RepositoryForm onMade={refetch} />
        ) : (
          <Text>
            <Anchor component={Link} to={repositoryPath(repository.owner, repository.name)}>
              {repository.owner}/{repository.name}
            </Anchor>{' '}
            is there.
          </Text>
        )}
      </Step>
      <Step title="Push to it" isDone={running !== undefined}>
        {repository === undefined ? null : <Push repository={repository} />}
      </Step>
      <Step title="See it run" isDone={false}>
        {running === undefined ? (
          <Text c="dimmed" role="status">
            This page waits for the push and shows what it starts.
          </Text>
        ) : (
          <Text role="status">
            <Anchor
              component={Link}
              to={`${repositoryPath(running.repository.owner, running.repository.name)}/runs/${running.run.id}`}
            >
              {running.run.name}
            </Anchor>{' '}
            is on its way.
          </Text>
        )}
      </Step>
    </ol>
  );
}

type StepProps = { readonly title: string; readonly isDone: boolean; readonly children: ReactNode };

const Step = ({ title, isDone, children }: StepProps) => (
  <li>
    <Stack gap="xs">
      <Text fw={600} component="h3">
        {title}
        {isDone ? <span className="sp-good"> ✓ done</span> : null}
      </Text>
      {children}
    </Stack>
  </li>
);

function Push({ repository }: { readonly repository: Of<'Repository'> }) {
  const { cloneUrl, defaultBranch } = repository;
  const [signIn, existing, fresh] = pushCommands({ cloneUrl, defaultBranch, origin: globalThis.location.origin });
  return (
    <Stack gap="xs">
      <Text>On your machine, once:</Text>
      <Commands label="sign-in" text={signIn} />
      <Text>A repository that you have:</Text>
      <Commands label="push" text={existing} />
      <Text>Or a new one, with a workflow that says hello:</Text>
      <Commands label="beginning" text={fresh} />
    </Stack>
  );
}
