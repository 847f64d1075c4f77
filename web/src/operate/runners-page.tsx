import { Badge, Button, Checkbox, Group, Spoiler, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { Answer } from '../shell/answer.tsx';
import { api, type ApiError, type Of, told, useRead } from '../shell/api.ts';
import { Confirm } from '../shell/confirm.tsx';
import { Commands } from '../shell/copy.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { formats } from '../shell/format.ts';
import { PageFrame } from '../shell/page.tsx';
import { Time } from '../shell/time.tsx';
import { type Mark, StateMark } from './state-mark.tsx';

const LOOK_MS = 5000;
type Runner = Of<'Runner'>;

const STATES: { readonly [State in Runner['state']]: readonly [mark: Mark, text: string] } = {
  idle: ['good', 'idle'],
  busy: ['busy', 'busy'],
  draining: ['warn', 'draining'],
  lost: ['bad', 'not heard of'],
};

export function Page() {
  const runners = useRead('/api/v1/runners', {}, { everyMs: LOOK_MS });
  const [isInviting, setInviting] = useState(false);
  return (
    <PageFrame
      title="Runners"
      about="Machines that take jobs. Each joined with a key of its own, and holds what it runs for a time only."
      actions={
        <Button size="xs" onClick={() => setInviting(true)}>
          Add a runner
        </Button>
      }
    >
      <Answer of={runners}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No runner" action={<Button onClick={() => setInviting(true)}>Add a runner</Button>}>
              Jobs wait until a runner with their labels joins.
            </EmptyState>
          ) : (
            <div className="sp-panel sp-rows">
              {items.map((runner) => (
                <Row key={runner.id} runner={runner} />
              ))}
            </div>
          )
        }
      </Answer>
      {isInviting ? <Invite onClose={() => setInviting(false)} /> : null}
    </PageFrame>
  );
}

function Row({ runner }: { readonly runner: Runner }) {
  const [asked, setAsked] = useState<'drain' | 'remove' | undefined>(undefined);
  const [mark, text] = STATES[runner.state];
  return (
    <Stack className="sp-row" gap={6}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={2}>
          <Text fw={600}>
            <bdi>{runner.name}</bdi>
          </Text>
          <Text size="sm" component="div">
            <StateMark mark={mark} text={text} />
            {runner.jobs.length === 0
              ? null
              : `, ${formats.plural(runner.jobs.length, { one: '# job', other: '# jobs' })}`}
            {runner.lastSeenAt === undefined ? null : (
              <Text span c="dimmed">
                {' '}
                · heard of <Time at={runner.lastSeenAt} />
              </Text>
            )}
          </Text>
        </Stack>
        <Group gap="xs">
          {runner.state === 'draining' ? null : (
            <Button variant="default" size="compact-sm" onClick={() => setAsked('drain')}>
              Drain
            </Button>
          )}
          <Button variant="default" size="compact-sm" onClick={() => setAsked('remove')}>
            Remove
          </Button>
        </Group>
      </Group>
      <Group gap={6}>
        {runner.ephemeral ? <Badge color="gray">one job only</Badge> : null}
        {runner.labels.map((label) => (
          <Badge key={label} color="gray" tt="none">
            {label}
          </Badge>
        ))}
      </Group>
      {runner.capability === undefined ? null : <Capability record={runner.capability} name={runner.name} />}
      {asked === undefined ? null : <Change runner={runner} verb={asked} onClose={() => setAsked(undefined)} />}
    </Stack>
  );
}

const WALLS: { readonly [State in 'hard' | 'soft' | 'missing']: Mark } = { hard: 'good', soft: 'warn', missing: 'bad' };

