import { Anchor, NavLink, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useLocation, useParams } from 'react-router';
import { documents } from 'virtual:documents';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { Markdown } from '../shell/markdown.tsx';
import { ANCHOR_PREFIX, relativePath, slugOf } from '../shell/markdown-addresses.ts';
import { PageFrame } from '../shell/page.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import classes from './docs-page.module.css';

type Document = (typeof documents)[number];

const FIRST = 'start/five-minutes';
/** Folders with so many pages are lists of their own. */
const LISTED_MAX = 40;
const NAMES: { readonly [section: string]: string } = {
  start: 'Start',
  'coming-from': 'Coming from',
  operate: 'Operate',
  security: 'Security',
  reference: 'Reference',
  rules: 'Rules',
};

/** The documentation of this very version. */
export function Page() {
  const { section, '*': rest = '' } = useParams();
  const path = section === undefined ? FIRST : `${section}/${rest}`.replace(/\/$/, '').replace(/\.md$/, '');
  const found = documents.find((one) => one.path === path) ?? documents.find((one) => one.path === `${path}/index`);
  const title = found?.title ?? 'Not in the documentation';
  return (
    <PageFrame title={`${title} · Documentation`} heading={title} isPlain={found !== undefined}>
      <div className={classes['columns'] ?? ''}>
        <Contents path={found?.path ?? path} />
        {found === undefined ? (
          <EmptyState title="There is no such page">Choose one of the list, or search with Ctrl K.</EmptyState>
        ) : (
          <Text key={found.path} component="article" className={classes['text'] ?? ''}>
            <DocumentText document={found} />
          </Text>
        )}
        {found === undefined ? null : <OnThisPage document={found} />}
      </div>
    </PageFrame>
  );
}

function DocumentText({ document: { path, file } }: { readonly document: Document }) {
  const texts = useQuery<{ readonly [path: string]: string }>({
    queryKey: ['documents', file],
    queryFn: async ({ signal }) => (await fetch(file, { signal })).json(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { hash } = useLocation();
  const text = texts.data?.[path];
  useEffect(() => {
    if (text !== undefined && hash !== '') document.getElementById(decodeURIComponent(hash.slice(1)))?.scrollIntoView();
  }, [text, hash]);
  if (texts.error !== null) return <ErrorState error={texts.error} onRetry={() => void texts.refetch()} />;
  if (text === undefined) return <RowsSkeleton />;
  return <Markdown text={text} resolveLink={(href) => addressOf(path, href)} />;
}

/** A link between pages is one here, too; what is not served leads nowhere. */
function addressOf(path: string, href: string): string | undefined {
  const target = relativePath(path.split('/').slice(0, -1).join('/'), href);
  const to = target?.path.replace(/\.md$/, '').replace(/\/index$/, '');
  const isThere = documents.some((one) => one.path === to || one.path === `${to}/index`);
  if (target === undefined || to === undefined || !isThere) return undefined;
  return `/docs/${to}${target.hash === '' ? '' : `#${ANCHOR_PREFIX}${target.hash.slice(1)}`}`;
}

function Contents({ path }: { readonly path: string }) {
  const sections = Map.groupBy(documents, (one) => one.path.split('/')[0] ?? '');
  return (
    <nav className={classes['contents'] ?? ''} aria-label="Documentation">
      {[...sections].map(([section, own]) => (
        <div key={section}>
          <Text size="xs" c="dimmed" fw={600} px="xs" pb={4}>
            {NAMES[section] ?? section}
          </Text>
          {own
            .filter((one) => own.length <= LISTED_MAX || one.path.split('/').length === 2 || one.path === path)
            .map((one) => (
              <NavLink
                key={one.path}
                component={Link}
                to={`/docs/${one.path}`}
                label={one.title}
                active={one.path === path}
                {...(one.path === path ? { 'aria-current': 'page' as const } : {})}
                className={classes['entry'] ?? ''}
              />
            ))}
        </div>
      ))}
    </nav>
  );
}

function OnThisPage({ document: { headings } }: { readonly document: Document }) {
  if (headings.length < 2) return null;
  return (
    <nav className={classes['headings'] ?? ''} aria-label="On this page">
      <Stack gap={8}>
        <Text size="xs" c="dimmed" fw={600}>
          On this page
        </Text>
        {headings.map((heading) => (
          <Anchor key={heading} href={`#${ANCHOR_PREFIX}${slugOf(heading)}`} size="sm" c="dimmed">
            {heading}
          </Anchor>
        ))}
      </Stack>
    </nav>
  );
}
