import type { Position, Template, Tree, TreeEntry } from './model.ts';

/** A value of the file after the schema looked at it. */
export type Token = LiteralToken | TemplateToken | InsertToken | SequenceToken | MappingToken;
export type LiteralToken = {
  readonly kind: 'null' | 'boolean' | 'number' | 'string';
  readonly value: null | boolean | number | string;
  readonly at: Position;
};
export type TemplateToken = { readonly kind: 'template'; readonly template: Template; readonly at: Position };
/** `${{ insert }}` as a key. */
export type InsertToken = { readonly kind: 'insert'; readonly at: Position };
export type SequenceToken = { readonly kind: 'sequence'; readonly items: readonly Token[]; readonly at: Position };
export type MappingToken = {
  readonly kind: 'mapping';
  readonly entries: readonly MappingEntry[];
  readonly at: Position;
};
export type MappingEntry = { readonly key: LiteralToken | TemplateToken | InsertToken; readonly value: Token };

export function treeOf(token: Token): Tree {
  switch (token.kind) {
    case 'template':
      return token.template;
    case 'insert':
      // The schema refuses it anywhere but as a key.
      return null;
    case 'sequence':
      return { kind: 'sequence', items: token.items.map(treeOf) };
    case 'mapping':
      return { kind: 'mapping', entries: token.entries.map(entryOf) };
    default:
      return token.value;
  }
}

function entryOf(entry: MappingEntry): TreeEntry {
  const value = treeOf(entry.value);
  const at = entry.key.at;
  if (entry.key.kind === 'insert') return { key: '', insert: true, value, at };
  return { key: entry.key.kind === 'template' ? entry.key.template : literalText(entry.key), value, at };
}

/** The text of a literal, as GitHub coerces it. */
export function literalText(token: LiteralToken): string {
  if (token.value === null) return '';
  return typeof token.value === 'number' ? numberText(token.value) : String(token.value);
}

/** A number with at most 15 significant digits, as .NET's `G15` writes it. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return '0';
  const [digits = '', exponentText = '0'] = value.toExponential(14).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -5 && exponent < 15) {
    const fixed = Number(value.toPrecision(15)).toFixed(Math.max(0, 14 - exponent));
    return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
  }
  const mantissa = digits.replace(/\.?0+$/, '');
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}E${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

export function isExpressionToken(token: Token): boolean {
  return token.kind === 'template' || token.kind === 'insert';
}

/** Whether an expression stands anywhere in the value. */
export function hasExpression(token: Token): boolean {
  switch (token.kind) {
    case 'template':
    case 'insert':
      return true;
    case 'sequence':
      return token.items.some(hasExpression);
    case 'mapping':
      return token.entries.some(({ key, value }) => isExpressionToken(key) || hasExpression(value));
    default:
      return false;
  }
}
