import { Range } from 'semver';
import { orderOf } from './order.ts';
import { isPypiPrerelease, withoutLocal } from './order-pypi.ts';
import { parseSemantic } from './order-semver.ts';

export type Comparator = { readonly operator: '<' | '<=' | '>' | '>=' | '=' | '!='; readonly version: string };

/** Which versions a manifest asks for: one of the alternatives has to hold, all comparators of it. */
export type Requirement = {
  readonly ecosystem: string;
  readonly alternatives: readonly (readonly Comparator[])[];
  /** The only version that it allows. */
  readonly exact: string | undefined;
  /** The lowest version that it names as allowed; nothing when any old one would do. */
  readonly lowest: string | undefined;
};

/** A longer requirement is nothing that a person wrote. */
const REQUIREMENT_LENGTH_MAX = 500;

/** Reads a requirement in the ecosystem's own grammar; nothing when it is no range of versions (a tag, an address, a path). */
export function parseRequirement(ecosystem: string, text: string): Requirement | undefined {
  if (text.length > REQUIREMENT_LENGTH_MAX) return undefined;
  const alternatives = GRAMMARS.get(ecosystem)?.(text.trim());
  if (alternatives === undefined || alternatives.length === 0) return undefined;
  const [only] = alternatives;
  const exact =
    alternatives.length === 1 && only?.length === 1 && only[0]?.operator === '=' ? only[0].version : undefined;
  return { ecosystem, alternatives, exact, lowest: exact ?? lowestOf(ecosystem, alternatives) };
}

export function satisfies(requirement: Requirement, version: string): boolean {
  const order = orderOf(requirement.ecosystem);
  if (order === undefined) return false;
  const holds = (comparator: Comparator): boolean => {
    const isPublic = requirement.ecosystem === 'PyPI' && !comparator.version.includes('+');
    const compared = order(isPublic ? withoutLocal(version) : version, comparator.version);
    if (compared === undefined) return false;
    switch (comparator.operator) {
      case '<':
        return compared < 0;
      case '<=':
        return compared <= 0;
      case '>':
        return compared > 0;
      case '>=':
        return compared >= 0;
      case '=':
        return compared === 0;
      case '!=':
        return compared !== 0;
    }
  };
  return requirement.alternatives.some((comparators) => comparators.every(holds));
}

/** Whether an install by this requirement could take one of these versions, or a later one: it has no upper bound. */
export function mayReach(requirement: Requirement, versions: readonly string[]): boolean {
  if (versions.some((version) => satisfies(requirement, version))) return true;
  return requirement.alternatives.some(
    (comparators) => !comparators.some(({ operator }) => operator === '<' || operator === '<=' || operator === '='),
  );
}

/** Whether a version is one that its ecosystem would not take without being asked to. */
export function isPrerelease(ecosystem: string, version: string): boolean {
  if (ecosystem === 'PyPI') return isPypiPrerelease(version);
  if (ecosystem === 'RubyGems') return /[a-z]/i.test(version);
  if (ecosystem === 'Maven')
    return /(?:^|[.-])(?:alpha|beta|milestone|m|rc|cr|snapshot|ea|pre|preview|dev)[.-]?\d*(?:$|[.-])/i.test(version);
  if (ecosystem === 'Packagist') return /(?:alpha|beta|rc|dev|[-.]?[ab]\d+$)/i.test(version);
  return (parseSemantic(version)?.prerelease.length ?? 0) > 0;
}

function lowestOf(ecosystem: string, alternatives: Requirement['alternatives']): string | undefined {
  const order = orderOf(ecosystem);
  let lowest: string | undefined;
  for (const comparators of alternatives) {
    const bound = comparators.find(({ operator }) => operator === '>=' || operator === '=');
    if (bound === undefined) return undefined;
    if (lowest === undefined || (order?.(bound.version, lowest) ?? 0) < 0) lowest = bound.version;
  }
  return lowest;
}

type Alternatives = readonly (readonly Comparator[])[] | undefined;
type Grammar = (text: string) => Alternatives;

const ANY: readonly Comparator[] = [{ operator: '>=', version: '0' }];

const GRAMMARS: ReadonlyMap<string, Grammar> = new Map<string, Grammar>([
  ['npm', npm],
  ['crates.io', (text) => all(text.split(','), cargo)],
  ['PyPI', (text) => all(text.replace(/^\((.*)\)$/, '$1').split(','), pypi)],
  ['RubyGems', (text) => all(text.split(','), gem)],
  ['Hex', (text) => some(text.split(/\s+or\s+|\|\|/), (one) => all(one.split(/\s+and\s+|,/), gem))],
  ['Packagist', composer],
  ['Pub', pub],
  ['NuGet', nuget],
  ['Maven', maven],
  ['Go', exactly],
  ['SwiftURL', exactly],
  ['ConanCenter', (text) => (/[[\]<>~^*]/.test(text) ? undefined : exactly(text))],
]);

