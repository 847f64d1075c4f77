import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Every suppression of ours has a reason, an owner and an end: what lacks one, or is not needed, is a finding itself. */
test('Sallyport finds nothing in itself', { timeout: 300_000 }, () => {
  const args = ['scan', ROOT, '--json', '--no-cache', '--allow-missing', 'advisories'];

  const { status, stdout, stderr } = spawnSync(join(ROOT, 'bin/sallyport'), args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });

  const found: { severity: string; file: string; line: number; rule: string }[] = JSON.parse(stdout);
  const counted = found.filter(({ severity }) => severity !== 'info');
  expect(counted.map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual([]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
