import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { scanFiles } from '../finding/index.ts';
import { createInfrastructureScanner } from './index.ts';

const root = join(import.meta.dirname, '../../test/corpus/infrastructure');
const labels = z
  .array(
    z.strictObject({
      file: z.string(),
      line: z.number(),
      endLine: z.number(),
      class: z.string(),
      expected: z.boolean(),
    }),
  )
  .parse(JSON.parse(readFileSync(join(root, 'labels.json'), 'utf8')));

test('the labelled corpus is found where it says, and nowhere else of what it speaks of', () => {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'labels.json')
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const { findings, gaps } = scanFiles(createInfrastructureScanner(), files);
  const at = (file: string, rule: string) =>
    findings.filter(({ rule: id, place }) => id === rule && place.file === file).map(({ place }) => place.line);

  const wrong = labels
    .filter((label) => at(label.file, label.class).includes(label.line) !== label.expected)
    .map((label) => `${label.file}:${label.line} ${label.class} ${label.expected ? 'is missed' : 'is a false alarm'}`);

  expect(wrong).toEqual([]);
  expect(gaps).toEqual([]);
  expect(labels.length).toBeGreaterThanOrEqual(100);
  expect(labels.filter(({ file }) => !existsSync(join(root, file)))).toEqual([]);
});
