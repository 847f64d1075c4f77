import type { Anchor, Pattern, PatternNode } from './pattern-parse.ts';
import { type CharSet, complementOf, type Range } from './pattern-set.ts';

/** A pattern in JavaScript's syntax. */
export type JsPattern = { readonly source: string; readonly flags: '' | 'u' };

const ASTRAL = 0x10000;
const CODE_MAX = 0x10ffff;

/** What each anchor is in JavaScript: its own `^`, `$` and `m` know more ends of lines than Go does. */
const ANCHORS: { readonly [anchor in Anchor]: string } = {
  'text-start': '(?<![^])',
  'text-end': '(?![^])',
  'line-start': '(?<![^\\n])',
  'line-end': '(?![^\\n])',
  word: '\\b',
  'not-word': '\\B',
};

/**
 * Writes a pattern that means in JavaScript what it means in Go: ASCII classes, `.` stops only at a line feed, cases are
 * folded into the sets. Groups keep their numbers and lose their names.
 */
export function toJavaScript(pattern: Pattern): JsPattern {
  const flags = needsUnicode(pattern.root) ? 'u' : '';
  return { source: emit(pattern.root, flags === 'u'), flags };
}

function needsUnicode(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return (
        node.set.properties.length > 0 ||
        node.set.ranges.some(([from, to]) => to >= ASTRAL && !(from <= ASTRAL && to === CODE_MAX))
      );
    case 'sequence':
      return node.parts.some(needsUnicode);
    case 'choice':
      return node.options.some(needsUnicode);
    case 'group':
    case 'repeat':
      return needsUnicode(node.body);
    default:
      return false;
  }
}

function emit(node: PatternNode, isUnicode: boolean): string {
  switch (node.kind) {
    case 'empty':
      return '';
    case 'set':
      return emitSet(node.set, isUnicode);
    case 'anchor':
      return ANCHORS[node.anchor];
    case 'sequence':
      return node.parts
        .map((part) => (part.kind === 'choice' ? `(?:${emit(part, isUnicode)})` : emit(part, isUnicode)))
        .join('');
    case 'choice':
      return node.options.map((option) => emit(option, isUnicode)).join('|');
    case 'group':
      return `${node.capture > 0 ? '(' : '(?:'}${emit(node.body, isUnicode)})`;
    case 'repeat': {
      const inner = emit(node.body, isUnicode);
      const isAtom = node.body.kind === 'set' || node.body.kind === 'group';
      return `${isAtom && inner !== '' ? inner : `(?:${inner})`}${countOf(node.min, node.max)}${node.isLazy ? '?' : ''}`;
    }
  }
}

function countOf(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function emitSet(set: CharSet, isUnicode: boolean): string {
  if (set.properties.length > 0) {
    return `[${set.isNegated ? '^' : ''}${set.properties.join('')}${set.ranges.map(emitRange(isUnicode)).join('')}]`;
  }
  const [only] = set.ranges;
  if (only === undefined) return '[]';
  if (set.ranges.length === 1 && only[0] === only[1]) return emitCode(only[0], isUnicode, false);
  if (set.ranges.length === 1 && only[0] === 0 && only[1] === CODE_MAX) return '[^]';
  const others = complementOf(set).ranges;
  const isShorterNegated = others.length < set.ranges.length || only[0] === 0;
  const ranges = isShorterNegated ? others : set.ranges;
  return `[${isShorterNegated ? '^' : ''}${ranges.map(emitRange(isUnicode)).join('')}]`;
}

/** Without the `u` flag a character above U+FFFF is two units, each of which a set that holds all of them must match. */
function emitRange(isUnicode: boolean): (range: Range) => string {
  return ([from, to]) => {
    const end = isUnicode ? to : Math.min(to, ASTRAL - 1);
    if (from > end) return '';
    const first = emitCode(from, isUnicode, true);
    return from === end ? first : `${first}-${emitCode(end, isUnicode, true)}`;
  };
}

function emitCode(code: number, isUnicode: boolean, isInSet: boolean): string {
  if (code > 32 && code < 127) {
    const letter = String.fromCharCode(code);
    return (isInSet ? /[\\\]^-]/ : /[\\^$.*+?()[\]{}|/]/).test(letter) ? `\\${letter}` : letter;
  }
  if (code > 0xffff) return isUnicode ? `\\u{${code.toString(16)}}` : String.fromCodePoint(code);
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
