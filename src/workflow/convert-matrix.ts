import { isFault } from '../base/index.ts';
import { isLiteral, literalEntries } from './convert-values.ts';
import { expandMatrix } from './matrix.ts';
import type { Data } from '../base/index.ts';
import type { Problems } from './reader-problems.ts';
import { hasExpression, isExpressionToken, type Token } from './reader-tokens.ts';

/** Checks a matrix as far as it is fixed; what expressions give is checked when they are evaluated. */
export function checkMatrix(matrix: Token, problems: Problems): void {
  if (matrix.kind !== 'mapping') return;
  const before = problems.count;
  let hasVector = matrix.entries.some(({ key }) => isExpressionToken(key));
  let hasInclude = false;
  for (const { name, value } of literalEntries(matrix)) {
    if (name === 'include') hasInclude = hasExpression(value) || (value.kind === 'sequence' && value.items.length > 0);
    else if (name !== 'exclude') {
      hasVector = true;
      if (value.kind === 'sequence' && value.items.length === 0) {
        problems.add('matrix-invalid', value.at, `Matrix vector '${name}' does not contain any values`);
      }
    }
  }
  if (!hasVector && !hasInclude) problems.add('matrix-invalid', matrix.at, 'Matrix must define at least one vector');
  checkFilters(matrix, problems);
  if (problems.count > before || hasExpression(matrix)) return;
  try {
    expandMatrix(dataOf(matrix));
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const code = isFault(thrown, 'workflow/matrix-too-large') ? 'matrix-too-large' : 'matrix-invalid';
    problems.add(code, matrix.at, thrown.message);
  }
}

function checkFilters(matrix: Token, problems: Problems): void {
  if (hasExpression(matrix)) return;
  const entries = literalEntries(matrix);
  const vectors = new Set(
    entries.map(({ name }) => name.toLowerCase()).filter((name) => name !== 'include' && name !== 'exclude'),
  );
  for (const { name, value } of entries) {
    if (value.kind !== 'sequence' || (name !== 'include' && name !== 'exclude')) continue;
    for (const item of value.items) {
      const keys = literalEntries(item);
      if (keys.length === 0) {
        const message =
          name === 'include'
            ? 'Matrix include mapping does not contain any values'
            : 'Matrix exclude filter must not be empty';
        problems.add('matrix-invalid', item.at, message);
      }
      if (name === 'include') continue;
      for (const { name: key, key: token } of keys) {
        if (vectors.has(key.toLowerCase())) continue;
        const message = `Matrix exclude key '${key}' does not match any key within the matrix`;
        problems.add('matrix-invalid', token.at, message, `Use one of ${[...vectors].join(', ')}.`);
      }
    }
  }
}

/** A value without expressions as plain data. */
export function dataOf(token: Token): Data {
  if (token.kind === 'sequence') return token.items.map((item) => dataOf(item));
  if (token.kind === 'mapping') {
    return Object.fromEntries(literalEntries(token).map(({ name, value }) => [name, dataOf(value)] as const));
  }
  return isLiteral(token) ? token.value : null;
}
