import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scanFiles } from '../finding/index.ts';
import { createCodeScanner } from './index.ts';

const root = join(import.meta.dirname, '../../test/corpus/code');

type Label = { file: string; line: number; class: number; expected: boolean };

/** The share of right answers that the corpus of this project must keep. */
const RIGHT_MIN = 0.98;

test('the labelled corpus is answered right, flaws and look-alikes', async () => {
  const labels: Label[] = JSON.parse(readFileSync(join(root, 'labels.json'), 'utf8'));
  const files = Object.fromEntries(labels.map(({ file }) => [file, readFileSync(join(root, file))]));

  const { findings } = scanFiles(await createCodeScanner(), files);

  const wrong = labels.filter(({ file, line, class: cwe, expected }) => {
    const isFound = findings.some(
      (one) => one.place.file === file && one.cwe === cwe && one.place.line <= line && one.place.endLine >= line,
    );
    return isFound !== expected;
  });
  expect(labels.length).toBeGreaterThan(200);
  expect(1 - wrong.length / labels.length, JSON.stringify(wrong)).toBeGreaterThanOrEqual(RIGHT_MIN);
});
