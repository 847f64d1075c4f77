import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { imageDigest, parseImage } from './image-digest.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A registry that wants an anonymous token, as the public ones do. */
async function registry(options: { readonly digest?: string; readonly token?: string } = {}): Promise<string> {
  const server = createServer((request, response) => {
    const host = request.headers.host ?? '';
    const url = new URL(request.url ?? '/', `http://${host}`);
    if (url.pathname === '/token') {
      response.end(JSON.stringify({ token: `for ${url.searchParams.get('scope')}` }));
    } else if (request.headers.authorization !== `Bearer ${options.token ?? 'for repository:team/app:pull'}`) {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="test"` }).end();
    } else if (url.pathname === '/v2/team/app/manifests/1.2') {
      response.writeHead(200, { 'docker-content-digest': options.digest ?? DIGEST }).end();
    } else {
      response.writeHead(404).end();
    }
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
}

describe('the name of an image', () => {
  test.each([
    ['node', 'registry-1.docker.io', 'library/node', 'latest'],
    ['node:20-alpine', 'registry-1.docker.io', 'library/node', '20-alpine'],
    ['grafana/loki:3.0', 'registry-1.docker.io', 'grafana/loki', '3.0'],
    ['docker.io/grafana/loki', 'registry-1.docker.io', 'grafana/loki', 'latest'],
    ['ghcr.io/a/b/c:v1', 'ghcr.io', 'a/b/c', 'v1'],
    ['localhost:5000/a:1', 'localhost:5000', 'a', '1'],
  ])('%s', (image, host, repository, tag) => {
    expect(parseImage(image)).toEqual({ registry: host, repository, tag });
  });

  test.each(['', 'Node', 'a b', 'a@sha256:00', '../etc', 'a:', 'http://x/y', '${IMAGE}'])('%j is none', (image) => {
    expect(parseImage(image)).toBeUndefined();
  });
});

describe('a registry', () => {
  test('tells the digest to anybody who asked its token service', async () => {
    const host = await registry();

    expect(await imageDigest(`${host}/team/app:1.2`, fetch)).toBe(DIGEST);
  });

  test.each([
    ['an unknown tag', 'team/app:9', {}],
    ['an answer that is no digest', 'team/app:1.2', { digest: 'latest; rm -rf /' }],
    ['a token that is not taken', 'team/app:1.2', { token: 'another' }],
  ])('%s is refused with its name', async (_, image, options) => {
    const host = await registry(options);

    await expect(imageDigest(`${host}/${image}`, fetch)).rejects.toMatchObject({ code: 'bin/image-unknown' });
  });

  test('one that is not there is refused', async () => {
    await expect(imageDigest('127.0.0.1:1/a:1', fetch)).rejects.toMatchObject({ code: 'bin/image-unknown' });
  });
});
