import type { Edit, FixRequest } from '../finding/index.ts';

/**
 * The edits that put a pinned reference in the place of a moving one and keep the name that people know as a comment:
 * `owner/repo@v4` to `owner/repo@<commit> # v4`. An existing comment stays: it says more than a tag.
 */
export function pinEdits(
  request: Extract<FixRequest, { readonly type: 'pin-action' | 'pin-image' }>,
  text: string,
  pinned: { readonly reference: string; readonly name: string },
): readonly Edit[] {
  const { file, start, end } = request;
  const edits: Edit[] = [{ file, start, end, text: pinned.reference }];
  const lineEnd = text.indexOf('\n', end);
  const rest = text.slice(end, lineEnd === -1 ? text.length : lineEnd);
  // Only what closes the value may follow it: a quote, white space. In flow style or a Dockerfile there is no room.
  const closing = /^(["']?)[ \t]*\r?$/.exec(rest);
  const takesComments = /\.ya?ml$/i.test(file);
  if (takesComments && closing !== null) {
    const at = end + (closing[1]?.length ?? 0);
    edits.push({ file, start: at, end: at, text: ` # ${pinned.name}` });
  }
  return edits;
}
