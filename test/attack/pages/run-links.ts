/**
 * Addresses that a job chooses: of hyperlinks that a program prints, of links and images in a summary, of files in annotations. Wanted: none
 * runs code, none leads out of where it says that it leads, none is loaded. The control follows the same address in a page that believes it.
 */
import { createServer } from 'node:http';
import { ensurePages, findChromium, signedIn, startChromium } from '../../pages/browser.ts';
import { repositoryApi } from '../../pages/run-seed.ts';
import type { Product } from '../../product/product.ts';

type Rig = { product(): Promise<Product> };
type Verdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

const REPOSITORY = 'mallory/links';
const CODE = 'javascript:void(globalThis.HIT=1)';

/** `beacon`: an address of the attacker that sees who loads from it. */
const workflow = (beacon: string) => `
name: links
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          printf '\\033]8;;${CODE}\\033\\\\click me\\033]8;;\\033\\\\\\n'
          printf '\\033]8;;https://user:pass@evil.example.org/\\033\\\\bank.example.com\\033]8;;\\033\\\\\\n'
          printf '\\033]8;;https://evil.example.org/\\033\\\\https://bank.example.com/\\033]8;;\\033\\\\\\n'
          echo '::warning file=../../../-/settings,line=1::leads out'
          echo '::warning file=//evil.example.org/x,line=1::leads away'
          echo '[summary link](${CODE})' >> $GITHUB_STEP_SUMMARY
          echo '[data link](data:text/html,<script>1</script>)' >> $GITHUB_STEP_SUMMARY
          echo '![seen](${beacon}/image)' >> $GITHUB_STEP_SUMMARY
          echo '<img src="${beacon}/markup">' >> $GITHUB_STEP_SUMMARY
          echo '<style>@import url("${beacon}/style")</style>' >> $GITHUB_STEP_SUMMARY
`;

type Scene = {
  readonly product: Product;
  readonly token: string;
  readonly run: number;
  readonly job: number;
  readonly seen: readonly string[];
  readonly beacon: string;
};
const scenes = new WeakMap<Product, Promise<Scene>>();

function sceneOf(product: Product): Promise<Scene> {
  const known = scenes.get(product) ?? makeScene(product);
  scenes.set(product, known);
  return known;
}

async function makeScene(product: Product): Promise<Scene> {
  ensurePages();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  // It ends with this process.
  server.unref();
  const address = server.address();
  const beacon = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const token = await product.token();
  await product.must(['repo', 'create', REPOSITORY]);
  const api = repositoryApi(product, token, REPOSITORY);
  const tree = await product.tree(REPOSITORY);
  await tree.push({ '.github/workflows/x.yml': workflow(beacon) });
  const run = await api.ended((await api.newest('workflow=x.yml')).id);
  return { product, token, run: run.id, job: run.jobs[0]?.id ?? 0, seen, beacon };
}

/** Every link of the page whose text has this, and what it leads to. */
const LINKS = `[...document.querySelectorAll('a')].map((a) => [a.textContent, a.getAttribute('href'), a.rel])`;
type Link = readonly [text: string, href: string | null, rel: string];

async function onPage<Value>(
  scene: Scene,
  path: string,
  look: (page: import('playwright-core').Page) => Promise<Value>,
): Promise<Value> {
  const browser = await startChromium();
  try {
    const context = await browser.newContext(signedIn(scene.token, { baseURL: scene.product.url }));
    const page = await context.newPage();
    await page.goto(path);
    await page.locator('h1').waitFor();
    return await look(page);
  } finally {
    await browser.close();
  }
}

/** What a page does with an address that it takes as it comes. */
async function runsWhenFollowed(address: string): Promise<boolean> {
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    await page.setContent('<a id="link">x</a>');
    await page.evaluate(`document.getElementById('link').href = ${JSON.stringify(address)}`);
    await page.click('#link');
    return await page.waitForFunction('globalThis.HIT === 1', undefined, { timeout: 3000 }).then(
      () => true,
      () => false,
    );
  } finally {
    await browser.close();
  }
}

