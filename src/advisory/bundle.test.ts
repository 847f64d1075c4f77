import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { indexOf, osv } from '../../test/support/advisories.ts';
import {
  addFile,
  advisoryFolder,
  ArchiveReader,
  BundleBuilder,
  isAffected,
  loadBundle,
  openBundle,
  openSigner,
  parsePublicKey,
  saveBundle,
  signerOf,
} from './index.ts';

const CREATED = '2026-01-01T00:00:00Z';

function makeSigner() {
  return signerOf(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
}

function bundleOf(records: readonly object[], signer = makeSigner()) {
  const builder = new BundleBuilder();
  for (const record of records) builder.add(record);
  return { bytes: builder.build(CREATED, signer), signer };
}

const LODASH = osv('GHSA-35jh-r3h4-6jhm', 'npm', 'lodash', {
  aliases: ['CVE-2021-23337'],
  events: [{ introduced: '0' }, { fixed: '4.17.21' }],
  vector: 'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H',
});

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
  }
  return undefined;
}

describe('a bundle', () => {
  test('answers what was put in', () => {
    const { bytes, signer } = bundleOf([LODASH]);

    const [found] = openBundle(bytes, [signer.publicKey]).lookup('npm', 'lodash');

    expect(found?.advisory).toMatchObject({
      id: 'GHSA-35jh-r3h4-6jhm',
      aliases: ['CVE-2021-23337'],
      score: 7.2,
      severity: 'high',
    });
    expect(found?.ranges).toEqual([['+0', '-4.17.21']]);
    expect(openBundle(bytes, [signer.publicKey]).lookup('npm', 'constructor')).toEqual([]);
    expect(openBundle(bytes, [signer.publicKey]).lookup('npm', '__proto__')).toEqual([]);
  });

  test('is the same bytes for the same records in another order', () => {
    const signer = makeSigner();
    const other = osv('GHSA-1', 'npm', 'a', { events: [{ introduced: '0' }] });

    expect(bundleOf([LODASH, other], signer).bytes.equals(bundleOf([other, LODASH], signer).bytes)).toBe(true);
  });

  test('that another key has signed is not taken', () => {
    const { bytes } = bundleOf([LODASH]);

    expect(codeOf(() => openBundle(bytes, [makeSigner().publicKey]))).toBe('advisory/bundle-untrusted');
    expect(codeOf(() => openBundle(bytes, []))).toBe('advisory/bundle-untrusted');
  });

  test('with one changed byte anywhere is not taken, or at the latest when that part is used', () => {
    const { bytes, signer } = bundleOf([LODASH]);
    const taken: number[] = [];

    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      if (codeOf(() => openBundle(changed, [signer.publicKey]).lookup('npm', 'lodash')) === undefined) taken.push(at);
    }

    expect(taken).toEqual([]);
  });

  test('that is cut off anywhere is not taken', () => {
    const { bytes, signer } = bundleOf([LODASH]);

    for (const length of [0, 1, 8, 11, 12, 50, bytes.length - 1]) {
      const code = codeOf(() => openBundle(bytes.subarray(0, length), [signer.publicKey]).lookup('npm', 'lodash'));
      expect(String(code)).toMatch(/^advisory\/bundle-/);
    }
  });

  test('grows by another one, and the newer record wins', () => {
    const first = bundleOf([LODASH, osv('MAL-2025-7', 'npm', 'evil', { versions: ['1.0.0'] })]);
    const builder = new BundleBuilder();
    builder.startFrom(openBundle(first.bytes, [first.signer.publicKey]));
    builder.add(osv('GHSA-35jh-r3h4-6jhm', 'npm', 'lodash', { events: [{ introduced: '0' }, { fixed: '5.0.0' }] }));
    builder.add({ ...osv('MAL-2025-7', 'npm', 'evil', { versions: ['2.0.0'] }) });

    const second = makeSigner();
    const bundle = openBundle(builder.build(CREATED, second), [second.publicKey]);

    expect(bundle.lookup('npm', 'lodash').map(({ ranges }) => ranges)).toEqual([[['+0', '-5.0.0']]]);
    expect(bundle.malicious('npm', 'evil', '1.0.0')).toBeUndefined();
    expect(bundle.malicious('npm', 'evil', '2.0.0')).toBe('MAL-2025-7');
  });

  test('does not grow older: an earlier state of a record, added or in a bundle, changes nothing', () => {
    const state = (modified: string, fixed: string, record: object = {}) =>
      osv('GHSA-x', 'npm', 'x', { events: [{ introduced: '0' }, { fixed }], record: { modified, ...record } });
    const now = state('2026-02-01T00:00:00Z', '2.0.0');
    const before = state('2025-02-01T00:00:00.5Z', '1.0.0');
    const kept = bundleOf([before]);
    const builder = new BundleBuilder();
    const { signer } = kept;

    builder.add(now);
    builder.add(before);
    builder.add(state('2025-03-01T00:00:00Z', '1.0.0', { withdrawn: '2025-03-01T00:00:00Z' }));
    builder.startFrom(openBundle(kept.bytes, [signer.publicKey]));
    const found = openBundle(builder.build(CREATED, signer), [signer.publicKey]).lookup('npm', 'x');

    expect(found.map(({ advisory }) => advisory.modified)).toEqual(['2026-02-01T00:00:00Z']);
    expect(builder.counts).toMatchObject({ records: 1, older: 2, withdrawn: 0 });
  });

  test('knows malicious packages whole, and by version', () => {
    const index = indexOf([
      osv('MAL-2026-1', 'npm', 'bad', { events: [{ introduced: '0' }] }),
      osv('MAL-2026-2', 'PyPI', 'Half_Bad', { versions: ['1.0.1'] }),
    ]);

    expect(index.malicious('npm', 'bad', '9.9.9')).toBe('MAL-2026-1');
    expect(index.malicious('PyPI', 'half-bad', '1.0.1')).toBe('MAL-2026-2');
    expect(index.malicious('PyPI', 'half-bad', '1.0.2')).toBeUndefined();
    expect(index.malicious('npm', 'good', '1.0.0')).toBeUndefined();
  });

  test('leaves withdrawn records out', () => {
    const index = indexOf([LODASH, { ...LODASH, withdrawn: '2026-01-02T00:00:00Z' }]);

    expect(index.lookup('npm', 'lodash')).toEqual([]);
  });

  test('has scores and exploitation by the CVE among the aliases', () => {
    const index = indexOf([LODASH], CREATED, (builder) => {
      addFile(
        builder,
        'epss.csv.gz',
        gzipSync(
          '#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2021-23337,0.5,0.9\n',
        ),
      );
      addFile(
        builder,
        'kev.json',
        Buffer.from(
          JSON.stringify({
            dateReleased: '2026-01-01',
            vulnerabilities: [{ cveID: 'CVE-2021-23337', dateAdded: '2025-05-05' }],
          }),
        ),
      );
    });

    expect(index.lookup('npm', 'lodash')[0]?.advisory).toMatchObject({ epss: 0.5, exploitedSince: '2025-05-05' });
  });
});

