import { Alert, Button, Checkbox, Code, CopyButton, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';

type RecoveryCodesProps = {
  readonly codes: readonly string[];
  readonly who: string;
  readonly onDone: () => void;
  readonly doneLabel: string;
};

/** Shown once. Whoever goes on says that they are kept. */
export function RecoveryCodes({ codes, who, onDone, doneLabel }: RecoveryCodesProps) {
  const [isKept, setKept] = useState(false);
  const text = `Recovery codes of ${who} at ${globalThis.location.host}\n\n${codes.join('\n')}\n`;
  return (
    <Stack gap="md">
      <Alert color="yellow" variant="light" title="Keep these recovery codes">
        Each signs you in once when all of your passkeys are lost. They are not shown again. Keep them where nobody else
        looks: in a password manager, or on paper.
      </Alert>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" aria-label="Recovery codes">
        {codes.map((code) => (
          <Code key={code} fz="sm" ta="center" p="xs">
            {code}
          </Code>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy all'}
            </Button>
          )}
        </CopyButton>
        <Button variant="default" onClick={() => save(text)}>
          Save as a file
        </Button>
      </Group>
      <Checkbox checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} label="I have kept them" />
      <Group>
        <Button onClick={onDone} disabled={!isKept}>
          {doneLabel}
        </Button>
        {isKept ? null : (
          <Text size="sm" c="dimmed">
            Say that you have kept them first.
          </Text>
        )}
      </Group>
    </Stack>
  );
}

function save(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = 'sallyport-recovery-codes.txt';
  link.click();
  URL.revokeObjectURL(address);
}
