/**
 * XSS: texts that a pusher chooses (names of files, branches and authors, messages, READMEs, files themselves) are looked at by somebody
 * else in a browser. Wanted: they are text, nothing of them runs, and nothing is asked of another server. In each control the very same
 * text becomes markup in a page that does not treat it as text.
 */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { signedIn, startChromium } from '../../pages/browser.ts';
import { settled } from '../../pages/look.ts';
import type { Product, WorkTree } from '../../product/product.ts';
import type { PageAttack, PageRig } from '../pages.ts';

const FIRE = '<img src=x onerror=window.fired=1>';
const FIRED = 'window.fired === 1';
/** An image that does not load tells so by then. */
const FIRE_MS = 300;

async function withBrowser<Value>(work: (browser: Browser) => Promise<Value>): Promise<Value> {
  const browser = await startChromium();
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

async function planted(
  rig: PageRig,
  name: string,
  plant: (tree: WorkTree) => Promise<unknown>,
): Promise<{ readonly product: Product; readonly token: string }> {
  const product = await rig.product();
  await product.must(['repo', 'create', `texts/${name}`]);
  await plant(await product.tree(`texts/${name}`));
  return { product, token: await product.token() };
}

/** A page of the product, as somebody else sees it. */
async function open(
  browser: Browser,
  { product, token }: { readonly product: Product; readonly token: string },
  at: string,
): Promise<Page> {
  const context = await browser.newContext(signedIn(token, { baseURL: product.url }));
  const page = await context.newPage();
  await page.goto(at);
  await settled(page);
  await page.waitForTimeout(FIRE_MS);
  return page;
}

/** The same text as markup, in a page that has no policy. */
async function firesElsewhere(browser: Browser, markup: string): Promise<boolean> {
  const page = await browser.newPage();
  await page.evaluate(`document.body.innerHTML = ${JSON.stringify(markup)}`);
  await page.waitForTimeout(FIRE_MS);
  return (await page.evaluate(FIRED)) === true;
}

type Plant = {
  readonly name: string;
  readonly title: string;
  readonly plant: (tree: WorkTree) => Promise<unknown>;
  /** Pages below the repository that show the text. */
  readonly pages: readonly string[];
  /** What is to be read there. */
  readonly shown: string;
};

const author = (name: string) => ['-c', `user.name=${name}`, '-c', 'user.email=a@example.org'];

const PLANTS: readonly Plant[] = [
  {
    name: 'file-name',
    title: 'the name of a file is markup',
    plant: (tree) => tree.push({ [`${FIRE}.txt`]: 'x\n' }),
    pages: ['', `/blob/main/${encodeURIComponent(`${FIRE}.txt`)}`],
    shown: FIRE,
  },
  {
    name: 'message',
    title: 'the message of a commit is markup',
    plant: (tree) => tree.push({ a: 'x\n' }, { message: `${FIRE}\n\n${FIRE} in the body` }),
    pages: ['', '/commits', '/branches'],
    shown: FIRE,
  },
  {
    name: 'author',
    title: 'the name of an author is markup',
    plant: async (tree) => {
      // Git itself takes angle brackets out of names; the script goes without.
      const env = 'javascript:window.fired=1" onfocus="window.fired=1" autofocus="';
      await tree.push({ a: 'x\n' });
      await tree.git(
        ...author(env),
        'commit',
        '-q',
        '--allow-empty',
        '--author',
        `${env} <a@example.org>`,
        '-m',
        'by an odd name',
      );
      await tree.git('push', '-q', 'origin', 'HEAD:refs/heads/odd');
    },
    pages: ['/commits/odd', '/branches'],
    shown: 'onfocus=',
  },
  {
    name: 'readme',
    title: 'a README has HTML and a handler',
    plant: (tree) => tree.push({ 'README.md': `# ${FIRE}\n\n${FIRE}\n\n<svg onload="window.fired=1"></svg>\n` }),
    pages: ['', '/blob/main/README.md'],
    shown: FIRE,
  },
  {
    name: 'content',
    title: 'the text of a file and its diff are markup',
    plant: (tree) =>
      tree.push({ 'a.html': `<script>window.fired=1</script>${FIRE}\n`, 'a.svg': `<svg onload="window.fired=1"/>\n` }),
    pages: ['/blob/main/a.html', '/blob/main/a.svg', '/compare?base=main&head=main'],
    shown: '',
  },
];

const texts: readonly PageAttack[] = PLANTS.map(({ name, title, plant, pages, shown }) => ({
  id: `K13-xss-${name}`,
  title,
  controls: ['K13'],
  attempt: (rig) =>
    withBrowser(async (browser) => {
      const world = await planted(rig, name, plant);
      const seen: string[] = [];
      let isText = true;
      for (const at of pages) {
        const page = await open(browser, world, `/texts/${name}${at}`);
        if ((await page.evaluate(FIRED)) === true) seen.push(at);
        isText &&= (await page.locator('body').innerText()).includes(shown);
        await page.context().close();
      }
      const succeeded = await firesElsewhere(
        browser,
        shown.includes('<') || shown === '' ? FIRE : `<input ${shown}window.fired=1 autofocus>`,
      );
      return {
        refused: seen.length === 0 && isText,
        succeeded,
        detail: `ran at ${JSON.stringify(seen)}, shown as text ${isText}`,
      };
    }),
}));

const LINKS = [
  'javascript:void(window.fired=1)',
  'JaVaScRiPt:void(window.fired=1)',
  'java\tscript:void(window.fired=1)',
  'data:text/html,<script>opener.fired=1</script>',
];

export const attacks: readonly PageAttack[] = [
  ...texts,
  {
    id: 'K13-xss-link',
    title: 'a link of a README runs a script when somebody follows it',
    controls: ['K13'],
    attempt: (rig) =>
      withBrowser(async (browser) => {
        const readme = LINKS.map(
          (href, at) =>
            `[link ${at}](<${href}>) and <a href="${href}">html ${at}</a>\n\n[ref ${at}][${at}]\n\n[${at}]: <${href}>\n`,
        );
        const world = await planted(rig, 'link', (tree) => tree.push({ 'README.md': readme.join('\n') }));
        const page = await open(browser, world, '/texts/link');
        const hrefs = await page
          .locator('article a, section a')
          .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
        const bad = hrefs.filter((href) => !/^(?:\/|#|https?:|mailto:)/.test(href));
        for (const link of await page.getByText(/^(?:link|ref) \d$/).all())
          await link.click({ timeout: 2000 }).catch(() => undefined);
        const fired = (await page.evaluate(FIRED)) === true;
        const bare = await browser.newPage();
        await bare.evaluate(`document.body.innerHTML = '<a href="${LINKS[0]}">x</a>'`);
        await bare.getByText('x').click();
        await bare.waitForTimeout(FIRE_MS);
        return {
          refused: bad.length === 0 && !fired && hrefs.length > 0,
          succeeded: (await bare.evaluate(FIRED)) === true,
          detail: `addresses ${JSON.stringify(bad)}, fired ${fired}`,
        };
      }),
  },
  {
    id: 'K13-xss-second-wall',
    title: 'markup that came into a page all the same: the policy stops handlers, scripts and addresses',
    controls: ['K13'],
    attempt: (rig) =>
      withBrowser(async (browser) => {
        const product = await rig.product();
        const page = await open(browser, { product, token: await product.token() }, '/');
        await page.evaluate(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(`${FIRE}<a id=bad href="javascript:window.fired=1">bad</a>`)});
          const script = document.createElement('script'); script.textContent = 'window.fired=1'; document.body.append(script);
          document.getElementById('bad').click()`);
        await page.waitForTimeout(FIRE_MS);
        const fired = (await page.evaluate(FIRED)) === true;
        return { refused: !fired, succeeded: await firesElsewhere(browser, FIRE), detail: `fired ${fired}` };
      }),
  },
  {
    id: 'K13-xss-raw',
    title: 'a file of a repository is opened as it is: HTML and SVG become pages of the server',
    controls: ['K13'],
    attempt: (rig) =>
      withBrowser(async (browser) => {
        const html = '<!doctype html><title>raw</title><script>window.fired=1</script>';
        const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>window.fired=1</script></svg>';
        const world = await planted(rig, 'raw', (tree) => tree.push({ 'a.html': html, 'a.svg': svg, 'a.png': html }));
        const kept: string[] = [];
        for (const name of ['a.html', 'a.svg', 'a.png']) {
          const context = await browser.newContext(signedIn(world.token, { baseURL: world.product.url }));
          const page = await context.newPage();
          await page.goto('/');
          await page.goto(`/api/v1/repositories/texts/raw/raw?path=${name}`).catch(() => kept.push(name));
          if ((await page.evaluate(FIRED)) === true) kept.length = 0;
          await context.close();
        }
        await using bare = await serve(() => html);
        const page = await browser.newPage();
        await page.goto(bare.url);
        return {
          refused: kept.length === 3,
          succeeded: (await page.evaluate(FIRED)) === true,
          detail: `kept as files: ${kept.join(', ')}`,
        };
      }),
  },
  {
    id: 'K13-tracking-picture',
    title: 'a picture in a README tells another server who reads it',
    controls: ['K13'],
    attempt: (rig) =>
      withBrowser(async (browser) => {
        const asked: string[] = [];
        await using other = await serve((url) => {
          asked.push(url);
          return '';
        });
        const readme = `![a](${other.url}/inline.png) ![b][b] <img src="${other.url}/html.png">\n\n[b]: ${other.url}/ref.png\n\n![c](//${new URL(other.url).host}/scheme.png)\n`;
        const world = await planted(rig, 'picture', async (tree) => {
          await writeFile(path.join(tree.folder, 'own.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
          return tree.push({ 'README.md': `${readme}\n![own](own.png)\n` });
        });
        const page = await open(browser, world, '/texts/picture');
        const own = await page.getByAltText('own').count();
        const before = asked.length;
        const bare = await browser.newPage();
        await bare.setContent(`<img src="${other.url}/control.png">`);
        await bare.waitForTimeout(FIRE_MS);
        return {
          refused: before === 0 && own === 1,
          succeeded: asked.length > before,
          detail: `asked ${JSON.stringify(asked.slice(0, before))}, own picture ${own}`,
        };
      }),
  },
  {
    id: 'K13-branch-name',
    title: 'a branch or tag whose name is markup is pushed',
    controls: ['K13', 'K11'],
    attempt: async (rig) => {
      const product = await rig.product();
      await product.must(['repo', 'create', 'texts/branch']);
      const tree = await product.tree('texts/branch');
      await tree.push({ a: 'x\n' });
      const names = ['refs/heads/<img/src=x/onerror=alert(1)>', 'refs/tags/"onfocus=alert(1)', 'refs/heads/a\u202eb'];
      const pushed = await Promise.all(names.map((name) => tree.git('push', '-q', 'origin', `HEAD:${name}`)));
      const control = await tree.git('push', '-q', 'origin', 'HEAD:refs/heads/plain/name');
      return {
        refused: pushed.every(({ code, err }) => code !== 0 && err.includes('ref-name')),
        succeeded: control.code === 0,
        detail: `${pushed.map(({ code }) => code).join(' ')}, control ${control.code}`,
      };
    },
  },
  {
    id: 'K23-clickjacking',
    title: 'a page of an attacker shows pages of the server in a frame, below its own buttons',
    controls: ['K23'],
    attempt: (rig) =>
      withBrowser(async (browser) => {
        const product = await rig.product();
        const token = await product.token();
        const html = await (await product.fetch('/', { headers: { accept: 'text/html' } })).text();
        // The control: the same document from a server that does not forbid it.
        await using bare = await serve(() => html);
        const framed = async (target: string) => {
          await using evil = await serve(() => `<!doctype html><title>evil</title><iframe src="${target}"></iframe>`);
          const context = await browser.newContext(signedIn(token));
          const page = await context.newPage();
          await page.goto(evil.url);
          await page.waitForTimeout(FIRE_MS);
          const frame = page.frames().find((one) => one !== page.mainFrame());
          const has =
            (await frame
              ?.locator('#root')
              .count()
              .catch(() => 0)) ?? 0;
          await context.close();
          return has > 0;
        };
        const inside = await Promise.all([framed(`${product.url}/`), framed(`${product.url}/-/repositories`)]);
        const control = await framed(bare.url);
        return {
          refused: inside.every((one) => !one),
          succeeded: control,
          detail: `framed ${inside.join(' ')}, control ${control}`,
        };
      }),
  },
];

/** A server of somebody else on this machine. */
async function serve(answer: (url: string) => string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    // sallyport:ignore javascript-xss -- the control arm: a page that shows texts as markup (web, until 2027-06-30)
    response.end(answer(request.url ?? ''));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
