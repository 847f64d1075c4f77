/**
 * Characters that change the order in which letters are shown, or that nobody sees: with them a reviewer reads another program than the
 * machine does. They are shown as what they are.
 */
const HIDDEN =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u3164\ufeff\u{e0000}-\u{e007f}]|(?!\ufe0f)\p{Variation_Selector}/gu;
/** Controls of terminals and the like. Tab, line feed and carriage return are text. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

export type TextPart = { readonly text: string; readonly isHidden: boolean };

/** The text in parts; a hidden one is its name: `U+202E`. */
export function revealed(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp(`${HIDDEN.source}|${CONTROL.source}`, 'gu'))) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index), isHidden: false });
    const point = match[0].codePointAt(0) ?? 0;
    parts.push({ text: `U+${point.toString(16).toUpperCase().padStart(4, '0')}`, isHidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), isHidden: false });
  return parts;
}

export const hasHidden = (text: string): boolean => text.search(HIDDEN) !== -1;
