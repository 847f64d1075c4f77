import { z } from 'zod';

/** One place of a corpus of which somebody knows whether it is a flaw. */
export type Label = {
  /** Path below the root of the corpus, with `/`. */
  readonly file: string;
  /** First and last line, from 1. Without them the label is about the whole file. */
  readonly line?: number;
  readonly endLine?: number;
  /** Numbers of CWE (`89`, as text) or ids of rules. A finding of any of them answers the label. */
  readonly classes: readonly string[];
  /** Whether the flaw is there. False: the code looks like one and is not. */
  readonly expected: boolean;
};

const oneClass = z.union([z.int().positive(), z.string().trim().min(1)]);
const entry = z.looseObject({
  file: z.string().min(1),
  line: z.int().min(0).optional(),
  endLine: z.int().min(0).optional(),
  class: z.union([oneClass, z.array(oneClass).min(1)]),
  expected: z.boolean(),
});

/**
 * Reads labels: a JSON array of `{file, line, endLine, class, expected}`, or an object with such an array as `labels`. `class`
 * is a CWE number (`89`, `"89"`, `"CWE-89"`), the id of a rule, or a list of these. Lines may be left out or 0 for a label
 * of the whole file. Further keys are ignored: corpora carry remarks of their own.
 */
export function parseLabels(text: string): readonly Label[] {
  const parsed = z.union([z.array(entry), z.looseObject({ labels: z.array(entry) })]).parse(JSON.parse(text));
  const entries = Array.isArray(parsed) ? parsed : parsed.labels;
  return entries.map(({ file, line, endLine, class: named, expected }) => ({
    file: file.replaceAll('\\', '/').replace(/^\.\//, ''),
    ...(line === undefined || line === 0 ? {} : { line, endLine: Math.max(line, endLine ?? line) }),
    classes: (Array.isArray(named) ? named : [named]).map(className),
    expected,
  }));
}

/** `CWE-089`, `cwe_89` and 89 to `89`; the id of a rule stays. */
export function className(named: string | number): string {
  const number = /^(?:CWE[-_ ]?)?0*(\d+)$/i.exec(String(named).trim())?.[1];
  return number ?? String(named).trim();
}
