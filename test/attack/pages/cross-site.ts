/**
 * CSRF: a page of another site makes the browser of somebody who is signed in send requests. Wanted: nothing changes, nothing can be
 * read, and nobody is signed in as somebody else. The control is the same request from a page of the server.
 */
import { createServer } from 'node:http';
import { findChromium, startChromium } from '../../pages/browser.ts';
import { withAuthenticator } from '../../pages/authenticator.ts';
import { SoftBrowser } from '../../support/soft-browser.ts';
import type { PageAttack } from '../pages.ts';

const SITES = [
  ['another-site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['sibling', { origin: 'http://evil.localhost', 'sec-fetch-site': 'same-site' }],
  ['other-port', { origin: 'http://localhost:9', 'sec-fetch-site': 'same-site' }],
  ['sandboxed-frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['form', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
] as const;

const posts: readonly PageAttack[] = SITES.map(([id, headers]) => ({
  id: `K23-csrf-${id}`,
  title: `a request of ${id.replaceAll('-', ' ')} changes something with the session of a visitor`,
  controls: ['K23'],
  async attempt(rig) {
    const ada = await rig.person('ada');
    const body = { owner: 'acme', name: `csrf-${id}` };
    const forged = await ada.ask('POST', '/repositories', { body, headers });
    const before = await ada.ask('GET', `/repositories/acme/csrf-${id}`);
    const control = await ada.ask('POST', '/repositories', { body });
    return {
      refused: forged.status === 403 && before.status === 404,
      succeeded: control.status === 201,
      detail: `${forged.status}, control ${control.status}`,
    };
  },
}));

/** A page of an attacker on another port of this machine: the same site, so that the browser sends the cookie along. */
async function openEvil(target: string) {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>evil</title>
      <form id="form" method="post" action="${target}/api/v1/sign-out"></form>
      <script>
        window.tried = fetch('${target}/api/v1/sign-out', { method: 'POST', mode: 'no-cors', credentials: 'include' })
          .then(() => fetch('${target}/api/v1/user', { credentials: 'include' })).then((r) => r.text(), () => 'unreadable');
      </script>`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    url: `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** As the pages do it, in the page of a real browser: a code becomes a passkey and a session. */
const REGISTER = `async (code) => {
  const post = (path, body) => fetch('/api/v1' + path, { method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' } }).then((answer) => answer.json());
  const options = await post('/sign-in/registration/options', { code });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  await post('/sign-in/registration', { code, passkeyName: 'x', answer: credential.toJSON() });
}`;
const STATUS = `fetch('/api/v1/user').then(({ status }) => status)`;

const inChromium: PageAttack = {
  id: 'K23-csrf-chromium',
  title: 'a real browser with a session opens the page of an attacker on the same site',
  controls: ['K23'],
  async attempt(rig) {
    const product = await rig.product();
    const { code } = JSON.parse(await product.must(['member', 'add', 'carol', '--json'])) as { code: string };
    await using evil = await openEvil(product.url);
    const browser = await startChromium();
    try {
      const page = await withAuthenticator(await browser.newContext());
      await page.goto(`${product.url}/setup`);
      await page.evaluate(`(${REGISTER})(${JSON.stringify(code)})`);
      await page.goto(evil.url);
      const read = await page.evaluate('window.tried');
      await page.evaluate("document.getElementById('form').submit()");
      await page.waitForURL(`${product.url}/api/v1/sign-out`);
      await page.goto(`${product.url}/setup`);
      const before = await page.evaluate(STATUS);
      // From a page of the server the very same request does it.
      const control = await page.evaluate(`fetch('/api/v1/sign-out', { method: 'POST' }).then(() => ${STATUS})`);
      return {
        refused: read === 'unreadable' && before === 200,
        succeeded: control === 401,
        detail: `read ${String(read).slice(0, 100)}, then ${String(before)}, control ${String(control)}`,
      };
    } finally {
      await browser.close();
    }
  },
};

export const attacks: readonly PageAttack[] = [
  ...posts,
  {
    id: 'K23-csrf-read',
    title: 'a page of another site reads with the session of a visitor, as an image, a script and a frame',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const kinds = [
        { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
        { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      ];
      const asked = await Promise.all(
        kinds.map((kind) => ada.ask('GET', '/user', { headers: { 'sec-fetch-site': 'cross-site', ...kind } })),
      );
      const control = await ada.ask('GET', '/user');
      return {
        refused: asked.every(({ status }) => status === 403),
        succeeded: control.status === 200,
        detail: asked.map(({ status }) => status).join(),
      };
    },
  },
  {
    id: 'K23-login-csrf',
    title: 'a page of another site signs a visitor in as the attacker',
    controls: ['K23'],
    async attempt(rig) {
      const mallory = await rig.person('mallory');
      const options = await mallory.ask('POST', '/sign-in/passkey/options');
      const body = { answer: mallory.device.get(options.body) };
      const victim = new SoftBrowser(mallory.origin);
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const forged = await victim.ask('POST', '/sign-in/passkey', { body, headers });
      const control = await mallory.ask('POST', '/sign-in/passkey', { body });
      mallory.take(control);
      return {
        refused: forged.status === 403 && forged.headers['set-cookie'] === undefined,
        succeeded: control.status === 201,
        detail: `${forged.status}, control ${control.status}`,
      };
    },
  },
  ...(findChromium() === undefined ? [] : [inChromium]),
];
