import { AppShell, Burger, Button, Kbd, Menu, NavLink, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from 'react';
import { Link, Outlet, ScrollRestoration, useLocation, useNavigate, useNavigation } from 'react-router';
import { type KeyAction, useKeyListener, useKeys } from './keys.ts';
import { useMe } from './me.ts';
import { currentEntry, entriesOf, type NavigationEntry, pathIn, repositoryIn } from './navigation.ts';
import { useRoutes } from './routes-context.ts';
import { signOut } from './sign-out.ts';
import classes from './frame.module.css';

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const KeyHelp = lazy(async () => ({ default: (await import('./key-help.tsx')).KeyHelp }));

const HEADER = { height: 52 };

/** What stands around every page: skip link, header, navigation, palette, keys. */
export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [dialog, setDialog] = useState<'palette' | 'keys' | undefined>(undefined);
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  useKeyListener();
  useFrameKeys(setDialog);
  return (
    <AppShell
      header={HEADER}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', md: 'lg' }}
    >
      <SkipLink />
      <Progress />
      <AppShell.Header className={classes['header'] ?? ''}>
        <Burger
          opened={isOpen}
          onClick={toggle}
          hiddenFrom="sm"
          size="sm"
          aria-label="Navigation"
          aria-expanded={isOpen}
        />
        <Link to="/" className={classes['brand'] ?? ''}>
          <Mark />
          <span>Sallyport</span>
        </Link>
        <UnstyledButton className={classes['search'] ?? ''} onClick={() => setDialog('palette')}>
          <Text component="span" size="sm">
            Search or jump to
          </Text>
          <Kbd size="xs" visibleFrom="sm">
            Ctrl K
          </Kbd>
        </UnstyledButton>
        <PersonMenu onKeys={() => setDialog('keys')} />
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Main" className={classes['navbar'] ?? ''}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes['main'] ?? ''}>
        <div className={classes['page'] ?? ''}>
          <Outlet />
        </div>
      </AppShell.Main>
      <Suspense>
        {dialog === 'palette' ? <Palette onClose={() => setDialog(undefined)} /> : null}
        {dialog === 'keys' ? <KeyHelp onClose={() => setDialog(undefined)} /> : null}
      </Suspense>
      <ScrollRestoration />
    </AppShell>
  );
}

/** Around the pages of those who are not signed in. */
export function BareFrame() {
  return (
    <div className={classes['bare'] ?? ''}>
      <SkipLink />
      <Progress />
      <header className={classes['brand'] ?? ''}>
        <Mark />
        <span>Sallyport</span>
      </header>
      <main id="main" tabIndex={-1} className={classes['narrow'] ?? ''}>
        <Outlet />
      </main>
    </div>
  );
}

function SkipLink() {
  return (
    <a
      href="#main"
      className="sp-skip"
      onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}
    >
      Skip to the page
    </a>
  );
}

const Progress = () => (useNavigation().state === 'idle' ? null : <div className="sp-progress" aria-hidden="true" />);

const Mark = () => (
  <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" className={classes['mark'] ?? ''}>
    <path d="M4 4h5v4h4V4h6v4h4V4h5v24h-9v-8a3 3 0 0 0-6 0v8H4z" />
  </svg>
);

const GROUPS = [
  { group: 'work', label: undefined },
  { group: 'organisation', label: 'Organisation' },
  { group: 'personal', label: 'Yours' },
] as const;

function Navigation() {
  const routes = useRoutes();
  const { pathname } = useLocation();
  const entries = GROUPS.map(({ group, label }) => ({ label, entries: entriesOf(routes, group) }));
  const current = currentEntry(
    entries.flatMap((one) => one.entries),
    pathname,
  );
  return (
    <Stack gap="md">
      {entries
        .filter((one) => one.entries.length > 0)
        .map(({ label, entries: own }) => (
          <Section key={label ?? ''} label={label}>
            {own.map((entry) => (
              <NavLink
                key={entry.path}
                component={Link}
                to={entry.path.replace(/\/\*$/, '')}
                label={entry.label}
                active={current?.path === entry.path}
                {...(current?.path === entry.path ? { 'aria-current': 'page' as const } : {})}
                className={classes['entry'] ?? ''}
              />
            ))}
          </Section>
        ))}
    </Stack>
  );
}

const Section = ({ label, children }: { readonly label: string | undefined; readonly children: ReactNode }) => (
  <div>
    {label === undefined ? null : (
      <Text size="xs" c="dimmed" fw={600} px="sm" pb={4}>
        {label}
      </Text>
    )}
    {children}
  </div>
);

function PersonMenu({ onKeys }: { readonly onKeys: () => void }) {
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

function useFrameKeys(open: (dialog: 'palette' | 'keys') => void): void {
  const navigate = useNavigate();
  const routes = useRoutes();
  const { pathname } = useLocation();
  const actions = useMemo((): readonly KeyAction[] => {
    const go = (entries: readonly NavigationEntry[], to: (entry: NavigationEntry) => string) =>
      entries.flatMap((entry) =>
        entry.key === undefined
          ? []
          : [{ keys: `g ${entry.key}`, label: `Go to: ${entry.label}`, run: () => void navigate(to(entry)) }],
      );
    const own = (['work', 'organisation', 'personal'] as const).flatMap((group) => entriesOf(routes, group));
    const repository = repositoryIn(pathname);
    return [
      { keys: '?', label: 'Show the keys', run: () => open('keys') },
      { keys: '/', label: 'Search or jump to', run: () => open('palette') },
      ...go(own, ({ path }) => path.replace(/\/\*$/, '')),
      ...(repository === undefined
        ? []
        : go(entriesOf(routes, 'repository'), (entry) => pathIn(entry, repository.owner, repository.name))),
    ];
  }, [navigate, routes, pathname, open]);
  useKeys(actions);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      open('palette');
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open]);
}
