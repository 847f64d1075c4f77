import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openExternalPostgres } from '../../src/database/external-postgres.fixture.ts';
import { openFakeS3 } from '../../src/s3/fake-s3.fixture.ts';
import { startProduct, until } from '../product/product.ts';

const WORKFLOW = `
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: mkdir out && cp README.md out/
      - uses: actions/upload-artifact@v4
        with: { name: built, path: out }
      - uses: actions/cache@v4
        with: { path: out, key: out-1 }
  use:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: { name: built, path: got }
      - run: grep journey got/README.md
`;

type View = { readonly conclusion?: string; readonly state: string; readonly jobs: readonly { id: number }[] };

/** The product whole, with nothing of its state beside it: rows in somebody else's PostgreSQL, bytes in a bucket. */
test('a push is green on a PostgreSQL of its own and a bucket, and is there after a restart', {
  timeout: 240_000,
}, async () => {
  await using external = await openExternalPostgres();
  await using s3 = await openFakeS3();
  const folder = await mkdtemp('/var/tmp/sp-elsewhere-');
  await mkdir(join(folder, 'data'), { mode: 0o711 });
  const [key, config] = [join(folder, 's3.key'), join(folder, 'sallyport.yml')];
  await writeFile(key, `${s3.key.id}\n${s3.key.secret}\n`, { mode: 0o600 });
  const settings = [
    `s3_endpoint: ${s3.endpoint}`,
    `s3_bucket: ${s3.bucket}`,
    `s3_region: ${s3.region}`,
    's3_prefix: ci/',
    `s3_key_file: ${key}`,
  ];
  await writeFile(config, settings.join('\n'));
  await using product = await startProduct({
    folder,
    args: ['--config', config, '--unsafe-direct-push'],
    env: { DATABASE_URL: external.url },
  });
  await product.must(['repo', 'create', 'acme/app']);
  const tree = await product.tree('acme/app');
  await tree.push({ '.github/workflows/ci.yml': WORKFLOW, 'README.md': 'a journey\n' });
  const view = async () =>
    JSON.parse(await product.must(['runs', 'view', '1', '--json'], { cwd: tree.folder })) as View;
  await until(
    60_000,
    async () => (await product.cli(['runs', 'view', '1', '--json'], { cwd: tree.folder })).code === 0,
  );
  const run = await until(120_000, async () => {
    const found = await view();
    return found.state === 'finished' ? found : undefined;
  });

  expect(run.conclusion).toBe('success');
  expect([...s3.objects.keys()].filter((name) => name.startsWith('ci/blobs/'))).toHaveLength(2);
  expect((await product.pids()).postgres).toBeUndefined();

  await product.end('SIGTERM');
  await product.start();
  const verified = await product.must(['audit', 'verify', '--data', product.data, '--json']);
  const artifacts = await product.must(['runs', 'artifacts', '1', '--json'], { cwd: tree.folder });

  expect((await view()).conclusion).toBe('success');
  expect(JSON.parse(verified)).toMatchObject({ deviations: [] });
  expect(artifacts).toContain('"built"');

  await chmod(key, 0o644);
  await product.end('SIGTERM');
  await expect(product.start()).rejects.toThrow(/can be read by others/);
});
