import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { advisoryFolder, BundleBuilder, openSigner, saveBundle, signerOf } from '../advisory/index.ts';
import { openAdvisories, parseDependencySettings } from './index.ts';

test('the settings of a project say which licences and which age are wanted', () => {
  const text = 'licences:\n  deny: [GPL-3.0-only]\nadvisoriesAgeDaysMax: 14\n';

  expect(parseDependencySettings(text, 'x.yml')).toEqual({
    licences: { deny: ['GPL-3.0-only'] },
    advisoriesAgeDaysMax: 14,
  });
  expect(parseDependencySettings('', 'x.yml')).toEqual({});
});

test.each(['licences: [x]', 'unknown: 1', 'advisoriesAgeDaysMax: -1', 'a: [', '- 1', 'a: &a 1\nb: *a'])(
  '%j is refused',
  (text) => {
    expect(() => parseDependencySettings(text, 'x.yml')).toThrow(
      expect.objectContaining({ code: 'dependencies/settings-invalid' }),
    );
  },
);

test('a bundle that someone else has signed, or that is broken, is a hole in the scan', () => {
  const state = mkdtempSync(join(tmpdir(), 'advisories-'));
  try {
    const folder = advisoryFolder(state);
    const other = signerOf(
      generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    );
    const bytes = (signer: ReturnType<typeof openSigner>) => new BundleBuilder().build('2026-01-01T00:00:00Z', signer);

    expect(openAdvisories(folder.directory)).toEqual({});
    saveBundle(folder, bytes(openSigner(folder)), 'test');
    expect(openAdvisories(folder.directory)).toHaveProperty('advisories');
    saveBundle(folder, bytes(other), 'test');
    expect(openAdvisories(folder.directory)).toMatchObject({ unusable: { code: 'advisories-unusable' } });
    saveBundle(folder, Buffer.from('nothing'), 'test');
    expect(openAdvisories(folder.directory)).toMatchObject({ unusable: { code: 'advisories-unusable' } });
  } finally {
    rmSync(state, { recursive: true });
  }
});
