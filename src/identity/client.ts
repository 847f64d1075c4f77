import { isIPv4 } from 'node:net';
import { networkOf } from './throttle.ts';

/** What a session is bound to: the browser that signed in, where it was. */
export type ClientMark = { readonly agent: string; readonly network: string };

/** Browsers by what only they say of themselves. Most say that they are others, too, so that the order counts. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\bHeadlessChrome\//, 'Headless Chrome'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(?:Macintosh|Mac OS X)\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

const nameIn = (text: string, names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(text))?.[1];

/**
 * The family of the browser and of its system, without versions: a browser that brings itself up to date in the middle of a session is
 * the same one.
 */
export function markOf(userAgent: string | undefined, address: string): ClientMark {
  const text = (userAgent ?? '').slice(0, 500);
  const agent = `${nameIn(text, BROWSERS) ?? programIn(text)} on ${nameIn(text, SYSTEMS) ?? 'another system'}`;
  return { agent, network: prefixOf(address) };
}

function programIn(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._-]{0,39}(?=\/|$|\s)/.exec(text)?.[0] ?? 'a program without a name';
}

/** A network that one provider or house has: the first 24 bits of version 4, the first 48 of version 6. */
function prefixOf(address: string): string {
  const { value } = networkOf(address);
  if (isIPv4(value)) return `${value.split('.').slice(0, 3).join('.')}.0/24`;
  const [first = '', second = '', third = ''] = value.split(':');
  return value === 'unknown' ? value : `${first}:${second}:${third}::/48`;
}
