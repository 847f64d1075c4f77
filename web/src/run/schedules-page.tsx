import { Anchor, Table } from '@mantine/core';
import { Link } from 'react-router';
import { useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepository } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { filePath, runsPath } from './paths.ts';
import classes from './run.module.css';

/** What runs by the clock, and when next. */
export function Page() {
  const { owner, name, defaultBranch } = useRepository();
  const place = { owner, name };
  const found = useRead('/api/v1/repositories/{owner}/{name}/schedules', { params: { path: place } });
  return (
    <PageFrame title="Schedules" about="What the workflows of the default branch run by the clock.">
      <Answer of={found}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="Nothing runs by the clock">
              Add <code>on: schedule</code> with a <code>cron</code> to a workflow and push it to{' '}
              <bdi className="sp-mono">{visibleText(defaultBranch)}</bdi>.
            </EmptyState>
          ) : (
            <div className={`sp-panel ${classes['scroll']}`} tabIndex={0} role="region" aria-label="Schedules">
              <Table verticalSpacing="xs" horizontalSpacing="md">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Workflow</Table.Th>
                    <Table.Th>Cron</Table.Th>
                    <Table.Th>Time zone</Table.Th>
                    <Table.Th>Next</Table.Th>
                    <Table.Th>Runs</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map(({ workflow, cron, timezone, nextAt }, at) => {
                    const file = filePath(place, defaultBranch, workflow);
                    return (
                      <Table.Tr key={`${at} ${workflow}`}>
                        <Table.Td>
                          {file === undefined ? (
                            visibleText(workflow)
                          ) : (
                            <Anchor component={Link} to={file} inherit>
                              <bdi>{visibleText(workflow)}</bdi>
                            </Anchor>
                          )}
                        </Table.Td>
                        <Table.Td className="sp-mono">{visibleText(cron)}</Table.Td>
                        <Table.Td>{timezone ?? 'UTC'}</Table.Td>
                        <Table.Td>{nextAt === undefined ? '—' : <Time at={nextAt} />}</Table.Td>
                        <Table.Td>
                          <Anchor
                            component={Link}
                            to={`${runsPath(place)}?event=schedule&workflow=${encodeURIComponent(workflow)}`}
                            inherit
                          >
                            Show
                          </Anchor>
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Answer>
    </PageFrame>
  );
}
