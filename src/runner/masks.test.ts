import { describe, expect, test } from 'vitest';
import { createMasker, SECRET_BYTES_MAX } from './masks.ts';

const SECRET = 'p@ss "w0rd\'&<x>/+é';

describe('every form of a secret is masked', () => {
  test.each([
    ['plain', SECRET],
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64 behind one byte', Buffer.from(`u${SECRET}`).toString('base64')],
    ['base64 behind two bytes', Buffer.from(`u:${SECRET}`).toString('base64')],
    ['base64url', Buffer.from(SECRET).toString('base64url')],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['JSON', JSON.stringify(SECRET)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET))],
    ['URI', encodeURIComponent(SECRET)],
    ["Python's urllib.parse.quote", 'p%40ss%20%22w0rd%27%26%3Cx%3E/%2B%C3%A9'],
    ["a path of Go's net/url", 'p@ss%20%22w0rd%27&%3Cx%3E/+%C3%A9'],
    ["Go's url.PathEscape", 'p@ss%20%22w0rd%27&%3Cx%3E%2F+%C3%A9'],
    ['the password of a URL', Object.assign(new URL('http://host'), { password: SECRET }).href.slice(8, -6)],
    [
      'XML',
      SECRET.replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&apos;'),
    ],
    ['shell', SECRET.replaceAll("'", "'\\''")],
    ['command line', SECRET.replaceAll('"', '\\"')],
    ['expression', SECRET.replaceAll("'", "''")],
  ])('%s', (_name, form) => {
    const masked = createMasker([SECRET]).maskText(`before ${form} after`);

    expect(masked).toMatch(/^before .*\*\*\*.* after$/);
    expect(masked).not.toContain(form.slice(4, -6));
  });

  test('each line, also without the white space around it', () => {
    const masker = createMasker(['-----BEGIN-----\r\n  line-one  \r\nline-two\r\n']);

    expect(masker.maskText('x line-one y line-two -----BEGIN-----')).toBe('x *** y *** ***');
  });

  test('the halves that PowerShell prints', () => {
    expect(createMasker(['secretpart1&secretpart2']).maskText('secretpart1& secretpart2')).toBe('*** ***');
    expect(createMasker(['secretpart1&+secretpart2']).maskText('secretpart1&+ ecretpart2')).toBe('*** ***');
  });

  test('the inner of quotes', () => {
    expect(createMasker(['"quoted-secret"']).maskText('quoted-secret')).toBe('***');
  });
});

describe('masks', () => {
  test('overlapping and touching forms become one', () => {
    const masker = createMasker(['abcdef', 'defghi', 'bcd']);

    expect(masker.maskText('xabcdefghix')).toBe('x***x');
    expect(masker.maskText('abcdefabcdef')).toBe('***');
    expect(masker.maskText('xbcdx abcdeX')).toBe('x***x a***eX');
  });

  test('short texts are not masked, and it is said', () => {
    const masker = createMasker();

    expect(masker.add('ab')).toBe('too-short');
    expect(masker.add('   ')).toBe('too-short');
    expect(masker.add('abc')).toBe('added');
    expect(masker.add('abc')).toBe('known');
    expect(masker.maskText('ab abc')).toBe('ab ***');
  });

  test('too long a text is a fault', () => {
    expect(() => createMasker(['x'.repeat(SECRET_BYTES_MAX + 1)])).toThrow(/more than/);
  });

  test('text without a secret is the same', () => {
    const bytes = Buffer.from('nothing here');

    expect(createMasker(['secret-1']).maskBytes(bytes)).toBe(bytes);
  });
});

