import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useRouteError } from 'react-router';
import { ApiError } from './api.ts';
import { PageFrame } from './page.tsx';

/** What went wrong with a part of a page, and what to do about it. */
export function ErrorState({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { title, detail, help, code, request } = textOf(error);
  return (
    <Alert color="red" variant="light" title={title} role="alert">
      <Stack gap="xs">
        <Text>{detail}</Text>
        <Text>{help}</Text>
        {code === undefined ? null : (
          <Text size="sm">
            <Code>{code}</Code>
            {request === undefined ? null : (
              <>
                {' '}
                request <Code>{request}</Code>
              </>
            )}
          </Text>
        )}
        {onRetry === undefined ? null : (
          <Group>
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

type ErrorText = {
  readonly title: string;
  readonly detail: string;
  readonly help: string;
  readonly code?: string;
  readonly request?: string | undefined;
};

export function textOf(error: unknown): ErrorText {
  if (error instanceof ApiError) {
    const { name, message, help, code, request } = error;
    return { title: name, detail: message, help, code, request };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/dynamically imported module|Importing a module script/i.test(message)) {
    return {
      title: 'The pages have changed',
      detail: 'A part of this page could not be loaded: the server has a newer version, or is away.',
      help: 'Load the page again.',
    };
  }
  return {
    title: 'This page failed',
    detail: message.slice(0, 500),
    help: 'Load the page again. When it stays, this is an error of the pages: tell the operator what you did.',
  };
}

/** In the place of a page that failed. */
export function RouteError() {
  const error = useRouteError();
  const { title } = textOf(error);
  return (
    <PageFrame title={title}>
      <ErrorState error={error} onRetry={() => globalThis.location.reload()} />
    </PageFrame>
  );
}
