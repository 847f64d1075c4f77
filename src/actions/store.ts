import type { Digest } from '../base/index.ts';

/** An action's repository at one commit, resolved and checked. */
export type ResolvedAction = {
  readonly owner: string;
  readonly repo: string;
  readonly ref: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Over the whole tree at that commit, see `contentDigest`. */
  readonly digest: Digest;
  /** `lock`: the lock named the commit. `ref`: a tag or branch was looked up now. `sha`: the reference was a commit. */
  readonly by: 'lock' | 'ref' | 'sha';
};

/** Resolves and keeps the content of actions and reusable workflows, outside every sandbox. */
export type ActionStore = {
  /**
   * Finds the commit of `owner/repo@ref` and makes its content present. With `pin`, the commit and digest of the pin are
   * what is used, and a content that differs is the fault `actions/digest-mismatch`. A commit that no branch or tag of
   * the source reaches is `actions/impostor-commit`.
   */
  resolve(
    reference: { readonly owner: string; readonly repo: string; readonly ref: string },
    pin?: { readonly commit: string; readonly digest?: string },
  ): Promise<ResolvedAction>;
  /** A host folder with the content, read-only, shared by all jobs: mount it, never write. Re-checked when it was made. */
  folder(action: ResolvedAction): Promise<string>;
  /** One small file of the content, or nothing when it is not there. Never follows links. */
  readText(action: ResolvedAction, path: string, bytesMax: number): Promise<string | undefined>;
  /** A tag or branch by which people know the commit: a full version first, then another tag, then a branch. */
  refOf?(name: { readonly owner: string; readonly repo: string }, commit: string): Promise<string | undefined>;
};
