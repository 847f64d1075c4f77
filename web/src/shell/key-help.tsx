import { Group, Kbd, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from './dialog.tsx';
import { areKeysOn, turnKeys, useKeyList } from './keys.ts';

/** The list of `?`: every key that works on this page. */
export function KeyHelp({ onClose }: { readonly onClose: () => void }) {
  const actions = useKeyList();
  const [isOn, setOn] = useState(areKeysOn());
  const rows = [{ keys: 'Ctrl K', label: 'Search or jump to' }, ...actions];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <Stack gap="xs">
        {rows.map(({ keys, label }) => (
          <Group key={`${keys} ${label}`} justify="space-between" wrap="nowrap">
            <Text>{label}</Text>
            <Group gap={4} wrap="nowrap">
              {keys.split(' ').map((key, at) => (
                <Kbd key={at}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
        <Switch
          mt="sm"
          checked={isOn}
          onChange={({ currentTarget: { checked } }) => {
            turnKeys(checked);
            setOn(checked);
          }}
          label="Single keys"
          description="Turn them off when you dictate or press keys by accident. Ctrl K stays."
        />
      </Stack>
    </Dialog>
  );
}
