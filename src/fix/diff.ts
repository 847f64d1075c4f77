import { createTwoFilesPatch } from 'diff';

/** A change of one file. `before` is absent for a new one. */
export type FileChange = { readonly path: string; readonly before?: string; readonly after: string };

/** One patch of all changes, as `git apply` takes it. Paths are sorted. */
export function renderPatch(changes: readonly FileChange[]): string {
  return [...changes]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, before, after }) => {
      const from = before === undefined ? '/dev/null' : `a/${path}`;
      const body = createTwoFilesPatch(from, `b/${path}`, before ?? '', after, undefined, undefined, { context: 3 });
      return `diff --git a/${path} b/${path}\n${body.replace(/^=+\n/, '')}`;
    })
    .join('');
}
