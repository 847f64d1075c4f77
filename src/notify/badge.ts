import { excerpt } from '../base/index.ts';
import { xmlText } from './markup.ts';

const LABEL_MAX = 40;
const HEIGHT = 20;
const PADDING = 6;
/** Of Verdana at 11 pixels: small letters, and all others. */
const NARROW = 6.2;
const WIDE = 8;

const STATES = {
  success: ['passing', '#1a7f37'],
  failure: ['failing', '#cf222e'],
  cancelled: ['cancelled', '#6e7781'],
  skipped: ['skipped', '#6e7781'],
  running: ['running', '#9a6700'],
  none: ['no runs', '#6e7781'],
} as const;
export type BadgeState = keyof typeof STATES;

const widthOf = (text: string) =>
  Math.ceil(Array.from(text).reduce((sum, character) => sum + (/[a-z0-9 .,:-]/.test(character) ? NARROW : WIDE), 0));

/** How the newest run stands, as a picture: SVG without scripts, links or anything that is fetched. */
export function renderBadge(label: string, state: BadgeState): string {
  const [word, colour] = STATES[state];
  const shown = excerpt(label.replaceAll(/\s+/g, ' '), LABEL_MAX);
  const left = widthOf(shown) + 2 * PADDING;
  const right = widthOf(word) + 2 * PADDING;
  const width = left + right;
  const title = xmlText(`${shown}: ${word}`);
  const text = (x: number, content: string, length: number) =>
    `<text x="${x}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${xmlText(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="3"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${left}" height="${HEIGHT}" fill="#424a53"/>`,
    `<rect x="${left}" width="${right}" height="${HEIGHT}" fill="${colour}"/></g>`,
    `<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">`,
    text(PADDING, shown, left - 2 * PADDING),
    text(left + PADDING, word, right - 2 * PADDING),
    '</g></svg>\n',
  ].join('');
}
