/**
 * Guessing, leading away, and asking inside: the ways in of a browser. The controls are the right code, a path of the server, and a
 * provider that the settings name.
 */
import { createServer } from 'node:http';
import { createProviderFetch } from '../../../src/bin/provider-fetch.ts';
import { returnPath } from '../../../web/src/people/return-path.ts';
import { ownPath } from '../../../src/api/own-path.ts';
import { SoftBrowser } from '../../support/soft-browser.ts';
import type { PageAttack } from '../pages.ts';

const GUESSES = 30;
/** Nobody else comes from there: what is blocked is the attacker. */
const ATTACKER = '127.0.2.1';
const AWAY = [
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  '/\t/evil.example',
  'javascript:alert(1)',
  '/.//evil.example',
];

async function openInside() {
  let hits = 0;
  const server = createServer((_request, response) => {
    hits += 1;
    response.setHeader('content-type', 'application/json');
    response.end('{"secret":1}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hits: () => hits,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export const attacks: readonly PageAttack[] = [
  {
    id: 'K23-recovery-guessing',
    title: 'recovery codes of an owner are guessed',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const made = await ada.approved('POST', '/user/recovery-codes');
      const [code = ''] = made.body['codes'] as string[];
      const guess = (text: string, from: string) =>
        new SoftBrowser(ada.origin).ask('POST', '/sign-in/recovery', { body: { name: 'ada', code: text }, from });
      const statuses: number[] = [];
      for (let at = 0; at < GUESSES; at += 1) {
        statuses.push((await guess(`aaaaa-aaaaa-aaaaa-${String(at).padStart(5, '0')}`, ATTACKER)).status);
      }
      const right = await guess(code, ATTACKER);
      return {
        // Also the right one is not looked at while the network is blocked.
        refused: statuses.filter((status) => status === 401).length <= 10 && right.status === 429,
        succeeded: made.status === 201 && statuses[0] === 401,
        detail: `${statuses.filter((status) => status === 401).length} were looked at; the right one: ${right.status}`,
      };
    },
  },
  {
    id: 'K23-open-redirect',
    title: 'a link to sign in leads on to another server',
    controls: ['K23'],
    async attempt() {
      const origin = 'https://ci.example.org';
      const led = AWAY.flatMap((to) => [ownPath(to, origin), returnPath(to, origin)]);
      // Without the control: what a browser makes of such a place.
      const away = AWAY.filter((to) => new URL(to, origin).origin !== origin);
      return {
        refused: led.every((to) => to === '/'),
        succeeded: away.length >= 4 && returnPath('/acme/app?a=1#b', origin) === '/acme/app?a=1#b',
        detail: led.join(' '),
      };
    },
  },
  {
    id: 'K23-oidc-discovery-ssrf',
    title: 'a provider names addresses inside the network of the server',
    controls: ['K23', 'K24'],
    async attempt() {
      await using inside = await openInside();
      const lookup = () => Promise.resolve(['127.0.0.1']);
      const guarded = createProviderFetch({ issuer: 'https://id.example.org', isInside: false, lookup });
      const targets = [
        `http://127.0.0.1:${inside.port}/`,
        `https://127.0.0.1:${inside.port}/`,
        `https://id.example.org:${inside.port}/jwks`,
        `https://[::ffff:127.0.0.1]:${inside.port}/`,
        'http://169.254.169.254/latest/meta-data/',
      ];
      const tried = await Promise.allSettled(targets.map((url) => guarded(url, { method: 'GET', headers: {} })));
      const hitsBefore = inside.hits();
      const control = await fetch(`http://127.0.0.1:${inside.port}/`);
      return {
        refused: tried.every(({ status }) => status === 'rejected') && hitsBefore === 0,
        succeeded: control.status === 200 && inside.hits() === 1,
        detail: tried.map(({ status }) => status).join(),
      };
    },
  },
];
