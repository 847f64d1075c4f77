import { Box, Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

const PRODUCT = 'Sallyport';
let isFirst = true;

type PageProps = {
  /** Of the document and, unless `heading` says otherwise, the heading. */
  readonly title: string;
  readonly heading?: ReactNode;
  /** One line below the heading. */
  readonly about?: ReactNode;
  /** Buttons at the right of the heading. */
  readonly actions?: ReactNode;
  /** The heading is for screen readers only. */
  readonly isPlain?: boolean;
  readonly children?: ReactNode;
};

/** A page: its title, its only `h1` (which gets the focus when one comes from another page), and what it shows. */
export function PageFrame({ title, heading, about, actions, isPlain = false, children }: PageProps) {
  useTitle(title);
  const { pathname } = useLocation();
  const place = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isFirst) isFirst = false;
    else place.current?.focus({ preventScroll: true });
  }, [pathname]);
  const head = (
    <Title order={1} ref={place} tabIndex={-1} {...(isPlain ? { className: 'mantine-visually-hidden' } : {})}>
      {heading ?? title}
    </Title>
  );
  return (
    <Stack gap="md">
      {isPlain ? (
        <Box style={HIDDEN}>{head}</Box>
      ) : (
        <Group justify="space-between" align="flex-start" gap="sm">
          <Stack gap={2} style={GROW}>
            {head}
            {about === undefined ? null : (
              <Text c="dimmed" component="div">
                {about}
              </Text>
            )}
          </Stack>
          {actions === undefined ? null : <Group gap="xs">{actions}</Group>}
        </Group>
      )}
      {children}
    </Stack>
  );
}

const GROW = { minWidth: 0, flex: '1 1 16rem' } as const;
const HIDDEN = {
  position: 'absolute',
  inlineSize: 1,
  blockSize: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const;

/** Sets the title of the document while the page is there. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === PRODUCT ? title : `${title} · ${PRODUCT}`;
  }, [title]);
}
