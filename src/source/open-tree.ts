import { openFolder } from './folder-tree.ts';
import { openObjects } from './object-tree.ts';
import type { Tree, TreeSpec } from './tree.ts';

/** Opens a tree that another thread has listed: entries of that list can be read. */
export function openTree(spec: TreeSpec): Tree {
  return spec.kind === 'folder' ? openFolder(spec.root) : openObjects(spec.git, spec.gitDir);
}
