import type { AreaRoute, NavigationPlace } from './route.ts';

export type NavigationEntry = NavigationPlace & { readonly path: string };

/** The entries of a group, in their order. */
export function entriesOf(routes: readonly AreaRoute[], group: NavigationPlace['group']): readonly NavigationEntry[] {
  return routes
    .flatMap(({ path, navigation }) =>
      navigation?.group === group
        ? [{ ...navigation, path: group === 'repository' ? `/${path}` : shortest(`/${path}`) }]
        : [],
    )
    .toSorted((one, other) => one.order - other.order);
}

/** A path without what may be left out. */
export const shortest = (path: string) => path.replace(/\/:\w+\?/g, '').replace(/\/\*$/, '');

/** `/:owner/:name/runs` for a repository. */
export function pathIn(entry: Pick<NavigationEntry, 'path'>, owner: string, name: string): string {
  return shortest(entry.path.replace('/:owner/:name', repositoryPath(owner, name)));
}

export const repositoryPath = (owner: string, name: string) =>
  `/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;

/** The owner and the name that an address is about: not the server's own pages. */
export function repositoryIn(pathname: string): { readonly owner: string; readonly name: string } | undefined {
  const [, owner, name] = /^\/([A-Za-z0-9_][^/]*)\/([^/]+)/.exec(pathname) ?? [];
  if (owner === undefined || name === undefined || owner === 'docs') return undefined;
  try {
    return { owner: decodeURIComponent(owner), name: decodeURIComponent(name) };
  } catch {
    // Not an address that this server made.
    return undefined;
  }
}

/** The tab that an address belongs to: the longest that it begins with. */
export function currentEntry(
  entries: readonly { readonly path: string }[],
  pathname: string,
): { readonly path: string } | undefined {
  const isIn = (path: string) => pathname === path || pathname.startsWith(path === '/' ? '//' : `${path}/`);
  return entries.filter(({ path }) => isIn(path)).toSorted((one, other) => other.path.length - one.path.length)[0];
}
