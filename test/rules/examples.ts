import { expect } from 'vitest';
import { type Rule, type Scanner, scanFiles } from '../../src/finding/index.ts';

/**
 * Checks the example table of a rule with its scanner: exactly the lines that it names, by exactly this rule. Other rules
 * may report on the same text.
 */
export function checkExamples(rule: Rule, scanner: Scanner, defaultFile: string): void {
  for (const [at, example] of rule.examples.entries()) {
    const file = example.file ?? defaultFile;
    const { findings } = scanFiles(scanner, { [file]: example.text, ...example.files });
    const lines = findings.filter((finding) => finding.rule === rule.id).map(({ place }) => place.line);
    expect(
      [...new Set(lines)].sort((a, b) => a - b),
      `${rule.id}, example ${at + 1} (${example.name ?? file})`,
    ).toEqual([...example.lines].sort((a, b) => a - b));
  }
}
