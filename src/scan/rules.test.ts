import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { runScan } from './run-scan.ts';
import { testDeps, testRequest } from './scan.fixture.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'suppressions');
// What needs two commits is tested with the gate.
const examples = (pack?.rules ?? []).flatMap(({ id, examples }) =>
  examples.filter(({ files }) => files === undefined).map((example) => ({ id, example })),
);

test.each(examples)('the example of $id reports at lines $example.lines', async ({ id, example }) => {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-rule-'));
  writeFileSync(join(root, example.file ?? 'app.py'), example.text);

  const { findings } = await runScan(testRequest(root), testDeps());

  expect(findings.filter(({ rule }) => rule === id).map(({ place }) => place.line)).toEqual(example.lines);
  rmSync(root, { recursive: true });
});
