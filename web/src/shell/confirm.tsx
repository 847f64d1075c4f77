import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ApiError } from './api.ts';
import { Dialog } from './dialog.tsx';
import { ErrorState } from './error-state.tsx';

type ConfirmProps = {
  readonly title: string;
  /** What will happen and what can't be undone. */
  readonly children: ReactNode;
  /** Must be typed first, when given: for what can't be undone. */
  readonly typed?: string;
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
};

/** Asks before something is done, does it, and tells why it could not be done. */
export function Confirm({ title, children, typed, action, isDangerous = false, onConfirm, onClose }: ConfirmProps) {
  const [text, setText] = useState('');
  const doing = useMutation<unknown, ApiError>({ mutationFn: onConfirm, onSuccess: onClose });
  const isReady = typed === undefined || text === typed;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) doing.mutate();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={onSubmit}>
        <Stack gap="sm">
          <Text component="div">{children}</Text>
          {typed === undefined ? null : (
            <TextInput
              data-autofocus
              label={
                <>
                  Type <bdi className="sp-mono">{typed}</bdi> to confirm
                </>
              }
              autoComplete="off"
              value={text}
              onChange={({ currentTarget }) => setText(currentTarget.value)}
            />
          )}
          {doing.error === null ? null : <ErrorState error={doing.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={doing.isPending}
              disabled={!isReady}
              {...(isDangerous ? { color: 'red.9' } : {})}
            >
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
