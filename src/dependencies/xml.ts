import { parseXml as parse, type XmlDocument, XmlElement, type XmlError, XmlText, XmlCdata } from '@rgrove/parse-xml';
import { Unreadable } from './failure.ts';
import { DEPTH_MAX } from './node.ts';

/** Reads XML with offsets. No entity is fetched from anywhere, none is defined by the file. */
export function parseXml(text: string): XmlElement {
  let document: XmlDocument;
  deepen(text);
  try {
    document = parse(text.replace(/^\uFEFF/, ''), { includeOffsets: true, ignoreUndefinedEntities: true });
  } catch (thrown) {
    throw new Unreadable('is no XML that can be read', offsetOf(thrown));
  }
  if (document.root === null) throw new Unreadable('has no element', 0);
  return document.root;
}

function offsetOf(thrown: unknown): number {
  const error: Partial<XmlError> = typeof thrown === 'object' && thrown !== null ? thrown : {};
  return typeof error.pos === 'number' ? error.pos : 0;
}

/** The parser calls itself for each element in another: what nests too deep never gets there. */
function deepen(text: string): void {
  let depth = 0;
  for (const found of text.matchAll(
    /<(?:!--[\s\S]*?(?:-->|$)|!\[CDATA\[[\s\S]*?(?:\]\]>|$)|(\/?)[A-Za-z_][^<>]*?(\/?)>)/g,
  )) {
    const [whole, closing, selfClosing] = found;
    if (whole.startsWith('<!') || selfClosing === '/') continue;
    depth += closing === '/' ? -1 : 1;
    if (depth > DEPTH_MAX) throw new Unreadable(`nests deeper than ${DEPTH_MAX}`, found.index);
  }
}

export function children(element: XmlElement | undefined, name?: string): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of element?.children ?? []) {
    if (child instanceof XmlElement && (name === undefined || child.name === name)) found.push(child);
  }
  return found;
}

export function child(element: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined {
  let at = element;
  for (const name of names) at = children(at, name)[0];
  return at;
}

/** The text in an element, trimmed; nothing without the element. */
export function textIn(element: XmlElement | undefined, name: string): string | undefined {
  const found = child(element, name);
  if (found === undefined) return undefined;
  let text = '';
  for (const part of found.children) if (part instanceof XmlText || part instanceof XmlCdata) text += part.text;
  return text.trim();
}

/** Every element of a name, however deep. */
export function descendants(element: XmlElement, name: string): readonly XmlElement[] {
  return children(element).flatMap((one) => [...(one.name === name ? [one] : []), ...descendants(one, name)]);
}
