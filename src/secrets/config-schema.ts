import { z } from 'zod';

/** Numbers may be written as text and lists as one text with commas: gitleaks reads them so. */
const count = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
  z.int().nonnegative(),
);
const amount = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value),
  z.number(),
);
const word = z.preprocess(
  (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
  z.string(),
);
const words = z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(word));
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());

const allowlist = z.looseObject({
  description: word.optional(),
  condition: word.optional(),
  commits: words.optional(),
  paths: words.optional(),
  regextarget: word.optional(),
  regexes: words.optional(),
  stopwords: words.optional(),
});

/** One table where a list is asked for counts as a list of one. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? [value] : value),
    z.array(item),
  );

const rule = z.looseObject({
  id: word.optional(),
  description: word.optional(),
  regex: word.optional(),
  path: word.optional(),
  secretgroup: count.optional(),
  /** What betterleaks calls it. */
  valuegroup: count.optional(),
  entropy: amount.optional(),
  keywords: words.optional(),
  tags: words.optional(),
  skipreport: flag.optional(),
  allowlist: allowlist.optional(),
  allowlists: listOf(allowlist).optional(),
  required: listOf(
    z.looseObject({ id: word.optional(), withinlines: count.optional(), withincolumns: count.optional() }),
  ).optional(),
  filter: word.optional(),
  prefilter: word.optional(),
});

/**
 * The form of a configuration of gitleaks v8 or betterleaks, keys in lower case (they read them in any case). Keys that are
 * not known are left alone: both tools do, and newer versions add some.
 */
export const configSchema = z.looseObject({
  title: word.optional(),
  description: word.optional(),
  minversion: word.optional(),
  betterleaksminversion: word.optional(),
  extend: z
    .looseObject({
      path: word.optional(),
      url: word.optional(),
      usedefault: flag.optional(),
      disabledrules: words.optional(),
    })
    .optional(),
  rules: listOf(rule).optional(),
  allowlist: allowlist.extend({ targetrules: words.optional() }).optional(),
  allowlists: listOf(allowlist.extend({ targetrules: words.optional() })).optional(),
  filter: word.optional(),
  prefilter: word.optional(),
});

export type RawConfig = z.infer<typeof configSchema>;
export type RawRule = z.infer<typeof rule>;
export type RawAllowlist = z.infer<typeof allowlist>;
