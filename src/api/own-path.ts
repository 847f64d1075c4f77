/** Where a browser goes on: a page of this server and nothing else, whatever a link said. */
export function ownPath(wanted: string | undefined, origin: string): string {
  if (wanted === undefined || !wanted.startsWith('/') || /[\\\p{C}]/u.test(wanted)) return '/';
  const own = new URL(origin).origin;
  if (!URL.canParse(wanted, own)) return '/';
  const { origin: to, pathname, search, hash } = new URL(wanted, own);
  const isPage = !pathname.startsWith('//') && !/^\/(api|runner)(\/|$)/.test(pathname);
  return to === own && isPage ? `${pathname}${search}${hash}` : '/';
}
