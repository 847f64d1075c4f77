import type { ComponentType } from 'react';

/** Where a page stands in the navigation. A page without one is reached from others. */
export type NavigationPlace = {
  readonly label: string;
  /** `repository` are the tabs of a repository, whose `path` begins with `:owner/:name`. */
  readonly group: 'work' | 'organisation' | 'repository' | 'personal';
  /** From small to large. */
  readonly order: number;
  /** `g` and then this letter goes there. One letter is one page in its group. */
  readonly key?: string;
};

/** One page of an area. Its file is loaded when somebody goes there. */
export type AreaRoute = {
  /** In the syntax of react-router, without a slash in front: `:owner/:name/runs/:run`. */
  readonly path: string;
  readonly load: () => Promise<{ readonly Page: ComponentType }>;
  /** `bare` pages have no navigation: signing in. */
  readonly frame?: 'bare';
  readonly navigation?: NavigationPlace;
};
