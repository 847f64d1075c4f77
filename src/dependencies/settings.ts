import { parse } from 'yaml';
import { z } from 'zod';
import { faultsOf, reasonOf } from '../base/index.ts';
import type { DependencyFacts } from './model.ts';

const fault = faultsOf('dependencies', {
  'settings-invalid': {
    status: 400,
    help: 'Its keys are licences (allow, deny: lists of SPDX ids), advisoriesAgeDaysMax and packageAgeDaysMin.',
  },
});

const fileSettings = z.strictObject({
  /** Licences by their SPDX ids: `allow` leaves only these, `deny` all but these. */
  licences: z.strictObject({ allow: z.array(z.string()).optional(), deny: z.array(z.string()).optional() }).optional(),
  /** Days after which advisories are old; default 7. */
  advisoriesAgeDaysMax: z.number().positive().optional(),
  /** Days for which a version has to be public before it is no longer young; default 3, none: 0. */
  packageAgeDaysMin: z.number().nonnegative().optional(),
});

const vexStatement = z.strictObject({
  vulnerability: z.array(z.string()),
  products: z.array(z.string()),
  status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
  justification: z.string(),
  line: z.number(),
});

/** Settings as plain data: they cross threads. */
export const dependencySettings = fileSettings.extend({
  /** Without advisories, the rest is enough: their lack is no gap. */
  allowsMissingAdvisories: z.boolean().optional(),
  /** Whether VEX documents of the scanned tree count. Not where the tree must not judge itself; default true. */
  trustsTree: z.boolean().optional(),
  /** Statements of VEX documents that count besides those of the tree: with `trustsTree: false` those of the base. */
  vex: z.array(vexStatement).optional(),
});
export type DependencySettings = z.infer<typeof dependencySettings>;

/** Reads the settings of a project (YAML). Unknown keys are refused. */
export function parseDependencySettings(text: string, file: string): z.infer<typeof fileSettings> {
  const refuse = (reason: string) =>
    fault('settings-invalid', `${file}: ${reason}`, { at: { file, line: 1, column: 1 } });
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 }) ?? {};
  } catch (thrown) {
    throw refuse(reasonOf(thrown).split('\n')[0] ?? 'is no YAML');
  }
  const result = fileSettings.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** What `scanFile` of this scanner made; facts of others have other keys. */
export function isDependencyFacts(value: unknown): value is DependencyFacts {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('listing' in value || 'imports' in value || 'vex' in value || 'signs' in value || 'loads' in value)
  );
}
