import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProviderFetch } from './provider-fetch.ts';

let server: Server;
let origin: string;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/large') return response.end(Buffer.alloc(600 * 1024));
    if (request.url === '/away') return response.writeHead(302, { location: '/inside' }).end();
    return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  origin = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(() => new Promise((done) => server.close(done)));

const fetchAs = (isInside: boolean, issuer = origin, addresses = ['127.0.0.1']) =>
  createProviderFetch({ issuer, isInside, lookup: async () => addresses });
const GET = { method: 'GET', headers: {} };
const refused = expect.objectContaining({ code: 'provider/address-refused' });

describe('what a provider names is dialled only where it may be (SSRF)', () => {
  test.each([
    ['http://169.254.169.254/latest/meta-data', false],
    ['http://id.example.org/', false],
    ['https://127.0.0.1/', false],
    ['https://[::1]/', false],
    ['https://10.0.0.1/', false],
    ['https://[::ffff:127.0.0.1]/', false],
    ['https://10.0.0.1/', true],
    ['https://other.example.org/', true],
    ['file:///etc/passwd', true],
  ])('%s is refused (inside: %s)', async (url, isInside) => {
    await expect(fetchAs(isInside)(url, GET)).rejects.toEqual(refused);
    expect(asked).toEqual([]);
  });

  test('a name that leads inside is refused, also when only one of its addresses does', async () => {
    const one = fetchAs(false, 'https://id.example.org', ['93.184.215.14', '127.0.0.1']);

    await expect(one('https://id.example.org/jwks', GET)).rejects.toEqual(refused);
  });

  test('an issuer of the own machine is asked when the settings say so (control), and never what is reserved', async () => {
    const inside = fetchAs(true);

    const answer = await inside(`${origin}/.well-known/openid-configuration`, GET);

    expect([answer.status, await answer.json()]).toEqual([200, { a: 1 }]);
    await expect(fetchAs(true, origin, ['169.254.169.254'])(`${origin}/x`, GET)).rejects.toEqual(refused);
  });

  test('redirects are not followed, and what is too large is not read', async () => {
    expect((await fetchAs(true)(`${origin}/away`, GET)).status).toBe(302);
    await expect(fetchAs(true)(`${origin}/large`, GET)).rejects.toMatchObject({ code: 'provider/answer-large' });
    expect(asked).toEqual(['/away', '/large']);
  });
});
