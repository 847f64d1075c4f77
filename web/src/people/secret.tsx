import { Alert, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

type SecretProps = {
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
  readonly onClose: () => void;
};

/** Something that is shown once: a token, a link. */
export function OneTimeSecret({ title, text, children, onClose }: SecretProps) {
  return (
    <Alert color="green" variant="light" title={title} role="status">
      <Stack gap="xs">
        {children === undefined ? null : <Text size="sm">{children}</Text>}
        <Code block data-secret>
          {text}
        </Code>
        <Group gap="xs">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          <Button size="xs" variant="default" onClick={onClose}>
            Done
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
