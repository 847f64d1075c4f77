import { until } from '../../product/product.ts';
import { fact, NOT_FOUND, type Visits, type World } from '../visit.ts';

const PROOF_MS_MAX = 60_000;

/** A receiver that nobody is at, and an entry that a checkpoint has. */
export async function seed(world: World): Promise<void> {
  const { webhook } = await world.ask('POST', '/api/v1/repositories/acme/app/webhooks', {
    kind: 'webhook',
    url: 'https://receiver.invalid/hook',
    events: ['run.completed', 'push'],
  });
  const { id } = webhook as { readonly id: number };
  await world.ask('POST', `/api/v1/repositories/acme/app/webhooks/${id}/ping`, {});
  world.facts.set('webhook', String(id));
  const entry = await until(PROOF_MS_MAX, async () => {
    const { items } = await world.ask('GET', '/api/v1/audit?action=repository.create');
    const entries = items as readonly { readonly id: number; readonly position?: number }[];
    return entries.find(({ position }) => position !== undefined)?.id;
  });
  world.facts.set('entry', String(entry));
}

const HOOKS = '/acme/app/webhooks';

export const visits: Visits['visits'] = [
  {
    route: '-/runners',
    state: 'the one inside',
    path: () => '/-/runners',
    ready: (page) => page.getByText('Capability record').first().waitFor(),
  },
  {
    route: '-/runners',
    state: 'another one invited',
    path: () => '/-/runners',
    ready: async (page) => {
      await page.getByRole('button', { name: 'Add a runner' }).click();
      await page.getByRole('button', { name: 'Make the command' }).click();
      await page.getByText('sallyport runner join').waitFor();
    },
  },
  {
    route: '-/audit',
    state: 'entries',
    path: () => '/-/audit',
    ready: (page) => page.getByText('done').first().waitFor(),
  },
  { route: '-/audit', state: 'nothing fits', path: () => '/-/audit?action=nothing.like-it' },
  {
    route: '-/audit/:entry',
    state: 'proved in the browser',
    path: (world) => `/-/audit/${fact(world, 'entry')}`,
    ready: async (page) => {
      await page.getByRole('button', { name: 'Verify in this browser' }).click();
      await page.getByText('Proved: the log of').waitFor();
    },
  },
  { route: '-/audit/:entry', state: 'not there', path: () => '/-/audit/99999999', allowed: [NOT_FOUND] },
  {
    route: '-/doctor',
    state: 'this machine',
    path: () => '/-/doctor',
    ready: (page) => page.getByText('unsafe_direct_push').waitFor(),
  },
  {
    route: '-/settings',
    state: 'all',
    path: () => '/-/settings',
    ready: (page) => page.getByText('weakens').waitFor(),
  },
  {
    route: '-/housekeeping',
    state: 'sizes',
    path: () => '/-/housekeeping',
    ready: (page) => page.getByText('in all').waitFor(),
  },
  {
    route: '-/notifications',
    state: 'no mail server',
    path: () => '/-/notifications',
    ready: (page) => page.getByText('This server sends no mail').waitFor(),
  },
  {
    route: ':owner/:name/webhooks',
    state: 'one',
    path: () => HOOKS,
    ready: (page) => page.getByText('receiver.invalid').waitFor(),
  },
  { route: ':owner/:name/webhooks', state: 'none', path: () => '/acme/empty/webhooks' },
  {
    route: ':owner/:name/webhooks',
    state: 'an address inside refused',
    path: () => HOOKS,
    ready: async (page) => {
      await page.getByRole('button', { name: 'Add a receiver' }).click();
      await page.getByLabel('Address').fill('https://10.0.0.1/');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByText('notify/address-refused').waitFor();
    },
    allowed: [/status of 422/],
  },
  {
    route: ':owner/:name/webhooks/:webhook',
    state: 'a delivery that waits',
    path: (world) => `${HOOKS}/${fact(world, 'webhook')}`,
    ready: async (page) => {
      await page.getByRole('button', { name: 'Show' }).first().click();
      await page.getByText('webhook-id').waitFor();
    },
  },
];
