import { useNavigate } from 'react-router';
import { repositoryPath } from '../shell/navigation.ts';
import { PageFrame } from '../shell/page.tsx';
import { RepositoryForm } from '../shell/repository-form.tsx';

export function Page() {
  const navigate = useNavigate();
  return (
    <PageFrame title="New repository" about="It is empty at first, and only you and the owners of this server see it.">
      <RepositoryForm onMade={({ owner, name }) => void navigate(repositoryPath(owner, name))} />
    </PageFrame>
  );
}