/** What it said of its machine when it joined. */
function Capability({ record, name }: { readonly record: NonNullable<Runner['capability']>; readonly name: string }) {
  const { os, arch, kernel, root } = record.platform;
  const weak = record.walls.filter(({ state }) => state !== 'hard');
  const tools = Object.entries(record.tools).filter(([, version]) => version !== null);
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        <bdi>
          {os} {arch}, kernel {kernel}
        </bdi>
        , {root ? 'as root' : 'as an ordinary user'} ·{' '}
        {weak.length === 0
          ? 'every wall stands'
          : formats.plural(weak.length, { one: '# wall is not hard', other: '# walls are not hard' })}
      </Text>
      <Spoiler maxHeight={0} showLabel={`Capability record of ${name}`} hideLabel="Hide the record">
        <Stack gap={4} pt={4}>
          {record.walls.map((wall) => (
            <Text key={wall.name} size="sm" component="div">
              <StateMark mark={WALLS[wall.state]} text={`${wall.name}: ${wall.state}`} />{' '}
              <Text span c="dimmed">
                <bdi>{wall.reason}</bdi> {wall.remedy === undefined ? null : <bdi>{wall.remedy}</bdi>}
              </Text>
            </Text>
          ))}
          <Text size="sm" c="dimmed">
            Tools: <bdi>{formats.list(tools.map(([tool, version]) => `${tool} ${version ?? ''}`))}</bdi>
          </Text>
        </Stack>
      </Spoiler>
    </Stack>
  );
}

function Change({
  runner,
  verb,
  onClose,
}: {
  readonly runner: Runner;
  readonly verb: 'drain' | 'remove';
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const params = { params: { path: { runner: runner.id } } };
  const work = async () => {
    await (verb === 'drain'
      ? told(api.POST('/api/v1/runners/{runner}/drain', params))
      : told(api.DELETE('/api/v1/runners/{runner}', params)));
    await queries.invalidateQueries();
  };
  return (
    <Confirm
      title={`${verb === 'drain' ? 'Drain' : 'Remove'} ${runner.name}?`}
      action={verb === 'drain' ? 'Drain' : 'Remove'}
      isDangerous={verb === 'remove'}
      onConfirm={work}
      onClose={onClose}
    >
      {verb === 'drain'
        ? 'It ends what it runs and gets nothing more. Remove it afterwards.'
        : 'What it runs is lost at once, and its key is worth nothing any more. It can join again with a new token.'}
    </Confirm>
  );
}

const LABELS = /^[A-Za-z0-9_.-]{1,60}$/;

/** A token works once, within an hour: it is made when somebody asks for it, and shown in the command that uses it. */
function Invite({ onClose }: { readonly onClose: () => void }) {
  const [labels, setLabels] = useState('');
  const [isEphemeral, setEphemeral] = useState(false);
  const wanted = labels.split(/[\s,]+/).filter((label) => label !== '');
  const isValid = wanted.every((label) => LABELS.test(label));
  const inviting = useMutation<Of<'RunnerRegistration'>, ApiError>({
    mutationFn: () =>
      told(api.POST('/api/v1/runners/registrations', { body: { labels: wanted, ephemeral: isEphemeral } })),
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (isValid) inviting.mutate();
  };
  return (
    <Dialog onClose={onClose} size="lg" title="Add a runner">
      {inviting.data === undefined ? (
        <form onSubmit={onSubmit}>
          <Stack gap="sm">
            <TextInput
              data-autofocus
              label="Labels"
              description="What runs-on asks for, apart from the system. Empty: what the runner says of its machine"
              placeholder="gpu, large"
              value={labels}
              error={isValid ? null : 'Letters, digits, dots, dashes and underscores'}
              onChange={({ currentTarget }) => setLabels(currentTarget.value)}
            />
            <Checkbox
              label="Takes one job and ends"
              checked={isEphemeral}
              onChange={({ currentTarget }) => setEphemeral(currentTarget.checked)}
            />
            {inviting.error === null ? null : <ErrorState error={inviting.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={inviting.isPending}>
                Make the command
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Joining registration={inviting.data} />
      )}
    </Dialog>
  );
}

function Joining({ registration }: { readonly registration: Of<'RunnerRegistration'> }) {
  const { origin } = globalThis.location;
  const command = `sallyport runner join --url ${origin} --name "$(hostname)" --token - <<'END'\n${registration.token}\nEND`;
  return (
    <Stack gap="sm" role="status">
      <Text size="sm">
        On the machine that shall run jobs, with Sallyport installed. The token works once, until{' '}
        {formats.clock(new Date(registration.expiresAt))}, and is shown now only.
      </Text>
      <Commands text={command} label="command" />
    </Stack>
  );
}
