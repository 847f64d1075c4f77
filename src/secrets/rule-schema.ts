import { z } from 'zod';
import { parsePattern } from './pattern-parse.ts';

const pattern = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    try {
      parsePattern(source);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no pattern' });
    }
  });

/** Checks of a format that a pattern can't say. `checks.ts` has one function for each. */
export const CHECKS = [
  'github-checksum',
  'aws-key-id',
  'jwt',
  'pem-private-key',
  'base64-32',
  'base64-64',
  'macaroon-pypi',
  'basic-auth',
  'json-key',
  'url-password',
  'password',
  'random',
] as const;
export type CheckName = (typeof CHECKS)[number];

/**
 * How a secret is found. Either by its own form (`regex` near one of `keywords`), or by the name that it is assigned to
 * (`names`) and the form of the whole value, or by the path of the file alone.
 */
export const ruleMatch = z.strictObject({
  /** Who issues it, as a person calls it. */
  provider: z.string().min(1),
  /** In Go's syntax. The first group that took part, or the whole, is the secret. */
  regex: pattern.optional(),
  /** Each match holds one of them, cases aside. */
  keywords: z.array(z.string().min(2)).default([]),
  /** Words of the name that it is assigned to, beside what makes it the name of a credential: `algolia`. */
  names: z.array(z.string().min(2)).default([]),
  /** The form of the whole value, for `names`. */
  value: pattern.optional(),
  /** It is what the detector of assignments finds when no exact rule does. */
  generic: z.enum(['password', 'secret', 'token', 'key', 'auth', 'url']).optional(),
  /** Only in files whose path matches; without a `regex`, the file itself is what is found. */
  path: pattern.optional(),
  /** The secret's entropy in bits for each character must be above. */
  entropy: z.number().positive().optional(),
  check: z.enum(CHECKS).optional(),
  /** Whether `check` failing makes it less sure (`doubt`) or no finding. */
  unchecked: z.enum(['none', 'doubt']).default('none'),
  /** Where it is revoked and issued anew. */
  rotate: z.string().min(1),
});
export type RuleMatch = z.infer<typeof ruleMatch>;
