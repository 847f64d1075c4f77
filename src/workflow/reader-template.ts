import type { Availability, FunctionBounds } from './expressions-parse.ts';
import { parseExpression } from './expressions-parse.ts';
import { templateExpression } from './expressions-template.ts';
import { EXPRESSION_CHARACTERS_MAX, RESULT_BYTES_MAX } from './limits.ts';
import type { Position, Template, TemplatePart } from './model.ts';
import { Problem, type ProblemCode, type Problems } from './reader-problems.ts';
import type { Definition, MappingDefinition, ScalarDefinition, Schema } from './reader-schema.ts';
import { nearest } from './reader-suggest.ts';
import {
  type InsertToken,
  type LiteralToken,
  literalText,
  type MappingEntry,
  type TemplateToken,
  type Token,
} from './reader-tokens.ts';
import type { YamlNode, YamlScalar } from './reader-yaml.ts';

/** A definition at a place, with what expressions may use there. */
type Place = { readonly definition: Definition; readonly context: readonly string[] };

/** Checks YAML against a schema and parses the expressions in it, as GitHub's template reader does. */
export class TemplateReader {
  readonly #schema: Schema;
  readonly #problems: Problems;
  readonly #available = new Map<string, Availability>();
  #bytes = 0;

  constructor(schema: Schema, problems: Problems) {
    this.#schema = schema;
    this.#problems = problems;
  }

  read(node: YamlNode, definition: string): Token {
    return this.#value(node, this.#enter(undefined, definition));
  }

