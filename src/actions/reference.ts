import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** A repository by name, as GitHub spells names. */
export type RepositoryName = { readonly owner: string; readonly repo: string };

const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9_])?$/;
const REPO = /^[A-Za-z0-9._-]{1,100}$/;
const FULL_SHA = /^[0-9a-fA-F]{40}$/;
const REF_CHARACTERS_MAX = 255;

/** Refuses names that could be a path, an option or another repository. */
export function checkRepositoryName(name: RepositoryName): void {
  const { owner, repo } = name;
  if (!OWNER.test(owner) || !REPO.test(repo) || /^\.+$/.test(repo) || /\.(?:git|lock)$/i.test(repo)) {
    throw fault('reference-invalid', `not the name of a repository: ${JSON.stringify(excerpt(`${owner}/${repo}`))}`);
  }
}

/** Whether the text is a whole commit id. */
export function isFullSha(text: string): boolean {
  return FULL_SHA.test(text);
}

/** Refuses what `git check-ref-format` refuses, and what git could read as an option or a revision expression. */
export function checkRef(ref: string): void {
  const parts = ref.split('/');
  const isBad =
    ref === '' ||
    ref.length > REF_CHARACTERS_MAX ||
    ref.startsWith('-') ||
    ref === '@' ||
    ref.includes('..') ||
    ref.includes('@{') ||
    ref.endsWith('.') ||
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0020\u007f~^:?*[\\]/.test(ref) ||
    parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'));
  if (isBad) throw fault('reference-invalid', `not the name of a tag or branch: ${JSON.stringify(excerpt(ref))}`);
}

/** The key of a lock and of a lease: owner and repository in lower case, the ref as written. */
export function pinKey(name: RepositoryName, ref: string): string {
  return `${name.owner.toLowerCase()}/${name.repo.toLowerCase()}@${ref}`;
}

/** Parts of a pin key. */
export function parsePinKey(key: string): (RepositoryName & { readonly ref: string }) | undefined {
  const match = /^([^/@:]+)\/([^/@:]+)@([^:]+)$/.exec(key);
  const [, owner, repo, ref] = match ?? [];
  return owner === undefined || repo === undefined || ref === undefined ? undefined : { owner, repo, ref };
}