function exactly(version: string): Alternatives {
  return version === '' ? undefined : [[{ operator: '=', version }]];
}

/** All parts have to be read, and have to hold together. */
function all(parts: readonly string[], read: (part: string) => readonly Comparator[] | undefined): Alternatives {
  const comparators: Comparator[] = [];
  for (const part of parts.map((one) => one.trim()).filter((one) => one !== '')) {
    const found = read(part);
    if (found === undefined) return undefined;
    comparators.push(...found);
  }
  return [comparators.length === 0 ? ANY : comparators];
}

function some(parts: readonly string[], read: (part: string) => Alternatives): Alternatives {
  const alternatives: (readonly Comparator[])[] = [];
  for (const part of parts.map((one) => one.trim()).filter((one) => one !== '')) {
    const found = read(part);
    if (found === undefined) return undefined;
    alternatives.push(...found);
  }
  return alternatives.length === 0 ? [ANY] : alternatives;
}

function npm(text: string): Alternatives {
  if (/^(?:[a-z+]+:|\.{0,2}\/|[\w.-]+\/[\w.-]+(?:#|$))/i.test(text)) return undefined;
  try {
    const { set } = new Range(text, { loose: true });
    return set.map((comparators) => {
      const read = comparators.flatMap(({ operator, semver }): readonly Comparator[] =>
        // `*` has a version of its own kind that is no text.
        typeof semver.version === 'string'
          ? [{ operator: operator === '' ? '=' : operator, version: semver.version }]
          : [],
      );
      return read.length === 0 ? ANY : read;
    });
  } catch {
    // A tag such as `latest`.
    return undefined;
  }
}

/** The version with the part at `index` raised and nothing after it: `raise('1.2.3', 1)` is `1.3`. */
function raise(numbers: readonly string[], index: number): string {
  const kept = numbers.slice(0, index);
  const raised = BigInt(numbers[index] ?? '0') + 1n;
  return [...kept, raised.toString()].join('.');
}

function numbersOf(version: string): readonly string[] | undefined {
  return /^v?(\d+(?:\.\d+)*)/.exec(version)?.[1]?.split('.');
}

function between(from: string, to: string): readonly Comparator[] {
  return [
    { operator: '>=', version: from },
    { operator: '<', version: to },
  ];
}

/** Up to the next version that may break: the first number that is not zero, or the last that is given. */
function caret(version: string): readonly Comparator[] | undefined {
  const numbers = numbersOf(version);
  if (numbers === undefined) return undefined;
  const first = numbers.findIndex((part) => !/^0+$/.test(part));
  return between(version, raise(numbers, first < 0 ? numbers.length - 1 : first));
}

function wildcard(text: string): readonly Comparator[] | undefined {
  const found = /^v?(\d+(?:\.\d+)*)?\.?[x*](?:\.[x*])*$/i.exec(text);
  if (found === null) return undefined;
  const numbers = found[1]?.split('.');
  return numbers === undefined ? ANY : between(numbers.join('.'), raise(numbers, numbers.length - 1));
}

function compared(text: string): Comparator | undefined {
  const found = /^(<=|>=|<|>|==|=|!=)\s*v?(\d\S*)$/.exec(text);
  const [, operator, version = ''] = found ?? [];
  switch (operator) {
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '!=':
    case '=':
      return { operator, version };
    case '==':
      return { operator: '=', version };
    default:
      return undefined;
  }
}

function cargo(part: string): readonly Comparator[] | undefined {
  const wild = wildcard(part.replace(/^=\s*/, ''));
  if (wild !== undefined) return wild;
  const [, sign = '', version = ''] = /^([\^~]?)\s*(\d\S*)$/.exec(part) ?? [];
  if (sign === '~') {
    const numbers = numbersOf(version) ?? ['0'];
    return between(version, raise(numbers, Math.min(1, numbers.length - 1)));
  }
  if (version !== '') return caret(version);
  const found = compared(part);
  if (found === undefined) return undefined;
  const numbers = numbersOf(found.version) ?? [];
  // `=1.2` leaves the last number free.
  if (found.operator === '=' && numbers.length < 3) return between(found.version, raise(numbers, numbers.length - 1));
  return [found];
}

function pypi(part: string): readonly Comparator[] | undefined {
  const [, operator = '', version = ''] = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S+)$/.exec(part) ?? [];
  if (operator === '') return undefined;
  const wild = /^(.*)\.\*$/.exec(version)?.[1];
  if (wild !== undefined) {
    const numbers = numbersOf(wild);
    if (numbers === undefined) return undefined;
    // What a wildcard leaves out is many versions; as a bound it says nothing that is needed here.
    return operator === '==' ? between(`${wild}.dev0`, raise(numbers, numbers.length - 1)) : ANY;
  }
  if (operator === '~=') {
    const numbers = numbersOf(version);
    return numbers === undefined || numbers.length < 2
      ? undefined
      : between(version, raise(numbers, numbers.length - 2));
  }
  if (operator === '===') return [{ operator: '=', version }];
  const found = compared(part.replace(/\s+/g, ''));
  return found === undefined ? undefined : [found];
}

function gem(part: string): readonly Comparator[] | undefined {
  const [, pessimistic] = /^~>\s*(\d\S*)$/.exec(part) ?? [];
  if (pessimistic !== undefined) {
    const numbers = numbersOf(pessimistic) ?? ['0'];
    return between(pessimistic, raise(numbers, Math.max(0, numbers.length - 2)));
  }
  if (/^\d/.test(part)) return [{ operator: '=', version: part }];
  const found = compared(part);
  return found === undefined ? undefined : [found];
}

function composer(text: string): Alternatives {
  return some(text.split(/\s*\|\|?\s*/), (one) => {
    const bare = one.replaceAll(/@(?:stable|rc|beta|alpha|dev)\b/gi, '').trim();
    if (bare === '' || bare === '*') return [ANY];
    const [, from, to] = /^v?(\d\S*)\s+-\s+v?(\d\S*)$/.exec(bare) ?? [];
    if (from !== undefined && to !== undefined) {
      const numbers = numbersOf(to) ?? ['0'];
      const upper: Comparator =
        numbers.length < 3 && to === numbers.join('.')
          ? { operator: '<', version: raise(numbers, numbers.length - 1) }
          : { operator: '<=', version: to };
      return [[{ operator: '>=', version: from }, upper]];
    }
    return all(bare.replaceAll(/([<>=!^~])\s+/g, '$1').split(/[\s,]+/), (part) => {
      if (part === '*') return ANY;
      const [, sign, version = ''] = /^([\^~])v?(\d\S*)$/.exec(part) ?? [];
      if (sign === '^') return caret(version);
      if (sign === '~') {
        const numbers = numbersOf(version) ?? ['0'];
        return between(version, raise(numbers, Math.max(0, numbers.length - 2)));
      }
      const wild = wildcard(part);
      if (wild !== undefined) return wild;
      if (/^v?\d/.test(part)) return [{ operator: '=', version: part.replace(/^v/, '') }];
      const found = compared(part);
      return found === undefined ? undefined : [found];
    });
  });
}

function pub(text: string): Alternatives {
  if (text === '' || text === 'any') return [ANY];
  return all(text.replaceAll(/([<>=])\s+/g, '$1').split(/\s+/), (part) => {
    if (part.startsWith('^')) {
      const numbers = numbersOf(part.slice(1));
      if (numbers === undefined) return undefined;
      // In Dart, 0.1.2 may break at 0.2.0.
      return between(part.slice(1), raise(numbers, numbers[0] === '0' ? 1 : 0));
    }
    if (/^\d/.test(part)) return [{ operator: '=', version: part }];
    const found = compared(part);
    return found === undefined ? undefined : [found];
  });
}

/** Intervals as NuGet and Maven write them: `[1.0,2.0)`, `(,1.0]`, `[1.0]`. */
function interval(text: string): readonly Comparator[] | undefined {
  const single = /^\[\s*([^,[\]()]+?)\s*\]$/.exec(text)?.[1];
  if (single !== undefined) return [{ operator: '=', version: single }];
  const found = /^([[(])\s*([^,[\]()]*?)\s*,\s*([^,[\]()]*?)\s*([\])])$/.exec(text);
  if (found === null) return undefined;
  const [, open, from = '', to = '', close] = found;
  const comparators: Comparator[] = [];
  if (from !== '') comparators.push({ operator: open === '[' ? '>=' : '>', version: from });
  if (to !== '') comparators.push({ operator: close === ']' ? '<=' : '<', version: to });
  return comparators.length === 0 ? ANY : comparators;
}

function nuget(text: string): Alternatives {
  if (/^[[(]/.test(text)) {
    const found = interval(text);
    return found === undefined ? undefined : [found];
  }
  const wild = /^(\d+(?:\.\d+)*)\.\*/.exec(text)?.[1]?.split('.');
  if (text === '*') return [ANY];
  if (wild !== undefined) return [between(wild.join('.'), raise(wild, wild.length - 1))];
  // The lowest that fits is what NuGet takes: a plain version is what gets installed.
  return /^\d/.test(text) ? exactly(text) : undefined;
}

function maven(text: string): Alternatives {
  if (text === '' || text.includes('${')) return undefined;
  if (!/^[[(]/.test(text)) return /^(?:LATEST|RELEASE)$/.test(text) ? [ANY] : exactly(text);
  return some(text.split(/(?<=[\])])\s*,\s*(?=[[(])/), (one) => {
    const found = interval(one);
    return found === undefined ? undefined : [found];
  });
}