  #enter(parent: Place | undefined, name: string): Place {
    const definition = this.#schema.definition(name);
    const inherited = parent?.context ?? [];
    const context = definition.context.length === 0 ? inherited : [...new Set([...inherited, ...definition.context])];
    return { definition, context };
  }

  #value(node: YamlNode, place: Place): Token {
    this.#spend(0, node.at);
    switch (node.kind) {
      case 'sequence':
        return this.#sequence(node, place);
      case 'mapping':
        return this.#mapping(node, place);
      default:
        return this.#validated(this.#scalar(node, place), place);
    }
  }

  #sequence(node: YamlNode & { kind: 'sequence' }, place: Place): Token {
    const { sequence } = place.definition;
    if (sequence === undefined) {
      const remedy = `Write ${kindsOf(place.definition)} here.`;
      this.#problems.add('sequence-unexpected', node.at, 'A sequence was not expected', remedy);
      return { kind: 'sequence', items: [], at: node.at };
    }
    const inner = this.#enter(place, sequence.item);
    return { kind: 'sequence', items: node.items.map((item) => this.#value(item, inner)), at: node.at };
  }

  #mapping(node: YamlNode & { kind: 'mapping' }, place: Place): Token {
    const { mappings } = place.definition;
    const [only] = mappings;
    if (only === undefined) {
      const remedy = `Write ${kindsOf(place.definition)} here.`;
      this.#problems.add('mapping-unexpected', node.at, 'A mapping was not expected', remedy);
      return { kind: 'mapping', entries: [], at: node.at };
    }
    const loose = mappings.length === 1 && only.properties.size === 0 && only.looseKey !== undefined;
    return loose ? this.#looseMapping(node, place, only) : this.#knownMapping(node, place, mappings);
  }

  #looseMapping(node: YamlNode & { kind: 'mapping' }, place: Place, definition: MappingDefinition): Token {
    const keyPlace = this.#enter(place, definition.looseKey ?? 'string');
    const valuePlace = this.#enter(place, definition.looseValue ?? 'any');
    const seen = new Set<string>();
    const entries: MappingEntry[] = [];
    for (const { key: rawKey, value } of node.entries) {
      const scalar = this.#scalar(rawKey, place);
      if (scalar.kind === 'template' || scalar.kind === 'insert') {
        if (this.#expressionKey(scalar, place)) entries.push({ key: scalar, value: this.#value(value, valuePlace) });
        continue;
      }
      const key = asText(scalar);
      if (!this.#isNew(key, seen)) continue;
      this.#validated(key, keyPlace);
      entries.push({ key, value: this.#value(value, valuePlace) });
    }
    return { kind: 'mapping', entries, at: node.at };
  }

  #knownMapping(node: YamlNode & { kind: 'mapping' }, place: Place, alternatives: readonly MappingDefinition[]): Token {
    let candidates = alternatives;
    const seen = new Set<string>();
    const entries: MappingEntry[] = [];
    const guessed = new Set<string>();
    let hasExpressionKey = false;
    for (const { key: rawKey, value } of node.entries) {
      const scalar = this.#scalar(rawKey, place);
      if (scalar.kind === 'template' || scalar.kind === 'insert') {
        hasExpressionKey = true;
        if (this.#expressionKey(scalar, place)) {
          entries.push({ key: scalar, value: this.#value(value, this.#enter(place, 'any')) });
        }
        continue;
      }
      const key = asText(scalar);
      if (!this.#isNew(key, seen)) continue;
      const name = literalText(key);
      const matching = candidates.filter(({ properties }) => properties.has(name));
      const type = matching[0]?.properties.get(name)?.type;
      const [first] = alternatives;
      if (type !== undefined) {
        candidates = matching;
        entries.push({ key, value: this.#value(value, this.#enter(place, type)) });
      } else if (first?.looseKey !== undefined && first.looseValue !== undefined) {
        this.#validated(key, this.#enter(place, first.looseKey));
        entries.push({ key, value: this.#value(value, this.#enter(place, first.looseValue)) });
      } else {
        const meant = this.#unknownKey(name, key.at, candidates, alternatives, seen);
        // The misspelt key is one mistake, not also a missing key.
        if (meant !== undefined) guessed.add(meant.toLowerCase());
      }
    }
    this.#complete(node, candidates, seen.union(guessed), hasExpressionKey);
    return { kind: 'mapping', entries, at: node.at };
  }

  #unknownKey(
    name: string,
    at: Position,
    candidates: readonly MappingDefinition[],
    alternatives: readonly MappingDefinition[],
    seen: ReadonlySet<string>,
  ): string | undefined {
    const allowed = [...new Set(candidates.flatMap(({ properties }) => [...properties.keys()]))];
    const elsewhere = alternatives.some(({ properties }) => properties.has(name));
    const guess = nearest(name, allowed);
    const free = allowed.filter((key) => !seen.has(key.toLowerCase()));
    const remedy = elsewhere
      ? `\`${name}\` does not go together with the keys above it; remove it, or them.`
      : guess === undefined
        ? `Remove it. Allowed here: ${free.slice(0, 30).join(', ')}.`
        : `Did you mean \`${guess}\`?`;
    this.#problems.add('key-unknown', at, `Unexpected value '${name}'`, remedy);
    return elsewhere ? undefined : guess;
  }

  #complete(
    node: YamlNode & { kind: 'mapping' },
    candidates: readonly MappingDefinition[],
    seen: ReadonlySet<string>,
    hasExpressionKey: boolean,
  ): void {
    if (candidates.length > 1) {
      const counts = new Map<string, number>();
      for (const { properties } of candidates) {
        for (const key of properties.keys()) counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const telling = [...counts].filter(([, count]) => count === 1).map(([key]) => key);
      const message = `There's not enough info to determine what you meant. Add one of these properties: ${telling.sort().join(', ')}`;
      this.#problems.add('kind-unclear', node.at, message);
      return;
    }
    if (hasExpressionKey) return;
    for (const [name, { required }] of candidates[0]?.properties ?? []) {
      if (required && !seen.has(name.toLowerCase())) {
        this.#problems.add('key-missing', node.at, `Required property is missing: ${name}`, `Add \`${name}:\`.`);
      }
    }
  }

  #isNew(key: LiteralToken, seen: Set<string>): boolean {
    const name = literalText(key);
    if (seen.has(name.toLowerCase())) {
      this.#problems.add('key-duplicate', key.at, `'${name}' is already defined`);
      return false;
    }
    seen.add(name.toLowerCase());
    return true;
  }

  #expressionKey(key: TemplateToken | InsertToken, place: Place): boolean {
    if (place.context.length > 0) return true;
    this.#problems.add('expression-not-allowed', key.at, 'A template expression is not allowed in this context');
    return false;
  }

  #validated(scalar: LiteralToken | TemplateToken | InsertToken, place: Place): Token {
    if (scalar.kind === 'template') {
      if (place.context.length === 0) {
        this.#problems.add('expression-not-allowed', scalar.at, 'A template expression is not allowed in this context');
      }
      return scalar;
    }
    if (scalar.kind === 'insert') {
      this.#problems.add('directive-not-allowed', scalar.at, "Unexpected value '${{ insert }}'");
      return scalar;
    }
    const { scalars } = place.definition;
    if (scalars.some((definition) => isMatch(scalar, definition))) return scalar;
    const text = asText(scalar);
    if (scalar.kind !== 'string' && scalars.some((definition) => isMatch(text, definition))) return text;
    this.#unexpected(literalText(scalar), scalar.at, place.definition);
    return scalar;
  }

  #unexpected(value: string, at: Position, definition: Definition): void {
    const guess = nearest(value, constantsOf(definition));
    const remedy = guess === undefined ? `Write ${kindsOf(definition)}.` : `Did you mean \`${guess}\`?`;
    this.#problems.add('value-unexpected', at, `Unexpected value '${value}'`, remedy);
  }

  /** Splits a text at its `${{ }}`. What is wrong with an expression is noted, and the text stays as it is. */
  #scalar(node: YamlScalar, place: Place): LiteralToken | TemplateToken | InsertToken {
    if (typeof node.value === 'string') this.#spend(node.value.length, node.at);
    const literal: LiteralToken = { kind: node.kind, value: node.value, at: node.at };
    if (typeof node.value !== 'string' || !node.value.includes(OPEN)) return literal;
    const split = splitExpressions(node.value);
    if (split === undefined) {
      const message =
        'The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.';
      this.#problems.add('expression-unclosed', node.at, message);
      return literal;
    }
    if (!this.#checkLength(split, node.at)) return literal;
    const parts: TemplatePart[] = [];
    const nextPlace = node.expressionPlaces();
    for (const piece of split) {
      if ('literal' in piece) {
        parts.push(piece);
        continue;
      }
      const at = nextPlace();
      const expression = piece.expression.trim();
      const insert = this.#directive(expression, node.at, split.length === 1);
      if (insert === 'insert') return { kind: 'insert', at: node.at };
      if (insert === 'wrong' || !this.#checkExpression(piece.expression, at, node.at, place)) return literal;
      parts.push({ expression, at });
    }
    const [first] = parts;
    if (parts.length === 1 && first !== undefined && 'expression' in first) {
      const text = stringLiteral(first.expression);
      if (text !== undefined) return { kind: 'string', value: text, at: node.at };
    }
    const template: Template = { kind: 'template', parts, at: node.at };
    return this.#checkWhole(template, place) ? { kind: 'template', template, at: node.at } : literal;
  }

  /** Comes before any of them is parsed: a text with thousands of expressions costs nothing. */
  #checkLength(split: readonly ({ literal: string } | { expression: string })[], at: Position): boolean {
    const characters = split.reduce(
      (sum, piece) => sum + ('literal' in piece ? piece.literal : piece.expression).length,
      0,
    );
    if (characters <= EXPRESSION_CHARACTERS_MAX) return true;
    const message = `Exceeded max expression length ${EXPRESSION_CHARACTERS_MAX}`;
    this.#problems.add('expression-limit', at, message, 'Pass the values by `env:`, or move the text into a file.');
    return false;
  }

  /** GitHub compiles text with expressions into one expression, which has to keep the limits of one. */
  #checkWhole(template: Template, place: Place): boolean {
    if (template.parts.length === 1) return true;
    const parsed = parseExpression(templateExpression(template), this.#availability(place.context));
    if (parsed.ok) return true;
    const remedy = 'Pass the values by `env:`, or move the text into a file.';
    this.#problems.add(parsed.code, template.at, parsed.message, remedy);
    return false;
  }

  #spend(characters: number, at: Position): void {
    this.#bytes += OBJECT_BYTES + (characters === 0 ? 0 : STRING_BYTES + 2 * characters);
    if (this.#bytes > RESULT_BYTES_MAX) throw new Problem('result-too-large', at, 'Maximum object size exceeded');
  }

  #directive(expression: string, at: Position, alone: boolean): 'insert' | 'wrong' | 'none' {
    if (!/^insert(?:\s|$)/.test(expression)) return 'none';
    if (expression !== 'insert') {
      const count = expression.split(/\s+/).length - 1;
      const message = `Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: ${count}`;
      this.#problems.add('directive-not-allowed', at, message);
      return 'wrong';
    }
    if (alone) return 'insert';
    const message =
      "The directive 'insert' is not allowed in this context. Directives are not supported for expressions that are embedded within a string. Directives are only supported when the entire value is an expression.";
    this.#problems.add('directive-not-allowed', at, message);
    return 'wrong';
  }

  #checkExpression(source: string, open: Position, scalarAt: Position, place: Place): boolean {
    const expression = source.trim();
    if (expression === '') {
      this.#problems.add('expression-empty', scalarAt, 'An expression was expected');
      return false;
    }
    const parsed = parseExpression(expression, this.#availability(place.context));
    if (parsed.ok) return true;
    if (parsed.code === 'context-unavailable' && place.context.length === 0) {
      // No context would do here: naming the one that was tried would lead nowhere.
      this.#problems.add('expression-not-allowed', scalarAt, 'A template expression is not allowed in this context');
      return false;
    }
    const at = insideExpression(source, open, parsed.offset);
    const remedy = this.#expressionRemedy(parsed, place);
    this.#problems.add(parsed.code, at, parsed.message, remedy);
    return false;
  }

  #expressionRemedy(
    parsed: { readonly code: ProblemCode; readonly message: string },
    place: Place,
  ): string | undefined {
    const word = /: '([^']*)'/.exec(parsed.message)?.[1] ?? '';
    const { contexts, functions } = this.#availability(place.context);
    if (parsed.code === 'context-unavailable') {
      const guess = nearest(word, contexts);
      return `${guess === undefined ? '' : `Did you mean \`${guess}\`? `}${availableContexts(place.context)}`;
    }
    if (parsed.code !== 'function-unknown') return undefined;
    const names = [...new Set([...GENERAL_FUNCTIONS, ...functions.map(({ name }) => name)])];
    const guess = nearest(word, names);
    return guess === undefined ? `Functions that exist here: ${names.join(', ')}.` : `Did you mean \`${guess}()\`?`;
  }

  #availability(context: readonly string[]): Availability {
    const key = context.join();
    const known = this.#available.get(key);
    if (known !== undefined) return known;
    const made = availabilityOf(context);
    this.#available.set(key, made);
    return made;
  }
}

