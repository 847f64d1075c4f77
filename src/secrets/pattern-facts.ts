import type { PatternNode } from './pattern-parse.ts';
import type { Range } from './pattern-set.ts';

/** How many texts a part may stand for and still be spelt out when keywords are looked for in it. */
const SPELLINGS_MAX = 128;
/** Above this many ways to split a text among the repetitions of a pattern, a backtracking engine is not trusted. */
const WAYS_MAX = 5_000_000;

/** The most UTF-16 code units that a match can have; infinite where a repetition has no end. */
export function widthOf(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
      return node.set.ranges.some(([, to]) => to > 0xffff) && !isBasic(node) ? 2 : 1;
    case 'sequence':
      return node.parts.reduce((sum, part) => sum + widthOf(part), 0);
    case 'choice':
      return Math.max(...node.options.map(widthOf));
    case 'group':
      return widthOf(node.body);
    case 'repeat': {
      const body = widthOf(node.body);
      return body === 0 || node.max === 0 ? 0 : body * node.max;
    }
    default:
      return 0;
  }
}

/** A set that was written as the complement of something: in practice one unit; text with emoji only widens by those. */
function isBasic(node: PatternNode): boolean {
  return node.kind === 'set' && node.set.ranges.some(([from, to]) => from < 0x10000 && to > 0xffff);
}

/**
 * Whether every match holds one of the keywords (in lower case). Only then may a search look near keywords and nowhere
 * else; otherwise a keyword only says that the file is worth the search.
 */
export function mustHold(node: PatternNode, keywords: readonly string[]): boolean {
  const holds = (text: string) => keywords.some((keyword) => text.includes(keyword));
  const visit = (node: PatternNode): boolean => {
    const spellings = spellingsOf(node);
    if (spellings !== undefined) return spellings.every(holds);
    switch (node.kind) {
      case 'sequence':
        return node.parts.some(visit) || runsOf(node.parts).some((run) => run.every(holds));
      case 'choice':
        return node.options.every(visit);
      case 'group':
        return visit(node.body);
      case 'repeat':
        return node.min > 0 && visit(node.body);
      default:
        return false;
    }
  };
  return visit(node);
}

/** Whether every match begins with one of the keywords, in any case. */
export function mustBegin(node: PatternNode, keywords: readonly string[]): boolean {
  const words = keywords.map((keyword) => keyword.toLowerCase());
  let spelt: readonly string[] = [''];
  const parts: PatternNode[] = [node];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part.kind === 'sequence') {
      parts.unshift(...part.parts);
      continue;
    }
    if (part.kind === 'group' && spellingsOf(part) === undefined) {
      parts.unshift(part.body);
      continue;
    }
    if (part.kind === 'choice' && spellingsOf(part) === undefined) {
      const rest = [...parts];
      const before = spelt;
      return part.options.every((option) =>
        before.every((text) => mustBegin({ kind: 'sequence', parts: [...lettersOf(text), option, ...rest] }, keywords)),
      );
    }
    const spellings = spellingsOf(part);
    if (spellings === undefined || spelt.length * spellings.length > SPELLINGS_MAX) break;
    spelt = spelt.flatMap((text) => spellings.map((more) => text + more));
  }
  return spelt.every((text) => words.some((word) => text.startsWith(word)));
}

function lettersOf(text: string): readonly PatternNode[] {
  return Array.from(text, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return { kind: 'set', set: { ranges: [[code, code]], properties: [], isNegated: false } };
  });
}

