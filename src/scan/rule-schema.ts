import { z } from 'zod';

/** These rules are found by what they are: nothing is to be said of how. */
export const ruleMatch = z.strictObject({});
