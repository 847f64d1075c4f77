import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { scanFiles } from '../finding/index.ts';
import { createCodeScanner } from './index.ts';

const root = join(import.meta.dirname, '../../test/corpus/code-java-go');
const labels = z
  .array(
    z.strictObject({
      file: z.string(),
      line: z.int(),
      endLine: z.int(),
      class: z.string(),
      expected: z.boolean(),
    }),
  )
  .parse(JSON.parse(readFileSync(join(root, 'labels.json'), 'utf8')));
const scanner = await createCodeScanner();

function filesOf(folder: string): { [path: string]: string } {
  const paths = readdirSync(join(root, folder)).map((name) => join(root, folder, name));
  return Object.fromEntries(paths.map((path) => [relative(root, path), readFileSync(path, 'utf8')]));
}

describe('labelled cases of Java and Go', () => {
  test.each(labels.map((label) => [dirname(label.file), label] as const))('%s', (name, label) => {
    const { findings } = scanFiles(scanner, filesOf(name));
    const found = findings.some(
      ({ rule, place }) => rule === label.class && place.file === label.file && place.line === label.line,
    );

    expect(found).toBe(label.expected);
  });
});
