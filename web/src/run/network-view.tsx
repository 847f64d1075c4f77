import { Anchor, Button, Code, CopyButton, Group, Popover, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { formats } from '../shell/format.ts';
import { useRepository } from '../shell/repository-frame.tsx';
import { visibleText } from './ansi.ts';
import { proposalFor } from './egress-proposal.ts';
import { filePath, jobPath } from './paths.ts';
import classes from './run.module.css';
import type { RunPlace } from './use-run.ts';

const EGRESS_FILE = '.sallyport/egress.yml';

type Attempt = Of<'EgressAttempts'> & { readonly job: number; readonly key: string };

/** What jobs tried to reach, what was refused first, and how to allow it. */
export function NetworkView({ place, report }: { readonly place: RunPlace; readonly report: Of<'RunReport'> }) {
  const attempts = report.jobs
    .flatMap(({ id, key, egress }) => egress.map((one): Attempt => ({ ...one, job: id, key })))
    .toSorted((a, b) => Number(a.verdict === 'allowed') - Number(b.verdict === 'allowed'));
  if (attempts.length === 0) {
    return (
      <EmptyState title="Nothing was asked of the network">
        A job reaches only hosts that <Code>{EGRESS_FILE}</Code> of the protected branch lists. Each attempt would stand
        here, with the step and the process that made it.
      </EmptyState>
    );
  }
  const denied = attempts.filter(({ verdict }) => verdict === 'denied').length;
  return (
    <Stack gap="xs">
      <Text>
        {formats.plural(attempts.length, { one: '# place was asked for', other: '# places were asked for' })},{' '}
        <Text span inherit className={denied === 0 ? 'sp-good' : 'sp-bad'}>
          {denied === 0
            ? 'none was refused'
            : formats.plural(denied, { one: '# was refused', other: '# were refused' })}
        </Text>
        .
      </Text>
      <div
        className={`sp-panel ${classes['scroll']}`}
        tabIndex={0}
        role="region"
        aria-label="Attempts to reach the network"
      >
        <Table verticalSpacing="xs" horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Verdict</Table.Th>
              <Table.Th>Host</Table.Th>
              <Table.Th>Asked by</Table.Th>
              <Table.Th>Times</Table.Th>
              <Table.Th>Sent, received</Table.Th>
              <Table.Th>
                <VisuallyHidden>What to do</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {attempts.map((attempt, at) => (
              <AttemptRow key={`${at} ${attempt.job}`} place={place} attempt={attempt} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Stack>
  );
}

function AttemptRow({ place, attempt }: { readonly place: RunPlace; readonly attempt: Attempt }) {
  const { verdict, reason, host, port, via, address, step, process, count, bytesSent, bytesReceived, key, job } =
    attempt;
  const isDenied = verdict === 'denied';
  return (
    <Table.Tr>
      <Table.Td className={isDenied ? 'sp-bad' : 'sp-good'}>
        <strong>
          {isDenied ? '✕' : '✓'} {verdict}
        </strong>
        {reason === undefined ? null : <div>{visibleText(reason)}</div>}
      </Table.Td>
      <Table.Td className={`sp-mono ${classes['cellText']}`}>
        <bdi>{visibleText(host)}</bdi>
        {port === 0 ? '' : `:${port}`}
        <Text size="xs" c="dimmed" component="div">
          {via}
          {address === undefined ? '' : ` → ${visibleText(address)}`}
        </Text>
      </Table.Td>
      <Table.Td className={classes['cellText'] ?? ''}>
        <Anchor component={Link} to={jobPath(place, place.run, job)} inherit>
          <bdi>{visibleText(key)}</bdi>
        </Anchor>
        <Text size="xs" c="dimmed" component="div">
          {step === undefined ? '' : `step ${visibleText(step)}`}
          {process === undefined ? '' : ` · ${visibleText(process)}`}
        </Text>
      </Table.Td>
      <Table.Td>{formats.number(count)}</Table.Td>
      <Table.Td>
        {bytesSent === undefined && bytesReceived === undefined
          ? ''
          : `${formats.bytes(bytesSent ?? 0)}, ${formats.bytes(bytesReceived ?? 0)}`}
      </Table.Td>
      <Table.Td>{isDenied ? <Proposal attempt={attempt} /> : null}</Table.Td>
    </Table.Tr>
  );
}

/** The exact line that would allow a host. A person puts it there, in a change that others look at. */
function Proposal({ attempt }: { readonly attempt: Attempt }) {
  const { owner, name, defaultBranch } = useRepository();
  const proposal = proposalFor(attempt);
  const file = filePath({ owner, name }, defaultBranch, EGRESS_FILE);
  return (
    <Popover width={380} position="bottom-end" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default">
          Allow…
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        {proposal.ok ? (
          <Stack gap="xs">
            <Text size="sm">
              Add this to <Code>{EGRESS_FILE}</Code>. It counts once it is on the protected branch, not in the change
              that brings it.
            </Text>
            <Code block>{proposal.text}</Code>
            <Group gap="xs">
              <CopyButton value={proposal.line}>
                {({ copied, copy }) => (
                  <Button size="xs" onClick={copy}>
                    {copied ? 'Copied' : 'Copy the line'}
                  </Button>
                )}
              </CopyButton>
              {file === undefined ? null : (
                <Button size="xs" variant="default" component={Link} to={file}>
                  Open the file
                </Button>
              )}
            </Group>
          </Stack>
        ) : (
          <Text size="sm">{proposal.why}</Text>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
