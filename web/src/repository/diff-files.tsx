import { Alert, Anchor, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { PlainText } from '../shell/code.tsx';
import { Diff } from '../shell/diff.tsx';
import { formats } from '../shell/format.ts';
import { hasHidden } from '../shell/hidden-text.ts';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { blobPath } from './addresses.ts';

/** Files that are open at first: more take too long to draw. */
const OPEN_MAX = 30;
const SETTING = 'sallyport.diff';

type Revision =
  | { readonly commit: string; readonly base?: never; readonly head?: never }
  | { readonly commit?: never; readonly base: string; readonly head: string };

type DiffFilesProps = Revision & { readonly diff: Of<'Diff'> };

/** What differs between two commits, file by file. */
export function DiffFiles({ diff, ...revision }: DiffFilesProps) {
  const [view, setView] = useState(globalThis.localStorage.getItem(SETTING) ?? 'unified');
  const { files, count } = diff;
  const sum = (of: 'additions' | 'deletions') => files.reduce((total, file) => total + (file[of] ?? 0), 0);
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Text component="h2" fw={600}>
          {formats.plural(count, { one: '# file changed', other: '# files changed' })},{' '}
          <span className="sp-good">+{formats.number(sum('additions'))}</span>{' '}
          <span className="sp-bad">−{formats.number(sum('deletions'))}</span>
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="Columns"
          value={view}
          onChange={(next) => {
            globalThis.localStorage.setItem(SETTING, next);
            setView(next);
          }}
          data={[
            { value: 'unified', label: 'Unified' },
            { value: 'split', label: 'Side by side' },
          ]}
        />
      </Group>
      {count > files.length ? (
        <Alert color="yellow" title="Not all files are shown">
          {`The first ${formats.number(files.length)} of ${formats.number(count)} are here. Clone the repository to see all.`}
        </Alert>
      ) : null}
      {files.map((file, at) => (
        <File
          key={file.path}
          file={file}
          revision={revision}
          isSplit={view === 'split'}
          isOpenAtFirst={at < OPEN_MAX}
        />
      ))}
    </Stack>
  );
}

type FileProps = {
  readonly file: Of<'FileDiff'>;
  readonly revision: Revision;
  readonly isSplit: boolean;
  readonly isOpenAtFirst: boolean;
};

function File({ file, revision, isSplit, isOpenAtFirst }: FileProps) {
  const place = useRepositoryPath();
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const { path, oldPath, status, additions = 0, deletions = 0, oldMode, newMode } = file;
  const suspicious = file.hunks?.some(({ lines }) => lines.some(hasHidden)) === true || hasHidden(path);
  return (
    <section className="sp-panel" aria-label={path}>
      <Group className="sp-row sp-bar" justify="space-between" gap="xs">
        <Text component="h3" size="sm" className="sp-grow sp-mono">
          {oldPath === undefined ? null : (
            <>
              <bdi>
                <PlainText text={oldPath} />
              </bdi>
              {' → '}
            </>
          )}
          <bdi>
            <PlainText text={path} />
          </bdi>
        </Text>
        <Group gap="xs">
          {suspicious ? <span className="sp-warn">has characters that are not seen</span> : null}
          <Text size="sm" c="dimmed" component="span">
            {status}
            {oldMode === undefined || newMode === undefined || status !== 'modified'
              ? ''
              : `, mode ${oldMode} → ${newMode}`}
          </Text>
          <span className="sp-good">+{formats.number(additions)}</span>
          <span className="sp-bad">−{formats.number(deletions)}</span>
          {status === 'deleted' ? null : (
            <Anchor
              component={Link}
              size="sm"
              to={blobPath(place, revision.commit ?? revision.head, path)}
              aria-label={`View ${path}`}
            >
              View
            </Anchor>
          )}
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? 'Hide' : 'Show'} ${path}`}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Hide' : 'Show'}
          </Button>
        </Group>
      </Group>
      {isOpen ? <Content file={file} revision={revision} isSplit={isSplit} /> : null}
    </section>
  );
}

type ContentProps = Omit<FileProps, 'isOpenAtFirst'>;

function Content({ file, revision, isSplit }: ContentProps) {
  const [isWanted, setWanted] = useState(false);
  const { path, hunks, additions, status } = file;
  const label = `Changes of ${path}`;
  if (hunks !== undefined && hunks.length > 0) return <Diff hunks={hunks} label={label} isSplit={isSplit} />;
  if (hunks !== undefined || additions === undefined) {
    const isMove = status === 'renamed' || status === 'copied';
    const what = additions === undefined ? 'It is no text.' : isMove ? 'It was moved as it is.' : 'No line changed.';
    return (
      <Text className="sp-row" c="dimmed">
        {what}
      </Text>
    );
  }
  if (isWanted) return <Alone path={path} revision={revision} isSplit={isSplit} />;
  return (
    <Group className="sp-row">
      <Text c="dimmed">It is long.</Text>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => setWanted(true)}
        aria-label={`Show the changes of ${path}`}
      >
        Show its changes
      </Button>
    </Group>
  );
}

/** The changes of one file that were too many to come with the others. */
function Alone({
  path,
  revision,
  isSplit,
}: {
  readonly path: string;
  readonly revision: Revision;
  readonly isSplit: boolean;
}) {
  const place = useRepositoryPath();
  const { commit, base, head } = revision;
  const ofCommit = useRead(
    '/api/v1/repositories/{owner}/{name}/commits/{sha}',
    { params: { path: { ...place, sha: commit ?? '' }, query: { path } } },
    { enabled: commit !== undefined },
  );
  const ofRange = useRead(
    '/api/v1/repositories/{owner}/{name}/compare',
    { params: { path: place, query: { base: base ?? '', head: head ?? '', path } } },
    { enabled: commit === undefined },
  );
  const show = ({ diff }: { readonly diff: Of<'Diff'> }) => {
    const hunks = diff.files.find((file) => file.path === path)?.hunks;
    return hunks === undefined ? (
      <Text className="sp-row" c="dimmed">
        It is too long to be shown here: clone the repository.
      </Text>
    ) : (
      <Diff hunks={hunks} label={`Changes of ${path}`} isSplit={isSplit} />
    );
  };
  return commit === undefined ? <Answer of={ofRange}>{show}</Answer> : <Answer of={ofCommit}>{show}</Answer>;
}
