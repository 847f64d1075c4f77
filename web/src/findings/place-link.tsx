import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import { repositoryPath } from '../shell/navigation.ts';
import { useRepository } from '../shell/repository-frame.tsx';

/** A place in a file of a commit, as a link to it. The name of a file is text that others chose. */
export function PlaceLink({
  commit,
  file,
  line,
}: {
  readonly commit: string;
  readonly file: string;
  readonly line: number;
}) {
  const { owner, name } = useRepository();
  const path = file.split('/').map(encodeURIComponent).join('/');
  return (
    <Anchor component={Link} to={`${repositoryPath(owner, name)}/blob/${commit}/${path}#L${line}`} className="sp-mono">
      <bdi>{file}</bdi>:{line}
    </Anchor>
  );
}
