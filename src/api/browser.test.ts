import { describe, expect, test } from 'vitest';
import { markOf } from '../identity/index.ts';
import { approvalOf, cookieOf, requireOwnPage } from './browser.ts';

const ORIGIN = 'https://ci.example.org';
const of = (headers: { readonly [name: string]: string }) => (name: string) => headers[name];
const isRefused = (method: string, headers: { readonly [name: string]: string }) => {
  try {
    requireOwnPage(ORIGIN, method, of(headers));
    return false;
  } catch {
    return true;
  }
};

describe('a request with a session', () => {
  test.each<[string, string, { readonly [name: string]: string }]>([
    ['a page of another site posts', 'POST', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sibling subdomain posts', 'POST', { origin: 'https://x.example.org', 'sec-fetch-site': 'same-site' }],
    ['a form without an origin posts', 'POST', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['another scheme posts', 'POST', { origin: 'http://ci.example.org', 'sec-fetch-site': 'same-site' }],
    ['nothing is said', 'DELETE', {}],
    ['only an origin is said', 'PATCH', { origin: ORIGIN }],
    ['somebody navigates to what changes', 'POST', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['another site reads', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['a sibling reads', 'GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    [
      'a frame reads',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    ['a program reads', 'GET', {}],
  ])('is refused when %s', (_name, method, headers) => {
    expect(isRefused(method, headers)).toBe(true);
  });

  test.each<[string, string, { readonly [name: string]: string }]>([
    ['a page of ours posts', 'POST', { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }],
    ['a page of ours reads', 'GET', { 'sec-fetch-site': 'same-origin' }],
    [
      'a link is followed',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
  ])('is served when %s', (_name, method, headers) => {
    expect(isRefused(method, headers)).toBe(false);
  });
});

test('a cookie is read by its whole name, and only when it comes once', () => {
  const read = (cookie: string) => cookieOf(of({ cookie }), '__Host-sid');

  expect(read('a=1; __Host-sid=x')).toBe('x');
  expect(read('__Host-sid=x; __Host-sid=y')).toBeUndefined();
  expect(read('x__Host-sid=x; __Host-side=y')).toBeUndefined();
  expect(cookieOf(of({}), '__Host-sid')).toBeUndefined();
});

test.each(['!', 'e30', Buffer.from('[]').toString('base64url'), 'A'.repeat(9000)])(
  'an approval that is none is refused: %s',
  (header) => {
    expect(() => approvalOf(of({ 'sallyport-approval': header }))).toThrow(
      expect.objectContaining({ code: 'api/request-invalid' }),
    );
  },
);

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36 Edg/149.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0', 'Firefox on Linux'],
  ['curl/8.5.0', 'curl on another system'],
  ['', 'a program without a name on another system'],
])('a browser is known without its version: %s', (text, agent) => {
  expect(markOf(text, '192.0.2.1')).toEqual({ agent, network: '192.0.2.0/24' });
});

test('a network of version 6 is its first 48 bits', () => {
  expect(markOf('', '2001:db8:1:2::3').network).toBe('2001:db8:1::/48');
  expect(markOf('', '::ffff:192.0.2.1').network).toBe('192.0.2.0/24');
  expect(markOf('', 'x').network).toBe('unknown');
});
