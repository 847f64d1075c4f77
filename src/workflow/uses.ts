import type { UsesReference } from './model.ts';

/** Characters of a `uses:`. */
const USES_CHARACTERS_MAX = 1_024;
const DOCKER_PREFIX = 'docker://';
/** Wider than GitHub's own names, for other servers; it can't leave a folder or break a URL. */
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/**
 * Reads the `uses:` of a step or of a job: `./path`, `$/path`, `docker://image`, `owner/repo@ref`,
 * `owner/repo/path@ref`. Gives nothing when it is none of them, or when the path would leave its root.
 */
export function parseUses(text: string): UsesReference | undefined {
  if (text.length > USES_CHARACTERS_MAX || /[\0-\x1f\x7f]/.test(text)) return undefined;
  if (text.startsWith(DOCKER_PREFIX)) {
    const image = text.slice(DOCKER_PREFIX.length);
    return image === '' ? undefined : { kind: 'docker', image };
  }
  if (text === '.' || text.startsWith('./') || text.startsWith('.\\')) {
    return localPath('local', text.slice(1));
  }
  if (text.startsWith('$/') || text === '$') return localPath('self', text.slice(1));
  return remote(text);
}

function localPath(kind: 'local' | 'self', rest: string): UsesReference | undefined {
  // A reusable workflow of the same commit never has a ref; `@` in the name of a folder is allowed.
  const path = cleanPath(rest);
  return path === undefined ? undefined : { kind, path };
}

function remote(text: string): UsesReference | undefined {
  const at = text.indexOf('@');
  if (at < 0 || text.includes('@', at + 1)) return undefined;
  const ref = text.slice(at + 1);
  const [owner = '', repo = '', ...rest] = text
    .slice(0, at)
    .split(/[/\\]/)
    .filter((segment) => segment !== '');
  const path = cleanPath(rest.join('/'));
  if (ref === '' || ref.trim() !== ref || path === undefined || !isName(owner) || !isName(repo)) return undefined;
  return { kind: 'remote', owner, repo, path, ref };
}

function isName(name: string): boolean {
  return NAME.test(name) && name !== '.' && name !== '..';
}

/** A relative path without empty segments and `.`; nothing when `..` leaves its root. */
function cleanPath(text: string): string | undefined {
  const segments: string[] = [];
  for (const segment of text.split(/[/\\]/)) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}
