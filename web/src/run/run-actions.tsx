import { Button, Group, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type Of, told } from '../shell/api.ts';
import { textOf } from '../shell/error-state.tsx';
import { runPath } from './paths.ts';
import type { RunPlace } from './use-run.ts';

type Only = 'all' | 'failed' | { readonly job: number };

/** Tells what was refused and what to do about it. */
export function tellFailure(thrown: unknown): void {
  const { title, detail, help } = textOf(thrown);
  notifications.show({ color: 'red', title, message: `${detail} ${help}`, autoClose: 12_000 });
}

/** Runs it again, and goes to the new attempt. */
export function useRerun({ owner, name, run }: RunPlace) {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (only: Only) =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/runs/{run}/rerun', {
          params: { path: { owner, name, run } },
          body: { only },
        }),
      ),
    onSuccess: async ({ attempt }) => {
      await client.invalidateQueries({
        predicate: ({ queryKey: [path] }) => typeof path === 'string' && path.includes('/runs/{run}'),
      });
      notifications.show({ message: `Attempt ${attempt} has begun.` });
      await navigate(runPath({ owner, name }, run));
    },
    onError: tellFailure,
  });
}

/** What can be done to a run. A cancellation is shown as asked for until the run says that it ended. */
export function RunActions({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  const { owner, name, run } = place;
  const rerun = useRerun(place);
  const [asked, setAsked] = useState<'no' | 'asked' | 'forced'>('no');
  useEffect(() => setAsked('no'), [run, view.attempt]);
  const cancel = useMutation({
    mutationFn: (force: boolean) =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/runs/{run}/cancel', {
          params: { path: { owner, name, run } },
          body: { force },
        }),
      ),
    onMutate: (force) => setAsked(force ? 'forced' : 'asked'),
    onError: (thrown) => {
      setAsked('no');
      tellFailure(thrown);
    },
  });
  if (view.state !== 'finished') {
    return (
      <Group gap="xs">
        {asked === 'no' ? (
          <Button color="red" variant="light" onClick={() => cancel.mutate(false)}>
            Cancel run
          </Button>
        ) : (
          <>
            <span role="status" className="sp-warn">
              {asked === 'forced' ? 'Ending it by force…' : 'Cancelling: steps that always run still do…'}
            </span>
            {asked === 'forced' ? null : (
              <Button color="red" variant="light" onClick={() => cancel.mutate(true)}>
                End by force
              </Button>
            )}
          </>
        )}
      </Group>
    );
  }
  // A run that was refused has nothing to repeat.
  if (view.jobs.length === 0) return null;
  const hasFailed = view.jobs.some(({ conclusion }) => conclusion !== 'success');
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" loading={rerun.isPending}>
          Run again…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => rerun.mutate('all')}>All jobs</Menu.Item>
        <Menu.Item disabled={!hasFailed} onClick={() => rerun.mutate('failed')}>
          What did not succeed
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
