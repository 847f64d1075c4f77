import { Group, Modal, type ModalProps, Text } from '@mantine/core';
import type { ReactNode } from 'react';

type DialogProps = {
  /** Its name, shown unless `isPlain`. */
  readonly title: string;
  readonly isPlain?: boolean;
  readonly size?: ModalProps['size'];
  /** What it shows is told once: a click beside it must not lose that. */
  readonly staysOnClickOutside?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** A dialog over the page: it keeps the focus, Escape closes it, and readers of the screen know its name. */
export function Dialog({
  title,
  isPlain = false,
  size = 'md',
  staysOnClickOutside = false,
  onClose,
  children,
}: DialogProps) {
  return (
    <Modal.Root
      opened
      onClose={onClose}
      size={size}
      closeOnClickOutside={!staysOnClickOutside}
      {...(isPlain ? { yOffset: '12vh' } : {})}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={title}>
        {isPlain ? null : (
          <Group justify="space-between" wrap="nowrap" px="md" pt="md">
            <Text component="h2" fw={650}>
              {title}
            </Text>
            <Modal.CloseButton aria-label="Close" />
          </Group>
        )}
        <Modal.Body {...(isPlain ? { p: 0 } : { pt: 'sm' })}>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
