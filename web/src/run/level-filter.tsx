import { Select } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { Of } from '../shell/api.ts';

type Level = Of<'Run'>['level'];
const LEVELS = ['untrusted', 'branch', 'reviewed', 'release'] as const satisfies readonly Level[];

/** The level that a list is narrowed to, kept in the address. */
export function useLevel(): Level | undefined {
  const [query] = useSearchParams();
  return LEVELS.find((level) => level === query.get('level'));
}

export function LevelFilter() {
  const level = useLevel();
  const [, setQuery] = useSearchParams();
  return (
    <Select
      label="Trust level"
      placeholder="All"
      maw={240}
      data={LEVELS}
      value={level ?? null}
      clearable
      onChange={(value) => setQuery(value === null ? {} : { level: value }, { replace: true })}
    />
  );
}
