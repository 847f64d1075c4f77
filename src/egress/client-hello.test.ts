import { expect, test } from 'vitest';
import { buildClientHello, fuzzClientHello } from '../../test/fuzz/network.ts';
import { CLIENT_HELLO_BYTES_MAX, parseClientHello } from './client-hello.ts';

test('the server name is read from a hello in one record', () => {
  const reading = parseClientHello(buildClientHello({ names: ['Registry.Example'] }));

  expect(reading).toEqual({ state: 'named', name: 'Registry.Example' });
});

test.each([1, 2, 3, 17, 100])('a hello spread over records of %d bytes gives the same name', (recordBytes) => {
  const bytes = buildClientHello({ names: ['a.example'], recordBytes });
  const reading = parseClientHello(bytes);

  // More records than anybody sends are refused instead.
  if (recordBytes <= 1) expect(reading).toEqual({ state: 'refused', problem: 'malformed-hello' });
  else if (recordBytes >= 17) expect(reading).toEqual({ state: 'named', name: 'a.example' });
});

test('every prefix of a hello asks for more and never names a host early', () => {
  const bytes = buildClientHello({ names: ['registry.example'], recordBytes: 50 });

  for (let length = 0; length < bytes.length; length += 1) {
    expect(parseClientHello(bytes.subarray(0, length))).toEqual({ state: 'need-more' });
  }
});

test.each([
  ['no server name', buildClientHello({}), 'no-name'],
  ['no extensions at all', buildClientHello({ noExtensions: true }), 'no-name'],
  ['two server names', buildClientHello({ names: ['a.example', 'b.example'] }), 'several-names'],
  ['the same name twice', buildClientHello({ names: ['a.example', 'a.example'] }), 'several-names'],
  ['an empty name', buildClientHello({ names: [''] }), 'malformed-hello'],
  ['a name with a zero byte', buildClientHello({ names: ['a.example\0.evil'] }), 'malformed-hello'],
  ['an encrypted hello', buildClientHello({ names: ['a.example'], extensions: [[0xfe0d, Buffer.alloc(40)]] }), 'ech'],
  ['two names in one list', buildClientHello({ extensions: [[0, twoNames()]] }), 'malformed-hello'],
  ['an extension cut short', buildClientHello({ extensions: [[0, Buffer.from([0, 200, 0])]] }), 'malformed-hello'],
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'not-tls'],
  ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'not-tls'],
  ['an SSLv2 hello', Buffer.from([0x80, 0x2e, 0x01, 0x03, 0x01, 0, 0]), 'not-tls'],
  ['an empty record', Buffer.from([0x16, 3, 1, 0, 0, 0x16, 3, 1, 0, 0]), 'malformed-hello'],
  ['a message that claims 16 MB', Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]), 'hello-too-large'],
  ['a server hello', Buffer.from([0x16, 3, 3, 0, 4, 2, 0, 0, 0]), 'not-tls'],
])('a hello with %s is refused', (_what, bytes, problem) => {
  expect(parseClientHello(bytes)).toEqual({ state: 'refused', problem });
});

test('another record type between the parts of a hello is refused', () => {
  const bytes = buildClientHello({ names: ['a.example'], recordBytes: 60 });
  bytes[65] = 0x17;

  expect(parseClientHello(bytes)).toEqual({ state: 'refused', problem: 'malformed-hello' });
});

test('a hello that never ends is refused at the limit', () => {
  const endless = Buffer.concat(
    Array.from({ length: 3 }, () => Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0]), Buffer.alloc(16_384, 1)])),
  );

  expect(parseClientHello(endless.subarray(0, CLIENT_HELLO_BYTES_MAX)).state).toBe('refused');
});

test('mutated hellos never crash the parser', () => {
  expect(fuzzClientHello(1, 3000).failures).toEqual([]);
});

function twoNames(): Buffer {
  const entry = Buffer.from([0, 0, 1, 0x61]);
  return Buffer.concat([Buffer.from([0, entry.length * 2]), entry, entry]);
}
