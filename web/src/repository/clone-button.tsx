import { Button, Popover, Stack, Text } from '@mantine/core';
import { Commands } from '../shell/copy.tsx';
import { useRepository } from '../shell/repository-frame.tsx';

/** The address to clone from. */
export function CloneButton() {
  const { cloneUrl } = useRepository();
  return (
    <Popover width={420} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button size="xs">Clone</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">Git asks for your name and, as the password, for a token.</Text>
          <Commands label="the command" text={`git clone ${cloneUrl}`} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
