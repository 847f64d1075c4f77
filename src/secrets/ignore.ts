import { z } from 'zod';
import { fault } from './faults.ts';

/** The most lines of an ignore file, and entries of a baseline, that are read. */
const ENTRIES_MAX = 500_000;

/** Findings that somebody has looked at and set aside, as gitleaks keeps them. Plain data. */
export type IgnoreSettings = {
  /** The text of `.gitleaksignore`. */
  readonly ignore?: string;
  /** The text of a report of gitleaks in JSON, the baseline. */
  readonly baseline?: string;
};

/** What is asked of each finding. `rules`: the id and its names in gitleaks. */
export type IgnoreQuestion = {
  readonly file: string;
  readonly rules: readonly string[];
  readonly line: number;
  readonly secret: string;
  readonly commit?: string;
};

const report = z.array(
  z.looseObject({
    RuleID: z.string(),
    File: z.string(),
    StartLine: z.number(),
    Secret: z.string().default(''),
    Commit: z.string().default(''),
  }),
);

/** Gives the question whether a finding is set aside. Throws `secrets/config-invalid` for a baseline that is no report. */
export function readIgnores(settings: IgnoreSettings): (question: IgnoreQuestion) => boolean {
  const prints = new Set<string>();
  for (const line of (settings.ignore ?? '').split('\n', ENTRIES_MAX)) {
    const print = line.trim().replaceAll('\\', '/');
    if (print !== '' && !print.startsWith('#')) prints.add(print);
  }
  const known = new Set<string>();
  for (const entry of readBaseline(settings.baseline)) {
    known.add(JSON.stringify([entry.RuleID, entry.File, entry.Secret]));
    // A redacted report says where and no more.
    if (/^(?:REDACTED|\*+|)$|\.\.\.$/.test(entry.Secret))
      prints.add(`${entry.File}:${entry.RuleID}:${entry.StartLine}`);
  }
  if (prints.size === 0 && known.size === 0) return () => false;
  return ({ file, rules, line, secret, commit }) =>
    rules.some((rule) => {
      const print = `${file}:${rule}:${line}`;
      const isPrinted = prints.has(print) || (commit !== undefined && prints.has(`${commit}:${print}`));
      return isPrinted || known.has(JSON.stringify([rule, file, secret]));
    });
}

function readBaseline(text: string | undefined): z.infer<typeof report> {
  if (text === undefined || text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault('config-invalid', 'the baseline is no JSON', { cause: error });
  }
  // A report without findings is `null` in some versions.
  const result = report.safeParse(value ?? []);
  if (!result.success) throw fault('config-invalid', 'the baseline is no report of gitleaks in JSON');
  if (result.data.length > ENTRIES_MAX)
    throw fault('config-invalid', `the baseline has more than ${ENTRIES_MAX} findings`);
  return result.data;
}
