import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { commitPath } from './addresses.ts';

/** The first line of a commit's message, as a link to it. */
export function CommitSubject({ oid, subject }: { readonly oid: string; readonly subject: string }) {
  const place = useRepositoryPath();
  return (
    <Anchor component={Link} to={commitPath(place, oid)} c="inherit" lineClamp={1}>
      <bdi>
        <PlainText text={subject === '' ? '(no message)' : subject} />
      </bdi>
    </Anchor>
  );
}

/** Who says to have written a commit, and when: anybody can write that. */
export function CommitBy({ commit }: { readonly commit: Of<'CommitLine'> }) {
  return (
    <Text size="sm" c="dimmed" component="span">
      <bdi>
        <PlainText text={commit.author} />
      </bdi>
      , <Time at={commit.date} />
    </Text>
  );
}
