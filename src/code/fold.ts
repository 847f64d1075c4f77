import type { Constant } from './ir.ts';
import { constantOf, UNKNOWN, type Value } from './value.ts';

/** What an operator gives of two constants; undefined when that is not known. */
export function foldBinary(operator: string, left: Value, right: Value): Value | undefined {
  if (operator === 'in' || operator === 'not in') return foldMembership(operator === 'in', left, right);
  if (left.constant === undefined || right.constant === undefined) return undefined;
  const value = compute(operator, left.constant.value, right.constant.value);
  return value === undefined ? undefined : constantOf(value);
}

function compute(operator: string, a: Constant, b: Constant): Constant | undefined {
  switch (operator) {
    case '==':
    case '===':
      return a === b;
    case '!=':
    case '!==':
    case '<>':
      return a !== b;
    case '+':
      if (typeof a === 'number' && typeof b === 'number') return a + b;
      return typeof a === 'string' || typeof b === 'string' ? String(a) + String(b) : undefined;
  }
  if (typeof a === 'string' && typeof b === 'string') {
    if (operator === '<') return a < b;
    if (operator === '>') return a > b;
    return undefined;
  }
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  return computeNumbers(operator, a, b);
}

function computeNumbers(operator: string, a: number, b: number): Constant | undefined {
  switch (operator) {
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? undefined : a / b;
    case '//':
      return b === 0 ? undefined : Math.floor(a / b);
    case '%':
      return b === 0 ? undefined : a % b;
    case '**':
      return a ** b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    default:
      return undefined;
  }
}

function foldMembership(isIn: boolean, left: Value, right: Value): Value | undefined {
  if (left.constant === undefined) return undefined;
  const text = right.constant?.value;
  if (typeof text === 'string' && typeof left.constant.value === 'string') {
    return constantOf(text.includes(left.constant.value) === isIn);
  }
  if (right.fields === undefined || right.others !== undefined || right.taints.length > 0) return undefined;
  const wanted = left.constant.value;
  if (right.isList !== true) return constantOf(right.fields.has(String(wanted)) === isIn);
  const items = [...right.fields.values()];
  if (items.some((item) => item.constant?.value === wanted)) return constantOf(isIn);
  return items.every((item) => item.constant !== undefined) ? constantOf(!isIn) : undefined;
}

export function foldUnary(operator: string, operand: Value): Value {
  const value = operand.constant?.value;
  if (operand.constant === undefined || value === undefined) {
    // `await`, `*pointer`, `&value` and casts hand on what they are given; `!`, `-` and `typeof` do not.
    return operator === '*' || operator === '&' || operator === '<-' ? operand : UNKNOWN;
  }
  switch (operator) {
    case '!':
      return constantOf(!value);
    case '-':
      return typeof value === 'number' ? constantOf(-value) : UNKNOWN;
    case '+':
      return typeof value === 'number' ? constantOf(value) : UNKNOWN;
    case '~':
      return typeof value === 'number' ? constantOf(~value) : UNKNOWN;
    default:
      return UNKNOWN;
  }
}
