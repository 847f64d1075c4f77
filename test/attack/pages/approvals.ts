/**
 * K23: whoever has the session of an owner tries to make it last: a token, another owner, a passkey of their own. Wanted: each needs a
 * touch of the owner's passkey, for that very request, once. The control is the same with it.
 */
import { Authenticator } from '../../../src/identity/authenticator.fixture.ts';
import { SoftBrowser } from '../../support/soft-browser.ts';
import type { PageAttack } from '../pages.ts';

const TOKEN = { name: 'x', scopes: ['all'] };
const isNeeded = ({ status, body }: { readonly status: number; readonly body: object }) =>
  status === 403 && 'code' in body && body.code === 'api/approval-needed';

export const attacks: readonly PageAttack[] = [
  {
    id: 'K23-approval-missing',
    title: 'a stolen session makes tokens, owners, codes, runners and passkeys',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const own = new Authenticator(ada.origin).create((await ada.ask('POST', '/user/passkeys/options')).body);
      const tried = [
        await ada.ask('POST', '/tokens', { body: TOKEN }),
        await ada.ask('POST', '/members', { body: { name: 'eve', role: 'owner' } }),
        await ada.ask('POST', '/members/ada/code'),
        await ada.ask('POST', '/runners/registrations', { body: {} }),
        await ada.ask('POST', '/user/passkeys', { body: { name: 'mine', answer: own } }),
        await ada.ask('POST', '/user/recovery-codes'),
      ];
      const control = await ada.approved('POST', '/tokens', TOKEN);
      return {
        // A passkey may be added without one shortly after a recovery code; this session came by a passkey.
        refused: tried.every(isNeeded),
        succeeded: control.status === 201,
        detail: tried.map(({ status, body }) => `${status} ${String(body['code'])}`).join(', '),
      };
    },
  },
  {
    id: 'K23-approval-replay',
    title: 'an approval is used a second time, and for another request',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const send = (body: object, approval: string) =>
        ada.ask('POST', '/tokens', { body, headers: { 'sallyport-approval': approval } });
      const approval = await ada.approvalFor('POST', '/tokens', TOKEN);
      const control = await send(TOKEN, approval);
      const again = await send(TOKEN, approval);
      const other = await send({ ...TOKEN, days: 90 }, await ada.approvalFor('POST', '/tokens', TOKEN));
      return {
        refused: again.status === 401 && other.status === 403,
        succeeded: control.status === 201,
        detail: `${again.status}, ${other.status}`,
      };
    },
  },
  {
    id: 'K23-approval-relay',
    title: 'what an owner signed to sign in, or in another session, approves a request of the thief',
    controls: ['K23'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      const thief = new SoftBrowser(ada.origin, ada.device);
      await thief.signIn();
      const options = await ada.ask('POST', '/sign-in/passkey/options');
      const signIn = Buffer.from(JSON.stringify(ada.device.get(options.body))).toString('base64url');
      const elsewhere = await ada.approvalFor('POST', '/tokens', TOKEN);
      const send = (by: SoftBrowser, approval: string) =>
        by.ask('POST', '/tokens', { body: TOKEN, headers: { 'sallyport-approval': approval } });
      const tried = [await send(thief, signIn), await send(thief, elsewhere)];
      const control = await send(ada, await ada.approvalFor('POST', '/tokens', TOKEN));
      return {
        refused: tried.every(({ status }) => status === 401 || status === 403),
        succeeded: control.status === 201,
        detail: tried.map(({ status }) => status).join(),
      };
    },
  },
  {
    id: 'K11-second-person',
    title: 'one owner deletes a repository, or makes an owner, and confirms it alone',
    controls: ['K11'],
    async attempt(rig) {
      const ada = await rig.person('ada');
      await ada.ask('POST', '/repositories', { body: { owner: 'acme', name: 'kept' } });
      const asked = await ada.approved('DELETE', '/repositories/acme/kept');
      const { id } = (asked.body['request'] ?? {}) as { id?: number };
      const alone = await ada.approved('POST', `/requests/${id}/confirm`);
      const still = await ada.ask('GET', '/repositories/acme/kept');
      const control = await ada.ask('POST', `/requests/${id}/cancel`);
      return {
        refused: asked.status === 202 && alone.status === 403 && still.status === 200,
        succeeded: control.status === 200 && control.body['state'] === 'cancelled',
        detail: `${asked.status}, ${alone.status}, ${still.status}`,
      };
    },
  },
];
