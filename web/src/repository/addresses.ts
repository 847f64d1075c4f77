import { repositoryPath } from '../shell/navigation.ts';

export type Place = { readonly owner: string; readonly name: string };

const encoded = (path: string) => path.split('/').map(encodeURIComponent).join('/');
const below = (path: string) => (path === '' ? '' : `/${encoded(path)}`);

/** A folder at a branch, a tag or a commit; the top of the default branch is the repository's own address. */
export const treePath = ({ owner, name }: Place, ref: string, path = '') =>
  `${repositoryPath(owner, name)}/tree/${encodeURIComponent(ref)}${below(path)}`;

export const blobPath = ({ owner, name }: Place, ref: string, path: string) =>
  `${repositoryPath(owner, name)}/blob/${encodeURIComponent(ref)}${below(path)}`;

export const commitsPath = ({ owner, name }: Place, ref: string, path = '') =>
  `${repositoryPath(owner, name)}/commits/${encodeURIComponent(ref)}${path === '' ? '' : `?path=${encodeURIComponent(path)}`}`;

export const commitPath = ({ owner, name }: Place, oid: string) => `${repositoryPath(owner, name)}/commit/${oid}`;

export const comparePath = ({ owner, name }: Place, base: string, head: string) =>
  `${repositoryPath(owner, name)}/compare?base=${encodeURIComponent(base)}&head=${encodeURIComponent(head)}`;

/** Bytes of a file, from the API. */
export const rawPath = ({ owner, name }: Place, ref: string, path: string) =>
  `/api/v1/repositories${repositoryPath(owner, name)}/raw?revision=${encodeURIComponent(ref)}&path=${encodeURIComponent(path)}`;

/** `#L10-L20` or `#L10`; the smaller first. */
export function rangeOf(hash: string): { readonly from: number; readonly to: number } | undefined {
  const [, one, other] = /^#L(\d{1,7})(?:-L?(\d{1,7}))?$/.exec(hash) ?? [];
  if (one === undefined) return undefined;
  const [from, to] = [Number(one), Number(other ?? one)];
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

export const hashOf = ({ from, to }: { readonly from: number; readonly to: number }) =>
  from === to ? `#L${from}` : `#L${from}-L${to}`;
