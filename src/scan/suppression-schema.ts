import { z } from 'zod';
import { isDay } from './inline.ts';
import { EVERY_RULE } from './limits.ts';

/** Entries of the file. */
const SUPPRESSIONS_MAX = 5000;

const words = z.string().trim().min(1).max(2000);
const entry = z
  .strictObject({
    rule: words.optional(),
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'is not a fingerprint: 32 hexadecimal digits')
      .optional(),
    path: words.optional(),
    reason: words.optional(),
    owner: words.optional(),
    expires: z.string().refine(isDay, 'is not a day: YYYY-MM-DD').optional(),
  })
  .refine(
    ({ rule, fingerprint }) => rule !== undefined || fingerprint !== undefined,
    'names neither a rule nor a fingerprint',
  )
  .refine(({ rule, path }) => rule !== EVERY_RULE || path !== undefined, 'names every rule and no path');

/** The content of `.sallyport/suppressions.yml`. Loaded only for whoever has such a file. */
export const suppressionList = z.array(entry).max(SUPPRESSIONS_MAX);
