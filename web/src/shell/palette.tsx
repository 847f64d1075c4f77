import { Kbd } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { useRead } from './api.ts';
import { Dialog } from './dialog.tsx';
import { entriesOf, pathIn, repositoryIn, repositoryPath } from './navigation.ts';
import { ANCHOR_PREFIX, slugOf } from './markdown-addresses.ts';
import { matching, type PaletteEntry } from './palette-match.ts';
import { PickList } from './pick-list.tsx';
import { useRoutes } from './routes-context.ts';

const REPOSITORIES_MAX = 100;
const SHOWN_MAX = 12;

/** Jumps to any page and repository by typing a part of its name. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const entries = useEntries();
  const shown = useMemo(() => matching(entries, query).slice(0, SHOWN_MAX), [entries, query]);
  const go = ({ to }: PaletteEntry) => {
    onClose();
    void navigate(to);
  };
  return (
    <Dialog title="Search or jump to" isPlain size="lg" onClose={onClose}>
      <PickList
        label="Search or jump to"
        placeholder="Page, repository, documentation"
        query={query}
        onQuery={setQuery}
        entries={shown}
        onPick={go}
        none="Nothing has this name"
        rightSection={<Kbd size="xs">Esc</Kbd>}
      />
    </Dialog>
  );
}

/** Pages and headings of the documentation, once they are loaded. */
function useDocuments(): readonly PaletteEntry[] {
  const [entries, setEntries] = useState<readonly PaletteEntry[]>([]);
  useEffect(() => {
    void import('virtual:documents').then(({ documents }) =>
      setEntries(
        documents.flatMap(({ path, title, headings }) => [
          { id: `docs ${path}`, label: title, group: 'Documentation', to: `/docs/${path}` },
          ...headings.map((heading) => ({
            id: `docs ${path} ${heading}`,
            label: heading,
            group: title,
            to: `/docs/${path}#${ANCHOR_PREFIX}${slugOf(heading)}`,
          })),
        ]),
      ),
    );
  }, []);
  return entries;
}

function useEntries(): readonly PaletteEntry[] {
  const documents = useDocuments();
  const routes = useRoutes();
  const { pathname } = useLocation();
  const repositories = useRead('/api/v1/repositories', { params: { query: { limit: REPOSITORIES_MAX } } }).data?.items;
  return useMemo(() => {
    const here = repositoryIn(pathname);
    const tabs = here === undefined ? [] : entriesOf(routes, 'repository');
    const pages = (['work', 'organisation', 'personal'] as const).flatMap((group) => entriesOf(routes, group));
    return [
      ...tabs.map((entry) => ({
        id: entry.path,
        label: entry.label,
        group: `${here?.owner}/${here?.name}`,
        to: pathIn(entry, here?.owner ?? '', here?.name ?? ''),
      })),
      ...pages.map(({ path, label }) => ({ id: path, label, group: 'Page', to: path })),
      ...(repositories ?? []).map(({ id, owner, name }) => ({
        id: String(id),
        label: `${owner}/${name}`,
        group: 'Repository',
        to: repositoryPath(owner, name),
      })),
      ...documents,
    ];
  }, [routes, pathname, repositories, documents]);
}
