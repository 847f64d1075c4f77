import { Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { Answer } from '../shell/answer.tsx';
import { type Of, useRead } from '../shell/api.ts';
import { Markdown } from '../shell/markdown.tsx';
import { repositoryPath } from '../shell/navigation.ts';
import { NotFoundPage } from '../shell/not-found.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import classes from './finding.module.css';
import { PlaceLink } from './place-link.tsx';
import { SeverityBadge } from './severity.tsx';
import { CommitLink } from './stand.tsx';
import { Suppress } from './suppress.tsx';

type Finding = Of<'Finding'>;

export function Page() {
  const { finding = '' } = useParams();
  const path = useRepositoryPath();
  const id = Number(finding);
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/findings/{finding}',
    { params: { path: { ...path, finding: id } } },
    { enabled: /^[1-9]\d{0,14}$/.test(finding) },
  );
  if (!/^[1-9]\d{0,14}$/.test(finding) || found.error?.status === 404) return <NotFoundPage />;
  return <Answer of={found}>{(data) => <Detail finding={data} />}</Answer>;
}

function Detail({ finding }: { readonly finding: Finding }) {
  const { owner, name } = useRepositoryPath();
  const { title, message, lesson, trace, state } = finding;
  return (
    <PageFrame
      title={title}
      heading={<bdi>{title}</bdi>}
      about={
        <Anchor component={Link} to={`${repositoryPath(owner, name)}/findings`}>
          All findings
        </Anchor>
      }
    >
      <Group gap="xs">
        <SeverityBadge severity={finding.severity} />
        <Badge color="gray" tt="none">
          {finding.confidence} confidence
        </Badge>
        <Badge color="gray" tt="none">
          {finding.kind}
        </Badge>
        {finding.cwe === undefined ? null : (
          <Badge color="gray" tt="none">
            CWE-{finding.cwe}
          </Badge>
        )}
        {state === 'open' ? null : (
          <Badge color="gray" tt="none">
            {state}
          </Badge>
        )}
      </Group>
      <Text maw={760}>
        <bdi>{message}</bdi>
      </Text>
      <Where finding={finding} />
      {trace.length === 0 ? null : <Way finding={finding} />}
      <Fix fix={finding.fix} />
      {finding.suppressed === undefined ? null : <Suppressed of={finding.suppressed} />}
      {state === 'open' ? <Suppress finding={finding} /> : null}
      <Facts finding={finding} />
      {lesson === undefined ? null : (
        <Section title="What this rule looks for">
          <div className="sp-panel">
            <Stack p="md">
              <Markdown text={withoutTitle(lesson)} lower={1} />
            </Stack>
          </div>
        </Section>
      )}
    </PageFrame>
  );
}

/** The page has a heading of its own. */
const withoutTitle = (text: string) => text.replace(/^#[^\n]*\n+/, '');

const Section = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <Stack gap="xs" component="section">
    <Title order={2}>{title}</Title>
    {children}
  </Stack>
);

const Code = ({ text }: { readonly text: string }) => (
  <pre className={classes['code'] ?? ''} tabIndex={0} role="group" aria-label="Code">
    <code>{text.trim() === '' ? ' ' : text.trimStart()}</code>
  </pre>
);

function Where({ finding }: { readonly finding: Finding }) {
  const { lastCommit, file, line, code, evidence } = finding;
  return (
    <Section title="Where">
      <Text size="sm" component="div">
        <PlaceLink commit={lastCommit} file={file} line={line} />
      </Text>
      <Code text={code ?? evidence} />
    </Section>
  );
}

/** From where somebody else's value comes in to where it does harm. */
function Way({ finding }: { readonly finding: Finding }) {
  return (
    <Section title="The way there">
      <ol className={classes['way'] ?? ''}>
        {finding.trace.map((step, at) => (
          // The same place may be on the way twice: the order tells them apart.
          <li key={`${at} ${step.place.file}:${step.place.line}`} className={classes['step'] ?? ''}>
            <Stack gap={4}>
              <Text size="sm" component="div">
                <bdi>{step.message}</bdi>{' '}
                <PlaceLink commit={finding.lastCommit} file={step.place.file} line={step.place.line} />
              </Text>
              {step.code === undefined ? null : <Code text={step.code} />}
            </Stack>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Fix({ fix }: { readonly fix: Finding['fix'] }) {
  const { change } = fix;
  return (
    <Section title={fix.kind === 'none' ? 'No fix that is safe by itself' : 'Fix'}>
      <Text size="sm">
        <bdi>{fix.title}</bdi>
      </Text>
      {change === undefined ? null : (
        <pre className={classes['code'] ?? ''} tabIndex={0} role="group" aria-label={`Change at line ${change.line}`}>
          {change.removed.map((line, at) => (
            <del key={`- ${at} ${line}`} className={classes['removed'] ?? ''}>
              - {line}
            </del>
          ))}
          {change.added.map((line, at) => (
            <ins key={`+ ${at} ${line}`} className={classes['added'] ?? ''}>
              + {line}
            </ins>
          ))}
        </pre>
      )}
      {fix.kind === 'edit' ? (
        <Text size="sm" c="dimmed">
          <span className="sp-mono">sallyport scan --fix</span> makes this change in your clone, after a new scan and
          the tests have proved it.
        </Text>
      ) : null}
      {fix.followUp === undefined ? null : (
        <Text size="sm">
          <bdi>{fix.followUp}</bdi>
        </Text>
      )}
    </Section>
  );
}

const Suppressed = ({ of }: { readonly of: NonNullable<Finding['suppressed']> }) => (
  <Section title="Suppressed">
    <Text size="sm">
      <bdi>{of.reason}</bdi>, says <bdi>{of.owner}</bdi>, until {of.expires} (
      {of.by === 'file' ? '.sallyport/suppressions.yml' : 'a comment beside the code'}).
    </Text>
  </Section>
);

function Facts({ finding }: { readonly finding: Finding }) {
  const { rule, firstSeenAt, firstCommit, lastSeenAt, lastCommit, fixedAt, fixedCommit, subject } = finding;
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Rule', <span className="sp-mono">{rule}</span>],
    ['First seen', <Seen at={firstSeenAt} commit={firstCommit} />],
    ['Last seen', <Seen at={lastSeenAt} commit={lastCommit} />],
    ...(fixedAt === undefined || fixedCommit === undefined
      ? []
      : [['Fixed', <Seen at={fixedAt} commit={fixedCommit} />] as const]),
    ...(finding.tool === undefined ? [] : [['Found by', <bdi>{finding.tool}</bdi>] as const]),
    ...(subject === undefined
      ? []
      : [
          ['Package', <span className="sp-mono">{subject.purl}</span>] as const,
          ['Advisories', <bdi>{subject.advisories.join(', ')}</bdi>] as const,
        ]),
    ['Why it is here', <bdi>{finding.priority}</bdi>],
    ['Fingerprint', <span className="sp-mono">{finding.fingerprint}</span>],
  ];
  return (
    <Section title="About this finding">
      <dl className={classes['facts'] ?? ''}>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

const Seen = ({ at, commit }: { readonly at: string; readonly commit: string }) => (
  <>
    <Time at={at} />, <CommitLink commit={commit} />
  </>
);
