import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, startProduct } from '../../test/product/product.ts';
import { CLIENT_ID, CLIENT_SECRET, Jar, signInAt, startProvider } from '../../test/support/oidc-provider.ts';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0';

test('a server whose settings name a provider lets the people of a known group in', async () => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  await using provider = await startProvider(url);
  provider.groups.set('grace', ['ci-builders']);
  const folder = await mkdtemp(join(tmpdir(), 'sp-oidc-'));
  const [config, secret] = [join(folder, 'sallyport.yml'), join(folder, 'secret')];
  await writeFile(secret, `${CLIENT_SECRET}\n`, { mode: 0o600 });
  await writeFile(
    config,
    `oidc:
  issuer: ${provider.issuer}
  client_id: ${CLIENT_ID}
  client_secret_file: ${secret}
  name: Example SSO
  teams: { ci-builders: builders }
  unsafe_inside_issuer: true
`,
  );
  await using product = await startProduct({ port, args: ['--config', config, '--no-runner'] });
  const jar = new Jar();
  const get = async (path: string) => {
    const headers = { cookie: jar.header, 'user-agent': AGENT, 'sec-fetch-site': 'same-origin' };
    const response = await fetch(`${product.url}${path}`, { redirect: 'manual', headers });
    jar.take(response);
    return response;
  };

  const methods = await (await get('/api/v1/sign-in/methods')).json();
  const begun = await get('/api/v1/sign-in/oidc?return=/-/people');
  const back = new URL(await signInAt(provider.issuer, begun.headers.get('location') ?? '', 'grace'));
  const done = await get(back.pathname + back.search);
  const me = await (await get('/api/v1/user')).json();

  expect(methods).toEqual({ provider: { name: 'Example SSO' } });
  expect([done.status, done.headers.get('location')]).toEqual([302, '/-/people']);
  expect(me).toMatchObject({ name: 'grace', role: 'member', source: 'session' });
  await rm(folder, { recursive: true });
});
