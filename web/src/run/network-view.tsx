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

type Asker = { readonly job: number; readonly key: string; readonly step?: string; readonly process?: string };
/** The same place with the same verdict, whoever asked. */
type Place = Of<'EgressAttempts'> & { readonly askers: readonly Asker[] };

/** Who asked for one place; the rest is counted. */
const ASKERS_MAX = 4;

function placesOf(report: Of<'RunReport'>): readonly Place[] {
  const attempts = report.jobs.flatMap(({ id, key, egress }) => egress.map((one) => ({ ...one, job: id, key })));
  const idOf = ({ verdict, host, port, via, reason }: Of<'EgressAttempts'>) =>
    JSON.stringify([verdict, host, port, via, reason]);
  return [...Map.groupBy(attempts, idOf).values()]
    .flatMap((own): Place[] => {
      const [first] = own;
      if (first === undefined) return [];
      const sum = (name: 'count' | 'bytesSent' | 'bytesReceived') =>
        own.reduce((all, one) => all + (one[name] ?? 0), 0);
      const askers = own.map(({ job, key, step, process }) => ({
        job,
        key,
        ...(step === undefined ? {} : { step }),
        ...(process === undefined ? {} : { process }),
      }));
      return [
        { ...first, count: sum('count'), bytesSent: sum('bytesSent'), bytesReceived: sum('bytesReceived'), askers },
      ];
    })
    .toSorted((a, b) => Number(a.verdict === 'allowed') - Number(b.verdict === 'allowed'));
}

/** What jobs tried to reach, what was refused first, and how to allow it. */
export function NetworkView({ place, report }: { readonly place: RunPlace; readonly report: Of<'RunReport'> }) {
  const places = placesOf(report);
  if (places.length === 0) {
    return (
      <EmptyState title="Nothing was asked of the network">
        A job reaches only hosts that <Code>{EGRESS_FILE}</Code> of the protected branch lists. Each attempt would stand
        here, with the step and the process that made it.
      </EmptyState>
    );
  }
  const denied = places.filter(({ verdict }) => verdict === 'denied').length;
  return (
    <Stack gap="xs">
      <div>
        {formats.plural(places.length, { one: '# place was asked for', other: '# places were asked for' })},{' '}
        <span className={denied === 0 ? 'sp-good' : 'sp-bad'}>
          {denied === 0
            ? 'none was refused'
            : formats.plural(denied, { one: '# was refused', other: '# were refused' })}
        </span>
        .
      </div>
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
              <Table.Th>
                <VisuallyHidden>What to do</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {places.map((one, at) => (
              <PlaceRow key={`${at} ${one.host}`} run={place} place={one} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Stack>
  );
}

function PlaceRow({ run, place }: { readonly run: RunPlace; readonly place: Place }) {
  const { verdict, reason, host, port, via, address, askers, count, bytesSent = 0, bytesReceived = 0 } = place;
  const isDenied = verdict === 'denied';
  return (
    <Table.Tr>
      <Table.Td className={`${isDenied ? 'sp-bad' : 'sp-good'} ${classes['nowrap']}`}>
        <strong>
          {isDenied ? '✕' : '✓'} {verdict}
        </strong>
        {reason === undefined ? null : <div>{visibleText(reason)}</div>}
      </Table.Td>
      <Table.Td className={`sp-mono ${classes['cellText']}`}>
        <bdi>{visibleText(host)}</bdi>
        {port === 0 || via === 'dns' ? '' : `:${port}`}
        <div className={classes['quiet']}>
          {via === 'dns' ? 'name looked up' : via}
          {address === undefined ? '' : ` → ${visibleText(address)}`}
          {bytesSent + bytesReceived === 0
            ? ''
            : `, ${formats.bytes(bytesSent)} sent, ${formats.bytes(bytesReceived)} received`}
        </div>
      </Table.Td>
      <Table.Td className={classes['cellText'] ?? ''}>
        <ul className={classes['askers']}>
          {askers.slice(0, ASKERS_MAX).map((asker, at) => (
            <li key={`${at} ${asker.job}`}>
              <Anchor component={Link} to={jobPath(run, run.run, asker.job)} inherit>
                <bdi>{visibleText(asker.key)}</bdi>
              </Anchor>{' '}
              <span className={classes['quiet']}>
                {asker.step === undefined ? '' : `step ${visibleText(asker.step)} `}
                {asker.process === undefined ? '' : `by ${visibleText(asker.process)}`}
              </span>
            </li>
          ))}
          {askers.length > ASKERS_MAX ? <li>and {askers.length - ASKERS_MAX} more</li> : null}
        </ul>
      </Table.Td>
      <Table.Td>{formats.number(count)}</Table.Td>
      <Table.Td>{isDenied ? <Proposal attempt={place} /> : null}</Table.Td>
    </Table.Tr>
  );
}

/** The exact line that would allow a host. A person puts it there, in a change that others look at. */
function Proposal({ attempt }: { readonly attempt: Place }) {
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
