import { isAtLeast, type TrustLevel } from '../base/index.ts';
import { fault } from './faults.ts';
import type { CacheEntry, ResultsScope } from './store.ts';

/** Longest name of an artifact, in characters, as GitHub has it. */
const ARTIFACT_NAME_LENGTH_MAX = 256;
/** Longest cache key, in characters, and the most keys of one look-up, as the clients have it. */
const CACHE_KEY_LENGTH_MAX = 512;
const CACHE_KEYS_MAX = 10;
/** The version is a SHA-256 in the clients; anything longer is not from one. Characters. */
const CACHE_VERSION_LENGTH_MAX = 512;
const MIME_TYPE_LENGTH_MAX = 127;

/** What K6 looks at of a stored cache. */
export type CacheOrigin = Pick<CacheEntry, 'ref' | 'level'> & { readonly repository: string };

/**
 * K6, reading: the same repository; the own ref, its base or the default branch; and a writer at least as trusted as
 * the reader. `release` also reads what `reviewed` wrote. What is not readable is a miss, so caches never taint.
 */
export function mayReadCache(scope: ResultsScope, entry: CacheOrigin): boolean {
  const level = scope.level();
  const isLevelEnough = isAtLeast(entry.level, level) || (level === 'release' && entry.level === 'reviewed');
  return entry.repository === scope.repository && readOrder(scope).includes(entry.ref) && isLevelEnough;
}

/** Refs in the order in which a look-up goes through them. */
export function readOrder(scope: ResultsScope): readonly string[] {
  return [...new Set([scope.ref, ...scope.readableRefs])];
}

/**
 * K6, writing: always into the own ref. An untrusted job has a scope of its own only in a change; elsewhere (an issue
 * event on the default branch) other untrusted jobs would read what it wrote.
 */
export function mayWriteCache(scope: ResultsScope): boolean {
  return scope.level() !== 'untrusted' || isChangeRef(scope.ref);
}

/** The value of ACTIONS_CACHE_MODE, which tells newer clients not to try. */
export function cacheMode(scope: ResultsScope): 'read' | 'write' {
  return mayWriteCache(scope) ? 'write' : 'read';
}

/** An artifact is replaced or deleted only by a job at its level or above. */
export function mayRemoveArtifact(scope: ResultsScope, level: TrustLevel): boolean {
  return isAtLeast(scope.level(), level);
}

function isChangeRef(ref: string): boolean {
  return /^refs\/pull\/[1-9][0-9]{0,14}\/(merge|head)$/.test(ref);
}

/** The characters are GitHub's list; `.` and `..` are names that a file system reads as something else. */
export function checkArtifactName(name: string): void {
  // oxlint-disable-next-line no-control-regex
  const isBad = /[":<>|*?\\/\u0000-\u001f\u007f]/.test(name) || name === '.' || name === '..' || name.trim() === '';
  if (isBad || name.length > ARTIFACT_NAME_LENGTH_MAX || !name.isWellFormed()) {
    throw fault('artifact-name', `the artifact name ${JSON.stringify(name.slice(0, 200))} is not allowed`);
  }
}

export function checkCacheKeys(keys: readonly string[], version: string): void {
  if (keys.length === 0 || keys.length > CACHE_KEYS_MAX) throw fault('cache-key', `${keys.length} keys were given`);
  for (const key of keys) {
    if (key === '' || key.length > CACHE_KEY_LENGTH_MAX || key.includes(',') || !key.isWellFormed()) {
      throw fault('cache-key', `the cache key ${JSON.stringify(key.slice(0, 200))} is not allowed`);
    }
  }
  if (version === '' || version.length > CACHE_VERSION_LENGTH_MAX) {
    throw fault('cache-key', `the cache version has ${version.length} characters`);
  }
}

export function checkMimeType(mimeType: string): void {
  if (mimeType.length > MIME_TYPE_LENGTH_MAX || !/^[\w.+-]+\/[\w.+-]+(; ?charset=[\w-]+)?$/.test(mimeType)) {
    throw fault('mime-type', `the media type ${JSON.stringify(mimeType.slice(0, 200))} is not one`);
  }
}
