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
      return `diff --git ${quoted(`a/${path}`)} ${quoted(`b/${path}`)}\n${body.replace(/^=+\n/, '')}`;
    })
    .join('');
}

const ESCAPES: { readonly [character: string]: string } = { '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

/** A name as git quotes it, and as the lines of the patch below have it: one with a line feed would end the line. */
function quoted(name: string): string {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  const bytes = [...Buffer.from(name)].map((byte) => {
    const character = String.fromCharCode(byte);
    const isPlain = byte >= 0x20 && byte < 0x7f;
    return ESCAPES[character] ?? (isPlain ? character : `\\${byte.toString(8).padStart(3, '0')}`);
  });
  return `"${bytes.join('')}"`;
}