async function inLog(rig: Rig): Promise<Verdict> {
  const scene = await sceneOf(await rig.product());
  const links = await onPage(scene, `/${REPOSITORY}/runs/${scene.run}/jobs/${scene.job}`, async (page) => {
    await page.getByText('click me', { exact: true }).click();
    const found = await page.evaluate<readonly Link[]>(LINKS);
    return { found, ran: await page.evaluate('globalThis.HIT') };
  });
  const outside = links.found.filter(([, href]) => href !== null && !href.startsWith('/') && !href.startsWith('#'));
  const honest = await onPage(scene, `/${REPOSITORY}/runs/${scene.run}/jobs/${scene.job}`, async (page) => {
    const row = page.locator('[data-line]', { hasText: /^\d+https:\/\/bank\.example\.com/ });
    await row.waitFor();
    return row.innerText();
  });
  return {
    refused:
      links.ran === undefined &&
      outside.every(([, href, rel]) => /^https?:\/\/[^@]+$/.test(href ?? '') && rel.includes('noreferrer')) &&
      honest.includes('[evil.example.org]'),
    succeeded: await runsWhenFollowed(CODE),
    detail: `ran ${String(links.ran)}, ${JSON.stringify(outside)}, ${honest}`,
  };
}

async function inSummary(rig: Rig): Promise<Verdict> {
  const scene = await sceneOf(await rig.product());
  const { found, text, ran } = await onPage(scene, `/${REPOSITORY}/runs/${scene.run}`, async (page) => {
    await page.getByText('summary link').click();
    return {
      found: await page.evaluate<readonly Link[]>(LINKS),
      text: await page.locator('body').innerText(),
      ran: await page.evaluate('globalThis.HIT'),
    };
  });
  return {
    refused:
      ran === undefined &&
      text.includes('data link') &&
      found.every(([, href]) => !/^(?:javascript|data):/i.test(href ?? '')),
    succeeded: await runsWhenFollowed(CODE),
    detail: `ran ${String(ran)}, ${JSON.stringify(found.slice(-6))}`,
  };
}

async function isTracked(rig: Rig): Promise<Verdict> {
  const scene = await sceneOf(await rig.product());
  const before = scene.seen.length;
  const text = await onPage(scene, `/${REPOSITORY}/runs/${scene.run}`, async (page) => {
    await page.getByText('[seen]').waitFor();
    await page.waitForTimeout(500);
    return page.locator('section[aria-label=Summaries]').innerText();
  });
  const loaded = scene.seen.slice(before);
  const browser = await startChromium();
  const page = await browser.newPage();
  await page.setContent(`<img src="${scene.beacon}/control">`);
  await page.waitForTimeout(500);
  await browser.close();
  return {
    refused: loaded.length === 0 && text.includes('[seen]'),
    succeeded: scene.seen.includes('/control'),
    detail: `loaded ${loaded.join()}`,
  };
}

async function inAnnotation(rig: Rig): Promise<Verdict> {
  const scene = await sceneOf(await rig.product());
  const found = await onPage(scene, `/${REPOSITORY}/runs/${scene.run}`, async (page) => {
    await page.getByText('leads away').waitFor();
    // The page has links of its own to where the attack wants to lead.
    return page.evaluate<readonly Link[]>(LINKS.replace("('a')", "('section[aria-label=Annotations] a')"));
  });
  const led = found.filter(
    ([, href]) =>
      href?.includes('evil.example.org') === true ||
      href?.includes('/-/settings') === true ||
      href?.includes('..') === true,
  );
  // Where a browser goes when the path is put together as it comes.
  const naive = new URL(`/${REPOSITORY}/blob/main/../../../-/settings`, scene.product.url).pathname;
  return {
    refused: led.length === 0,
    succeeded: naive === '/-/settings' || !naive.startsWith(`/${REPOSITORY}/blob`),
    detail: `${JSON.stringify(led)}, control ${naive}`,
  };
}

export const attacks =
  findChromium() === undefined
    ? []
    : [
        {
          id: 'xss-run-log-link',
          title: 'a hyperlink in a log runs code, or hides where it goes',
          controls: ['K23'],
          attempt: inLog,
        },
        { id: 'xss-run-summary-link', title: 'a link in a summary runs code', controls: ['K23'], attempt: inSummary },
        {
          id: 'xss-run-summary-beacon',
          title: 'a summary makes the browser of its reader load something',
          controls: ['K23'],
          attempt: isTracked,
        },
        {
          id: 'xss-run-annotation-path',
          title: 'the file of an annotation leads out of the repository',
          controls: ['K23'],
          attempt: inAnnotation,
        },
      ];
