/**
 * K23: a program on the person's machine, or somebody who reads a backup of it, has copied the cookie of a session. Wanted: it is worth
 * nothing elsewhere, and the log tells of it. The control is the very browser that it was copied from.
 */
import { FIREFOX, SoftBrowser } from '../../support/soft-browser.ts';
import type { PageAttack } from '../pages.ts';

/** A network of this machine that is not the one of the person's browser. */
const ELSEWHERE = '127.0.1.1';

const codeOf = (body: { readonly [name: string]: unknown }) => String(body['code']);

export const attacks: readonly PageAttack[] = [
  {
    id: 'K23-cookie-browser',
    title: 'a copied cookie is shown by another browser',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const own = new SoftBrowser(ada.origin, ada.device);
      await own.signIn();
      const control = await own.ask('GET', '/user');
      const thief = new SoftBrowser(ada.origin);
      thief.cookie = own.cookie;
      thief.userAgent = FIREFOX;
      const stolen = await thief.ask('GET', '/user');
      const after = await own.ask('GET', '/user');
      const isRecorded = (await rig.actions()).includes('session.end');
      const refused = stolen.status === 401 && after.status === 401 && isRecorded;
      return { refused, succeeded: control.status === 200, detail: `${stolen.status}, then ${after.status}` };
    },
  },
  {
    id: 'K23-cookie-network',
    title: 'a copied cookie is shown from another network, by a browser of the same kind',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const own = new SoftBrowser(ada.origin, ada.device);
      await own.signIn();
      const thief = new SoftBrowser(ada.origin);
      thief.cookie = own.cookie;
      const stolen = await thief.ask('GET', '/user', { from: ELSEWHERE });
      const control = await own.ask('GET', '/user');
      const isRecorded = (await rig.actions()).includes('session.refuse');
      const refused = stolen.status === 401 && codeOf(stolen.body) === 'identity/session-elsewhere' && isRecorded;
      return { refused, succeeded: control.status === 200, detail: `${stolen.status} ${codeOf(stolen.body)}` };
    },
  },
  {
    id: 'K23-cookie-program',
    title: 'a copied cookie is sent by a program that says nothing of where it comes from',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const bare = {
        headers: {
          'sec-fetch-site': undefined,
          'sec-fetch-mode': undefined,
          'sec-fetch-dest': undefined,
          origin: undefined,
        },
      };
      const stolen = await ada.ask('GET', '/user', bare);
      const control = await ada.ask('GET', '/user');
      return { refused: stolen.status === 403, succeeded: control.status === 200, detail: `${stolen.status}` };
    },
  },
  {
    id: 'K23-cookie-doors',
    title: 'a cookie is taken to git, the API of GitHub, runners and the figures',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      await ada.ask('POST', '/repositories', { body: { owner: 'acme', name: 'doors' } });
      const product = await rig.product();
      const paths = ['/api/v3/repos/acme/doors', '/!acme/doors.git/info/refs?service=git-upload-pack'];
      const answers = await Promise.all(paths.map((one) => ada.ask('GET', one)));
      const token = await product.token();
      const rightly = await Promise.all(paths.map((one) => product.fetch(one.replace('/!', '/'), { token })));
      return {
        refused: answers.every(({ status }) => status === 401),
        succeeded: rightly.every(({ status }) => status === 200),
        detail: `${answers.map(({ status }) => status).join()}; ${rightly.map(({ status }) => status).join()}`,
      };
    },
  },
  {
    id: 'K23-cookie-signed-out',
    title: 'a cookie is used after its person signed out everywhere',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const own = new SoftBrowser(ada.origin, ada.device);
      await own.signIn();
      const control = await own.ask('GET', '/user');
      await own.ask('DELETE', '/user/sessions');
      const after = await own.ask('GET', '/user');
      await ada.signIn();
      return { refused: after.status === 401, succeeded: control.status === 200, detail: `${after.status}` };
    },
  },
  {
    id: 'K23-session-fixation',
    title: 'a cookie that the attacker knows is planted before the person signs in',
    controls: ['K23'],
    async attempt(rig) {
      const [ada, mallory] = [await rig.person('ada'), await rig.person('mallory')];
      const victim = new SoftBrowser(ada.origin, ada.device);
      const planted = [mallory.cookie, `__Host-sid=${'A'.repeat(43)}`];
      const kept: string[] = [];
      for (const cookie of planted) {
        victim.cookie = cookie;
        await victim.signIn();
        kept.push(victim.cookie);
      }
      const spies = await Promise.all(
        planted.map((cookie) => {
          const spy = new SoftBrowser(ada.origin);
          spy.cookie = cookie;
          return spy.ask('GET', '/user');
        }),
      );
      const control = await victim.ask('GET', '/user');
      await mallory.signIn();
      return {
        refused: spies.every(({ status }) => status === 401) && kept.every((cookie) => !planted.includes(cookie)),
        succeeded: control.status === 200 && control.body['name'] === 'ada',
        detail: spies.map(({ status }) => status).join(),
      };
    },
  },
];
