import { Anchor, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { PlainText } from '../shell/code.tsx';
import { formats } from '../shell/format.ts';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { Time } from '../shell/time.tsx';
import { blobPath, commitsPath, treePath } from './addresses.ts';
import { CommitSubject } from './commit-line.tsx';
import classes from './file-list.module.css';

const HISTORY_STALE_MS = 60_000;
const ICONS = { folder: '▸', file: '', link: '↗', submodule: '⎇' } as const;
const KINDS = { folder: 'Folder', file: 'File', link: 'Symbolic link', submodule: 'Submodule' } as const;
const order = { folder: 0, submodule: 0, file: 1, link: 1 } as const;

type FileListProps = { readonly tree: Of<'Tree'>; readonly refName: string; readonly path: string };

/** The entries of a folder: folders first, each with the last commit that changed it. */
export function FileList({ tree, refName, path }: FileListProps) {
  const place = useRepositoryPath();
  const history = useRead(
    '/api/v1/repositories/{owner}/{name}/tree/commits',
    { params: { path: place, query: { revision: tree.commit, path } } },
    { staleMs: HISTORY_STALE_MS },
  );
  const last = useMemo(
    () => new Map((history.data?.entries ?? []).map((entry) => [entry.name, entry.last])),
    [history.data],
  );
  const entries = tree.entries.toSorted((one, other) => order[one.type] - order[other.type]);
  return (
    <div className="sp-panel">
      <table className={classes['files'] ?? ''}>
        <caption className="sp-hidden">Files</caption>
        <thead className="sp-hidden">
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Last commit</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row
              key={entry.name}
              entry={entry}
              last={last.get(entry.name)}
              isLoading={history.isPending}
              {...{ refName, path }}
            />
          ))}
        </tbody>
      </table>
      <div className={classes['foot'] ?? ''}>
        <Text size="sm" c="dimmed">
          {formats.plural(entries.length, { one: '# entry', other: '# entries' })},{' '}
          <Anchor component={Link} to={commitsPath(place, refName, path)} inherit>
            history
          </Anchor>
        </Text>
      </div>
    </div>
  );
}

type RowProps = {
  readonly entry: Of<'TreeEntry'>;
  readonly last: Of<'CommitLine'> | undefined;
  readonly isLoading: boolean;
  readonly refName: string;
  readonly path: string;
};

function Row({ entry, last, isLoading, refName, path }: RowProps) {
  const place = useRepositoryPath();
  const full = path === '' ? entry.name : `${path}/${entry.name}`;
  const to = entry.type === 'folder' ? treePath(place, refName, full) : blobPath(place, refName, full);
  const name = (
    <bdi>
      <PlainText text={entry.name} />
    </bdi>
  );
  return (
    <tr>
      <td>
        <span className={classes['icon'] ?? ''} title={KINDS[entry.type]}>
          <span aria-hidden="true">{ICONS[entry.type]}</span>
          {entry.type === 'file' ? null : <span className="sp-hidden">{KINDS[entry.type]}</span>}
        </span>
        {entry.type === 'submodule' ? (
          <span className="sp-mono">
            {name} @ {entry.oid.slice(0, 10)}
          </span>
        ) : (
          <Anchor component={Link} to={to} c="inherit" {...(entry.type === 'folder' ? { fw: 600 } : {})}>
            {name}
          </Anchor>
        )}
      </td>
      <td className={classes['subject'] ?? ''}>
        {last === undefined ? (
          <Text size="sm" c="dimmed" component="span">
            {isLoading ? '…' : 'older'}
          </Text>
        ) : (
          <CommitSubject oid={last.oid} subject={last.subject} />
        )}
      </td>
      <td className={classes['when'] ?? ''}>
        {last === undefined ? null : (
          <Text size="sm" c="dimmed" component="span">
            <Time at={last.date} />
          </Text>
        )}
      </td>
    </tr>
  );
}