describe('a stream split anywhere masks as the whole', () => {
  const secrets = ['abcabd', 'bca', 'hunter2-long-secret', 'é-ünïcode', 'aaaa'];
  const text = 'abcabcabd bca hunter2-long-secret hunter2-long é-ünïcode aaaaaaa abcab';
  const wanted = createMasker(secrets).maskText(text);
  const bytes = Buffer.from(text);

  test.each([1, 2, 3, 5, 7, 11, 64])('in pieces of %i bytes', (size) => {
    const stream = createMasker(secrets).stream();
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size)
      pieces.push(Buffer.from(stream.push(bytes.subarray(at, at + size))));
    pieces.push(stream.end());

    // Masks that touch across a border may stay two.
    expect(
      Buffer.concat(pieces)
        .toString()
        .replaceAll(/(?:\*\*\*)+/g, '***'),
    ).toBe(wanted);
  });

  test('only the possible beginning of a secret is held back', () => {
    const stream = createMasker(['hunter2-long']).stream();

    expect(stream.push(Buffer.from('line\nhunt')).toString()).toBe('line\n');
    expect(stream.push(Buffer.from('ing\n')).toString()).toBe('hunting\n');
    expect(stream.push(Buffer.from('hunter2')).toString()).toBe('');
    expect(stream.end().toString()).toBe('hunter2');
  });

  test('a prefix of a longer secret does not leak before it', () => {
    const stream = createMasker(['bcd', 'abcdefgh']).stream();

    const first = stream.push(Buffer.from('xabcde')).toString();
    const rest = stream.push(Buffer.from('fgh y')).toString() + stream.end().toString();

    expect(first + rest).toBe('x*** y');
  });

  test('a secret that is added later is masked from then on', () => {
    const masker = createMasker(['first-one']);
    const stream = masker.stream();

    const before = stream.push(Buffer.from('second-one ')).toString();
    masker.add('second-one');
    const after = stream.push(Buffer.from('second-one first-one\n')).toString();

    expect([before, after]).toEqual(['second-one ', '*** ***\n']);
  });
});

describe('secrets that steps add one by one', () => {
  const secretOf = (index: number) => `secret-${index}-${'abcdefghij'.repeat(1 + (index % 7))}`;

  test('are masked as if they had been there from the start, wherever bytes are split', () => {
    const all = Array.from({ length: 60 }, (_, index) => secretOf(index));
    const grown = createMasker();
    for (const secret of all) {
      grown.add(secret);
      grown.maskText(`a line between ${secret}`);
    }
    const text = all.map((secret, index) => `${secret}${index % 3 === 0 ? '' : ' '}`).join('');
    const once = createMasker(all).maskText(text);

    expect(grown.maskText(text)).toBe(once);
    for (const size of [1, 7, 64]) {
      const stream = grown.stream();
      let out = '';
      for (let at = 0; at < text.length; at += size)
        out += stream.push(Buffer.from(text.slice(at, at + size))).toString();
      // Masks that touch where the bytes were split stay two.
      expect((out + stream.end().toString()).replaceAll('******', '***')).toBe(once);
    }
  });

  test('do not keep the runner busy for minutes when lines are printed in between', () => {
    const masker = createMasker();
    const started = performance.now();
    for (let index = 0; index < 250; index += 1) {
      masker.add(`${index}${'0123456789abcdef'.repeat(50)}${index}`);
      masker.maskText('a line');
    }

    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);
});

describe('a secret whose parts are coloured', () => {
  const masker = createMasker(['s3cr3t-value']);

  test('is masked as a terminal would show it', () => {
    expect(masker.maskText('\u001b[31ms3cr\u001b[1;32m3t-\u001b[0mvalue\u001b[K.')).toBe('***.');
  });

  test('leaves the colours of lines without one, and of lines with a whole one', () => {
    expect(masker.maskText('\u001b[31mred\u001b[0m')).toBe('\u001b[31mred\u001b[0m');
    expect(masker.maskText('\u001b[31ms3cr3t-value\u001b[0m')).toBe('\u001b[31m***\u001b[0m');
  });
});

test('a secret that became the name of a host is masked, in small letters', () => {
  const masker = createMasker(['AbCdEfGh42', 'Short1']);

  expect(masker.maskText('abcdefgh42.example.org short1')).toBe('***.example.org short1');
});
