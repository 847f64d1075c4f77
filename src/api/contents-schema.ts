import { z } from '@hono/zod-openapi';

const who = z.strictObject({ name: z.string(), email: z.string(), date: z.string() });
export const commitSchema = z
  .strictObject({
    oid: z.string(),
    tree: z.string(),
    parents: z.array(z.string()),
    author: who,
    committer: who,
    message: z.string(),
  })
  .openapi('Commit');

/** What the commit says of itself: anybody can write it. */
export const commitLine = z
  .strictObject({ oid: z.string(), author: z.string(), date: z.string(), subject: z.string() })
  .openapi('CommitLine');

export const treeSchema = z
  .strictObject({
    commit: z.string(),
    path: z.string(),
    entries: z.array(
      z
        .strictObject({
          name: z.string(),
          type: z.enum(['file', 'folder', 'link', 'submodule']),
          mode: z.string(),
          oid: z.string(),
          bytes: z.int().optional(),
        })
        .openapi('TreeEntry'),
    ),
  })
  .openapi('Tree');

export const blobSchema = z
  .strictObject({
    commit: z.string(),
    path: z.string(),
    oid: z.string(),
    mode: z.string(),
    bytes: z.int(),
    /** `text` only when it can be shown; `large` is more than is told here: ask for the raw bytes. */
    kind: z.enum(['text', 'binary', 'large', 'link']),
    text: z.string().optional(),
  })
  .openapi('Blob');

const hunk = z
  .strictObject({
    oldStart: z.int(),
    newStart: z.int(),
    section: z.string(),
    /** Each begins with a blank, a plus, a minus, or a backslash for a remark. */
    lines: z.array(z.string()),
  })
  .openapi('Hunk');
const fileDiff = z
  .strictObject({
    path: z.string(),
    oldPath: z.string().optional(),
    status: z.enum(['added', 'modified', 'deleted', 'renamed', 'copied', 'retyped']),
    oldMode: z.string().optional(),
    newMode: z.string().optional(),
    /** Lines; missing for what is no text. */
    additions: z.int().optional(),
    deletions: z.int().optional(),
    /** Missing when there is too much to tell: ask with the `path`. */
    hunks: z.array(hunk).optional(),
  })
  .openapi('FileDiff');
export const diffSchema = z.strictObject({ files: z.array(fileDiff), count: z.int() }).openapi('Diff');

export const commitViewSchema = z.strictObject({ commit: commitSchema, diff: diffSchema }).openapi('CommitView');

export const branchSchema = z
  .strictObject({
    name: z.string(),
    commit: commitLine,
    isDefault: z.boolean(),
    /** Rules of the server hold for it: no force-push, no deletion, changes by review. */
    isProtected: z.boolean(),
    /** Commits that only it has, and only the default branch. Missing when they are too many to count. */
    ahead: z.int().optional(),
    behind: z.int().optional(),
  })
  .openapi('Branch');

export const tagSchema = z
  .strictObject({ name: z.string(), oid: z.string(), commit: commitLine.optional() })
  .openapi('Tag');

export const comparisonSchema = z
  .strictObject({
    base: z.string(),
    head: z.string(),
    /** Where they parted; missing when they have no commit in common. */
    mergeBase: z.string().optional(),
    ahead: z.int().optional(),
    behind: z.int().optional(),
    commits: z.array(commitSchema),
    diff: diffSchema,
  })
  .openapi('Comparison');
