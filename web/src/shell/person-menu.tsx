import { Button, Kbd, Menu } from '@mantine/core';
import { Link } from 'react-router';
import { useMe } from './me.ts';
import { entriesOf } from './navigation.ts';
import { useRoutes } from './routes-context.ts';
import { signOut } from './sign-out.ts';

/** Who looks at the pages, and what is theirs. */
export function PersonMenu({ onKeys }: { readonly onKeys: () => void }) {
  const me = useMe().data;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-md" aria-label={`Menu of ${me?.name ?? 'the person'}`}>
          {me?.name ?? '…'}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {me === undefined ? null : <Menu.Label>{`${me.name}, ${me.role}`}</Menu.Label>}
        {entriesOf(useRoutes(), 'personal').map(({ path, label }) => (
          <Menu.Item key={path} component={Link} to={path}>
            {label}
          </Menu.Item>
        ))}
        <Menu.Item onClick={onKeys} rightSection={<Kbd size="xs">?</Kbd>}>
          Keys
        </Menu.Item>
        {me?.source === 'session' ? (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
          </>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}
