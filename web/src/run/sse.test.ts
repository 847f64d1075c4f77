import { expect, test } from 'vitest';
import { StreamParser } from './sse.ts';

const STREAM =
  ': hello\n\nevent: log\nid: 12\ndata: {"a":\ndata: 1}\n\ndata: x\r\n\r\nretry: 5\n\nevent: end\nid\ndata:\n\n';
const WANTED = [
  { event: 'log', id: '12', data: '{"a":\n1}' },
  { event: 'message', id: '12', data: 'x' },
  { event: 'end', id: '', data: '' },
];

test('messages of an event stream are read as the standard says', () => {
  expect(new StreamParser().feed(STREAM)).toEqual(WANTED);
});

test('they are the same however the text is cut', () => {
  for (const size of [1, 2, 3, 7, 20]) {
    const parser = new StreamParser();
    const parts = STREAM.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
    expect(parts.flatMap((part) => parser.feed(part))).toEqual(WANTED);
  }
});
