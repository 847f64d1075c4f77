import { Stack, Text, Title } from '@mantine/core';
import { Answer } from '../shell/answer.tsx';
import { type Of, useRead } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { PageFrame } from '../shell/page.tsx';
import classes from './operate.module.css';
import { type Mark, StateMark } from './state-mark.tsx';

type Fact = Of<'Doctor'>['items'][number];
const MARKS: { readonly [State in Fact['state']]: Mark } = {
  ok: 'good',
  hard: 'good',
  soft: 'warn',
  weak: 'warn',
  missing: 'bad',
};

/** What this machine isolates, and what of its settings weakens it. */
export function Page() {
  const doctor = useRead('/api/v1/installation/doctor', {});
  return (
    <PageFrame title="Doctor" about="What this server can and can't isolate, as sallyport doctor says on its machine.">
      <Answer of={doctor}>
        {({ items }) => {
          const bad = items.filter(({ state }) => state !== 'ok' && state !== 'hard');
          const rest = items.filter((item) => !bad.includes(item));
          return (
            <Stack gap="lg">
              <Text fw={600} className={bad.length === 0 ? 'sp-good' : 'sp-warn'}>
                {bad.length === 0
                  ? '✓ Nothing is weaker than it could be'
                  : `! ${formats.plural(bad.length, {
                      one: '# thing is weaker than it could be',
                      other: '# things are weaker than they could be',
                    })}`}
              </Text>
              {bad.length === 0 ? null : <Facts title="Look at these" facts={bad} />}
              <Facts title="In order" facts={rest} />
            </Stack>
          );
        }}
      </Answer>
    </PageFrame>
  );
}

const Facts = ({ title, facts }: { readonly title: string; readonly facts: readonly Fact[] }) => (
  <Stack gap="xs" component="section">
    <Title order={2}>{title}</Title>
    <dl className={`sp-panel sp-rows ${classes['list'] ?? ''}`}>
      {facts.map((fact) => (
        <div key={fact.name} className={classes['row'] ?? ''}>
          <dt>
            <StateMark mark={MARKS[fact.state]} text={fact.name} />
          </dt>
          <dd>
            <bdi>{fact.text}</bdi>
            {fact.remedy === undefined ? null : (
              <Text size="sm">
                To mend it: <bdi className="sp-mono">{fact.remedy}</bdi>
              </Text>
            )}
          </dd>
        </div>
      ))}
    </dl>
  </Stack>
);
