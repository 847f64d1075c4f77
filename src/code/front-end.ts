import type { FileIr, Language } from './ir.ts';
import type { Tree } from './tree.ts';

/**
 * A language: which files are its own, which grammar reads them, and how the tree becomes the intermediate form. `lower`
 * takes any tree, with errors in it too, and never throws.
 */
export type FrontEnd = {
  readonly language: Language;
  /** Endings of file names, each with the name of its grammar. */
  readonly grammars: { readonly [ending: string]: string };
  lower(tree: Tree): FileIr;
};
