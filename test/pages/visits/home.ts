import { until } from '../../product/product.ts';
import { fact, type Visits, type World } from '../visit.ts';

const RUNS_MS_MAX = 90_000;

const workflow = (name: string, run: string) =>
  `name: ${name}\non: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${run}\n`;

/** Runs that passed, failed, were refused and go on; and somebody who has nothing yet. */
export async function seed(world: World): Promise<void> {
  const { product, facts } = world;
  await product.must(['repo', 'create', 'acme/ci']);
  const tree = await product.tree('acme/ci');
  await tree.push({
    '.github/workflows/good.yml': workflow('good', 'echo good'),
    '.github/workflows/bad.yml': workflow('bad', 'exit 1'),
    '.github/workflows/slow.yml': workflow('slow', 'sleep 1200'),
    '.github/workflows/refused.yml': 'name: refused\non: push\njobs: { one: { runs-on: ubuntu-latest, stepz: [] } }\n',
  });
  for (const kind of ['passed', 'failed', 'refused', 'open']) {
    const { run } = await until(RUNS_MS_MAX, async () => {
      const { items } = await world.ask('GET', `/api/v1/runs?kind=${kind}`);
      return (items as readonly { readonly run: { readonly id: number } }[])[0];
    });
    // Pages of runs are visited with them.
    facts.set(`run.${kind}`, String(run.id));
    const { jobs } = await world.ask('GET', `/api/v1/repositories/acme/ci/runs/${run.id}`);
    facts.set(`job.${kind}`, String((jobs as readonly { readonly id: number }[])[0]?.id ?? ''));
  }
  const { code } = await world.ask('POST', '/api/v1/members', { name: 'newcomer', role: 'member' });
  const { token } = await world.ask('POST', '/api/v1/sign-in', { code, device: 'test' });
  facts.set('token.newcomer', String(token));
}

export const visits: Visits['visits'] = [
  {
    route: '',
    state: 'with runs',
    path: () => '/',
    ready: (page) => page.getByRole('link', { name: 'bad' }).waitFor(),
  },
  { route: '', state: 'first steps', path: () => '/', token: (world) => fact(world, 'token.newcomer') },
  {
    route: '-/repositories',
    state: 'none',
    path: () => '/-/repositories',
    token: (world) => fact(world, 'token.newcomer'),
  },
  {
    route: '',
    state: 'palette',
    path: () => '/',
    ready: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
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
