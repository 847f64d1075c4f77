/** Names of headings in texts of others can't be those of our own elements. */
export const ANCHOR_PREFIX = 'text-';

/** An address of the web or of mail, written out: nothing that a browser would run. */
export function isWebAddress(href: string): boolean {
  try {
    return ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol);
  } catch {
    // Without a scheme it is relative.
    return false;
  }
}

/** One of these pages: a path of this server, and no other server's (`//evil`, `/\evil`). */
export function isOwnAddress(href: string): boolean {
  return /^\/(?![/\\])/.test(href) && !/[\0-\x20\\]/.test(href);
}

/** The name of a heading in an address, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Where a relative link of a file in a folder leads: `path` below the top, without dots. Nothing when it leads out. */
export function relativePath(
  folder: string,
  href: string,
): { readonly path: string; readonly hash: string } | undefined {
  const [before = '', hash = ''] = href.split('#', 2);
  const plain = before.split('?', 1)[0] ?? '';
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith('//')) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(plain);
  } catch {
    // Not an address.
    return undefined;
  }
  const parts = decoded.startsWith('/') || folder === '' ? [] : folder.split('/');
  for (const part of decoded.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return { path: parts.join('/'), hash: hash === '' ? '' : `#${hash}` };
}
