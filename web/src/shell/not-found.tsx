import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { EmptyState } from './empty-state.tsx';
import { PageFrame } from './page.tsx';

export function NotFoundPage() {
  return (
    <PageFrame title="Not found">
      <EmptyState
        title="There is no page at this address"
        action={
          <Button component={Link} to="/" variant="default">
            Home
          </Button>
        }
      >
        It may have been renamed or deleted, or you may not see it. What is not yours to read looks just like what is
        not there.
      </EmptyState>
    </PageFrame>
  );
}
