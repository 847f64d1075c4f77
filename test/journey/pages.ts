/**
 * Looks at every page in every state that an area names (`test/pages/visits/*.ts`), in the real product with real data: axe finds nothing, nobody
 * complains on the console, the policy of the page holds, Tab comes to everything, and nothing hangs over the edge of a narrow window.
 *
 *   npm run -s journey -- pages
 *   npm run -s journey -- pages --only commits --images FOLDER
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { BUILT, ensurePages, findChromium, signedIn, startChromium, watch } from '../pages/browser.ts';
import { FIRST_LOAD_BYTES_MAX, firstLoadOf } from '../pages/first-load.ts';
import { axeFindings, overhang, settled, tabWalk } from '../pages/look.ts';
import type { Visit, Visits, World } from '../pages/visit.ts';
import { type Product, startProduct } from '../product/product.ts';

const root = join(import.meta.dirname, '../..');
const VISITS = join(import.meta.dirname, '../pages/visits');
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const WRONG_SHOWN_MAX = 6;

type Options = { readonly only: string | undefined; readonly images: string | undefined; readonly keep: boolean };

export async function journeyPages(args: readonly string[]): Promise<number> {
  if (findChromium() === undefined) {
    console.log('journey: skipped, there is no Chromium on this machine');
    return 0;
  }
  const options = optionsOf(args);
  ensurePages();
  const areas = await areasOf();
  const visits = areas.flatMap((area) => area.visits);
  await using product = await startProduct({ args: ['--unsafe-direct-push'] });
  const world = await worldOf(product);
  for (const { seed } of areas) await seed?.(world);
  const browser = await startChromium();
  try {
    if (options.keep) return await keepOpen(world);
    return await look(browser, world, { visits, options });
  } finally {
    await browser.close();
  }
}

function optionsOf(args: readonly string[]): Options {
  const value = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const images = value('--images');
  if (images !== undefined) mkdirSync(images, { recursive: true });
  return { only: value('--only'), images, keep: args.includes('--keep') };
}

async function areasOf(): Promise<readonly Visits[]> {
  // `repository` makes what the others stand on.
  const names = readdirSync(VISITS).filter((name) => name.endsWith('.ts'));
  const ordered = names.toSorted((one, other) => Number(other === 'repository.ts') - Number(one === 'repository.ts'));
  return Promise.all(ordered.map((name): Promise<Visits> => import(pathToFileURL(join(VISITS, name)).href)));
}

async function worldOf(product: Product): Promise<World> {
  await product.must(['repo', 'create', 'acme/app']);
  const token = await product.token();
  return {
    product,
    token,
    tree: await product.tree('acme/app'),
    facts: new Map(),
    async ask(method, path, body) {
      const response = await product.fetch(path, {
        method,
        token,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
      return text === '' ? {} : JSON.parse(text);
    },
  };
}

/** For looking by hand. */
async function keepOpen({ product, token }: World): Promise<number> {
  console.log(JSON.stringify({ url: product.url, token, folder: product.folder }));
  await new Promise((done) => process.once('SIGINT', done));
  return 0;
}

async function look(
  browser: Browser,
  world: World,
  { visits, options }: { readonly visits: readonly Visit[]; readonly options: Options },
): Promise<number> {
  const routes = await routePaths();
  const wanted = visits.filter(({ route, state }) => `${route} ${state}`.includes(options.only ?? ''));
  const asked = wanted.filter(({ route }) => routes.includes(route));
  for (const { route, state } of wanted)
    if (!routes.includes(route)) console.log(`skip ${route}: ${state}: no such page`);
  let well = 0;
  for (const [at, visit] of asked.entries()) {
    const wrong = await visitOnce(browser, world, { visit, options, at }).catch((thrown: unknown) => [
      `it failed: ${thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)}`,
    ]);
    if (wrong.length === 0) well += 1;
    console.log(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${visit.route || '(home)'}: ${visit.state}`);
    for (const line of wrong.slice(0, WRONG_SHOWN_MAX)) console.log(`       ${line}`);
  }
  // A new page comes with a visit.
  const visited = new Set(visits.map(({ route }) => route));
  const missing = options.only === undefined ? routes.filter((path) => !visited.has(path)) : [];
  for (const route of missing) console.log(`FAIL no visit of the route ${route}`);
  const { scripts, styles } = firstLoadOf(BUILT);
  console.log(
    `first load: ${scripts} bytes of script (at most ${FIRST_LOAD_BYTES_MAX}), ${styles} of styles, after gzip`,
  );
  const isSmall = scripts < FIRST_LOAD_BYTES_MAX;
  const steps = asked.length + 2;
  const done = well + Number(missing.length === 0) + Number(isSmall);
  console.log(`journey: ${done}/${steps} steps`);
  return done === steps ? 0 : 1;
}

/** Every page that the router knows. */
async function routePaths(): Promise<readonly string[]> {
  const { AREA_ROUTES }: { readonly AREA_ROUTES: readonly { readonly path: string }[] } = await import(
    pathToFileURL(join(root, 'web/src/routes.ts')).href
  );
  return AREA_ROUTES.map(({ path }) => path);
}

async function visitOnce(
  browser: Browser,
  world: World,
  { visit, options, at }: { readonly visit: Visit; readonly options: Options; readonly at: number },
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [name, viewport, colorScheme] of [
    ['light wide', WIDE, 'light'],
    ['dark narrow', NARROW, 'dark'],
  ] as const) {
    const base = { viewport, colorScheme, reducedMotion: 'reduce' as const, baseURL: world.product.url };
    const context = await browser.newContext(
      visit.isAnonymous === true ? base : signedIn(visit.token?.(world) ?? world.token, base),
    );
    try {
      const page = await context.newPage();
      const complaints = await watch(page, visit.allowed);
      await page.goto(visit.path(world));
      await settled(page);
      await visit.ready?.(page, world);
      await settled(page);
      if (options.images !== undefined) await image(page, join(options.images, imageName(at, visit, name)));
      const found = [...(await axeFindings(page)), ...(await overhang(page)), ...(await tabWalk(page))];
      wrong.push(...[...complaints.all, ...found].map((text) => `${name}: ${text}`));
    } finally {
      await context.close();
    }
  }
  return wrong;
}

const image = (page: Page, path: string) => page.screenshot({ path, animations: 'disabled' });

function imageName(at: number, { route, state }: Visit, name: string): string {
  const plain = `${route} ${state} ${name}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `${String(at).padStart(2, '0')}-${plain.replaceAll(/^-|-$/g, '')}.png`;
}
