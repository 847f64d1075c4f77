import { generateKeyPairSync } from 'node:crypto';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { osv } from '../../test/support/advisories.ts';
import { BundleBuilder, type Fetcher, type OpenBundle, openBundle, signerOf, syncAdvisories } from './index.ts';

const signer = signerOf(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
const OLD = osv('GHSA-1', 'npm', 'a', { events: [{ introduced: '0' }, { fixed: '1.0.0' }] });
const NEW = { ...osv('GHSA-2', 'npm', 'b', { events: [{ introduced: '0' }] }), modified: '2026-02-01T00:00:00Z' };

function server(files: { readonly [url: string]: string | Uint8Array }) {
  const asked: string[] = [];
  const fetch: Fetcher = async (url) => {
    asked.push(url.replace('https://dumps.test/', ''));
    const found = files[url.replace('https://dumps.test/', '')];
    if (found === undefined) return undefined;
    return (async function* () {
      yield Buffer.from(found);
    })();
  };
  return { fetch, asked };
}

async function sync(fetch: Fetcher, previous?: OpenBundle): Promise<OpenBundle> {
  const builder = new BundleBuilder();
  await syncAdvisories(builder, {
    fetch,
    from: 'https://dumps.test/',
    ecosystems: ['npm', 'crates.io'],
    epss: undefined,
    exploited: undefined,
    previous,
    onProgress: () => {},
  });
  return openBundle(builder.build('2026-02-02T00:00:00Z', signer), [signer.publicKey]);
}

const dump = (...records: readonly object[]) =>
  zipSync(Object.fromEntries(records.map((record, at) => [`${at}.json`, Buffer.from(JSON.stringify(record))])));

test('the first sync takes whole dumps, the next only what changed', async () => {
  const first = server({ 'npm/all.zip': dump(OLD) });
  const bundle = await sync(first.fetch);
  const second = server({
    'npm/modified_id.csv': '2026-02-01T00:00:00Z,GHSA-2\n2026-01-01T00:00:00Z,GHSA-1\n',
    'npm/GHSA-2.json': JSON.stringify(NEW),
  });

  const updated = await sync(second.fetch, bundle);

  expect(first.asked).toContain('npm/all.zip');
  expect(second.asked).not.toContain('npm/all.zip');
  expect(updated.lookup('npm', 'a')).toHaveLength(1);
  expect(updated.lookup('npm', 'b')).toHaveLength(1);
});

test('a sync that finds nothing, or breaks off, is a failure', async () => {
  const broken: Fetcher = async () =>
    // oxlint-disable-next-line require-yield
    (async function* (): AsyncGenerator<Uint8Array> {
      throw new TypeError('reset');
    })();

  await expect(sync(server({}).fetch)).rejects.toMatchObject({ code: 'advisory/sync-failed' });
  await expect(sync(broken)).rejects.toMatchObject({ code: 'advisory/sync-failed' });
});

test('an index that names a record which is not there is a failure', async () => {
  const bundle = await sync(server({ 'npm/all.zip': dump(OLD) }).fetch);
  const lying = server({ 'npm/modified_id.csv': '2026-02-01T00:00:00Z,GHSA-9\n' });

  await expect(sync(lying.fetch, bundle)).rejects.toMatchObject({ code: 'advisory/sync-failed' });
});
