import { Alert, Group, Stack } from '@mantine/core';
import { useNavigate, useParams } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { treePath } from './addresses.ts';
import { Breadcrumb } from './breadcrumb.tsx';
import { CloneButton } from './clone-button.tsx';
import { EmptyRepository } from './empty-repository.tsx';
import { FileList } from './file-list.tsx';
import { Readme, readmeOf } from './readme.tsx';
import { RefSwitcher } from './ref-switcher.tsx';

/** The files of a folder, with the last commit of each and its README. */
export function Page() {
  const { defaultBranch, owner, name } = useRepository();
  const params = useParams();
  const refName = params['ref'] ?? defaultBranch;
  const path = (params['*'] ?? '').replace(/\/$/, '');
  const place = useRepositoryPath();
  const tree = useRead('/api/v1/repositories/{owner}/{name}/tree', {
    params: { path: place, query: { revision: refName, path } },
  });
  const isEmpty = params['ref'] === undefined && tree.error?.code === 'api/not-found';
  const title = path === '' ? `${owner}/${name}` : `${path} · ${owner}/${name}`;
  return (
    <PageFrame title={title} heading={path === '' ? 'Files' : `Files of ${path}`} isPlain>
      {isEmpty ? (
        <EmptyRepository />
      ) : (
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap="sm">
              <RefSwitcher current={refName} to={(ref) => treePath(place, ref, path)} />
              <Breadcrumb refName={refName} path={path} />
            </Group>
            <CloneButton />
          </Group>
          <Answer of={tree} skeleton={<RowsSkeleton rows={8} />}>
            {(data) => <Folder tree={data} refName={refName} path={path} />}
          </Answer>
        </Stack>
      )}
    </PageFrame>
  );
}

type FolderProps = { readonly tree: Of<'Tree'>; readonly refName: string; readonly path: string };

function Folder({ tree, refName, path }: FolderProps) {
  const readme = readmeOf(tree.entries.filter(({ type }) => type === 'file').map(({ name }) => name));
  const navigate = useNavigate();
  const place = useRepositoryPath();
  return (
    <Stack gap="md">
      {tree.entries.length === 0 ? (
        <Alert title="This folder is empty">
          Its commit has no files.{' '}
          <button type="button" className="sp-link" onClick={() => void navigate(treePath(place, refName))}>
            To the top
          </button>
        </Alert>
      ) : (
        <FileList tree={tree} refName={refName} path={path} />
      )}
      {readme === undefined ? null : <Readme refName={refName} folder={path} name={readme} />}
    </Stack>
  );
}
