import { isAllowedBy, isSourceAllowed, lineOf, type Source } from './allowlist.ts';
import type { RuleSet, SecretRule } from './compile.ts';
import { DECODE_DEPTH_MAX, layersOf } from './decode.ts';
import type { FileSort } from './file-sort.ts';
import { offsetsOf } from './offsets.ts';
import { type Hit, mostExact, scanText, searchRule, type TextInput } from './scan-text.ts';

/** A secret with where it came from. */
export type Located = Hit & {
  /** Whether it stands in an encoded layer: then `start` and `end` are those of the layer, and its own text is this. */
  readonly layer?: { readonly text: string; readonly start: number; readonly end: number; readonly encoding: string };
};

/** The mark with which a person allows a secret on its line. The second is betterleaks'. */
const ALLOW_MARKS = ['gitleaks:allow', 'betterleaks:allow', 'sallyport:allow'];

/** Everything in one text and in what is encoded in it, after all that a configuration allows. */
export function search(
  rules: RuleSet,
  bytes: Buffer,
  text: () => string,
  options: { readonly source: Source; readonly sort: FileSort },
): readonly Located[] {
  const { source, sort } = options;
  if (isSourceAllowed(rules.allowlists, source)) return [];
  if (rules.prefilter?.({ attributes: attributesOf(source) }) === true) return [];
  return searchDepth(rules, { bytes, text, source, sort }, 0);
}

function searchDepth(rules: RuleSet, input: TextInput, depth: number): readonly Located[] {
  const { hits, encoded } = scanText(rules, input);
  const complete = hits.filter(
    (hit) => !hit.rule.isSilent && hasRequired(rules, hit, input) && !isAllowed(rules, hit, input),
  );
  const found: Located[] = [...mostExact(complete)];
  if (encoded.length === 0 || depth >= DECODE_DEPTH_MAX) return found;
  const offsetOf = offsetsOf(input.bytes, input.text());
  for (const layer of layersOf(input.bytes, encoded)) {
    const layerText = layer.bytes.toString();
    const [start, end] = [offsetOf(layer.start), offsetOf(layer.end)];
    // What was found as it stands is not found again in its decoded form.
    if (found.some((hit) => hit.start < end && start < hit.end)) continue;
    if (ALLOW_MARKS.some((mark) => lineOf(input.text(), { matchStart: start, matchEnd: start }).includes(mark)))
      continue;
    const inner = searchDepth(rules, { ...input, bytes: layer.bytes, text: () => layerText }, depth + 1);
    for (const hit of inner) {
      found.push({
        ...hit,
        start,
        end,
        layer: hit.layer ?? { text: layerText, start: hit.start, end: hit.end, encoding: 'encoded' },
      });
    }
  }
  return found;
}

function isAllowed(rules: RuleSet, hit: Hit, input: TextInput): boolean {
  if (isAllowedBy(rules.allowlists, hit, input)) return true;
  const line = lineOf(input.text(), hit);
  if (ALLOW_MARKS.some((mark) => line.includes(mark))) return true;
  if (rules.filter === undefined && hit.rule.filter === undefined) return false;
  const scope = {
    attributes: attributesOf(input.source),
    finding: {
      secret: hit.secret,
      match: input.text().slice(hit.matchStart, hit.matchEnd),
      line: line.slice(0, 10_000),
      fragment_raw: input.text(),
      match_start_idx: hit.matchStart,
      match_end_idx: hit.matchEnd,
      match_line_start_idx: hit.matchStart - (line.indexOf(input.text().slice(hit.matchStart, hit.matchEnd)) || 0),
      match_line_end_idx: hit.matchStart - line.indexOf(input.text().slice(hit.matchStart, hit.matchEnd)) + line.length,
      rule_id: hit.rule.rule.id,
      description: hit.rule.rule.title,
    },
  };
  return rules.filter?.(scope) === true || hit.rule.filter?.(scope) === true;
}

function attributesOf(source: Source): { readonly [key: string]: string } {
  const { commit } = source;
  return {
    path: source.path,
    ...(commit === undefined ? {} : { 'git.sha': commit.sha }),
    ...(commit?.author === undefined ? {} : { 'git.author_name': commit.author }),
    ...(commit?.email === undefined ? {} : { 'git.author_email': commit.email }),
    ...(commit?.date === undefined ? {} : { 'git.date': commit.date }),
    ...(commit?.message === undefined ? {} : { 'git.message': commit.message }),
  };
}

/** Whether each rule that the hit's rule requires has a match near enough. */
function hasRequired(rules: RuleSet, hit: Hit, input: TextInput): boolean {
  return hit.rule.required.every(({ id, withinLines, withinColumns }) => {
    const required: SecretRule | undefined = rules.rules.find(({ rule }) => rule.id === id);
    const finder = required?.finder?.();
    if (required === undefined || finder === undefined) return false;
    const place = positionOf(input.text(), hit.matchStart);
    return searchRule(required, finder, [], input).some((other) => {
      const there = positionOf(input.text(), other.matchStart);
      const isNearLine = withinLines === undefined || Math.abs(place.line - there.line) <= withinLines;
      const isNearColumn = withinColumns === undefined || Math.abs(place.column - there.column) <= withinColumns;
      return isNearLine && isNearColumn;
    });
  });
}

function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
