import type { Condition, Maybe, Position } from './model.ts';
import type { ProblemCode, Problems } from './reader-problems.ts';
import { type LiteralToken, literalText, type MappingToken, type Token } from './reader-tokens.ts';
import { availabilityOf } from './reader-template.ts';
import { callsAny, parseExpression } from './expressions-parse.ts';
import { templateExpression } from './expressions-template.ts';

/** The value under a literal key. The schema has made sure that a key stands once. */
export function member(mapping: Token | undefined, name: string): Token | undefined {
  return entryOf(mapping, name)?.value;
}

/** The entry with a literal key. */
export function entryOf(mapping: Token | undefined, name: string): MappingToken['entries'][number] | undefined {
  if (mapping?.kind !== 'mapping') return undefined;
  return mapping.entries.find(({ key }) => key.kind === 'string' && key.value === name);
}

/** Entries with literal keys, in order. */
export function literalEntries(
  mapping: Token | undefined,
): readonly { readonly name: string; readonly key: LiteralToken; readonly value: Token }[] {
  if (mapping?.kind !== 'mapping') return [];
  return mapping.entries.flatMap(({ key, value }) =>
    key.kind === 'template' || key.kind === 'insert' ? [] : [{ name: literalText(key), key, value }],
  );
}

/** A fixed text, or nothing when the value is absent or null. */
export function textOf(token: Token | undefined): string | undefined {
  if (token === undefined || token.kind === 'null') return undefined;
  return isLiteral(token) ? literalText(token) : undefined;
}

export function isLiteral(token: Token): token is LiteralToken {
  return token.kind === 'null' || token.kind === 'boolean' || token.kind === 'number' || token.kind === 'string';
}

export function maybeText(token: Token | undefined): Maybe<string> | undefined {
  return token?.kind === 'template' ? token.template : textOf(token);
}

export function maybeBoolean(token: Token | undefined): Maybe<boolean> | undefined {
  if (token?.kind === 'template') return token.template;
  return token?.kind === 'boolean' ? token.value === true : undefined;
}

export function maybeNumber(token: Token | undefined): Maybe<number> | undefined {
  if (token?.kind === 'template') return token.template;
  return token?.kind === 'number' ? Number(token.value) : undefined;
}

export function isTrue(token: Token | undefined): boolean {
  return token?.kind === 'boolean' ? token.value === true : token !== undefined && textOf(token) === 'true';
}

/** One text or a list of texts as a list; a template in it is left out, the schema allows none there. */
export function textsOf(token: Token | undefined): readonly string[] | undefined {
  if (token === undefined || token.kind === 'null') return undefined;
  if (token.kind === 'sequence') return token.items.flatMap((item) => textOf(item) ?? []);
  const text = textOf(token);
  return text === undefined ? undefined : [text];
}

/** Only the fields that are there: absent ones stay absent. */
export function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // `Object.fromEntries` forgets the types of the fields; leaving undefined ones out is exactly what the type says.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export type IfKind = 'job' | 'step' | 'snapshot' | 'composite' | 'action';

const STATUS_FUNCTIONS: ReadonlySet<string> = new Set(['always', 'cancelled', 'failure', 'success']);
const STEP_IF = ['always(0,0)', 'cancelled(0,0)', 'failure(0,0)', 'success(0,0)', 'hashFiles(1,255)'];
const STEP_CONTEXTS = ['github', 'inputs', 'strategy', 'matrix', 'steps', 'job', 'runner', 'env'];
const AVAILABLE: { readonly [kind in IfKind]: readonly string[] } = {
  job: ['github', 'vars', 'inputs', 'needs', 'always(0,0)', 'failure(0,MAX)', 'cancelled(0,0)', 'success(0,MAX)'],
  step: [...STEP_CONTEXTS, 'vars', 'needs', ...STEP_IF],
  snapshot: [...STEP_CONTEXTS, 'vars', 'needs', ...STEP_IF],
  composite: [...STEP_CONTEXTS, ...STEP_IF],
  action: ['runner', 'github', 'job', 'strategy', 'matrix', 'env', 'inputs', ...STEP_IF],
};

/** Reads an `if`, checks it and applies the implicit `success() && (…)`. */
export function conditionOf(token: Token | undefined, kind: IfKind, at: Position, problems: Problems): Condition {
  const expression = token === undefined ? '' : conditionText(token);
  const place = token?.at ?? at;
  if (expression.trim() === '') return { kind: 'condition', expression: 'success()', at: place };
  const parsed = parseExpression(expression, availabilityOf(AVAILABLE[kind]));
  if (!parsed.ok) {
    problems.add(parsed.code, place, parsed.message, contextRemedy(parsed.code, kind));
    return { kind: 'condition', expression: 'success()', at: place };
  }
  if (parsed.tree === undefined) return { kind: 'condition', expression: 'success()', at: place };
  const complete = callsAny(expression, STATUS_FUNCTIONS) ? expression : `success() && (${expression})`;
  return { kind: 'condition', expression: complete, at: place };
}

function conditionText(token: Token): string {
  if (token.kind === 'template') return templateExpression(token.template);
  return textOf(token) ?? '';
}

function contextRemedy(code: ProblemCode, kind: IfKind): string | undefined {
  if (code !== 'context-unavailable') return undefined;
  return `Contexts that exist here: ${AVAILABLE[kind].filter((item) => !item.includes('(')).join(', ')}.`;
}
