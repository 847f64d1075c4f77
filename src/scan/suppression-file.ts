import { readYamlFile } from '../finding/index.ts';
import { fault } from './faults.ts';
import { isDay } from './inline.ts';

export const SUPPRESSIONS_FILE = '.sallyport/suppressions.yml';
/** The largest file of suppressions. */
export const SUPPRESSIONS_BYTES_MAX = 1024 * 1024;
/** Entries of that file. */
const SUPPRESSIONS_MAX = 5000;

/** One entry of `.sallyport/suppressions.yml`. */
export type FileSuppression = {
  readonly rule?: string;
  readonly fingerprint?: string;
  /** Glob over paths below the root. */
  readonly path?: string;
  readonly reason?: string;
  readonly owner?: string;
  readonly expires?: string;
  readonly line: number;
  readonly column: number;
};

/** Reads the file strictly: unknown keys and wrong forms are refused with their place. What is left away is told as a finding. */
export async function parseSuppressions(text: string): Promise<readonly FileSuppression[]> {
  const { z } = await import('zod');
  const yaml = await readYamlFile(text, {
    file: SUPPRESSIONS_FILE,
    bytesMax: SUPPRESSIONS_BYTES_MAX,
    noun: 'the list',
    invalid: (message, at) => fault('suppressions-invalid', message, { at }),
  });
  if (yaml.value === null || yaml.value === undefined) return [];
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
    );
  const list = yaml.parse(z.array(entry).max(SUPPRESSIONS_MAX), yaml.value, []);
  return list.map(({ rule, fingerprint, path, reason, owner, expires }, at) => {
    const { line, column } = yaml.spotOf([at]);
    return {
      ...(rule === undefined ? {} : { rule }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(path === undefined ? {} : { path }),
      ...(reason === undefined ? {} : { reason }),
      ...(owner === undefined ? {} : { owner }),
      ...(expires === undefined ? {} : { expires }),
      line,
      column,
    };
  });
}
