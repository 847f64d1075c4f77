import { Code, Stack, Table, Title } from '@mantine/core';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { formats } from '../shell/format.ts';
import { visibleText } from './ansi.ts';
import classes from './run.module.css';
import { LevelMark } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

/** What was planned and permitted before anything ran: jobs with their rights, and the commit of each action. */
export function PlanView({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  const { owner, name, run } = place;
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/runs/{run}/plan',
    { params: { path: { owner, name, run }, query: { attempt: view.attempt } } },
    { staleMs: 60_000 },
  );
  return (
    <Answer of={found}>
      {({ plan }) =>
        plan === undefined ? (
          <EmptyState title="There is no plan">This run was refused before it could be planned.</EmptyState>
        ) : (
          <Stack gap="lg">
            <div className={classes['cellText']}>
              Digest of the plan: <Code>{plan.digest}</Code>. A permit was given for this digest and nothing else.
              {plan.concurrency === undefined ? null : (
                <>
                  {' '}
                  Concurrency group <Code>{visibleText(plan.concurrency.group)}</Code>
                  {plan.concurrency.cancelInProgress ? ', which ends what goes on.' : '.'}
                </>
              )}
            </div>
            <Pins plan={plan} />
            <Inputs plan={plan} />
            <Jobs plan={plan} />
          </Stack>
        )
      }
    </Answer>
  );
}

type Part = { readonly plan: Of<'Plan'> };

function Pins({ plan }: Part) {
  return (
    <Stack component="section" gap="xs" aria-label="Lock">
      <Title order={2}>Lock</Title>
      <div>
        {plan.locked
          ? 'The lock governs: an action that it does not name is refused.'
          : 'There is no lock: each action was looked up when the run was planned, and runs at that commit. Write a lock with sallyport lock.'}
      </div>
      {plan.pins.length === 0 ? (
        <div className={classes['quiet']}>It uses no actions but those that are built in.</div>
      ) : (
        <Scroll label="Pins">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Action</Table.Th>
              <Table.Th>Commit</Table.Th>
              <Table.Th>Digest</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {plan.pins.map(({ reference, commit, digest }) => (
              <Table.Tr key={reference}>
                <Table.Td className={`sp-mono ${classes['cellText']}`}>
                  <bdi>{visibleText(reference)}</bdi>
                </Table.Td>
                <Table.Td className="sp-mono">{visibleText(commit)}</Table.Td>
                <Table.Td className={`sp-mono ${classes['cellText']}`}>{digest ?? ''}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Scroll>
      )}
    </Stack>
  );
}

function Inputs({ plan }: Part) {
  if (plan.inputs.length === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-label="Inputs">
      <Title order={2}>Inputs</Title>
      <Scroll label="Inputs">
        <Table.Tbody>
          {plan.inputs.map(({ name, value }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">
                <bdi>{visibleText(name)}</bdi>
              </Table.Th>
              <Table.Td className={classes['message'] ?? ''}>
                <bdi>{visibleText(value)}</bdi>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Scroll>
    </Stack>
  );
}

function Jobs({ plan }: Part) {
  return (
    <Stack component="section" gap="xs" aria-label="Planned jobs">
      <Title order={2}>{formats.plural(plan.jobs.length, { one: '# planned job', other: '# planned jobs' })}</Title>
      <Scroll label="Planned jobs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Job</Table.Th>
            <Table.Th>Needs</Table.Th>
            <Table.Th>Level</Table.Th>
            <Table.Th>Runs on</Table.Th>
            <Table.Th>Permissions</Table.Th>
            <Table.Th>Secrets it names</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {plan.jobs.map((job) => (
            <Table.Tr key={job.key}>
              <Table.Td className={classes['cellText'] ?? ''}>
                <strong>
                  <bdi>{visibleText(job.key)}</bdi>
                </strong>
                {job.instances === undefined || job.instances === 1 ? '' : ` × ${job.instances}`}
                {job.uses === undefined ? null : <div className="sp-mono">{visibleText(job.uses)}</div>}
                {job.environment === undefined ? null : <div>environment {visibleText(job.environment)}</div>}
                {job.refusals.map((refusal) => (
                  <div key={refusal} className="sp-bad">
                    {visibleText(refusal)}
                  </div>
                ))}
              </Table.Td>
              <Table.Td className={classes['cellText'] ?? ''}>{job.needs.map(visibleText).join(', ')}</Table.Td>
              <Table.Td>
                <LevelMark level={job.level} />
              </Table.Td>
              <Table.Td>{job.runsOn.map(visibleText).join(', ')}</Table.Td>
              <Table.Td>
                {Object.entries(job.permissions)
                  .filter(([, access]) => access !== 'none')
                  .map(([scope, access]) => `${scope}: ${access}`)
                  .join(', ') || 'none'}
              </Table.Td>
              <Table.Td className="sp-mono">{job.secrets.map(visibleText).join(', ') || '—'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Scroll>
    </Stack>
  );
}

function Scroll({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <div className={`sp-panel ${classes['scroll']}`} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" horizontalSpacing="md">
        {children}
      </Table>
    </div>
  );
}
