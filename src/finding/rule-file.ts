import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { faultsOf } from '../base/index.ts';
import { CONFIDENCES, type Kind, SEVERITIES } from './model.ts';
import type { Rule } from './rule.ts';

const fault = faultsOf('finding', {
  'rule-invalid': { status: 400, help: 'Correct the rule file; docs/rules/README.md describes its form.' },
});

/** The largest rule file that is read. */
export const RULE_FILE_BYTES_MAX = 64 * 1024;

const words = z.string().trim().min(1);
const example = z.strictObject({
  name: words.optional(),
  file: words.optional(),
  text: z.string(),
  files: z.record(z.string(), z.string()).optional(),
  lines: z.array(z.int().positive()).default([]),
  fixed: z.string().optional(),
});

/** The part of a rule file that all kinds share. `match` belongs to the kind. */
const header = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not kebab-case'),
  title: words,
  severity: z.enum(SEVERITIES),
  confidence: z.enum(CONFIDENCES),
  cwe: z.int().positive().optional(),
  why: words,
  lesson: words,
  remedy: words,
  prevention: z.strictObject({ control: z.string().regex(/^K\d+$/), how: words }).optional(),
  aliases: z.array(words).default([]),
  references: z.array(z.url()).default([]),
  examples: z.array(example).default([]),
  match: z.unknown(),
});

/**
 * Reads one rule file (YAML, one document, no unknown keys) and its `match` by the kind's own schema.
 * Throws `finding/rule-invalid` with the position of the first thing that is wrong.
 */
export function parseRuleFile<Matching>(
  text: string,
  options: { readonly file: string; readonly kind: Kind; readonly match: z.ZodType<Matching> },
): Rule & { readonly match: Matching } {
  const { file } = options;
  if (text.length > RULE_FILE_BYTES_MAX) {
    throw fault('rule-invalid', `${file} is larger than ${RULE_FILE_BYTES_MAX} bytes`, {
      at: { file, line: 1, column: 1 },
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw fault('rule-invalid', error.message.split('\n')[0] ?? '', { at: { file, line, column: col } });
  }
  const spotOf = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
      if (Array.isArray(range) && typeof range[0] === 'number') {
        const { line, col } = lines.linePos(range[0]);
        return { file, line, column: col };
      }
    }
    return { file, line: 1, column: 1 };
  };
  const parse = <T>(schema: z.ZodType<T>, value: unknown, prefix: readonly PropertyKey[]): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const path = [...prefix, ...(issue?.path ?? [])];
    throw fault('rule-invalid', `${path.map(String).join('.') || 'the rule'}: ${issue?.message ?? 'invalid'}`, {
      at: spotOf(path),
    });
  };
  const { match, ...rest } = parse(header, document.toJS({ maxAliasCount: 100 }), []);
  const { cwe, prevention, examples, ...plain } = rest;
  return {
    ...plain,
    kind: options.kind,
    ...(cwe === undefined ? {} : { cwe }),
    ...(prevention === undefined ? {} : { prevention }),
    examples: examples.map(({ name, file, files, fixed, ...one }) => ({
      ...one,
      ...(name === undefined ? {} : { name }),
      ...(file === undefined ? {} : { file }),
      ...(files === undefined ? {} : { files }),
      ...(fixed === undefined ? {} : { fixed }),
    })),
    match: parse(options.match, match, ['match']),
  };
}
