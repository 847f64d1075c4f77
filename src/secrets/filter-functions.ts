import { entropyOf, wordinessOf } from './entropy.ts';
import type { FilterValue } from './filter-expression.ts';
import { compileFinder } from './finder.ts';

/** Checks the arguments when the expression is read (literals are compiled once), and computes. Throws what is wrong. */
export type FilterFunction = (
  count: number,
  literals: readonly unknown[],
) => (values: readonly FilterValue[]) => FilterValue;

const textOf = (value: FilterValue | undefined): string => (typeof value === 'string' ? value : '');
const listOf = (value: FilterValue | undefined): readonly string[] =>
  Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : typeof value === 'string'
      ? [value]
      : [];

function taking(min: number, max: number, compute: (values: readonly FilterValue[]) => FilterValue): FilterFunction {
  return (count) => {
    if (count < min || count > max)
      throw new RangeError(`takes ${min === max ? min : `${min} to ${max}`} arguments, not ${count}`);
    return compute;
  };
}

/** Patterns are literals in practice: compiled when the expression is read, so that a wrong one is told with its place. */
const matchesAny: FilterFunction = (count, literals) => {
  if (count !== 2) throw new RangeError(`takes 2 arguments, not ${count}`);
  const [, given] = literals;
  const sources = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? [given] : undefined;
  if (sources === undefined) throw new TypeError('takes a list of patterns in quotes');
  const finders = sources.map((source) => compileFinder(source, [], { isTrusted: false }));
  return ([text]) => finders.some((finder) => finder.test(textOf(text)));
};

/** The first match of a pattern in a text, or an empty one. */
const findMatch: FilterFunction = (count, literals) => {
  if (count !== 2) throw new RangeError(`takes 2 arguments, not ${count}`);
  const [, given] = literals;
  const sources = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? [given] : undefined;
  if (sources === undefined) throw new TypeError('takes a pattern in quotes');
  const finders = sources.map((source) => compileFinder(source, [], { isTrusted: false }));
  return ([text]) => {
    const found = finders.map((finder) => finder.findAll(textOf(text))[0]).find((one) => one !== undefined);
    return found?.groups[0] ?? '';
  };
};

const numbersOf = (values: readonly FilterValue[]) =>
  values.filter((value): value is number => typeof value === 'number');

const containsAny = taking(2, 2, ([text, words]) => {
  const lower = textOf(text).toLowerCase();
  return listOf(words).some((word) => lower.includes(word.toLowerCase()));
});

const failsTokenEfficiency = taking(
  1,
  1,
  ([text]) => entropyOf(textOf(text)) < 2.6 || wordinessOf(textOf(text)) > 0.72,
);
const entropy = taking(1, 1, ([text]) => entropyOf(textOf(text)));
const size = taking(1, 1, ([value]) => (Array.isArray(value) || typeof value === 'string' ? value.length : 0));
const lower = taking(1, 1, ([text]) => textOf(text).toLowerCase());
const upper = taking(1, 1, ([text]) => textOf(text).toUpperCase());
const trim = taking(1, 1, ([text]) => textOf(text).trim());
const get = taking(2, 3, ([from, key, otherwise]) => {
  if (typeof from === 'object' && from !== null && !Array.isArray(from)) {
    const found = Object.entries(from).find(([name]) => name === key);
    return found?.[1] ?? otherwise ?? null;
  }
  return otherwise ?? null;
});

export const FUNCTIONS: { readonly [name: string]: FilterFunction } = {
  matchesAny,
  containsAny,
  entropy,
  failsTokenEfficiency,
  get,
  findMatch,
  max: taking(1, 9, (values) => Math.max(...numbersOf(values))),
  min: taking(1, 9, (values) => Math.min(...numbersOf(values))),
  len: size,
  size,
  lower,
  upper,
  trim,
  hasPrefix: taking(2, 2, ([text, part]) => textOf(text).startsWith(textOf(part))),
  hasSuffix: taking(2, 2, ([text, part]) => textOf(text).endsWith(textOf(part))),
};

export const METHODS: { readonly [name: string]: FilterFunction } = {
  orValue: taking(2, 2, ([value, otherwise]) => value ?? otherwise ?? null),
  hasValue: taking(1, 1, ([value]) => value !== null && value !== undefined),
  startsWith: taking(2, 2, ([text, part]) => textOf(text).startsWith(textOf(part))),
  endsWith: taking(2, 2, ([text, part]) => textOf(text).endsWith(textOf(part))),
  contains: taking(2, 2, ([text, part]) => textOf(text).includes(textOf(part))),
  matches: matchesAny,
  lowerAscii: lower,
  upperAscii: upper,
  trim,
  size,
};
