import { EmptyState } from '../shell/empty-state.tsx';
import { PageFrame } from '../shell/page.tsx';

export function Page() {
  return (
    <PageFrame title="Home">
      <EmptyState title="Nothing needs you">
        What you started, what failed and what was refused is told here.
      </EmptyState>
    </PageFrame>
  );
}
