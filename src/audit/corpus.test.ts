import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { scanFiles } from '../finding/index.ts';
import { createAuditScanner } from './index.ts';

const root = join(import.meta.dirname, '../../test/corpus/workflows');
const labels = z
  .array(
    z.strictObject({
      file: z.string(),
      line: z.int(),
      endLine: z.int(),
      class: z.union([z.int(), z.string()]),
      expected: z.boolean(),
    }),
  )
  .parse(JSON.parse(readFileSync(join(root, 'labels.json'), 'utf8')));
const files = Object.fromEntries(
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'labels.json')
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')] as const),
);
const { findings } = scanFiles(createAuditScanner(), files);

describe('the corpus of workflows', () => {
  test('is large enough, and half of it is safe', () => {
    expect(labels.length).toBeGreaterThanOrEqual(80);
    expect(labels.filter(({ expected }) => !expected).length).toBeGreaterThan(labels.length / 3);
  });

  test.each(labels)('$file:$line $class is $expected', ({ file, line, endLine, class: wanted, expected }) => {
    const found = findings.filter(
      ({ rule, cwe, place }) =>
        (rule === wanted || cwe === wanted) && place.file === file && place.line <= endLine && place.endLine >= line,
    );

    expect(found.length > 0).toBe(expected);
  });
});
