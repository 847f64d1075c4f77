import { describe, expect, test } from 'vitest';
import { digested, mentionsOf, mentionTest } from './mentions.ts';

/** Asks a filter by name. */
function testOf(text: Uint8Array): (name: string) => boolean {
  const test = mentionTest(mentionsOf(text));
  return (name) => test(digested(name));
}

describe('names that a text mentions', () => {
  test('all that are there are known, at its ends too', () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `name${at}`);
    const mentions = testOf(Buffer.from(names.join('.')));

    expect(names.every(mentions)).toBe(true);
  });

  test('few others are taken for one of them', () => {
    const text = Array.from({ length: 500 }, (_, at) => `func name${at}() { return $value_${at} }`).join('\n');
    const mentions = testOf(Buffer.from(text));

    const wrong = Array.from({ length: 1_000 }, (_, at) => `other${at}`).filter(mentions);

    expect(wrong.length).toBeLessThan(80);
  });

  test('a part of a name is none, and letters beyond ASCII are', () => {
    const mentions = testOf(Buffer.from('readAll größe x'));

    expect([mentions('readAll'), mentions('größe'), mentions('x')]).toEqual([true, true, true]);
    expect([mentions('read'), mentions('gr'), mentions('All')].filter(Boolean)).toEqual([]);
  });

  test('a name that is asked of the result of a call is known as such', () => {
    const mentions = testOf(Buffer.from('a.first().second( ).\n  third(x, fourth.fifth)'));

    expect([mentions(')second'), mentions(')third')]).toEqual([true, true]);
    expect([mentions(')first'), mentions(')fourth'), mentions(')fifth')].filter(Boolean)).toEqual([]);
  });

  test('a text without names mentions none', () => {
    expect(testOf(Buffer.from('{ }'))('read')).toBe(false);
  });
});
