/**
 * Text that looks like another one: marks that turn the order of reading around, characters without a width, escape sequences that erase a
 * line. Wanted: the page shows that they are there. The control shows the same text as it comes, and it looks like the other one.
 */
import { ensurePages, findChromium, signedIn, startChromium } from '../../pages/browser.ts';
import { repositoryApi } from '../../pages/run-seed.ts';
import type { Product } from '../../product/product.ts';

type Rig = { product(): Promise<Product> };
type Verdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

const REPOSITORY = 'mallory/hidden';
const REVERSED = 'invoice\u202etxt.exe';
const WORKFLOW = `
name: hidden
run-name: ${JSON.stringify(REVERSED)}
on: push
jobs:
  a:
    name: ${JSON.stringify(`deploy\u200b to production`)}
    runs-on: ubuntu-latest
    steps:
      - run: |
          printf 'allowed\\342\\200\\256 denied\\n'
          printf 'rm -rf /\\033[2K\\033[1Gall tests passed\\n'
          printf 'ping\\342\\200\\213.example.org\\n'
`;

async function attempt(rig: Rig, what: 'name' | 'log'): Promise<Verdict> {
  ensurePages();
  const product = await rig.product();
  const token = await product.token();
  const api = repositoryApi(product, token, REPOSITORY);
  const isThere = await api.ask('/runs').then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await product.must(['repo', 'create', REPOSITORY]);
    await (await product.tree(REPOSITORY)).push({ '.github/workflows/x.yml': WORKFLOW });
  }
  const run = await api.ended((await api.newest('workflow=x.yml')).id);
  const path =
    what === 'name' ? `/${REPOSITORY}/runs/${run.id}` : `/${REPOSITORY}/runs/${run.id}/jobs/${run.jobs[0]?.id ?? 0}`;
  const browser = await startChromium();
  try {
    const context = await browser.newContext(signedIn(token, { baseURL: product.url }));
    const page = await context.newPage();
    await page.goto(path);
    const place = page.locator(what === 'name' ? 'h1' : '[aria-label="Lines of the log"]');
    const sign = place.getByText('U+202E').first();
    const isShown = await sign.waitFor({ timeout: 15_000 }).then(
      () => true,
      () => false,
    );
    const text = await page.locator('body').innerText();
    const title = await page.title();
    const hidden = /[\u202a-\u202e\u2066-\u2069\u200b]/;
    const plain = await browser.newPage();
    await plain.setContent('<p id="place"></p>');
    const told = JSON.stringify(
      await api.ask(what === 'name' ? `/runs/${run.id}` : `/runs/${run.id}/jobs/${run.jobs[0]?.id ?? 0}/lines`),
    );
    await plain.evaluate(
      `document.getElementById('place').textContent = ${told.includes('\u202e') ? JSON.stringify(told) : '""'}`,
    );
    const control = await plain.locator('#place').innerText();
    return {
      refused: isShown && !hidden.test(text) && !hidden.test(title) && (what === 'name' || text.includes('rm -rf /')),
      succeeded: hidden.test(control),
      detail: `shown ${isShown}, hidden in text ${hidden.test(text)}, in title ${hidden.test(title)}`,
    };
  } finally {
    await browser.close();
  }
}

export const attacks =
  findChromium() === undefined
    ? []
    : [
        {
          id: 'xss-run-hidden-name',
          title: 'the name of a run reads as another one',
          controls: ['K23'],
          attempt: (rig: Rig) => attempt(rig, 'name'),
        },
        {
          id: 'xss-run-hidden-line',
          title: 'a line of a log reads as another one, or erases itself',
          controls: ['K23'],
          attempt: (rig: Rig) => attempt(rig, 'log'),
        },
      ];