const OPEN = '${{';
/** Functions that exist at every place with expressions. */
const GENERAL_FUNCTIONS = ['case', 'contains', 'endsWith', 'format', 'fromJSON', 'join', 'startsWith', 'toJSON'];
const OBJECT_BYTES = 24;
const STRING_BYTES = 26;

/** The place of an offset in an expression. A multi-line expression is pointed at by its start. */
function insideExpression(source: string, open: Position, offset: number): Position {
  const lead = source.length - source.trimStart().length;
  const before = source.slice(0, lead + offset);
  if (before.includes('\n')) return open;
  return { line: open.line, column: open.column + OPEN.length + lead + offset };
}

function constantsOf({ scalars }: Definition): readonly string[] {
  return scalars.flatMap((definition) =>
    definition.kind === 'string' && definition.constant !== undefined ? [definition.constant] : [],
  );
}

/** Words of a list that a remedy names. */
const CONSTANTS_SHOWN_MAX = 40;

/** `a text or a list`: what a place takes. */
function kindsOf(definition: Definition): string {
  const { scalars, mappings, sequence } = definition;
  const constants = constantsOf(definition);
  const kinds = [
    ...scalars.flatMap(({ kind }) => (kind === 'string' ? [] : [`a ${kind}`])),
    ...(scalars.some((one) => one.kind === 'string' && one.constant === undefined) ? ['a text'] : []),
    ...(mappings.length > 0 ? ['a mapping'] : []),
    ...(sequence === undefined ? [] : ['a list']),
    ...(constants.length === 0 ? [] : [`one of ${constants.slice(0, CONSTANTS_SHOWN_MAX).join(', ')}`]),
  ];
  return kinds.join(' or ');
}

