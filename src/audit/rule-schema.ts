import { z } from 'zod';
import { CONFIDENCES, type Rule, SEVERITIES } from '../finding/index.ts';

/** The kinds of files that rules of this kind look at. */
export const SYSTEMS = [
  'workflow',
  'action',
  'dependabot',
  'pre-commit',
  'gitlab',
  'circleci',
  'azure',
  'jenkins',
] as const;

const words = z.string().trim().min(1);

/** A range of versions of an action with a published flaw, or commits that are known to be bad. */
const advisory = z.strictObject({
  action: z.string().regex(/^[a-z0-9_.-]+\/[a-z0-9_.-]+$/),
  id: words,
  /** The first version that is affected; from the first one on when missing. */
  from: words.optional(),
  /** The first version that is not. Nothing when there is none. */
  fixed: words.optional(),
  /** Tags and commits besides the range. */
  refs: z.array(words).default([]),
  what: words,
});

/**
 * How a rule of this kind is found: in which systems, with which names. The looking itself is code, in the check of the
 * rule's id.
 */
export const ruleMatch = z.strictObject({
  systems: z.array(z.enum(SYSTEMS)).min(1),
  /** Names that the check compares with: actions, owners, programs. */
  names: z.array(words).default([]),
  advisories: z.array(advisory).default([]),
});

export type AuditMatch = z.infer<typeof ruleMatch>;
export type AuditRule = Rule & { readonly match: AuditMatch };

/** The rules of the pack, which is generated: read again, so that the rest can trust the types. */
export const packSchema: z.ZodType<readonly AuditRule[]> = z.array(
  z
    .object({
      id: words,
      kind: z.literal('workflows'),
      title: words,
      severity: z.enum(SEVERITIES),
      confidence: z.enum(CONFIDENCES),
      cwe: z.int().optional(),
      why: z.string(),
      lesson: z.string(),
      remedy: z.string(),
      prevention: z.object({ control: z.string(), how: z.string() }).optional(),
      aliases: z.array(z.string()),
      references: z.array(z.string()),
      match: ruleMatch,
    })
    .transform(({ cwe, prevention, ...rule }) => ({
      ...rule,
      ...(cwe === undefined ? {} : { cwe }),
      ...(prevention === undefined ? {} : { prevention }),
      examples: [],
    })),
);