describe('the folder of an installation', () => {
  test('makes its key once, for its owner only, and reads back what it signed', () => {
    const state = mkdtempSync(join(tmpdir(), 'advisories-'));
    try {
      const folder = advisoryFolder(state);
      const signer = openSigner(folder);
      const builder = new BundleBuilder();
      builder.add(LODASH);

      saveBundle(folder, builder.build(CREATED, signer), 'test');

      expect(openSigner(folder).publicKey).toBe(signer.publicKey);
      expect(statSync(join(folder.directory, 'signing-key.pem')).mode & 0o777).toBe(0o600);
      expect(loadBundle(folder)?.lookup('npm', 'lodash')).toHaveLength(1);
      expect(loadBundle(advisoryFolder(join(state, 'none')))).toBeUndefined();
    } finally {
      rmSync(state, { recursive: true });
    }
  });

  test('takes public keys as PEM and as base64, and nothing else', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    // sallyport:ignore javascript-weak-cipher -- no key of ours: this one must be refused (advisory, until 2027-06-30)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
      .publicKey.export({ format: 'pem', type: 'spki' })
      .toString();

    expect(parsePublicKey(parsePublicKey(pem))).toBe(parsePublicKey(pem));
    for (const text of ['', 'AAAA', rsa, '-----BEGIN PUBLIC KEY-----'])
      expect(codeOf(() => parsePublicKey(text))).toBe('advisory/key-invalid');
  });
});

