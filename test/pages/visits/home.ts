import type { Visits } from '../visit.ts';

export const visits: Visits['visits'] = [
  { route: '', state: 'with runs', path: () => '/' },
  {
    route: '',
    state: 'palette',
    path: () => '/',
    ready: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('app');
      await page.getByRole('option', { name: 'acme/app Repository' }).waitFor();
    },
  },
  {
    route: '',
    state: 'keys',
    path: () => '/',
    ready: async (page) => {
      await page.keyboard.press('?');
      await page.getByText('Show the keys').waitFor();
    },
  },
];
