/**
 * Owns: reading what is scanned: the files of a folder, a commit, the index; what changed between two of them; the lines that a
 * history added. Which files are somebody else's or made by a program.
 * Never: looks for flaws; runs anything that a repository names; follows a link, opens a pipe or asks a network.
 */
export { type ChangeEnd, type FileChange, listChanges } from './changes.ts';
export { classify, type FileClass, isGeneratedText } from './classify.ts';
export { folderTree } from './folder-tree.ts';
export { askGit, type GitAsk, type GitPlace, type GitProgram, splitNul } from './git.ts';
export type { DiffFile } from './diff-parser.ts';
export {
  type CommitLines,
  type HistoryRange,
  isPartialClone,
  listCommits,
  readAddedLines,
  readCommitFacts,
} from './history.ts';
export { commitTree, indexTree, type OpenRepository, openRepository } from './object-tree.ts';
export { openTree } from './open-tree.ts';
export { findRepository, mergeBase, type Repository, resolveCommit } from './repository.ts';
export {
  FILE_BYTES_MAX,
  memoryTree,
  overlayTree,
  type Reading,
  type Tree,
  TREE_FILES_MAX,
  type TreeEntry,
  type TreeSpec,
} from './tree.ts';
