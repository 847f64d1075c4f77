/** Where somebody goes on after signing in: an address of this server and nothing else, whatever a link said. */
export function returnPath(wanted: string | null, origin: string): string {
  if (wanted === null || !wanted.startsWith('/') || /[\\\p{C}]/u.test(wanted)) return '/';
  let url: URL;
  try {
    url = new URL(wanted, origin);
  } catch {
    // No address.
    return '/';
  }
  const isOwn = url.origin === origin && !url.pathname.startsWith('//');
  const isSignIn = url.pathname === '/sign-in' || url.pathname === '/setup';
  return isOwn && !isSignIn ? `${url.pathname}${url.search}${url.hash}` : '/';
}
