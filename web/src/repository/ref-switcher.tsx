import { Button, Popover } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useRead } from '../shell/api.ts';
import { PickList } from '../shell/pick-list.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';

const SHOWN = 20;
const TYPING_MS = 150;

type RefSwitcherProps = {
  readonly current: string;
  /** The address of the page for another branch or tag. */
  readonly to: (ref: string) => string;
};

/** Chooses the branch or tag that the page is about, by a part of its name. */
export function RefSwitcher({ current, to }: RefSwitcherProps) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const name = current.replace(/^refs\/(?:heads|tags)\//, '');
  const shown = /^[0-9a-f]{40}$/.test(name) ? name.slice(0, 10) : name;
  return (
    <Popover
      opened={isOpen}
      onChange={(open) => (open ? undefined : close())}
      width={320}
      trapFocus
      position="bottom-start"
    >
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          onClick={toggle}
          aria-label={`Branch or tag: ${current}`}
          rightSection={<span aria-hidden="true">▾</span>}
        >
          <bdi className="sp-mono">{shown}</bdi>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>{isOpen ? <Refs to={to} onDone={close} /> : null}</Popover.Dropdown>
    </Popover>
  );
}

function Refs({ to, onDone }: { readonly to: RefSwitcherProps['to']; readonly onDone: () => void }) {
  const navigate = useNavigate();
  const path = useRepositoryPath();
  const [typed, setTyped] = useState('');
  const [query] = useDebouncedValue(typed, TYPING_MS);
  const params = { path, query: { query, limit: SHOWN } };
  const branches = useRead('/api/v1/repositories/{owner}/{name}/branches', { params });
  const tags = useRead('/api/v1/repositories/{owner}/{name}/tags', { params });
  const entries = [
    ...(branches.data?.items ?? []).map(({ name }) => ({ id: `b ${name}`, label: name, group: 'branch' })),
    ...(tags.data?.items ?? []).map(({ name }) => ({ id: `t ${name}`, label: name, group: 'tag' })),
  ];
  const isLoading = branches.isPending || tags.isPending;
  return (
    <PickList
      label="Branches and tags"
      placeholder="A branch or a tag"
      query={typed}
      onQuery={setTyped}
      entries={entries}
      onPick={({ label, group }) => {
        onDone();
        void navigate(to(group === 'tag' ? `refs/tags/${label}` : label));
      }}
      none={isLoading ? 'Looking' : 'No branch or tag has this name'}
    />
  );
}
