import { z } from 'zod';
import { faultsOf } from '../base/index.ts';
import { CONFIDENCES, type Kind, SEVERITIES } from './model.ts';
import type { Rule } from './rule.ts';
import { readYaml } from './yaml-file.ts';

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
export function readRule<Matching>(
  text: string,
  options: { readonly file: string; readonly kind: Kind; readonly match: z.ZodType<Matching> },
): Rule & { readonly match: Matching } {
  const { file } = options;
  const yaml = readYaml(text, {
    file,
    bytesMax: RULE_FILE_BYTES_MAX,
    noun: 'the rule',
    invalid: (message, at) => fault('rule-invalid', message, { at }),
  });
  const { match, ...rest } = yaml.parse(header, yaml.value, []);
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
    match: yaml.parse(options.match, match, ['match']),
  };
}
