import { expect, test } from 'vitest';
import { buildQuery, fuzzDns } from '../../test/fuzz/network.ts';
import { encodeAnswer, parseQuery, QUERY_BYTES_MAX } from './dns.ts';
import { createResponder, NAMES_MAX, NameBook } from './names.ts';

function responder(allowed: readonly string[], now: () => number = () => 0) {
  const names = new NameBook();
  const isAllowed = (name: string) => allowed.includes(name) || allowed.includes('*');
  return { names, ...createResponder({ names, isAllowed, local: new Set(['localhost']), now }) };
}

test('a question is read in lower case and repeated as it came', () => {
  const reading = parseQuery(buildQuery('ReGistry.Example', { id: 7 }));

  expect(reading).toMatchObject({
    state: 'question',
    question: { id: 7, name: 'registry.example', type: 1, class: 1 },
  });
});

test('a dot inside a label is not the end of the label', () => {
  const bytes = buildQuery('xxxxxxx.example');
  bytes.write('evil.co', 13);

  expect(parseQuery(bytes)).toMatchObject({ question: { name: 'evil\\046co.example' } });
});

test.each([
  ['nothing', Buffer.alloc(0), 'unanswerable'],
  ['a header cut short', Buffer.alloc(11), 'unanswerable'],
  ['an answer', Buffer.concat([Buffer.from([0, 1, 0x80]), Buffer.alloc(20)]), 'unanswerable'],
  ['no question', Buffer.alloc(12), 'malformed'],
  ['a compression pointer', pointer(), 'malformed'],
  ['a label that runs past the end', buildQuery('abc').subarray(0, 15), 'malformed'],
  ['a name of 300 bytes', buildQuery(Array.from({ length: 6 }, () => 'x'.repeat(50)).join('.')), 'malformed'],
  ['a status request', Buffer.concat([Buffer.from([0, 1, 0x10, 0, 0, 1]), buildQuery('a').subarray(6)]), 'malformed'],
  ['too many bytes', Buffer.concat([buildQuery('a'), Buffer.alloc(QUERY_BYTES_MAX)]), 'malformed'],
])('a message with %s is not a question', (_what, bytes, state) => {
  expect(parseQuery(bytes).state).toBe(state);
});

test('an allowed name gets one address of its own and keeps it', () => {
  const { answer, names } = responder(['a.example', 'b.example']);

  const first = answer(buildQuery('a.example')).reply;
  const again = answer(buildQuery('A.example')).reply;
  const other = answer(buildQuery('b.example')).reply;

  expect(first?.subarray(-4)).toEqual(Buffer.from([198, 18, 1, 0]));
  expect(again?.subarray(-4)).toEqual(first?.subarray(-4));
  expect(other?.subarray(-4)).toEqual(Buffer.from([198, 18, 1, 1]));
  expect(names.nameOf('198.18.1.1')).toBe('b.example');
});

test.each([
  ['c2vjcmv0.evil.example', 1, 3, 'not-listed'],
  ['x.a.example', 1, 3, 'not-listed'],
  ['1.1.18.198.in-addr.arpa', 12, 3, 'reverse-lookup'],
  ['169.254.169.254', 1, 3, 'address-literal'],
])('%s is answered with "no such name" and recorded', (name, type, rcode, reason) => {
  const { reply, seen } = responder(['a.example']).answer(buildQuery(name, { type }));

  expect((reply?.[3] ?? 0) & 15).toBe(rcode);
  expect(reply?.readUInt16BE(6)).toBe(0);
  expect(seen).toMatchObject({ verdict: 'denied', name, reason });
});

test.each([28, 16, 65, 255])('type %d of an allowed name is empty', (type) => {
  const { reply } = responder(['a.example']).answer(buildQuery('a.example', { type }));

  expect((reply?.[3] ?? 0xff) & 15).toBe(0);
  expect(reply?.readUInt16BE(6)).toBe(0);
});

test('localhost is the pod itself', () => {
  expect(responder([]).answer(buildQuery('localhost')).reply?.subarray(-4)).toEqual(Buffer.from([127, 0, 0, 1]));
});

test('names beyond the limit get an error, not an address of another name', () => {
  let time = 0;
  const { answer } = responder(['*'], () => (time += 1000));

  for (let index = 0; index < NAMES_MAX; index += 1) answer(buildQuery(`n${index}.example`));
  const { reply, seen } = answer(buildQuery('one-more.example'));

  expect((reply?.[3] ?? 0) & 15).toBe(2);
  expect(seen).toMatchObject({ verdict: 'denied', reason: 'too-many-names' });
});

test('queries above the rate are dropped', () => {
  const { answer, dropped } = responder(['a.example']);

  for (let index = 0; index < 1500; index += 1) answer(buildQuery('a.example'));

  expect(dropped()).toBe(500);
});

test('an error for an unreadable question carries its number', () => {
  const reading = parseQuery(buildQuery('a', { id: 0xbeef }));
  if (reading.state !== 'question') throw new Error('not a question');

  expect(encodeAnswer(reading.question, { rcode: 3 }).readUInt16BE(0)).toBe(0xbeef);
});

test('mutated queries never crash the parser', () => {
  expect(fuzzDns(1, 5000).failures).toEqual([]);
});

function pointer(): Buffer {
  return Buffer.concat([buildQuery('').subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
}
