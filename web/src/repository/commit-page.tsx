import { Anchor, Group, Stack, Text } from '@mantine/core';
import { Link, useParams } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { PlainText } from '../shell/code.tsx';
import { Copy } from '../shell/copy.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { commitPath, treePath } from './addresses.ts';
import { DiffFiles } from './diff-files.tsx';

/** One commit: what it says and what it changed. */
export function Page() {
  const place = useRepositoryPath();
  const sha = useParams()['sha'] ?? '';
  const view = useRead('/api/v1/repositories/{owner}/{name}/commits/{sha}', { params: { path: { ...place, sha } } });
  const subject = view.data?.commit.message.split('\n')[0];
  return (
    <PageFrame
      title={`${subject ?? sha.slice(0, 10)} · ${place.owner}/${place.name}`}
      heading={
        <bdi>
          <PlainText text={subject === undefined || subject === '' ? `Commit ${sha.slice(0, 10)}` : subject} />
        </bdi>
      }
    >
      <Answer of={view}>
        {({ commit, diff }) => (
          <Stack gap="md">
            <About commit={commit} />
            <DiffFiles diff={diff} commit={commit.oid} />
          </Stack>
        )}
      </Answer>
    </PageFrame>
  );
}

function About({ commit }: { readonly commit: Of<'Commit'> }) {
  const place = useRepositoryPath();
  const { oid, message, author, committer, parents } = commit;
  const body = message.split('\n').slice(1).join('\n').trim();
  return (
    <div className="sp-panel sp-rows">
      {body === '' ? null : (
        <pre className="sp-row sp-plain">
          <PlainText text={body} />
        </pre>
      )}
      <Group className="sp-row" justify="space-between">
        <Text size="sm" component="div">
          written by{' '}
          <bdi>
            <PlainText text={author.name} />
          </bdi>{' '}
          <Time at={author.date} />
          {committer.name === author.name ? null : (
            <>
              , committed by{' '}
              <bdi>
                <PlainText text={committer.name} />
              </bdi>{' '}
              <Time at={committer.date} />
            </>
          )}
          <Text size="sm" c="dimmed" component="span">
            {' '}
            (as the commit says; who pushed it is in the audit log)
          </Text>
        </Text>
        <Group gap="xs">
          {parents.map((parent) => (
            <Text key={parent} size="sm" component="span">
              parent{' '}
              <Anchor component={Link} to={commitPath(place, parent)} className="sp-mono">
                {parent.slice(0, 10)}
              </Anchor>
            </Text>
          ))}
          <Anchor component={Link} to={treePath(place, oid)} size="sm">
            Files
          </Anchor>
          <span className="sp-mono">{oid.slice(0, 10)}</span>
          <Copy text={oid} label="Copy id" />
        </Group>
      </Group>
    </div>
  );
}
