import type { Visits } from '../visit.ts';

export const visits: Visits['visits'] = [
  { route: 'docs/:section?/*', state: 'first', path: () => '/docs' },
  { route: 'docs/:section?/*', state: 'reference', path: () => '/docs/reference/identity' },
  { route: 'docs/:section?/*', state: 'list of rules', path: () => '/docs/rules' },
  { route: 'docs/:section?/*', state: 'a rule', path: () => '/docs/rules/secrets/adafruit-key' },
  { route: 'docs/:section?/*', state: 'not there', path: () => '/docs/nothing/here' },
  {
    route: 'docs/:section?/*',
    state: 'found by a word',
    path: () => '/docs',
    ready: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.type('backup');
      await page.getByRole('option').first().waitFor();
    },
  },
];
