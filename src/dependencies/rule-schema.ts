import { z } from 'zod';

/** What a rule looks for. Each check is a function of this folder; a rule gives it words, severity and examples. */
export const CHECKS = [
  'vulnerable-package',
  'unmaintained-package',
  'malicious-package',
  'install-script',
  'look-alike-name',
  'changed-source-host',
  'missing-integrity',
  'unlocked-manifest',
  'git-dependency',
  'plain-http-source',
  'dependency-confusion',
  'license-denied',
  'advisories-old',
  'lockfile-manifest-drift',
  'hidden-code',
  'hostile-install-script',
  'young-package',
] as const;
export type Check = (typeof CHECKS)[number];

/** The schema of `match` in a rule of this kind. */
export const ruleMatch = z.strictObject({ check: z.enum(CHECKS) });
export type RuleMatch = z.infer<typeof ruleMatch>;
