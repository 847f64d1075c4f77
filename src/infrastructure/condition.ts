import { RE2JS } from 're2js';
import type { Condition, Path } from './rule-schema.ts';
import { type Entry, isNull, isScalar, itemsOf, type MapTree, type Scalar, type Span, type Tree } from './tree.ts';

/** What a condition says of a tree. `unknown` when that depends on a value that nobody knows before it runs. */
export type Verdict = {
  readonly holds: 'yes' | 'no' | 'unknown';
  /** What made it hold: an entry, or the closest thing above what is missing. */
  readonly at?: Span;
  readonly value?: Scalar;
  /** Whether it holds because something is missing, below `at`. */
  readonly isAbsence?: boolean;
};

const NO: Verdict = { holds: 'no' };
const UNKNOWN: Verdict = { holds: 'unknown' };

/** Decides a condition in three values; a rule reports on `yes` only. */
export function judge(condition: Condition, tree: Tree): Verdict {
  if ('all' in condition) return judgeAll(condition.all, tree);
  if ('any' in condition) return judgeAny(condition.any, tree);
  if ('not' in condition) {
    const { holds } = judge(condition.not, tree);
    return { holds: holds === 'yes' ? 'no' : holds === 'no' ? 'yes' : 'unknown' };
  }
  if ('some' in condition) {
    const found = find(tree, condition.some);
    const verdicts = found.values.flatMap(({ tree }) => itemsOf(tree)).map((item) => judge(condition.when, item));
    return verdicts.find(({ holds }) => holds === 'yes') ?? (found.isOpen || verdicts.some(isUnknown) ? UNKNOWN : NO);
  }
  return judgeValue(condition, tree);
}

const isUnknown = ({ holds }: Verdict) => holds === 'unknown';

function judgeAll(conditions: readonly Condition[], tree: Tree): Verdict {
  let unknown = false;
  let best: Verdict = { holds: 'yes' };
  for (const condition of conditions) {
    const verdict = judge(condition, tree);
    if (verdict.holds === 'no') return NO;
    if (verdict.holds === 'unknown') unknown = true;
    // The last that names a place is the one at fault: those before it say when the rule applies.
    else if (verdict.at !== undefined) best = verdict;
  }
  return unknown ? UNKNOWN : best;
}

function judgeAny(conditions: readonly Condition[], tree: Tree): Verdict {
  let unknown = false;
  for (const condition of conditions) {
    const verdict = judge(condition, tree);
    if (verdict.holds === 'yes') return verdict;
    if (verdict.holds === 'unknown') unknown = true;
  }
  return unknown ? UNKNOWN : NO;
}

function judgeValue(condition: Extract<Condition, { path: Path }>, tree: Tree): Verdict {
  const found = find(tree, condition.path);
  const { values, isOpen, above } = found;
  if (values.length === 0) {
    const holdsOfNothing = 'isNot' in condition || 'notIn' in condition || ('exists' in condition && !condition.exists);
    if (isOpen) return UNKNOWN;
    return holdsOfNothing ? { holds: 'yes', at: above, isAbsence: true } : NO;
  }
  if ('exists' in condition) {
    const [first] = values;
    return condition.exists && first !== undefined ? { holds: 'yes', at: first.at } : NO;
  }
  const scalars = values.flatMap(({ tree, at }) =>
    itemsOf(tree).map((item) => ({ item, at: placeOf(item, tree, at) })),
  );
  const test = testOf(condition);
  if ('isNot' in condition || 'notIn' in condition) {
    if (scalars.some(({ item }) => item.kind === 'unknown')) return UNKNOWN;
    if (scalars.some(({ item }) => test(item))) return NO;
    return hit(scalars[0] ?? values[0]);
  }
  const matching = scalars.find(({ item }) => test(item));
  if (matching !== undefined) return hit(matching);
  return isOpen || scalars.some(({ item }) => item.kind === 'unknown') ? UNKNOWN : NO;
}

/** An item of a list that spans lines is shown itself, everything else by its key. */
function placeOf(item: Tree, whole: Tree, at: Span): Span {
  return whole.kind === 'list' && item.isDerived !== true && item.end > item.start ? item : at;
}

function hit(found: { readonly item?: Tree; readonly at: Span } | undefined): Verdict {
  if (found === undefined) return { holds: 'yes' };
  const value = found.item?.kind === 'scalar' ? found.item.value : undefined;
  return { holds: 'yes', at: found.at, ...(value === undefined ? {} : { value }) };
}

type Test = (item: Tree) => boolean;

function testOf(condition: Extract<Condition, { path: Path }>): Test {
  if ('is' in condition) return (item) => isScalar(item, condition.is);
  if ('isNot' in condition) return (item) => isScalar(item, condition.isNot);
  if ('in' in condition) return (item) => condition.in.some((wanted) => isScalar(item, wanted));
  if ('notIn' in condition) return (item) => condition.notIn.some((wanted) => isScalar(item, wanted));
  if ('matches' in condition) {
    const pattern = patternOf(condition.matches);
    return (item) => item.kind === 'scalar' && item.value !== null && pattern.matcher(String(item.value)).find();
  }
  if ('below' in condition) return (item) => numberOf(item) < condition.below;
  if ('above' in condition) return (item) => numberOf(item) > condition.above;
  return () => false;
}

/** Patterns of rules come from outside too: an engine of linear time runs them. */
const patterns = new Map<string, RE2JS>();

export function patternOf(source: string): RE2JS {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = RE2JS.compile(source);
    patterns.set(source, pattern);
  }
  return pattern;
}

/** NaN is neither below nor above. */
function numberOf(tree: Tree): number {
  return tree.kind === 'scalar' && tree.value !== null && tree.value !== '' ? Number(tree.value) : Number.NaN;
}

export type Found = {
  readonly values: readonly { readonly tree: Tree; readonly at: Span }[];
  /** Whether there may be more values than those that are written. */
  readonly isOpen: boolean;
  /** The closest thing that exists on the way, for what is missing. */
  readonly above: Span;
};

/** Everything at a path of keys; lists on the way are looked into, `*` is any key. */
export function find(tree: Tree, path: Path): Found {
  let at: { readonly tree: Tree; readonly at: Span }[] = [{ tree, at: headOf(tree) }];
  let isOpen = false;
  let above = headOf(tree);
  for (const step of path.split('.').filter((part) => part !== '')) {
    const next: typeof at = [];
    for (const { tree } of at.flatMap(({ tree }) => itemsOf(tree)).map((tree) => ({ tree }))) {
      if (tree.kind === 'unknown' || (tree.kind === 'map' && tree.isOpen === true)) isOpen = true;
      if (tree.kind !== 'map') continue;
      for (const entry of tree.entries) {
        if ((step === '*' || entry.key === step) && !isNull(entry.value))
          next.push({ tree: entry.value, at: entrySpan(entry) });
      }
    }
    at = next;
    const [first] = at;
    if (first !== undefined) above = first.at;
  }
  return { values: at, isOpen, above };
}

function entrySpan(entry: Entry): Span {
  return entry.value.kind === 'map' || entry.value.kind === 'list'
    ? { start: entry.start, end: entry.keyEnd }
    : { start: entry.start, end: entry.end };
}

/** The head of a block; of another map its first entry. */
export function headOf(tree: Tree): Span {
  if (tree.kind !== 'map') return { start: tree.start, end: tree.start };
  const end = (tree satisfies MapTree).headEnd ?? tree.entries[0]?.keyEnd ?? tree.start;
  return { start: tree.start, end: Math.max(tree.start, end) };
}
