import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CliDependencies } from './door.ts';
import { memoryTerminal } from './fixture.ts';
import { createProgram } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-options-'));
writeFileSync(join(folder, 'file'), '');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The fault that the command line ends with; `scanned` when it came to a scan. */
async function refusal(...args: readonly string[]): Promise<string> {
  const dependencies = {
    terminal: memoryTerminal(),
    commands: {
      scan: () => Promise.reject(new Error('scanned')),
      scanAndFix: () => Promise.reject(new Error('scanned')),
    },
    interrupt: {},
    clock: { monotonic: () => 0 },
    version: '1.2.3',
    cwd: folder,
  };
  const program = createProgram(dependencies as unknown as CliDependencies, () => {});
  return program.parseAsync(['scan', ...args], { from: 'user' }).then(
    () => '',
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : ''),
  );
}

test.each([
  [['--dry-run'], '--dry-run belongs to --fix'],
  [['--no-tests'], '--no-tests belongs to --fix'],
  [['--test-command', 'make test'], '--test-command belongs to --fix'],
  [['--actions-mirror', '.'], '--actions-mirror belongs to --fix'],
  [['--fix', '--no-tests', '--test-command', 'x'], '--test-command and --no-tests exclude each other'],
  [['--sbom-format', 'spdx'], '--sbom-format belongs to --sbom'],
  [['--allow-missing', 'foo'], '--allow-missing knows no "foo"'],
])('an option without effect is refused: %j', async (args, reason) => {
  expect(await refusal(...args)).toContain(reason);
});

test.each(['--output', '--sarif', '--sbom', '--write-baseline'])(
  "a place for %s that can't be written is told before the scan",
  async (option) => {
    expect(await refusal(option, 'missing/x')).toContain('missing');
    expect(await refusal(option, '.')).toContain('it is a folder');
    expect(await refusal(option, 'new')).toBe('scanned');
    expect(await refusal(option, 'file')).toBe('scanned');
  },
);

test.each([
  [],
  ['--fix', '--dry-run', '--no-tests'],
  ['--fix', '--test-command', 'make test'],
  ['--sbom', 'x.json', '--sbom-format', 'spdx'],
  ['--allow-missing', 'advisories', '--allow-missing', 'archive-not-read'],
])('an option with effect is not: %j %j %j %j', async (...args) => {
  expect(await refusal(...args.filter((arg) => arg !== undefined))).toBe('scanned');
});
