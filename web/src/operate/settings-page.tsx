import { Anchor, Badge, Group, Text } from '@mantine/core';
import { Link } from 'react-router';
import { Answer } from '../shell/answer.tsx';
import { useRead } from '../shell/api.ts';
import { PageFrame } from '../shell/page.tsx';
import classes from './operate.module.css';
import { StateMark } from './state-mark.tsx';

const SOURCES = {
  default: 'default',
  file: 'from the file',
  environment: 'from the environment',
  flag: 'from the command line',
} as const;

/** What counts, and where it was said. Nothing is changed here: who may start the server says how. */
export function Page() {
  const settings = useRead('/api/v1/installation/settings', {});
  return (
    <PageFrame
      title="Settings"
      about={
        <>
          Default, then file, then environment, then command line. They are changed where the server is started, and
          need a new start.{' '}
          <Anchor component={Link} to="/docs/operate/server" underline="always">
            All settings
          </Anchor>
        </>
      }
    >
      <Answer of={settings}>
        {({ items }) => (
          <dl className={`sp-panel sp-rows ${classes['list'] ?? ''}`}>
            {items.map(({ name, value, source, isWeakening }) => (
              <div key={name} className={classes['row'] ?? ''}>
                <dt className="sp-mono">{name}</dt>
                <dd>
                  <Group gap="xs" justify="space-between">
                    <bdi className="sp-mono">{value === '' ? 'empty' : value}</bdi>
                    <Group gap="xs">
                      {isWeakening ? <StateMark mark="warn" text="weakens" /> : null}
                      {source === 'default' ? (
                        <Text size="sm" c="dimmed">
                          {SOURCES[source]}
                        </Text>
                      ) : (
                        <Badge color="gray" tt="none">
                          {SOURCES[source]}
                        </Badge>
                      )}
                    </Group>
                  </Group>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </Answer>
    </PageFrame>
  );
}
