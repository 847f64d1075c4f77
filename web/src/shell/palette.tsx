import { Kbd, Modal, Text, TextInput } from '@mantine/core';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { useRead } from './api.ts';
import { entriesOf, pathIn, repositoryIn, repositoryPath } from './navigation.ts';
import { matching, type PaletteEntry } from './palette-match.ts';
import classes from './palette.module.css';
import { useRoutes } from './routes-context.ts';

const REPOSITORIES_MAX = 100;
const SHOWN_MAX = 12;

/** Jumps to any page and repository by typing a part of its name: a text field with a list, as ARIA knows it. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const entries = useEntries();
  const shown = useMemo(() => matching(entries, query).slice(0, SHOWN_MAX), [entries, query]);
  const id = useId();
  const optionId = (at: number) => `${id}-${at}`;
  const go = (entry: PaletteEntry | undefined) => {
    if (entry === undefined) return;
    onClose();
    void navigate(entry.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') go(shown[active]);
    else if (step === 0) return;
    else setActive((active + step + shown.length) % Math.max(1, shown.length));
    event.preventDefault();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      yOffset="12vh"
      size="lg"
      aria-label="Search or jump to"
    >
      <TextInput
        data-autofocus
        variant="unstyled"
        size="md"
        classNames={{ input: classes['input'] ?? '' }}
        placeholder="A page or a repository"
        aria-label="Search or jump to"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        {...(shown[active] === undefined ? {} : { 'aria-activedescendant': optionId(active) })}
        value={query}
        onChange={({ currentTarget }) => {
          setQuery(currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        rightSection={<Kbd size="xs">Esc</Kbd>}
        rightSectionWidth={56}
      />
      {shown.length === 0 ? (
        <Text className={classes['none'] ?? ''} role="status">
          Nothing has this name
        </Text>
      ) : null}
      <div role="listbox" id={id} aria-label="Pages and repositories" className={classes['list'] ?? ''}>
        {shown.map((entry, at) => (
          <Option key={entry.id} id={optionId(at)} entry={entry} isActive={at === active} onPick={() => go(entry)} />
        ))}
      </div>
    </Modal>
  );
}

type OptionProps = {
  readonly id: string;
  readonly entry: PaletteEntry;
  readonly isActive: boolean;
  readonly onPick: () => void;
};

function Option({ id, entry, isActive, onPick }: OptionProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) place.current?.scrollIntoView({ block: 'nearest' });
  }, [isActive]);
  return (
    // The keyboard is in the text field, which names the option that is active.
    <div
      ref={place}
      id={id}
      role="option"
      aria-selected={isActive}
      className={classes['option'] ?? ''}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <span>{entry.label}</span>
      <span className={classes['group'] ?? ''}>{entry.group}</span>
    </div>
  );
}

function useEntries(): readonly PaletteEntry[] {
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
      ...pages.map(({ path, label }) => ({ id: path, label, group: 'Page', to: path.replace(/\/\*$/, '') })),
      ...(repositories ?? []).map(({ id, owner, name }) => ({
        id: String(id),
        label: `${owner}/${name}`,
        group: 'Repository',
        to: repositoryPath(owner, name),
      })),
    ];
  }, [routes, pathname, repositories]);
}
