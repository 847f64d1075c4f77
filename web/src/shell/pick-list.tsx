import { Text, TextInput } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import classes from './pick-list.module.css';

export type PickEntry = { readonly id: string; readonly label: string; readonly group: string };

type PickListProps<Entry> = {
  readonly label: string;
  readonly placeholder: string;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly entries: readonly Entry[];
  readonly onPick: (entry: Entry) => void;
  /** When there are no entries. */
  readonly none: string;
  readonly rightSection?: ReactNode;
};

/** A text field with a list below, as ARIA knows it: the field keeps the focus and names the entry that is active. */
export function PickList<Entry extends PickEntry>(props: PickListProps<Entry>) {
  const { label, placeholder, query, onQuery, entries, onPick, none, rightSection } = props;
  const [active, setActive] = useState(0);
  const id = useId();
  const optionId = (at: number) => `${id}-${at}`;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const entry = entries[active];
    if (event.key === 'Enter' && entry !== undefined) onPick(entry);
    else if (step === 0) return;
    else setActive((active + step + entries.length) % Math.max(1, entries.length));
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        data-autofocus
        classNames={{ input: classes['input'] ?? '' }}
        variant="unstyled"
        placeholder={placeholder}
        aria-label={label}
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        {...(entries[active] === undefined ? {} : { 'aria-activedescendant': optionId(active) })}
        value={query}
        onChange={({ currentTarget }) => {
          onQuery(currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        rightSection={rightSection}
        rightSectionWidth={rightSection === undefined ? 0 : 56}
      />
      {entries.length === 0 ? (
        <Text className={classes['none'] ?? ''} role="status">
          {none}
        </Text>
      ) : null}
      <div role="listbox" id={id} aria-label={label} className={classes['list'] ?? ''}>
        {entries.map((entry, at) => (
          <Option
            key={entry.id}
            id={optionId(at)}
            entry={entry}
            isActive={at === active}
            onPick={() => onPick(entry)}
          />
        ))}
      </div>
    </>
  );
}

type OptionProps = {
  readonly id: string;
  readonly entry: PickEntry;
  readonly isActive: boolean;
  readonly onPick: () => void;
};

function Option({ id, entry, isActive, onPick }: OptionProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) place.current?.scrollIntoView({ block: 'nearest' });
  }, [isActive]);
  return (
    <div
      ref={place}
      id={id}
      role="option"
      aria-selected={isActive}
      className={classes['option'] ?? ''}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <span className={classes['label'] ?? ''}>{entry.label}</span>
      <span className={classes['group'] ?? ''}>{entry.group}</span>
    </div>
  );
}