function availableContexts(context: readonly string[]): string {
  const names = context.filter((item) => !item.includes('('));
  return names.length === 0 ? 'No context exists here.' : `Contexts that exist here: ${names.join(', ')}.`;
}

/** Contexts and functions of a schema entry as `['github', 'hashFiles(1,255)']`. */
export function availabilityOf(context: readonly string[]): Availability {
  const functions: FunctionBounds[] = [];
  const contexts: string[] = [];
  for (const item of context) {
    const match = /^([a-zA-Z0-9_]+)\((\d+),(\d+|MAX)\)$/.exec(item);
    if (match === null) contexts.push(item);
    else {
      const [, name = '', min = '0', max = '0'] = match;
      functions.push({ name, minArgs: Number(min), maxArgs: max === 'MAX' ? Number.MAX_SAFE_INTEGER : Number(max) });
    }
  }
  return { contexts, functions };
}

/** Literal text and expressions in order; nothing when an expression is not closed. */
function splitExpressions(text: string): ({ literal: string } | { expression: string })[] | undefined {
  const pieces: ({ literal: string } | { expression: string })[] = [];
  let from = 0;
  for (let open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, from)) {
    if (open > from) pieces.push({ literal: text.slice(from, open) });
    const close = closingBraces(text, open + OPEN.length);
    if (close < 0) return undefined;
    pieces.push({ expression: text.slice(open + OPEN.length, close) });
    from = close + 2;
  }
  if (from < text.length) pieces.push({ literal: text.slice(from) });
  return pieces;
}

/** The offset of the `}}` that closes an expression; text in single quotes is passed over. */
function closingBraces(text: string, from: number): number {
  let inString = false;
  for (let index = from; index < text.length; index++) {
    if (text[index] === "'") inString = !inString;
    else if (!inString && text[index] === '}' && text[index - 1] === '}' && index > from) return index - 1;
  }
  return -1;
}

/** `'text'` as its text; nothing when the expression is more than one literal. */
function stringLiteral(expression: string): string | undefined {
  if (!/^'(?:[^']|'')*'$/s.test(expression)) return undefined;
  return expression.slice(1, -1).replaceAll("''", "'");
}

function asText(token: LiteralToken): LiteralToken {
  return token.kind === 'string' ? token : { kind: 'string', value: literalText(token), at: token.at };
}

function isMatch(token: LiteralToken, definition: ScalarDefinition): boolean {
  if (definition.kind !== 'string') return token.kind === definition.kind;
  if (token.kind !== 'string') return false;
  if (definition.constant !== undefined) return token.value === definition.constant;
  return !definition.nonEmpty || token.value !== '';
}
