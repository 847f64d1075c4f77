import { until } from '../../product/product.ts';
import { fact, NOT_FOUND, type Visits, type World } from '../visit.ts';

const SCAN_MS_MAX = 120_000;
const FLAW = `import express from 'express';
import { exec } from 'node:child_process';
express().get('/', (request) => exec('ls ' + request.query.folder));
`;

/** The flaw is looked for until the server has found it by itself. */
export async function seed(world: World): Promise<void> {
  await world.tree.push({ 'server.js': FLAW }, { message: 'Serve a folder' });
  const id = await until(SCAN_MS_MAX, async () => {
    const { items } = await world.ask('GET', '/api/v1/repositories/acme/app/findings?kind=code&text=server.js');
    const [first] = items as readonly { readonly id: number }[];
    return first?.id;
  });
  world.facts.set('finding', String(id));
}

const LIST = '/acme/app/findings';

export const visits: Visits['visits'] = [
  {
    route: ':owner/:name/findings',
    state: 'open ones',
    path: () => LIST,
    ready: (page) => page.getByText('server.js').first().waitFor(),
  },
  {
    route: ':owner/:name/findings',
    state: 'nothing fits',
    path: () => `${LIST}?text=nothinglikeit`,
    ready: (page) => page.getByText('Nothing fits').waitFor(),
  },
  { route: ':owner/:name/findings', state: 'nothing suppressed', path: () => `${LIST}?state=suppressed` },
  { route: ':owner/:name/findings', state: 'never scanned', path: () => '/acme/empty/findings' },
  {
    route: ':owner/:name/findings/:finding',
    state: 'with its way and its lesson',
    path: (world) => `${LIST}/${fact(world, 'finding')}`,
    ready: (page) => page.getByText('The way there').waitFor(),
  },
  {
    route: ':owner/:name/findings/:finding',
    state: 'suppressed by a change',
    path: (world) => `${LIST}/${fact(world, 'finding')}`,
    ready: async (page) => {
      await page.getByRole('button', { name: 'It may stand' }).click();
      await page.getByLabel('Why may it stand?').fill('only the bench reaches it');
      await page.getByRole('button', { name: 'Show the change' }).click();
      await page.getByText('git switch -c').waitFor();
    },
  },
  { route: ':owner/:name/findings/:finding', state: 'not there', path: () => `${LIST}/999999`, allowed: [NOT_FOUND] },
];
