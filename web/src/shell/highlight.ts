import { common, createLowlight } from 'lowlight';

/** A piece of a line, in the colours of one kind. */
export type Token = { readonly text: string; readonly kind?: string };

type Node = {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly Node[];
  readonly properties?: { readonly className?: unknown };
};

const lowlight = createLowlight(common);

/** The lines of a text, each in its tokens. An unknown language is plain. */
export function highlightLines(text: string, language: string): readonly (readonly Token[])[] {
  if (!lowlight.registered(language)) return text.split('\n').map((line) => [{ text: line }]);
  const lines: Token[][] = [[]];
  const visit = (node: Node, kind: string | undefined) => {
    if (node.type === 'text') {
      for (const [at, part] of (node.value ?? '').split('\n').entries()) {
        if (at > 0) lines.push([]);
        if (part !== '') lines.at(-1)?.push(kind === undefined ? { text: part } : { text: part, kind });
      }
      return;
    }
    const [own] = Array.isArray(node.properties?.className) ? node.properties.className : [];
    for (const child of node.children ?? []) visit(child, typeof own === 'string' ? own : kind);
  };
  visit(lowlight.highlight(language, text), undefined);
  return lines;
}