describe('what is imported', () => {
  test('may be YAML, a list, an archive', () => {
    const builder = new BundleBuilder();
    addFile(
      builder,
      'a.yaml',
      Buffer.from(
        'id: PYSEC-1\nsummary: s\naffected:\n- package: {name: x, ecosystem: PyPI}\n  versions: ["1.0", 1.10]\n',
      ),
    );
    addFile(builder, 'b.json', Buffer.from(JSON.stringify([LODASH])));
    const archive = new ArchiveReader(builder, 'all.zip');
    const zip = zipSync({
      'GHSA-2.json': Buffer.from(JSON.stringify(osv('GHSA-2', 'npm', 'b', { events: [{ introduced: '0' }] }))),
      'README.md': Buffer.from('#'),
    });
    for (let at = 0; at < zip.length; at += 7) archive.push(zip.subarray(at, at + 7), at + 7 >= zip.length);

    expect(builder.counts).toMatchObject({ records: 3, skipped: 0 });
  });

  test('is refused when it is not what its name says', () => {
    const builder = new BundleBuilder();

    expect(codeOf(() => addFile(builder, 'a.json', Buffer.from('{')))).toBe('advisory/record-invalid');
    expect(codeOf(() => addFile(builder, 'a.json', Buffer.from('['.repeat(200_000))))).toBe('advisory/record-invalid');
    expect(codeOf(() => addFile(builder, 'a.csv', Buffer.from('x,y\n')))).toBe('advisory/record-invalid');
    expect(codeOf(() => addFile(builder, 'a.csv.gz', Buffer.from('x')))).toBe('advisory/record-invalid');
    expect(
      codeOf(() =>
        new ArchiveReader(builder, 'a.zip').push(Buffer.from('PK\x03\x04broken archive that goes on'), true),
      ),
    ).toMatch(/^advisory\//);
  });

  test('is refused when an archive unpacks to far more than records have', () => {
    const zip = zipSync({ 'bomb.json': new Uint8Array(40 * 1024 * 1024) }, { level: 9 });

    expect(codeOf(() => new ArchiveReader(new BundleBuilder(), 'bomb.zip').push(zip, true))).toBe(
      'advisory/input-too-large',
    );
  });

  test('reaches no prototype through its keys', () => {
    const builder = new BundleBuilder();
    addFile(
      builder,
      'a.json',
      Buffer.from(
        '{"id":"X-1","__proto__":{"polluted":1},"affected":[{"package":{"ecosystem":"npm","name":"__proto__"},"versions":["1"]}]}',
      ),
    );
    const signer = makeSigner();

    const found = openBundle(builder.build(CREATED, signer), [signer.publicKey]).lookup('npm', '__proto__');

    expect(found).toHaveLength(1);
    expect('polluted' in {}).toBe(false);
  });
});

test.each([
  ['npm', '1.0.0', [['+0', '-1.0.1']], [], true],
  ['npm', '1.0.1', [['+0', '-1.0.1']], [], false],
  ['npm', '1.0.1-beta', [['+0', '-1.0.1']], [], true],
  ['npm', '1.5.0', [['+1.0.0', '=1.5.0']], [], true],
  ['npm', '1.5.1', [['+1.0.0', '=1.5.0']], [], false],
  ['npm', '2.5.0', [['+1.0.0', '-1.5.0', '+2.0.0', '-2.6.0']], [], true],
  ['npm', '1.7.0', [['+1.0.0', '-1.5.0', '+2.0.0', '-2.6.0']], [], false],
  ['npm', '1.0.0', [], ['1.0.0'], true],
  ['npm', 'not-a-version', [['+0']], [], false],
  ['PyPI', '1.0', [], ['1.0.0'], true],
  ['PyPI', '2.0+cpu', [['+0', '-2.0']], [], false],
  ['PyPI', '1.9+cpu', [['+0', '-2.0']], [], true],
  ['Maven', '2.14.1', [['+2.0-beta9', '-2.15.0']], [], true],
  ['Packagist', 'v1.2.0', [], ['1.2.0'], true],
  ['Go', '1.2.3', [['+0', '-1.2.4-0.20200101000000-abc']], [], true],
  ['npm', '3.0.0', [['+1.0.0', '<2.0.0']], [], false],
])('%s %s with %j and %j is affected: %s', (ecosystem, version, ranges, versions, expected) => {
  expect(isAffected(ecosystem, version, { ranges, versions, imports: [] })).toBe(expected);
});
