import { expect, test } from 'vitest';
import { renderDiagnostics } from './diagnostics.ts';
import { paintOf } from './terminal.ts';

const render = (text: string, column: number, columns: number) =>
  renderDiagnostics([{ file: 'ci.yml', line: 1, column, code: 'workflow/x', message: 'wrong' }], {
    paint: paintOf(false),
    columns,
    source: () => text,
  });

test('the place stands in the part of a long line that is shown, above its caret', () => {
  for (const column of [1, 20, 40, 90, 150, 199]) {
    const text = `${'.'.repeat(column - 1)}X${'.'.repeat(200 - column)}`;

    const [, shown, caret] = render(text, column, 60);

    expect(shown?.length, String(column)).toBeLessThanOrEqual(60);
    expect(shown?.[caret?.indexOf('^') ?? -1], String(column)).toBe('X');
  }
});

test('the caret stands below a character that follows wide ones, in a cut line too', () => {
  const [, shown, caret] = render(`${'你'.repeat(60)}X${'.'.repeat(60)}`, 61, 60);

  const before = shown?.split('X')[0] ?? '';
  // Each wide character takes two columns.
  expect(before.length + (before.match(/你/gu)?.length ?? 0)).toBe(caret?.indexOf('^'));
});
