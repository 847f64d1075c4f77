/**
 * SSRF by webhook (OWASP A10, CICD-SEC-7): whoever may set a receiver makes the server dial what only the server reaches. Wanted: nothing
 * but public addresses, whatever the name, its spelling, its second answer or a redirect says. The control dials as a client without a
 * judgement does, and reaches the same service.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '../../../src/base/index.ts';
import { createDialer } from '../../../src/notify/index.ts';
import type { OutgoingAttack, Verdict } from './outgoing.ts';

/** What only this machine should reach, and a place on the way to it. */
type Inside = AsyncDisposable & {
  readonly port: number;
  readonly hits: () => number;
  readonly ca: string;
  /** Answers with a redirect to the service. */
  readonly redirector: number;
};

async function openInside(): Promise<Inside> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-ssrf-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = 'subjectAltName=DNS:inside.test,DNS:localhost,IP:127.0.0.1,IP:::1,IP:::ffff:127.0.0.1';
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
    ].concat(['-out', cert, '-subj', '/CN=inside.test', '-addext', names]),
    { stdio: 'ignore' },
  );
  const pem = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  let hits = 0;
  const service = https.createServer(pem, (_request, response) => {
    hits += 1;
    response.end('secret');
  });
  // Both families, as services of a host listen.
  const port = await listening(service, '::');
  const redirects = http.createServer((_request, response) => {
    response.writeHead(307, { location: `https://localhost:${port}/` }).end();
  });
  const redirector = await listening(redirects, '127.0.0.1');
  return {
    port,
    hits: () => hits,
    ca: pem.cert,
    redirector,
    async [Symbol.asyncDispose]() {
      for (const server of [service, redirects]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listening(server: http.Server | https.Server, host: string): Promise<number> {
  await new Promise<void>((done) => server.listen(0, host, done));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What the names of the attacker lead to; `rebind.test` answers otherwise the second time. */
function attackersDns(): (host: string) => Promise<readonly string[]> {
  let asked = 0;
  return async (host) => {
    if (host === 'inside.test') return ['127.0.0.1'];
    if (host === 'inside6.test') return ['::1'];
    if (host === 'mapped.test') return ['::ffff:127.0.0.1'];
    if (host === 'both.test') return ['203.0.113.9', '127.0.0.1'];
    if (host === 'rebind.test') {
      asked += 1;
      return [asked === 1 ? '203.0.113.9' : '127.0.0.1'];
    }
    return host === 'localhost' || host === 'localhost.' ? ['127.0.0.1', '::1'] : [host];
  };
}

/** A client that looks at the first answer of a name, and lets the connection look it up again, as most do. */
async function dialPlainly(url: string, lookup: (host: string) => Promise<readonly string[]>) {
  const { hostname } = new URL(url);
  await lookup(hostname);
  const again: LookupFunction = (host, options, callback) => {
    void lookup(host).then((found) => {
      const last = found.at(-1) ?? '';
      const all = [{ address: last, family: isIPv6(last) ? 6 : 4 }];
      if (options.all === true) callback(null, all);
      else callback(null, last, isIPv6(last) ? 6 : 4);
    });
  };
  await new Promise<void>((done, failed) => {
    const options = { method: 'POST', lookup: again, rejectUnauthorized: false, agent: false, timeout: 5000 } as const;
    https
      // sallyport:ignore javascript-tls-verification-off -- the control arm: a sender that trusts whoever answers (notify, until 2027-06-30)
      .request(url, options, (response) => response.resume().once('end', () => done()))
      .once('error', failed)
      .end('{}');
  });
}

const at = (id: string, title: string, url: (port: number) => string): OutgoingAttack => ({
  id: `K5-webhook-${id}`,
  title,
  controls: ['K5'],
  async attempt(): Promise<Verdict> {
    await using inside = await openInside();
    const address = url(inside.port);
    const dialer = createDialer({ lookup: attackersDns(), insideHosts: [], ca: inside.ca });
    const refusal = await dialer
      .post(address, { headers: {}, body: '{}', signal: AbortSignal.timeout(3000) })
      .then(() => 'answered', reasonOf);
    const refused = inside.hits() === 0;
    await dialPlainly(address, attackersDns());
    return { refused, succeeded: inside.hits() === 1, detail: `${address}: ${refusal}` };
  },
});

const redirect: OutgoingAttack = {
  id: 'K5-webhook-redirect',
  title: 'a receiver that may be reached sends the server on to one inside',
  controls: ['K5'],
  async attempt() {
    await using inside = await openInside();
    const url = `http://receiver.test:${inside.redirector}/`;
    const dialer = createDialer({
      lookup: () => Promise.resolve(['127.0.0.1']),
      insideHosts: ['receiver.test'],
      ca: inside.ca,
    });
    const { status } = await dialer.post(url, { headers: {}, body: '{}' });
    const refused = inside.hits() === 0 && status === 307;
    // A client that follows: what it is told, it dials.
    const first = await fetch(`http://127.0.0.1:${inside.redirector}/`, { method: 'POST', redirect: 'manual' });
    await dialPlainly(first.headers.get('location') ?? '', attackersDns());
    return { refused, succeeded: inside.hits() === 1, detail: `the dialer saw ${status}` };
  },
};

export const attacks: readonly OutgoingAttack[] = [
  at('loopback', 'the address of the host itself', (port) => `https://127.0.0.1:${port}/`),
  at('loopback-name', 'localhost, with the dot of the root', (port) => `https://localhost.:${port}/`),
  at('loopback-number', 'an address written as one number', (port) => `https://2130706433:${port}/`),
  at('loopback-hex', 'an address written in hexadecimal and cut short', (port) => `https://0x7f.1:${port}/`),
  at('loopback-6', 'the address of the host itself in IPv6', (port) => `https://[::1]:${port}/`),
  at('mapped', 'an IPv4 address inside of an IPv6 one', (port) => `https://[::ffff:7f00:1]:${port}/`),
  at('name', 'a name of the attacker that leads inside', (port) => `https://inside.test:${port}/`),
  at('name-6', 'a name of the attacker that leads inside in IPv6', (port) => `https://inside6.test:${port}/`),
  at('name-mapped', 'a name that leads to a mapped address', (port) => `https://mapped.test:${port}/`),
  at('name-both', 'a name with a public address and one inside', (port) => `https://both.test:${port}/`),
  at(
    'rebind',
    'a name that is public when it is judged and inside when it is dialled',
    (port) => `https://rebind.test:${port}/`,
  ),
  redirect,
];
