import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { foldYaml, type YamlBuilder, YamlLimit } from './index.ts';

const LIMITS = { depthMax: 20, nodesMax: 1000, aliasesMax: 50 };
/** The text that each part was made of, so that places are seen. */
const shown = (text: string): YamlBuilder<unknown> => ({
  scalar: ({ value, start, end }) => (value === null ? null : text.slice(start, end)),
  sequence: (items) => items,
  mapping: (entries) => Object.fromEntries(entries.map(({ key, value }) => [String(key?.value), value])),
  alias: ({ start, end }) => `!${text.slice(start, end)}`,
});

function fold(text: string, limits = LIMITS): unknown {
  return foldYaml(parseDocument(text, { uniqueKeys: false }).contents, shown(text), limits);
}

function limitOf(text: string, limits = LIMITS): YamlLimit {
  try {
    fold(text, limits);
  } catch (thrown) {
    if (thrown instanceof YamlLimit) return thrown;
    throw thrown;
  }
  throw new TypeError('it was read');
}

describe('a fold over YAML', () => {
  test('keeps the place of every part, also of a value that is not written', () => {
    expect(fold('a: [x, "y"]\nb:\nc: {d: 1.10}\n')).toEqual({ a: ['x', '"y"'], b: null, c: { d: '1.10' } });
    expect(fold('')).toBe(null);
  });

  test('follows an alias to what its name stood for last', () => {
    expect(fold('a: &x 1\nb: *x\nc: &x 2\nd: *x\n*x : e\n')).toEqual({ a: '1', b: '1', c: '2', d: '2', '2': 'e' });
  });

  test('leaves an alias alone that leads nowhere, or into what it stands in', () => {
    expect(fold('a: &x\n  b: *x\nc: *x\n')).toEqual({ a: { b: '!*x' }, c: { b: '!*x' } });
  });

  test('follows no more aliases than are allowed', () => {
    expect(fold('a: &x 1\nb: [*x, *x, *x]\n', { ...LIMITS, aliasesMax: 2 })).toEqual({ a: '1', b: ['1', '1', '!*x'] });
    expect(fold('a: &x 1\nb: *x\n', { ...LIMITS, aliasesMax: 0 })).toEqual({ a: '1', b: '!*x' });
  });

  test('ends at what grows by aliases, is nested too deeply or has too many parts, and says where', () => {
    const bomb = [
      'a: &a [x, x, x, x]',
      ...'bcdefgh'.split('').map(
        (name, at) =>
          `${name}: &${name} [${Array(4)
            .fill(`*${'abcdefgh'.charAt(at)}`)
            .join(', ')}]`,
      ),
    ];

    expect(limitOf(bomb.join('\n'), { ...LIMITS, aliasesMax: 100_000 }).message).toContain('more than 1000');
    expect(limitOf(`a: ${'['.repeat(30)}${']'.repeat(30)}`).message).toContain('deeper than 20');
    expect(limitOf(`- x\n${'- y\n'.repeat(2000)}`).offset).toBeGreaterThan(1000);
  });
});