/** For each stretch of parts that can be spelt out, all its spellings. */
function runsOf(parts: readonly PatternNode[]): readonly (readonly string[])[] {
  const runs: string[][] = [];
  const flat = parts.flatMap((part) =>
    part.kind === 'group' && part.body.kind === 'sequence' ? part.body.parts : [part],
  );
  for (let start = 0; start < flat.length; start += 1) {
    let run: string[] | undefined;
    for (const part of flat.slice(start)) {
      const spellings = spellingsOf(part);
      if (spellings === undefined || spellings.length * (run?.length ?? 1) > SPELLINGS_MAX) break;
      run = run === undefined ? [...spellings] : run.flatMap((text) => spellings.map((more) => text + more));
    }
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

/** Every text that the part matches, in lower case; nothing when there are too many. */
function spellingsOf(node: PatternNode): readonly string[] | undefined {
  switch (node.kind) {
    case 'empty':
    case 'anchor':
      return [''];
    case 'set': {
      if (node.set.properties.length > 0) return undefined;
      const letters = new Set<string>();
      for (const [from, to] of node.set.ranges) {
        if (to - from > 16) return undefined;
        for (let code = from; code <= to; code += 1) letters.add(lowerOf(code));
      }
      return letters.size > 16 ? undefined : [...letters];
    }
    case 'sequence': {
      let all: readonly string[] = [''];
      for (const part of node.parts) {
        const spellings = spellingsOf(part);
        if (spellings === undefined || all.length * spellings.length > SPELLINGS_MAX) return undefined;
        all = all.flatMap((text) => spellings.map((more) => text + more));
      }
      return all;
    }
    case 'choice': {
      const all = node.options.map(spellingsOf);
      const flat = all.flatMap((spellings) => spellings ?? []);
      return all.includes(undefined) || flat.length > SPELLINGS_MAX ? undefined : flat;
    }
    case 'group':
      return spellingsOf(node.body);
    case 'repeat': {
      const body = spellingsOf(node.body);
      if (body === undefined || node.max > 8) return undefined;
      let all: readonly string[] = [''];
      const counted: string[] = [];
      for (let count = 0; count <= node.max; count += 1) {
        if (count >= node.min) counted.push(...all);
        all = all.flatMap((text) => body.map((more) => text + more));
        if (all.length > SPELLINGS_MAX || counted.length > SPELLINGS_MAX) return undefined;
      }
      return counted;
    }
  }
}

/** The Kelvin sign and the long s are the K and S that they fold to: a keyword is looked for in ASCII. */
function lowerOf(code: number): string {
  if (code === 0x212a) return 'k';
  return code === 0x17f ? 's' : String.fromCodePoint(code).toLowerCase();
}

/**
 * Whether a backtracking engine may be slow on a text of this length: a repetition within a repetition, or too many ways to
 * split the text among repetitions that follow each other. A repetition whose successor begins with another character has
 * one end only: its cost is added, not multiplied. Errs on the side of yes: such a pattern runs on a linear engine.
 */
export function isRisky(node: PatternNode, lengthMax: number): boolean {
  let isNested = false;
  const cost = (node: PatternNode, isRepeated: boolean): number => {
    switch (node.kind) {
      case 'sequence': {
        let rest = 1;
        for (let at = node.parts.length - 1; at >= 0; at -= 1) {
          const part = node.parts[at];
          if (part === undefined) continue;
          const own = cost(part, isRepeated);
          const isFree =
            own > 1 &&
            part.kind === 'repeat' &&
            part.body.kind === 'set' &&
            endsAt(part.body, node.parts.slice(at + 1));
          rest = isFree ? own + rest : own * rest;
        }
        return rest;
      }
      case 'choice':
        return Math.max(...node.options.map((option) => cost(option, isRepeated)));
      case 'group':
        return cost(node.body, isRepeated);
      case 'repeat': {
        const span = Math.max(1, Math.min(node.max, lengthMax) - node.min + 1);
        const isVariable = node.max !== node.min;
        if (isRepeated && isVariable && node.max > 1) isNested = true;
        return span * cost(node.body, isRepeated || (isVariable && node.max > 4));
      }
      default:
        return 1;
    }
  };
  return cost(node, false) > WAYS_MAX || isNested;
}

type First = { readonly ranges: readonly Range[]; readonly isNullable: boolean };

/** Whether what follows must begin with a character that the repeated set does not have. */
function endsAt(body: PatternNode, following: readonly PatternNode[]): boolean {
  if (body.kind !== 'set' || body.set.properties.length > 0) return false;
  const first = firstOf({ kind: 'sequence', parts: following });
  return (
    !first.isNullable &&
    !body.set.ranges.some((own) => first.ranges.some((other) => own[0] <= other[1] && other[0] <= own[1]))
  );
}

/** The characters that a match can begin with, and whether it can be empty. */
function firstOf(node: PatternNode): First {
  switch (node.kind) {
    case 'set':
      return { ranges: node.set.properties.length > 0 ? [[0, 0x10ffff]] : node.set.ranges, isNullable: false };
    case 'sequence': {
      const ranges: Range[] = [];
      for (const part of node.parts) {
        const first = firstOf(part);
        ranges.push(...first.ranges);
        if (!first.isNullable) return { ranges, isNullable: false };
      }
      return { ranges, isNullable: true };
    }
    case 'choice': {
      const firsts = node.options.map(firstOf);
      return {
        ranges: firsts.flatMap(({ ranges }) => ranges),
        isNullable: firsts.some(({ isNullable }) => isNullable),
      };
    }
    case 'group':
      return firstOf(node.body);
    case 'repeat': {
      const first = firstOf(node.body);
      return { ranges: first.ranges, isNullable: first.isNullable || node.min === 0 };
    }
    default:
      return { ranges: [], isNullable: true };
  }
}
